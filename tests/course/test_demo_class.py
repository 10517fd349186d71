"""The whole cycle, from the release to the marks, by nbgrader's own commands; and marks after a mended test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from scripts import course
from scripts.demo_class import exercises_of, exported, fill_in, make_class, marks_of, mistakes_of

DOUBLES = "ch91/ch91_doubles.ipynb"


# ---- who is in the class ----


def test_the_class_makes_each_mistake_once(book):
    exercises = exercises_of(book / "solutions", "ch91")
    mistakes = mistakes_of(book / "solutions/ch91/mistakes.py")
    students, everybody = make_class(exercises, mistakes)
    assert [student.name for student in students] == ["right", "blank", "constant", "mistakes-01"]
    made = [mistake for student in students for mistake in student.mistakes.values()]
    assert sorted(map(str, made)) == sorted(map(str, mistakes))
    assert students == everybody


def test_a_class_too_small_knows_who_is_missing(book):
    students, everybody = make_class(
        exercises_of(book / "solutions", "ch91"), mistakes_of(book / "solutions/ch91/mistakes.py"), 3
    )
    assert (len(students), len(everybody)) == (3, 4)


def test_what_a_student_deserves(book):
    double, running_sum, why = exercises_of(book / "solutions", "ch91")
    right, blank, constant, _ = make_class([double, running_sum, why], mistakes_of(book / "solutions/ch91/mistakes.py"))[0]
    assert [student.deserves(double) for student in (right, blank, constant)] == [3, 0, 2]
    assert [student.deserves(running_sum) for student in (right, blank, constant)] == [4, 0, 0]
    assert right.deserves(why) is None


# ---- the cycle ----


@pytest.fixture
def demo(book, tmp_path, root):
    """Run the command on the small book: exit code, what it printed, the course's folder."""

    def run(*options):
        command = [sys.executable, "-m", "scripts.demo_class", "--book", book, "--keep", tmp_path / "class", *options]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr, tmp_path / "class/course"

    return run


@pytest.mark.slow
def test_every_mark_is_the_one_that_was_argued_for(demo):
    code, printed, folder = demo()
    assert code == 0, printed
    assert exported(folder, "ch91") == {"right": 7, "blank": 0, "constant": 2, "mistakes-01": 3}
    assert "Mistakes: 6 of 6" in printed
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert "mistakes-01 ch91-ex2-running-sum no sum 1 1" in lines
    assert "right ch91-ex3-why the model answer - - for a person to read" in lines
    assert "blank ch91-ex3-why left as released - 0 left blank" in lines
    feedback = sorted(path.relative_to(folder / "feedback").parts[0] for path in folder.glob("feedback/*/ch91/*.html"))
    assert feedback == ["blank", "constant", "mistakes-01", "right"]
    [fetched] = folder.parent.glob("students/mistakes-01/ch91/feedback/*/ch91_doubles.html")
    assert "it adds up" in fetched.read_text()
    assert "GRADE_SEED" in (folder / "autograded/right" / DOUBLES).read_text()


@pytest.mark.slow
def test_stock_nbgrader_gives_an_honest_class_the_same_marks(demo):
    code, printed, folder = demo("--stock")
    assert code == 0, printed
    assert exported(folder, "ch91") == {"right": 7, "blank": 0, "constant": 2, "mistakes-01": 3}
    assert not (folder / ".gradecore").exists()
    assert "GRADE_SEED" not in (folder / "autograded/right" / DOUBLES).read_text()


@pytest.mark.slow
def test_a_grader_whose_every_test_passes_turns_it_red(demo):
    code, printed, folder = demo("--broken-grader")
    assert code == 1
    assert set(exported(folder, "ch91").values()) == {7}
    assert "blank, ch91-ex1-double, blank: expected 0 points, got 3" in printed
    assert "mistakes-01, ch91-ex2-running-sum, no sum: expected 1 points, got 4" in printed
    assert "constant, total in grades.csv: expected 2 points, got 7" in printed
    assert "right, ch91" not in printed


@pytest.mark.slow
def test_a_wrong_argument_and_a_missing_hint_turn_it_red(demo, book, tmp_path):
    text = (book / "solutions/ch91/mistakes.py").read_text()
    text = text.replace('x + 2", 2, "right for 2 alone"', 'x + 2", 3, "why not"').replace('"adds up"', '"sum it all"')
    (tmp_path / "overlay/ch91").mkdir(parents=True)
    (tmp_path / "overlay/ch91/mistakes.py").write_text(text)
    code, printed, _ = demo("--overlay", tmp_path / "overlay")
    assert code == 1
    assert "mistakes-01, ch91-ex1-double, adds two: expected 3 points, got 2" in printed
    assert "mistakes-01, ch91-ex2-running-sum, no sum: expected the hint 'sum it all', got" in printed
    assert "constant, ch91" not in printed


@pytest.mark.slow
def test_the_books_own_class_gets_the_marks_that_were_argued_for(root, tmp_path):
    command = [sys.executable, "-m", "scripts.demo_class", "--keep", tmp_path / "class"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- regrading ----


@pytest.fixture
def nbgrader(tmp_path):
    """Run a command of nbgrader in a course; the machine's own configuration stays out of it."""

    def run(folder, *command):
        settings = {f"JUPYTER_{name}_DIR": str(tmp_path / "jupyter" / name) for name in ("CONFIG", "DATA", "RUNTIME")}
        subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, env=os.environ | settings, check=True)

    return run


@pytest.mark.slow
def test_a_mended_test_changes_the_mark_once_it_is_graded_with_force(book, tmp_path, change, nbgrader):
    folder: Path = tmp_path / "course"
    course.make(folder, book=book)
    exercises = exercises_of(book / "solutions", "ch91")
    adds_two = make_class(exercises, mistakes_of(book / "solutions/ch91/mistakes.py"))[0][3]
    shutil.copytree(folder / "exercises/ch91", folder / "submitted/ada/ch91")
    fill_in(folder / "submitted/ada/ch91", adds_two, exercises)
    nbgrader(folder, "autograde", "ch91")
    first = marks_of(folder, "ch91", "ada")
    assert (first["ch91-ex1-double-value"], first["ch91-ex1-double-hidden"]) == (2, 0)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.find_grade("ch91-ex3-why", "ch91_doubles", "ch91", "ada").manual_score = 1.5
        gradebook.db.commit()

    change(book / "solutions" / DOUBLES, "ch91-ex1-double-value", "double(2) == 4", "double(3) == 6")
    course.make(folder, book=book)
    nbgrader(folder, "autograde", "ch91")
    assert marks_of(folder, "ch91", "ada")["ch91-ex1-double-value"] == 2

    nbgrader(folder, "autograde", "ch91", "--force")
    assert marks_of(folder, "ch91", "ada")["ch91-ex1-double-value"] == 0
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        read = gradebook.find_grade("ch91-ex3-why", "ch91_doubles", "ch91", "ada")
        assert (read.manual_score, read.needs_manual_grade) == (1.5, True)
    graded = nbformat.read(folder / "autograded/ada" / DOUBLES, 4)
    assert any("double(3) == 6" in cell.source for cell in graded.cells)
