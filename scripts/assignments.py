"""The assignments in solutions/ as Python sees them: their cells, what mistakes.py says of them, and a quick grader.

The grader runs a notebook's graded and locked cells in one namespace, with one answer replaced; a test cell gives its points
when it raises nothing and writes nothing to stderr, as in nbgrader. It is for the book's own code: it protects nothing.
"""

import contextlib
import copy
import importlib.util
import io
import os
import sys
import warnings
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from unittest import mock

import nbformat
from nbgrader.utils import is_grade, is_locked, is_solution

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions"


@dataclass(frozen=True, eq=False)
class Assignment:
    """The cells of an assignment's notebooks, and what its mistakes.py says of them."""

    cells: tuple
    mistakes: tuple
    variants: tuple
    equivalent: dict = field(default_factory=dict)  # by exercise: a mutant's change, and why it is no mistake

    def answers(self):
        """The coded exercises: the grade id of each answer cell, and the cell."""
        return {grade_id(cell): cell for cell in self.cells if is_solution(cell) and not is_grade(cell)}

    def tests(self, exercise):
        """The test cells of an exercise, with their points."""
        found = [cell for cell in self.cells if is_test(cell) and grade_id(cell).startswith(f"{exercise}-")]
        return {grade_id(cell): cell.metadata.nbgrader.points for cell in found}

    def full(self, exercise):
        """The points of an exercise."""
        return sum(self.tests(exercise).values())

    def without_tests(self):
        """A grader whose every test passes."""
        cells = copy.deepcopy(self.cells)
        for cell in filter(is_test, cells):
            cell.source = "pass"
        return Assignment(cells, self.mistakes, self.variants, self.equivalent)


def names():
    """The assignments that have a list of mistakes."""
    return sorted(path.parent.name for path in SOLUTIONS.glob("ch*/mistakes.py"))


@cache
def load(name):
    """The assignment of this name."""
    folder = SOLUTIONS / name
    spec = importlib.util.spec_from_file_location(f"mistakes_of_{name}", folder / "mistakes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cells = [cell for path in sorted(folder.glob("*.ipynb")) for cell in nbformat.read(path, 4).cells]
    return Assignment(tuple(cells), tuple(module.MISTAKES), tuple(module.VARIANTS), getattr(module, "EQUIVALENT", {}))


def grade_id(cell):
    """The name under which nbgrader knows a cell."""
    return cell.metadata.nbgrader.grade_id


def is_test(cell):
    """Whether a cell gives points by running."""
    return is_grade(cell) and not is_solution(cell) and cell.cell_type == "code"


# ---- the grader ----


def run(source, label, namespace):
    """Run a cell; return the message it fails with, None if it does not."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, category, *_: print(f"{category.__name__}: {message}", file=errors)
        try:
            exec(compile(source, label, "exec"), namespace)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return f"stderr: {errors.getvalue()}" if errors.getvalue() else None


def set_seed(seed):
    """Let the next hidden test draw its numbers from this seed; from a fresh one for None."""
    os.environ.pop("GRADE_SEED", None)
    if seed is not None:
        os.environ["GRADE_SEED"] = seed


@contextlib.contextmanager
def as_when_graded(seed):
    """GRADE_SEED is set, or is not; what a notebook hides from its kernel comes back afterwards."""
    hidden = sys.modules.get("rnncore")
    with mock.patch.dict(os.environ):
        set_seed(seed)
        try:
            yield
        finally:
            sys.modules.pop("rnncore", None)
            if hidden is not None:
                sys.modules["rnncore"] = hidden


def grade(assignment, exercise, code=None, seed=None):
    """What each test cell of an exercise says (None: passed), with `code` in the place of the answer."""
    return grade_by_seed(assignment, exercise, [seed], code)[seed]


def grade_by_seed(assignment, exercise, seeds, code=None):
    """The same for each of several seeds. Only hidden tests draw fresh numbers, so that all others run once."""
    said, namespace = {seed: {} for seed in seeds}, {"__name__": "__main__"}
    with as_when_graded(seeds[0]):
        for cell in assignment.cells:
            if cell.cell_type != "code" or "nbgrader" not in cell.metadata:
                continue
            name = grade_id(cell)
            if name == exercise:
                run(code or cell.source, name, namespace)
            elif is_test(cell) and name in assignment.tests(exercise):
                for seed in seeds:
                    if seed == seeds[0] or "### BEGIN HIDDEN TESTS" in cell.source:
                        set_seed(seed)
                        message = run(cell.source, name, namespace)
                    said[seed][name] = message
            elif is_locked(cell) and not is_grade(cell):
                failed = run(cell.source, name, namespace)
                if failed:
                    raise ValueError(f"the locked cell {name} fails: {failed}")
    return said


def points(assignment, exercise, said):
    """The points that an answer gets for what the tests said."""
    return sum(value for name, value in assignment.tests(exercise).items() if said[name] is None)
