"""Grade a made-up class in a throw-away course, by nbgrader's own commands, and compare each mark with mistakes.py.

    python -m scripts.demo_class                     the first assignment that has a mistakes.py
    python -m scripts.demo_class ch04 --keep ../demo
    python -m scripts.demo_class --broken-grader     every test passes: the comparison must turn red
    python -m scripts.demo_class --stock             graded by stock nbgrader, without gradecore

Nobody reads the answers in words here, so they get no points, and the table says so.
"""

import argparse
import csv
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.utils import is_grade, is_solution, is_task

from scripts import course
from scripts.exercises import ROOT, Refused, notebooks_in

STUDENTS = 12
COURSE_ID = "demo"


class Failed(Exception):
    """A command of nbgrader ended in an error."""


# ---- the assignment: its exercises, and the mistakes that can be made in them ----


@dataclass
class Exercise:
    """An answer cell and the points of the cells that test it; or a cell that a person reads and grades."""

    name: str
    right: str | None  # None: a task, whose answer has no cell of its own
    tests: dict = field(default_factory=dict)  # grade id of a test cell: its points
    by_hand: bool = False


def exercises_of(solutions, assignment):
    """The exercises of an assignment, in the order of its notebooks."""
    notebooks = [notebook for path, notebook in notebooks_in(solutions).items() if path.parts[0] == assignment]
    exercises, tests = {}, {}
    for cell in (cell for notebook in notebooks for cell in notebook.cells):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if is_solution(cell):
            exercises[grade_id] = Exercise(grade_id, cell.source, by_hand=bool(is_grade(cell)))
        elif is_task(cell):
            exercises[grade_id] = Exercise(grade_id, None, by_hand=True)
        elif is_grade(cell):
            tests[grade_id] = cell.metadata.nbgrader.points
    for test, worth in tests.items():
        owners = [name for name in exercises if test.startswith(name + "-")]
        if not owners:
            raise Failed(f"{test}: expected the grade id of an answer, a hyphen and a word, got none of {[*exercises]}")
        exercises[max(owners, key=len)].tests[test] = worth
    return list(exercises.values())


def mistakes_of(path):
    """The list MISTAKES of a mistakes.py."""
    spec = importlib.util.spec_from_file_location(f"mistakes_of_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MISTAKES


# ---- the class ----


@dataclass
class Student:
    """What a made-up student hands in, by exercise: a mistake, else the right answer, or nothing at all if blank."""

    name: str
    blank: bool = False
    mistakes: dict = field(default_factory=dict)  # name of an exercise: Mistake

    def answer(self, exercise):
        """The source of the student's answer; None leaves the cell as it was released."""
        if exercise.name in self.mistakes:
            return self.mistakes[exercise.name].code
        return None if self.blank else exercise.right

    def did(self, exercise):
        """What the student did in an exercise, in words."""
        if exercise.name in self.mistakes:
            return self.mistakes[exercise.name].name
        if self.blank or exercise.right is None:
            return "left as released"
        return "the model answer" if exercise.by_hand else "right"

    def deserves(self, exercise):
        """The points that mistakes.py argues for; None where a person has to read the answer."""
        if exercise.by_hand:
            return None
        if exercise.name in self.mistakes:
            return self.mistakes[exercise.name].points
        return 0 if self.blank else sum(exercise.tests.values())


def make_class(exercises, mistakes, size=STUDENTS):
    """A right, a blank, a constant submission, then one mistake in each exercise; and the class that would make them all."""
    blank, constant, others = {}, {}, []
    for exercise in exercises:
        rest = [mistake for mistake in mistakes if mistake.exercise == exercise.name]
        for word, first in (("blank", blank), ("constant", constant)):
            first |= {m.exercise: m for m in reversed(rest) if word in m.name}
            rest = [m for m in rest if m is not first.get(exercise.name)]
        others.append(rest)
    students = [Student("right"), Student("blank", True, blank), Student("constant", mistakes=constant)]
    for number, row in enumerate(zip_longest(*others), 1):
        students.append(Student(f"mistakes-{number:02d}", mistakes={m.exercise: m for m in row if m}))
    return students[:size], students


# ---- the machine: folders and commands ----


class Machine:
    """A throw-away machine on which one user plays everybody: a course, an exchange, a home for each student."""

    def __init__(self, folder, stock=False):
        self.folder = folder
        self.course = folder / "course"
        self.grader = {"UNROLLED_GRADER": "stock"} if stock else {}  # see nbgrader_config.py
        (folder / "exchange").mkdir(parents=True)
        (folder / "site").mkdir()
        # What a real machine has in /etc/jupyter. One user owns every submission here, so owners can't be compared.
        (folder / "site/nbgrader_config.py").write_text(
            f"c.Exchange.root = {str(folder / 'exchange')!r}\n"
            f"c.CourseDirectory.course_id = {COURSE_ID!r}\n"
            "c.ExchangeCollect.check_owner = False\n"
        )

    def home(self, student):
        """A student's home folder."""
        return self.folder / "students" / student.name

    def nbgrader(self, folder, *command):
        """Run a command of nbgrader in a folder, with a Jupyter configuration and cache that belong to it alone."""
        folder.mkdir(parents=True, exist_ok=True)
        jupyter = self.folder / "jupyter" / folder.name
        settings = {f"JUPYTER_{name}_DIR": str(jupyter / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        settings |= {"JUPYTER_CONFIG_PATH": str(self.folder / "site"), "OPENBLAS_NUM_THREADS": "1"} | self.grader
        run = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command], cwd=folder, env=os.environ | settings, capture_output=True, text=True
        )
        with open(self.folder / "log.txt", "a") as log:
            log.write(f"$ nbgrader {' '.join(command)}    (in {folder})\n{run.stdout}{run.stderr}\n")
        if run.returncode:
            raise Failed(f"nbgrader {' '.join(command)} ended with code {run.returncode} in {folder}:\n{run.stderr.strip()}")

    def teach(self, *command):
        """Run a command of nbgrader as the instructor."""
        self.nbgrader(self.course, *command)


def fill_in(folder, student, exercises):
    """Write a student's answers into the notebooks that were fetched."""
    answers = {exercise.name: student.answer(exercise) for exercise in exercises}
    for path in folder.glob("*.ipynb"):
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            if is_solution(cell):
                cell.source = answers[cell.metadata.nbgrader.grade_id] or cell.source
        nbformat.write(notebook, path)


def break_tests(solutions, overlay):
    """Write an overlay in which every test cell passes whatever it is given."""
    for path, notebook in notebooks_in(solutions).items():
        for cell in notebook.cells:
            if is_grade(cell) and not is_solution(cell) and cell.cell_type == "code":
                hidden = "BEGIN HIDDEN TESTS" in cell.source
                cell.source = "### BEGIN HIDDEN TESTS\npass\n### END HIDDEN TESTS" if hidden else "pass"
        (overlay / path).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, overlay / path)


