"""Grade every mistake of the assignments with gradecore and with stock nbgrader: honest work gets the same marks from both.

    python -m scripts.same_marks                 all assignments, about half an hour
    python -m scripts.same_marks ch08

The classes are those of `make demo-class` that make every mistake, a right and a blank submission among them.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from scripts import course
from scripts.assignments import names
from scripts.demo_class import Machine, exercises_of, fill_in, make_class, marks_of, mistakes_of
from scripts.exercises import ROOT


def graded(folder, assignment, students, exercises, book, stock):
    """The points of each student's cells."""
    machine = Machine(folder / ("stock" if stock else "gradecore"), stock)
    course.make(machine.course, book=book)
    for student in students:
        place = machine.course / "submitted" / student.name / assignment
        shutil.copytree(machine.course / "exercises" / assignment, place)
        fill_in(place, student, exercises)
    machine.teach("autograde", assignment)
    return {student.name: marks_of(machine.course, assignment, student.name) for student in students}


def compare(assignment, book=ROOT):
    """Print what came of an assignment's class; return a line for each mark that differs."""
    began = time.monotonic()
    exercises = exercises_of(book / "solutions", assignment)
    _, students = make_class(exercises, mistakes_of(book / "solutions" / assignment / "mistakes.py"))
    with tempfile.TemporaryDirectory(prefix="same-marks-") as folder:
        ours, stock = (graded(Path(folder), assignment, students, exercises, book, stock) for stock in (False, True))
    wrong = []
    for student in students:
        mine, theirs = ours[student.name], stock[student.name]
        differ = [cell for cell in mine if mine[cell] != theirs[cell]]
        wrong += [f"{student.name}, {cell}: gradecore {mine[cell]}, stock {theirs[cell]}" for cell in differ]
        for exercise in (exercise for exercise in exercises if not exercise.by_hand):
            got = sum(mine[test] for test in exercise.tests)
            if got != student.deserves(exercise):
                wrong.append(f"{student.name}, {exercise.name}: deserves {student.deserves(exercise)}, got {got}")
    marks, mistakes = sum(map(len, ours.values())), sum(len(student.mistakes) for student in students)
    seconds = time.monotonic() - began
    print(
        f"{assignment}: {len(students)} submissions, {mistakes} mistakes, {marks} marks, {len(wrong)} differ, {seconds:.0f} s"
    )
    return wrong


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.same_marks", description=__doc__.splitlines()[0])
    parser.add_argument("assignments", nargs="*", help="assignments (default: all)")
    chosen = parser.parse_args(arguments).assignments or names()
    if unknown := set(chosen) - set(names()):
        sys.exit(f"expected assignments among {', '.join(names())}, got {', '.join(sorted(unknown))}")
    wrong = [f"{assignment}: {line}" for assignment in chosen for line in compare(assignment)]
    if wrong:
        sys.exit("\n".join(["", *wrong]))
    print("Every mark is the same from both, and the one that mistakes.py argues for.")


if __name__ == "__main__":
    main()
