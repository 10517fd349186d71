"""`make check` tells those who learn alone what is right, what is wrong and what is not written yet."""

import nbformat
import pytest

from scripts import check
from scripts.check import Exercise, Unreadable, find, main, read, report
from scripts.exercises import make

RIGHT = {"ch91-ex1-double": "def double(x):\n    return 2 * x"}
WRONG = {"ch91-ex2-running-sum": "def running_sum(xs):\n    return xs[1:]"}


@pytest.fixture
def solve(book, tmp_path):
    """A student's copy of the small book's first assignment, with some answers written."""

    def solve(answers):
        make(book)
        notebook = nbformat.read(book / "exercises/ch91/ch91_doubles.ipynb", 4)
        for cell in notebook.cells:
            cell.source = answers.get(cell.id, cell.source)
        nbformat.write(notebook, tmp_path / "mine.ipynb")
        return tmp_path / "mine.ipynb"

    return solve


@pytest.mark.slow
def test_points_and_hints_by_exercise(solve, capsys):
    path = solve(RIGHT | WRONG)
    before = path.read_bytes()
    main(["91", str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(path)
    assert any(line.startswith("Exercise 1, double: 2 of 2 points; hidden tests: ") for line in lines)
    [running] = [n for n, line in enumerate(lines) if line.startswith("Exercise 2, running sum: ")]
    assert lines[running].startswith("Exercise 2, running sum: 0 of 1 points")
    assert lines[running + 1] == "    shape: as long as xs"
    assert "Exercise 3, why: 2 points, read by a person" in lines
    assert lines[-1].endswith("Nothing was graded or sent.")
    assert path.read_bytes() == before


@pytest.mark.slow
def test_what_is_not_written_loops_or_kills_the_kernel_is_said(solve, capsys, monkeypatch):
    monkeypatch.setattr(check.run, "__defaults__", (3,))
    main(["91", str(solve({"ch91-ex2-running-sum": "def running_sum(xs):\n    while True: pass"}))])
    printed = capsys.readouterr().out
    assert "not written yet" in printed
    assert "stopped, since it took too long: is there a loop that never ends?" in printed
    with pytest.raises(SystemExit, match="the kernel died"):
        main(["91", str(solve({"ch91-ex1-double": "import os\nos._exit(1)"}))])


@pytest.mark.parametrize("chapter", ["4", "04", "ch04"])
def test_an_assignment_is_found_by_its_number(chapter):
    assert find(chapter).name == "ch04_basic_rnn.ipynb"


@pytest.mark.parametrize("chapter", ["", "four", "99", "../ch04", "04x"])
def test_another_number_is_refused_with_the_right_ones(chapter):
    with pytest.raises(Unreadable, match=r"expected the number of an assignment.*ch04.*got '"):
        find(chapter)


def test_what_is_no_notebook_is_named(tmp_path):
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "none.ipynb")
    (tmp_path / "text.ipynb").write_text("hello")
    with pytest.raises(Unreadable, match="is no notebook"):
        read(tmp_path / "text.ipynb")


def test_a_hint_stands_once_for_the_tests_that_give_it():
    exercise = Exercise(
        "ch08-ex1-step", [("ch08-ex1-step-value", 1, "c is off"), ("ch08-ex1-step-grad", 2, "c is off")], hidden=3
    )
    assert list(report([exercise, Exercise("ch08-ex5-explain", by_hand=4)])) == [
        "Exercise 1, step: 0 of 3 points; hidden tests: 3 more when it is handed in",
        "    value, grad: c is off",
        "Exercise 5, explain: 4 points, read by a person",
        "Visible tests: 0 of 3 points. Nothing was graded or sent.",
    ]
