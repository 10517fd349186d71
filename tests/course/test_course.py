"""A course folder: the overlay wins, a second run keeps what belongs to the instructor, and nothing private is handed out."""

import json
import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook

from scripts import course
from scripts.course import make
from scripts.exercises import Refused

pytestmark = pytest.mark.filterwarnings("ignore:Object of type")  # SQLAlchemy on what nbgrader does
DOUBLES = "ch91/ch91_doubles.ipynb"
SECRET = 'assert double(-3) == -6, "this one stands in no public repository"'


@pytest.fixture
def overlay(book, tmp_path, change):
    """A private folder: another hidden test for ch91, an assignment of its own, a private file."""
    folder = tmp_path / "overlay"
    (folder / "ch91").mkdir(parents=True)
    shutil.copy(book / "solutions" / DOUBLES, folder / DOUBLES)
    change(folder / DOUBLES, "ch91-ex1-double-hidden", 'assert double(7) == 14, "double it for every x"', SECRET)
    shutil.copytree(book / "solutions/ch92", folder / "ch93")
    text = (folder / "ch93/ch92_halves.ipynb").read_text().replace("ch92-", "ch93-")
    (folder / "ch93/ch92_halves.ipynb").rename(folder / "ch93/ch93_halves.ipynb").write_text(text)
    (folder / "ch93/marks.private.md").write_text("Not for students.\n")
    return folder


@pytest.fixture
def folder(tmp_path):
    """Where the course goes."""
    return tmp_path / "course"


def gradebook(folder):
    return Gradebook(f"sqlite:///{folder}/gradebook.db")


def hand_in(folder, student, notebook="ch91_doubles"):
    """Enter a student and what they handed in, as collecting and grading would."""
    with gradebook(folder) as book:
        book.add_student(student)
        book.add_submission("ch91", student)
    submitted = folder / "submitted" / student / "ch91"
    submitted.mkdir(parents=True)
    shutil.copy(folder / "exercises" / DOUBLES, submitted)


# ---- what is made ----


def test_a_course_holds_sources_exercises_configuration_and_gradebook(book, made, contents):
    held = contents(made)
    assert sorted(held) == [
        "course.json",
        "exercises/MANIFEST.txt",
        "exercises/ch91/ch91_doubles.ipynb",
        "exercises/ch91/table.csv",
        "exercises/ch92/ch92_halves.ipynb",
        "gradebook.db",
        "nbgrader_config.py",
        "solutions/README.md",
        "solutions/ch91/ch91_doubles.ipynb",
        "solutions/ch91/table.csv",
        "solutions/ch92/ch92_halves.ipynb",
        "unrolled_config.py",
    ]
    with gradebook(made) as entered:
        assert [(a.name, a.max_score) for a in entered.assignments] == [("ch91", 9), ("ch92", 1)]


def test_nbgrader_reads_the_books_configuration_and_then_the_courses(book, made):
    with (made / "nbgrader_config.py").open("a") as own:
        own.write('c.CourseDirectory.course_id = "rnn-2027"\n')
    config = course.config_of(made)
    assert config.CourseDirectory.course_id == "rnn-2027"
    assert config.CourseDirectory.source_directory == "solutions"
    assert "mistakes.py" in config.CourseDirectory.ignore


def test_the_exchange_is_set_by_the_variable_or_not_at_all(book, folder, monkeypatch):
    monkeypatch.delenv("UNROLLED_EXCHANGE", raising=False)
    assert "root" not in course.config_of(book).Exchange
    monkeypatch.setenv("UNROLLED_EXCHANGE", "/srv/exchange")
    assert course.config_of(book).Exchange.root == "/srv/exchange"


# ---- the overlay ----


def test_the_overlay_wins_and_stays_private(book, overlay, folder, contents):
    make(folder, overlay, book)
    sources, released = contents(folder / "solutions"), contents(folder / "exercises")
    assert SECRET in json.dumps(nbformat.reads(sources[DOUBLES].decode(), 4)).replace("\\", "")
    assert sources["ch92/ch92_halves.ipynb"] == (book / "solutions/ch92/ch92_halves.ipynb").read_bytes()
    assert sorted(released) == [
        "MANIFEST.txt",
        "ch91/ch91_doubles.ipynb",
        "ch91/table.csv",
        "ch92/ch92_halves.ipynb",
        "ch93/ch93_halves.ipynb",
    ]
    assert not any(b"no public repository" in text or b"Not for students" in text for text in released.values())
    with gradebook(folder) as entered:
        [cell] = [c for c in entered.find_notebook("ch91_doubles", "ch91").source_cells if c.name == "ch91-ex1-double-hidden"]
        assert SECRET in cell.source


def test_without_the_overlay_the_hidden_tests_are_the_public_ones(book, made, contents):
    assert b"no public repository" not in contents(made / "solutions")[DOUBLES]


