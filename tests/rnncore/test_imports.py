"""What importing the library loads, and who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import rnncore

PACKAGE = Path(rnncore.__file__).parent
HEAVY = ["matplotlib", "scipy", "ipywidgets", "anywidget", "IPython", "tqdm", "torch", "pandas"]


def loaded_by(statement):
    """The heavy packages that a fresh process has loaded after `statement`."""
    code = f"{statement}\nimport sys\nprint(*[m for m in {HEAVY} if m in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_rnncore_loads_numpy_alone():
    assert loaded_by("import rnncore") == []
    assert "matplotlib" in loaded_by("import rnncore.plots")  # the check can fail


ORDER = """
    checks functions initialisers module
    cells gated variants unrolled rnn gates lstm gru
    bidirectional layers dropout layer_norm
    losses gradients flow real_time tape
    optim schedules data ngrams storage convert truncated train encoder_decoder plots
""".split()  # noqa: SIM905


def imported(path):
    """The package's modules that one of its files imports."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.level == 1}


def test_imports_run_one_way():
    files = {p.stem: p for p in PACKAGE.glob("*.py") if p.stem != "__init__"}
    assert set(files) == set(ORDER)
    for k, name in enumerate(ORDER):
        assert imported(files[name]) <= set(ORDER[:k]), name


def test_modules_are_short_and_open_with_what_they_are():
    for path in PACKAGE.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert len(source.splitlines()) < 400, path.name
        assert ast.get_docstring(ast.parse(source)), path.name