# ---- the marks ----


def marks_of(folder, assignment, student):
    """The points that nbgrader gave, cell by cell: None where it gave none and waits for a person."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        submission = gradebook.find_submission(assignment, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return {grade.name: None if grade.needs_manual_grade else grade.score for grade in grades}


def complaints_of(folder, assignment, student):
    """What each failing test cell said, by its grade id, as the student will read it."""
    said = {}
    for path in (folder / "autograded" / student / assignment).glob("*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            if is_grade(cell) and cell.cell_type == "code":
                errors = [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]
                said[cell.metadata.nbgrader.grade_id] = "\n".join(errors)
    return said


def exported(folder, assignment):
    """The score of each student in a course's exported table."""
    with open(folder / "grades.csv", newline="") as table:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(table) if row["assignment"] == assignment}


def points(number):
    """Points as they are read: 2, not 2.0."""
    return "-" if number is None else f"{number:g}"


def compare(folder, assignment, students, exercises):
    """Print argued and given points line by line; return the lines that differ."""
    wrong = []
    width = max(len(exercise.name) for exercise in exercises)

    def line(student, exercise, did, argued, given, note=""):
        print(f"{student:<12} {exercise:<{width}} {did[:44]:<44} {argued:>6} {given:>6}  {note}".rstrip())

    def differs(student, where, expected, got):
        wrong.append(f"{student.name}, {where}: expected {expected}, got {got}")
        return "DIFFERS"

    print()
    line("student", "exercise", "what they did", "argued", "given")
    scores = exported(folder, assignment)
    for student in students:
        marks, said = marks_of(folder, assignment, student.name), complaints_of(folder, assignment, student.name)
        total = 0
        for exercise in exercises:
            did, argued, note = student.did(exercise), student.deserves(exercise), ""
            if exercise.by_hand:
                got = marks[exercise.name]
                note = "left blank" if got == 0 else "for a person to read"
            else:
                tests = [marks[test] for test in exercise.tests]
                got = None if None in tests else sum(tests)
                total += argued
                where = f"{exercise.name}, {did}"
                heard = "\n".join(said.get(test, "") for test in exercise.tests)
                hint = student.mistakes[exercise.name].hint if exercise.name in student.mistakes else ""
                if got != argued:
                    note = differs(student, where, f"{points(argued)} points", points(got))
                elif hint not in heard:
                    note = differs(student, where, f"the hint {hint!r}", repr(heard))
            line(student.name, exercise.name, did, points(argued), points(got), note)
        score = scores.get(student.name)
        note = "" if score == total else differs(student, "total in grades.csv", f"{points(total)} points", points(score))
        line(student.name, "total", "", points(total), points(score), note)
    return wrong


