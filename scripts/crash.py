"""Kill the grader at random moments while it grades a class, run it again, and look whether every mark is right.

    make crash                                   twenty kills, about ten minutes
    python -m scripts.crash --kills 3 --seed 7

After each second run: every mark is the one that the answers deserve, nobody is missing, the gradebook is sound, and no folder
and no process of the killed grader is left.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook, MissingEntry

from scripts import course
from scripts.exercises import ROOT

ASSIGNMENT, NOTEBOOK = "ps1", "ps1_small"
DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return x * 2\n    ### END SOLUTION"
HALF = "def half(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION"
CELLS = [  # grade id, source, points
    ("ps1-double", DOUBLE, None),
    ("ps1-double-value", 'assert double(2) == 4, "2 and 2 make 4"', 1),
    ("ps1-double-hidden", "### BEGIN HIDDEN TESTS\nassert double(7) == 14\n### END HIDDEN TESTS", 2),
    ("ps1-half", HALF, None),
    ("ps1-half-value", "assert half(4) == 2\nassert half(10) == 5", 4),
]
KINDS = [  # what a student hands in, by grade id, and the points that it deserves; in turns
    ({"ps1-double": "def double(x):\n    return x + x", "ps1-half": "def half(x):\n    return x * 0.5"}, 7),
    ({"ps1-double": "def double(x):\n    return 4"}, 1),
    ({}, 0),
    ({"ps1-half": "def half(x):\n    return x / 2"}, 4),
    ({"ps1-double": "def double(x):\n    return 2 * x"}, 3),
]
PATIENCE = 10  # seconds in which the kernels of a dead grader end


# ---- the class ----


def make_book(folder):
    """A book of one small assignment."""
    cells = []
    for grade_id, source, points in CELLS:
        about = {"grade": points is not None, "solution": points is None, "locked": points is not None, "task": False}
        about |= {"grade_id": grade_id, "schema_version": 3} | ({} if points is None else {"points": points})
        cells.append(new_code_cell(source, id=grade_id, metadata={"nbgrader": about}))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    (folder / "solutions" / ASSIGNMENT).mkdir(parents=True)
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return folder


def hand_in(folder, size):
    """Submissions of so many students; return the points that each deserves."""
    deserved = {}
    for number in range(size):
        answers, points = KINDS[number % len(KINDS)]
        notebook = nbformat.read(folder / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb", 4)
        for cell in notebook.cells:
            cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
        student = f"student-{number:02d}"
        place = folder / "submitted" / student / ASSIGNMENT
        place.mkdir(parents=True)
        nbformat.write(notebook, place / f"{NOTEBOOK}.ipynb")
        deserved[student] = points
    return deserved


def make_class(folder, size):
    """A course with a class that has handed in; return the points that each student deserves."""
    course.make(folder / "course", book=make_book(folder / "book"))
    return hand_in(folder / "course", size)


# ---- the grader ----


class Grader:
    """`nbgrader autograde` in a course, with temporary and Jupyter folders of its own in a work folder with a short name."""

    def __init__(self, folder, work, *options, **environment):
        self.work, self.log = work, work / "log.txt"
        (work / "tmp").mkdir(parents=True, exist_ok=True)
        settings = {f"JUPYTER_{name}_DIR": str(work / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        settings |= {"TMPDIR": str(work / "tmp"), "OPENBLAS_NUM_THREADS": "1"} | environment
        self.began = time.monotonic()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT, *options],
                cwd=folder,
                env=os.environ | settings,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self):
        """All that it has printed."""
        return self.log.read_text()

    def end(self, how=None, after=0):
        """Send it a signal after so many seconds, unless it ends before; return its exit code."""
        try:
            if how is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return self.process.wait(max(0, self.began + after - time.monotonic()))
                self.process.send_signal(how)
            return self.process.wait(600)
        finally:
            self.process.kill()
            self.process.wait()

    def doing(self):
        """What it was doing last, in words, and how many submissions it had finished."""
        steps = re.findall(r"(Sanitizing|Autograding|Setting destination file permissions) ?(?:\S*/(student-\d+)/)?", self.said)
        finished = sum(step.startswith("Setting") for step, _ in steps)
        if not steps:
            return "before the first submission"
        students = [student for _, student in steps if student]
        words = {"Sanitizing": "reading", "Autograding": "running"}.get(steps[-1][0], "finishing")
        return f"{words} {students[-1]}, {finished} finished"


def left_running(work):
    """The processes of graders with this work folder, by number: its path is among what they were started with."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            about = (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
            if any(os.fsencode(work) in text for text in about):
                found[int(place.name)] = about[0].replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def all_ended(work):
    """Wait until no such process is left; return those that stay."""
    deadline = time.monotonic() + PATIENCE
    while (left := left_running(work)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


# ---- what must hold ----


def wrong_in(folder, work, deserved):
    """What is not as it has to be once a course has been graded, a line each."""
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db")) as database:
        for (word,) in database.execute("pragma integrity_check"):
            if word != "ok":
                yield f"gradebook.db: {word}"
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        for student, points in deserved.items():
            try:
                entry = gradebook.find_submission(ASSIGNMENT, student)
            except MissingEntry:
                yield f"{student}: not in the gradebook"
                continue
            if entry.score != points:
                yield f"{student}: expected {points} points, got {entry.score:g}"
            if any(grade.auto_score is None for notebook in entry.notebooks for grade in notebook.grades):
                yield f"{student}: a test has no score"
    for student in deserved:
        path = folder / "autograded" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        if not path.exists() or path.stat().st_mode & 0o222:
            yield f"{student}: no finished notebook in autograded/"
    yield from (f"left behind: {path.relative_to(folder)}" for path in (folder / ".gradecore").glob("*/"))
    yield from (f"left behind: {path.name}" for path in (work / "tmp").iterdir())
    yield from (f"still running: {command[:200]}" for command in all_ended(work).values())


def crash(folder, work, deserved, after, how=signal.SIGKILL):
    """Stop a grader after so many seconds and grade again; return what it was doing, the second exit code, what is wrong."""
    first = Grader(folder, work)
    code = first.end(how, after)
    doing = first.doing() if code else "nothing: it had finished"
    left = [f"outlived its grader: {command[:200]}" for command in all_ended(work).values()]
    second = Grader(folder, work)
    code = second.end()
    return doing, code, [*left, *wrong_in(folder, work, deserved)], second.said


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="how often (default: %(default)s)")
    parser.add_argument("--students", type=int, default=20, help="the size of the class (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="of the moments (default: a new one, which is printed)")
    options = parser.parse_args(arguments)
    seed = random.randrange(10**6) if options.seed is None else options.seed
    moments, failed = random.Random(seed), 0
    for number in (signal.SIGINT, signal.SIGTERM):  # so that the grader ends with this command
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="crash-") as place:
        folder = Path(place)
        deserved = make_class(folder, options.students)
        whole = Grader(shutil.copytree(folder / "course", folder / "whole"), folder / "w")
        if whole.end():
            sys.exit(f"The class could not be graded even without a kill:\n{whole.said}")
        seconds = time.monotonic() - whole.began
        wrong = list(wrong_in(folder / "whole", folder / "w", deserved))
        print(f"seed {seed}; {options.students} submissions, {seconds:.1f} s without a kill", flush=True)
        for number in range(1, options.kills + 1):
            after = moments.uniform(0, 0.9 * seconds)  # runs differ, and a kill has to come before the end
            again = shutil.copytree(folder / "course", folder / "again")
            doing, code, wrong_now, _ = crash(again, folder / "w", deserved, after)
            end = "every mark right" if not wrong_now else "; ".join(wrong_now)
            print(f"{number:3}  killed after {after:5.1f} s, {doing}; run again: exit code {code}, {end}", flush=True)
            failed += bool(code or wrong_now)
            shutil.rmtree(again)
    if failed or wrong:
        sys.exit("\n".join([f"{failed} of {options.kills} runs did not recover", *wrong]))
    print(f"{options.kills} of {options.kills} runs recovered.")


if __name__ == "__main__":
    main()
