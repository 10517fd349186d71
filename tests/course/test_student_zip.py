"""What students get: everything they need, and nothing that answers for them."""

import ast
import json
import re
import shutil
import subprocess
import sys
import zipfile
from urllib.parse import unquote

import nbformat
import pytest

from scripts import student_zip
from scripts.assignments import load, names
from scripts.exercises import MARKER, Refused, files_in, notebooks_in, parts_of, text_of
from scripts.student_zip import FILES, contents, lay_out, pack


@pytest.fixture(scope="module")
def handed_out(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zip") / "unrolled"
    lay_out(folder)
    return folder


def everything(folder):
    """Every file's text, as a student could read it."""
    return {path.as_posix(): text_of(folder / path) for path in files_in(folder)}


def secrets(root):
    """Lines that only instructors may have: of hidden tests and mark schemes, and the arguments in mistakes.py."""
    cells = [cell for notebook in notebooks_in(root / "solutions").values() for cell in notebook.cells]
    parts = [part for cell in cells for part in parts_of(cell)]
    # What is to be seen somewhere gives nothing away.
    seen = "\n".join(line for kind, line in parts if kind in (None, "answer"))
    hidden = {line for kind, line in parts if kind in ("hidden test", "mark scheme") and len(line) > 30 and line not in seen}
    yield from (line for line in hidden if "for " not in line[:4])
    for name in names():
        yield from (mistake.why for mistake in load(name).mistakes if len(mistake.why) > 30)


def test_no_file_is_for_instructors(handed_out):
    for path in files_in(handed_out):
        assert not {"solutions", "tests", "gradecore", "benchmarks", "experiments"} & set(path.parts), path
        assert "mistake" not in path.name
        assert not path.name.startswith(".")
    assert {path.name for path in (handed_out / "scripts").glob("*.py")} == {
        "__init__.py",
        "check.py",
        "check_python.py",
        "jupyter_lab_config.py",
    }


def test_its_contents_give_nothing_away(root, handed_out):
    wanted = set(secrets(root))
    explained = "".join(text_of(path) for path in (root / "chapters").glob("*.ipynb"))
    assert len(wanted) > 100
    assert len([line for line in wanted if line not in explained]) > 0.9 * len(wanted)
    for path, text in everything(handed_out).items():
        assert not MARKER.search(text), path
        # The chapters explain what the exercises ask; a line of theirs is no secret because a hidden test computes it too.
        found = [line for line in wanted if line in text and line not in explained]
        assert found == [], path


def bare(source):
    """What a function does, without names, comments and docstring."""
    [function] = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return ast.unparse(ast.Module(function.body[1:], [])), function.name


def test_no_exercise_holds_its_model_answer(handed_out):
    for name in names():
        answers = dict(map(reversed, (bare(cell.source) for cell in load(name).answers().values())))
        for path in (handed_out / "exercises" / name).glob("*.ipynb"):
            for cell in (cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"):
                for node in ast.walk(ast.parse(cell.source)):
                    if isinstance(node, ast.FunctionDef) and node.name in answers:
                        assert "raise NotImplementedError()" in ast.unparse(node)
                        assert answers.pop(node.name) not in ast.unparse(ast.Module(node.body, []))
        assert answers == {}


def test_every_exercise_and_chapter_is_there(root, handed_out):
    assert json.dumps(files_in(root / "exercises"), default=str) == json.dumps(files_in(handed_out / "exercises"), default=str)
    chapters = sorted(path.name for path in (root / "chapters").glob("*.ipynb"))
    assert chapters == sorted(path.name for path in (handed_out / "chapters").glob("*.ipynb"))


def test_notebooks_carry_no_outputs(root, tmp_path, monkeypatch):
    path = tmp_path / "run.ipynb"
    notebook = nbformat.read(root / "chapters/00_notation.ipynb", 4)
    next(cell for cell in notebook.cells if cell.cell_type == "code").execution_count = 7
    nbformat.write(notebook, path)
    monkeypatch.setattr(student_zip, "contents", lambda root: {"chapters/00_notation.ipynb": path})
    monkeypatch.setattr(student_zip, "secrets", lambda root: [])
    lay_out(tmp_path / "out")
    given = nbformat.read(tmp_path / "out/chapters/00_notation.ipynb", 4)
    assert {cell.execution_count for cell in given.cells if cell.cell_type == "code"} == {None}


def test_links_lead_to_what_is_there(handed_out):
    for path, text in everything(handed_out).items():
        if path.endswith((".md", ".ipynb")) and not path.startswith("exercises/"):
            for target in re.findall(r"(?<!`)\]\(([^)#\s]+)[^)]*\)", text):
                if not re.match(r"[a-z]+:", target):
                    assert (handed_out / path).parent.joinpath(unquote(target)).exists(), f"{path}: {target}"


def test_the_makefile_finds_what_it_needs(handed_out):
    listed = subprocess.run(["make", "-C", handed_out], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make ([a-z-]+) ", listed, flags=re.MULTILINE) == ["help", "setup", "lab", "check"]
    for name in re.findall(r"scripts/\w+\.py|requirements[\w-]*\.lock|pyproject\.toml", (handed_out / "Makefile").read_text()):
        assert (handed_out / name).exists(), name
    for word in ("readme = ", "license-files = "):
        [named] = re.findall(rf'^{word}\[?"(.+?)"', (handed_out / "pyproject.toml").read_text(), flags=re.MULTILINE)
        assert (handed_out / named).exists()


def test_two_runs_give_the_same_bytes(handed_out, tmp_path):
    for number in "12":
        pack(handed_out, tmp_path / number)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert len(zipfile.ZipFile(tmp_path / "1").namelist()) == len(contents())
    assert all(name.startswith("unrolled/") for name in zipfile.ZipFile(tmp_path / "1").namelist())


@pytest.mark.slow
def test_students_can_check_their_answers_with_it(handed_out):
    name = names()[0]
    done = subprocess.run([sys.executable, "-m", "scripts.check", name], cwd=handed_out, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Visible tests: 0 of" in done.stdout


def copied(root, tmp_path):
    """As much of the repository as is packed or looked at."""
    for folder in ("solutions", "exercises", "chapters", "rnncore", "scripts"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in [*(source for source in FILES if "/" not in source), "nbgrader_config.py"]:
        shutil.copy(root / name, tmp_path / name)
    return tmp_path


def test_a_secret_that_got_into_the_exercises_is_refused(root, tmp_path):
    book = copied(root, tmp_path / "book")
    name = names()[0]
    [path] = (book / "exercises" / name).glob("*.ipynb")
    notebook = nbformat.read(path, 4)
    [first, *_] = load(name).answers().values()
    notebook.cells[-1].source = first.source
    nbformat.write(notebook, path)
    with pytest.raises(Refused, match="the answer of"):
        lay_out(tmp_path / "out", book)
    assert not (tmp_path / "out").exists()


def test_a_private_file_among_the_chapters_is_refused(root, tmp_path):
    book = copied(root, tmp_path / "book")
    (book / "chapters" / "mistakes.py").write_text("")
    with pytest.raises(Refused, match=r"chapters/mistakes\.py: a private file"):
        lay_out(tmp_path / "out", book)