# ---- the cycle ----


def run(folder, assignment=None, overlay=None, broken_grader=False, book=ROOT, size=STUDENTS, stock=False):
    """Play a class through one assignment, from the release to the marks; return the lines that differ."""
    start = time.perf_counter()

    def step(words):
        print(f"{time.perf_counter() - start:5.1f} s  {words}", flush=True)

    layers = [book / "solutions", overlay] if overlay else [book / "solutions"]
    mistakes_py = {path.parent.name: path for layer in layers for path in layer.glob("*/mistakes.py")}  # the overlay's wins
    if not mistakes_py or assignment not in (None, *mistakes_py):
        raise Failed(f"expected an assignment that has a mistakes.py, one of {[*mistakes_py]}, got {assignment}")
    assignment = assignment or min(mistakes_py)
    machine = Machine(folder, stock)

    step(f"{assignment}: making the course (generate_assignment is part of it)")
    if broken_grader:
        overlay = folder / "broken-grader"
        break_tests(book / "solutions", overlay)
    course.make(machine.course, overlay, book)
    with open(machine.course / "nbgrader_config.py", "a") as settings:
        settings.write(f"c.CourseDirectory.course_id = {COURSE_ID!r}\n")
    exercises = exercises_of(machine.course / "solutions", assignment)
    mistakes = mistakes_of(mistakes_py[assignment])
    students, everybody = make_class(exercises, mistakes, size)
    step("releasing it")
    machine.teach("release_assignment", assignment)

    def take_part(student):
        machine.nbgrader(machine.home(student), "fetch_assignment", assignment)
        fill_in(machine.home(student) / assignment, student, exercises)
        machine.nbgrader(machine.home(student), "submit", assignment, f"--student={student.name}")
        step(f"{student.name} fetched and submitted")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(take_part, students))
    step("collecting")
    machine.teach("collect", assignment)
    step(f"grading {len(students)} submissions{' with stock nbgrader' if stock else ''}")
    machine.teach("autograde", assignment)
    step("writing and releasing feedback")
    machine.teach("generate_feedback", assignment)
    machine.teach("release_feedback", assignment)
    machine.nbgrader(machine.home(students[-1]), "fetch_feedback", assignment, f"--student={students[-1].name}")
    machine.teach("export", "--to=grades.csv")
    step("done")

    wrong = compare(machine.course, assignment, students, exercises)
    fetched = next(machine.home(students[-1]).glob(f"{assignment}/feedback/*/*.html"))
    names = {exercise.name for exercise in exercises}
    stray = [f"mistakes.py, {m.name}: {m.exercise} is no exercise of {assignment}" for m in mistakes if m.exercise not in names]
    made = sum(len(student.mistakes) for student in students)
    more = "" if students == everybody else f" (--students {len(everybody)} makes them all)"
    print(f"\nMistakes: {made} of {len(mistakes)} in this class of {len(students)}{more}")
    print(f"Marks:    {machine.course / 'grades.csv'}")
    print(f"Feedback: {machine.course / 'feedback'} ({students[-1].name} has fetched it: {fetched})")
    print(f"Commands: {folder / 'log.txt'}")
    return wrong + stray


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.demo_class", description=__doc__.splitlines()[0])
    parser.add_argument("assignment", nargs="?", help="an assignment that has a mistakes.py (default: the first)")
    parser.add_argument("--keep", type=Path, help="a new folder for the class (default: one in the system's temporary folder)")
    tests = parser.add_mutually_exclusive_group()
    tests.add_argument("--overlay", type=Path, help="your own solutions and hidden tests, as for `make course`")
    tests.add_argument("--broken-grader", action="store_true", help="make every test pass, to see the comparison turn red")
    parser.add_argument("--stock", action="store_true", help="grade with stock nbgrader, to compare its marks with gradecore's")
    parser.add_argument("--students", type=int, default=STUDENTS, help="the size of the class (default: %(default)s)")
    parser.add_argument("--book", type=Path, default=ROOT, help="the folder that holds solutions/ and nbgrader_config.py")
    options = parser.parse_args(arguments)
    folder = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="unrolled-demo-class-"))
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"expected a new or empty folder, got {folder}")
    try:
        overlay = options.overlay and options.overlay.resolve()
        wrong = run(
            folder, options.assignment, overlay, options.broken_grader, options.book.resolve(), options.students, options.stock
        )
    except (Failed, Refused) as problem:
        sys.exit(f"The class could not be graded: {problem}\nWhat was done so far: {folder}")
    if wrong:
        sys.exit(f"\n{len(wrong)} marks or hints differ:\n  " + "\n  ".join(wrong))
    print("Every mark is the one that mistakes.py argues for, and every hint was given.")


if __name__ == "__main__":
    main()
