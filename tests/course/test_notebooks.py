"""The solution notebooks pass every test; the released ones fail, and only because nothing is written yet."""

import nbformat
import pytest
from nbgrader.utils import is_grade

from scripts.execute import execute, outputs
from scripts.exercises import ROOT, notebooks_in

SOLUTIONS = [*notebooks_in(ROOT / "solutions")]
pytestmark = pytest.mark.slow


def errors(notebook):
    """What went wrong in a run, and what was written to stderr, for which nbgrader gives no points either."""
    failed = [f"{cell.id}: {error.ename}: {error.evalue}" for cell, error in outputs(notebook, "error")]
    return failed + [f"{cell.id}: stderr: {out.text}" for cell, out in outputs(notebook, "stream") if out.name == "stderr"]


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_the_solutions_pass(path):
    assert errors(execute(ROOT / "solutions" / path, force=True)) == []


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_the_release_fails_because_nothing_is_written_yet_and_for_no_other_reason(path):
    failed = errors(execute(ROOT / "exercises" / path))
    cells = [cell for cell in nbformat.read(ROOT / "exercises" / path, 4).cells if cell.cell_type == "code" and is_grade(cell)]
    visible = [cell for cell in cells if "-hidden" not in cell.metadata.nbgrader.grade_id]
    assert [line for line in failed if ": NotImplementedError: " not in line] == []
    assert len(failed) >= len(visible) > 0


def test_a_wrong_solution_would_be_noticed(book, change):
    path = book / "solutions/ch91/ch91_doubles.ipynb"
    assert errors(execute(path, force=True)) == []
    change(path, "ch91-ex1-double", "x * 2", "x * 3")
    assert errors(execute(path, force=True)) == [
        "ch91-ex1-double-value: AssertionError: 2 and 2 make 4",
        "ch91-ex1-double-hidden: AssertionError: double it for every x",
    ]
