"""A course of two assignments, small enough to read: what the instructor's commands are tested on."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from scripts.exercises import ROOT

ANSWER = dict(grade=False, solution=True, locked=False)
TEST = dict(grade=True, solution=False, locked=True)
WRITTEN = dict(grade=True, solution=True, locked=False)
LOCKED = dict(grade=False, solution=False, locked=True)

MISTAKES = '''
"""Wrong answers to ch91."""

from scripts.mistake import Mistake

MISTAKES = [
    Mistake("ch91-ex1-double", "blank", 'raise NotImplementedError("not written yet")', 0, "nothing is there", "not written yet"),
    Mistake("ch91-ex1-double", "constant", "def double(x):\\n    return 4", 2, "right for 2 alone", "every x"),
    Mistake("ch91-ex1-double", "adds two", "def double(x):\\n    return x + 2", 2, "right for 2 alone", "every x"),
    Mistake("ch91-ex2-running-sum", "blank", 'raise NotImplementedError("not written yet")', 0, "nothing", "not written yet"),
    Mistake("ch91-ex2-running-sum", "constant", "def running_sum(xs):\\n    return [0]", 0, "no length, no value", "as long as"),
    Mistake("ch91-ex2-running-sum", "no sum", "def running_sum(xs):\\n    return list(xs)", 1, "length alone", "adds up"),
]
'''

MISTAKE = '''
"""A stand-in for scripts/mistake.py."""
'''


def graded(kind, grade_id, points=None):
    """The metadata of a cell that nbgrader knows."""
    about = dict(kind, grade_id=grade_id, schema_version=3, task=False)
    return {"nbgrader": about if points is None else dict(about, points=points)}


def code(cell_id, source, metadata=None):
    """A code cell with an id of its own, so that two runs make the same notebook."""
    return new_code_cell(source, id=cell_id, metadata=metadata or {})


def hidden(tests):
    """Tests between nbgrader's markers."""
    return f"# More tests run when it is graded.\n### BEGIN HIDDEN TESTS\n{tests}\n### END HIDDEN TESTS"


def ch91():
    """Two functions to write, one answer in words."""
    return [
        new_markdown_cell("# Doubles and sums", id="title"),
        code("set-up", "import math", graded(LOCKED, "ch91-setup")),
        code(
            "ex1",
            "def double(x):\n    ### BEGIN SOLUTION\n    twice_of_x = x * 2\n    return twice_of_x\n    ### END SOLUTION",
            graded(ANSWER, "ch91-ex1-double"),
        ),
        code("ex1-value", 'assert double(2) == 4, "2 and 2 make 4"', graded(TEST, "ch91-ex1-double-value", 2)),
        code("ex1-hidden", hidden('assert double(7) == 14, "double it for every x"'), graded(TEST, "ch91-ex1-double-hidden", 1)),
        code(
            "ex2",
            "def running_sum(xs):\n    ### BEGIN SOLUTION\n    total, sums = 0, []\n    for x in xs:\n        total += x\n"
            "        sums.append(total)\n    return sums\n    ### END SOLUTION",
            graded(ANSWER, "ch91-ex2-running-sum"),
        ),
        code("ex2-shape", 'assert len(running_sum([1, 2])) == 2, "as long as xs"', graded(TEST, "ch91-ex2-running-sum-shape", 1)),
        code("ex2-hidden", hidden('assert running_sum([1, 5])[1] == 6, "it adds up"'), graded(TEST, "ch91-ex2-running-sum-hidden", 3)),
        new_markdown_cell("The model answer: sums are doubles of means.", id="ex3", metadata=graded(WRITTEN, "ch91-ex3-why", 2)),
    ]


def ch92():
    """One function, in an assignment that has no mistakes."""
    return [
        code("ex1", "def half(x):\n    ### BEGIN SOLUTION\n    return x * 0.5\n    ### END SOLUTION", graded(ANSWER, "ch92-ex1-half")),
        code("ex1-value", "assert half(2) == 1", graded(TEST, "ch92-ex1-half-value", 1)),
    ]


def write(path, cells):
    """Write a notebook of these cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = dict(display_name="Python 3 (ipykernel)", language="python", name="python3")
    nbformat.write(new_notebook(cells=cells, metadata=dict(kernelspec=kernel)), path)


@pytest.fixture
def book(tmp_path):
    """A folder like the repository's root: configuration and solutions/ of two assignments."""
    root = tmp_path / "book"
    write(root / "solutions/ch91/ch91_doubles.ipynb", ch91())
    write(root / "solutions/ch92/ch92_halves.ipynb", ch92())
    (root / "solutions/ch91/table.csv").write_text("x,double\n2,4\n")
    (root / "solutions/ch91/mistakes.py").write_text(MISTAKES)
    (root / "solutions/ch91/marks.private.md").write_text("Who asks for more time gets it.\n")
    (root / "solutions/README.md").write_text("# For instructors\n")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return root


@pytest.fixture
def edit():
    """Change the cell with a given grade id: edit(folder, grade_id, old=new) or edit(..., source=...)."""

    def change(folder, grade_id, old, new):
        for path in sorted(Path(folder).rglob("*.ipynb")):
            notebook = nbformat.read(path, 4)
            for cell in notebook.cells:
                if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
                    assert old in cell.source, f"{grade_id}: expected {old!r} in it, got {cell.source!r}"
                    cell.source = cell.source.replace(old, new)
                    nbformat.write(notebook, path)
                    return path
        raise AssertionError(f"expected a cell {grade_id} below {folder}, got none")

    return change