def test_the_command_reports_what_came_from_the_overlay(book, overlay, folder, says):
    said = says(course.main, folder, "--overlay", overlay, "--book", book)
    assert said.code == 0
    assert [line.strip() for line in said.text.splitlines()[2:]] == [
        f"replaces solutions/{DOUBLES}",
        "adds solutions/ch93/ch93_halves.ipynb",
        "adds solutions/ch93/marks.private.md",
    ]


def test_a_second_run_remembers_the_overlay_until_told_to_forget_it(book, overlay, folder, contents):
    make(folder, overlay, book)
    first = contents(folder / "solutions")
    make(folder, book=book)
    assert contents(folder / "solutions") == first
    make(folder, book=book, keep_overlay=False)
    assert b"no public repository" not in contents(folder / "solutions")[DOUBLES]


def test_an_overlay_that_is_gone_is_not_passed_over(book, overlay, folder, contents):
    make(folder, overlay, book)
    before = contents(folder)
    shutil.rmtree(overlay)
    with pytest.raises(Refused, match="expected the overlay's folder"):
        make(folder, book=book)
    assert contents(folder) == before


# ---- a second run ----


def test_a_second_run_takes_up_a_change_and_keeps_gradebook_submissions_and_configuration(book, made, change, contents):
    hand_in(made, "ada")
    with (made / "nbgrader_config.py").open("a") as own:
        own.write("# mine\n")
    kept = contents(made / "submitted")
    change(book / "solutions" / DOUBLES, "ch91-ex1-double-value", "2 and 2", "two and two")
    make(made, book=book)
    assert "two and two" in (made / "exercises" / DOUBLES).read_text()
    assert contents(made / "submitted") == kept
    assert (made / "nbgrader_config.py").read_text().endswith("# mine\n")
    with gradebook(made) as entered:
        assert [s.student.id for s in entered.assignment_submissions("ch91")] == ["ada"]
        [cell] = [c for c in entered.find_notebook("ch91_doubles", "ch91").source_cells if c.name == "ch91-ex1-double-value"]
        assert "two and two" in cell.source


def test_a_test_cell_more_is_refused_once_work_was_handed_in(book, made, change, contents):
    hand_in(made, "ada")
    before = contents(made)
    change.cell(
        book / "solutions" / DOUBLES,
        "ch91-ex1-double-value",
        lambda cell: cell.metadata.nbgrader.update(grade_id="ch91-ex1-double-more"),
    )
    with pytest.raises(Refused, match="Cannot add or remove cells"):
        make(made, book=book)
    assert contents(made) == before


def test_what_was_changed_in_the_course_itself_is_not_lost(book, made, change, contents):
    change(made / "solutions" / DOUBLES, "ch91-ex1-double-value", "2 and 2", "due and due")
    (made / "solutions/ch92/own.csv").write_text("1\n")
    before = contents(made)
    with pytest.raises(Refused, match=r"about to be lost:\n  ch91/ch91_doubles.ipynb\n  ch92/own.csv"):
        make(made, book=book)
    assert contents(made) == before


def test_running_a_notebook_in_the_course_is_no_change(book, made, change):

    def run(cell):
        cell.execution_count = 3
        cell.metadata["execution"] = {"iopub.execute_input": "2026-11-20T09:00:00Z"}

    change.cell(made / "solutions" / DOUBLES, "ch91-setup", run)
    make(made, book=book)


def test_a_change_that_has_moved_to_the_overlay_is_not_lost(book, folder, overlay, change):
    make(folder, overlay, book)
    for place in (overlay, folder / "solutions"):
        change(place / DOUBLES, "ch91-ex1-double-value", "2 and 2", "due and due")
    make(folder, book=book)
    assert "due and due" in (folder / "exercises" / DOUBLES).read_text()


# ---- refusing ----


def test_a_folder_that_is_no_course_is_left_alone(book, folder, contents, says):
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    said = says(course.main, folder)
    assert said.code == 1
    assert "expected a new folder, an empty one or one made by `make course`" in said.text
    assert contents(folder) == {"thesis.tex": b"years of work"}


def test_a_course_is_not_made_inside_the_repository(root, says):
    said = says(course.main, root / "my-course")
    assert said.code == 1
    assert "outside the repository" in said.text
    assert not (root / "my-course").exists()


def test_an_overlay_that_would_leak_is_refused(book, overlay, made, change, contents):
    before = contents(made)
    change(overlay / DOUBLES, "ch91-ex1-double-hidden", "BEGIN HIDDEN TESTS", "MORE TESTS")
    with pytest.raises(Refused, match="ch91-ex1-double-hidden has no BEGIN HIDDEN TESTS"):
        make(made, overlay, book)
    assert contents(made) == before


def test_make_course_without_a_folder_asks_for_one(says):
    said = says(course.main, "")
    assert said.code == 1
    assert "Which folder?" in said.text
