"""A mark that gradecore gives and stock nbgrader does not is found, and one that nobody argued for."""

import pytest

from scripts import same_marks
from scripts.same_marks import compare


@pytest.mark.slow
def test_honest_work_gets_the_same_marks_from_both(book, capsys):
    assert compare("ch91", book) == []
    assert "ch91: 4 submissions" in capsys.readouterr().out


@pytest.mark.parametrize("liar", ["gradecore", "stock", "both"])
def test_a_mark_that_differs_is_named(book, monkeypatch, liar):
    def graded(folder, assignment, students, exercises, book, stock):
        marks = {}
        for student in students:
            marks[student.name] = {test: None for exercise in exercises for test in exercise.tests}
            for exercise in (exercise for exercise in exercises if not exercise.by_hand):
                first, *rest = exercise.tests
                marks[student.name] |= {first: student.deserves(exercise)} | dict.fromkeys(rest, 0)
        if liar in ("both", "stock" if stock else "gradecore"):
            marks["right"][first] += 1
        return marks

    monkeypatch.setattr(same_marks, "graded", graded)
    wrong = compare("ch91", book)
    assert len(wrong) == {"gradecore": 2, "stock": 1, "both": 1}[liar]
    assert all(line.startswith("right, ") for line in wrong)
    assert any("gradecore" in line for line in wrong) == (liar != "both")
    assert any("deserves" in line for line in wrong) == (liar != "stock")
