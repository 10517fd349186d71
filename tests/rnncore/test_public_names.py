"""Every public name says what it is, and something uses it."""

import inspect
import re
from pathlib import Path

import pytest

import rnncore

ROOT = Path(__file__).resolve().parents[2]
NAMES = {name: getattr(rnncore, name) for name in rnncore.__all__}


def users(text_of, name, home):
    """The files, other than its own, that speak of a name."""
    return [path for path, text in text_of.items() if path != home and re.search(rf"\b{name}\b", text)]


@pytest.fixture(scope="module")
def text_of():
    """path -> text, of everything that may use the library."""
    folders = ("rnncore", "chapters", "solutions", "scripts", "benchmarks", "tests")
    files = [
        p
        for f in folders
        for p in (ROOT / f).rglob("*")
        if p.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in p.parts
    ]
    return {p: p.read_text(encoding="utf-8") for p in files if p.name != "__init__.py"}


def test_public_names_are_no_modules():
    assert not [name for name, thing in NAMES.items() if inspect.ismodule(thing)]
    assert {"RNN", "LSTM", "GRU", "fit", "check_gradients"} <= NAMES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_docstring_of_its_own(name):
    thing = NAMES[name]
    docs = {name: vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__}
    if inspect.isclass(thing):
        own = {key: f for key, f in vars(thing).items() if inspect.isfunction(f) and not key.startswith("_")}
        docs |= {f"{name}.{key}": f.__doc__ for key, f in own.items() if not inherits(thing, key)}
    assert [key for key, doc in docs.items() if not doc or not doc.strip()] == []
    assert all(doc[0].strip() and len(doc.splitlines()[0]) > 3 for doc in docs.values())


def inherits(cls, key):
    """Whether a base of the class explains what this method does."""
    return any(getattr(getattr(base, key, None), "__doc__", None) for base in cls.__mro__[1:])


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_used(name, text_of):
    home = Path(inspect.getsourcefile(NAMES[name]))
    assert users(text_of, name, home)


def test_an_idle_name_would_be_noticed(text_of):
    assert users(text_of, "never" + "Used", None) == []
