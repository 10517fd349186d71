"""A course that knows nothing of gradecore: nbgrader's own quickstart, with the five lines of the set-up."""

import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

SET_UP = "c = get_config()\nfrom gradecore import configure\nconfigure(c)\n"
SQUARES = 'def squares(n):\n    if n < 1:\n        raise ValueError("n")\n    return [i * i for i in range(1, n + 1)]'
SUM = "def sum_of_squares(n):\n    return sum(squares(n))"
BY_A_HELPER = f"def square(i):\n    return i ** 2\n\n{SQUARES.replace('i * i', 'square(i)')}"
NOT_BY_SQUARES = "def sum_of_squares(n):\n    return n * (n + 1) * (2 * n + 1) // 6"
NO_ERROR = "def squares(n):\n    return [i * i for i in range(1, n + 1)]"
STUDENTS = {  # answers, and the points that nbgrader's own tests give them: two tests of squares, two of the sum
    "right": ({"squares": SQUARES, "sum_of_squares": SUM}, [1, 1, 0.5, 0.5]),
    "helper": ({"squares": BY_A_HELPER, "sum_of_squares": SUM}, [1, 1, 0.5, 0.5]),
    "alone": ({"squares": SQUARES, "sum_of_squares": NOT_BY_SQUARES}, [1, 1, 0.5, 0]),
    "no_error": ({"squares": NO_ERROR, "sum_of_squares": SUM}, [1, 0, 0.5, 0.5]),
    "blank": ({}, [0, 0, 0, 0]),
}
TESTS = ["correct_squares", "squares_invalid_input", "correct_sum_of_squares", "sum_of_squares_uses_squares"]


def nbgrader(folder, *command):
    """Run a command of nbgrader; return what it printed."""
    done = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The quickstart's course, graded; and what the grader printed."""
    folder = tmp_path_factory.mktemp("another")
    nbgrader(folder, "quickstart", "course101")
    course = folder / "course101"
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text() + SET_UP)
    nbgrader(course, "generate_assignment", "ps1")
    for student, (answers, _) in STUDENTS.items():
        place = course / "submitted" / student / "ps1"
        place.mkdir(parents=True)
        for name in ("problem1", "problem2"):
            notebook = nbformat.read(course / "release/ps1" / f"{name}.ipynb", 4)
            for cell in notebook.cells:
                cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
            nbformat.write(notebook, place / f"{name}.ipynb")
    return course, nbgrader(course, "autograde", "ps1")


@pytest.mark.slow
@pytest.mark.parametrize("student", STUDENTS)
def test_the_marks_are_those_that_nbgraders_own_tests_mean(graded, student):
    with Gradebook(f"sqlite:///{graded[0]}/gradebook.db") as gradebook:
        scores = [gradebook.find_grade(test, "problem1", "ps1", student).auto_score for test in TESTS]
    assert scores == STUDENTS[student][1]


@pytest.mark.slow
def test_the_side_files_and_the_second_notebook_are_there(graded):
    course, said = graded
    names = {path.name for path in (course / "autograded/right/ps1").iterdir()}
    assert names == {"problem1.ipynb", "problem2.ipynb", "jupyter.png"}
    assert "no sandbox" not in said
    nbgrader(course, "generate_feedback", "ps1")
    assert (course / "feedback/right/ps1/problem2.html").exists()
