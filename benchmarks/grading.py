"""What safe grading costs: gradecore against stock nbgrader, the same submissions, turn by turn.

    python -m benchmarks.grading                       five rounds of eight submissions of the first assignment
    python -m benchmarks.grading ch04 --rounds 3

Seconds a submission are the time from one finished submission to the next within a run of `nbgrader autograde`: starting the
command does not count. A round grades the class once with each; its ratio is that of the medians. Marks must be the same.
"""

import argparse
import functools
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts import course
from scripts.demo_class import exercises_of, fill_in, make_class, marks_of, mistakes_of
from scripts.exercises import ROOT

from .machine import machine

FINISHED = re.compile(r"Setting destination file permissions|Creating/updating student")
PARTS = {  # what is clocked: methods of TwoKernelExecute and of Kernel
    "starting the two kernels": ["begin"],
    "the student's cells": ["run_student"],
    "given cells beside the tests": ["run_locked"],
    "tests, with their calls over the bridge": ["run_tests"],
    "opening and closing the bridge": ["bridge"],
    "ending the kernels": ["end"],
}
CLOCKED = """
import sys
sys.path.insert(0, {root!r})
from benchmarks.grading import clock
clock({store!r})
"""


# ---- in the grader's process ----


def clock(store):
    """Add up the seconds of each part of a submission; write them to a file, a line for each notebook."""
    from gradecore.execute import TwoKernelExecute
    from gradecore.kernels import Kernel

    spent = {}

    def clocked(owner, name, part, does_count=lambda *_: True):
        method = getattr(owner, name)

        @functools.wraps(method)
        async def timed(self, *arguments, **options):
            began = time.perf_counter()
            try:
                return await method(self, *arguments, **options)
            finally:
                if does_count(self):
                    spent[part] = spent.get(part, 0) + time.perf_counter() - began

        setattr(owner, name, timed)

    for name in ("begin_student", "begin_tests", "run_student", "run_locked", "run_test", "run_all"):
        clocked(TwoKernelExecute, name, name)
    clocked(Kernel, "run", "kernel of the tests", lambda kernel: type(kernel.km).__name__ != "SandboxKernelManager")
    preprocess = TwoKernelExecute.preprocess

    def timed(self, nb, resources):
        spent.clear()
        began = time.perf_counter()
        result = preprocess(self, nb, resources)
        whole = time.perf_counter() - began
        begin = max(spent["begin_student"], spent["begin_tests"])  # side by side
        run_tests = spent["kernel of the tests"] - spent.get("run_locked", 0)
        parts = {
            "begin": begin,
            "run_student": spent.get("run_student", 0),
            "run_locked": spent.get("run_locked", 0),
            "run_tests": run_tests,
            "bridge": spent.get("run_test", 0) - run_tests,
            "end": whole - begin - spent["run_all"],
            "whole": whole,
        }
        with open(store, "a") as lines:
            lines.write(json.dumps(parts) + "\n")
        return result

    TwoKernelExecute.preprocess = timed


# ---- outside ----


def seconds_of(folder, assignment, **environment):
    """Grade a class; return the seconds of each submission."""
    command = [sys.executable, "-m", "nbgrader", "autograde", assignment]
    settings = {f"JUPYTER_{name}_DIR": str(folder / "jupyter" / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    settings |= {"OPENBLAS_NUM_THREADS": "1"} | environment
    ends, log = [], []
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | settings, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as run:
        for line in run.stderr:
            log.append(line)
            if FINISHED.search(line) and (line.find("Setting") > 0 or not ends):
                ends.append(time.perf_counter())
    if run.returncode:
        sys.exit("".join(log))
    return [after - before for before, after in itertools.pairwise(ends)]


def make(folder, assignment, size):
    """A course whose made-up class has handed in; return its assignment and its students."""
    course.make(folder)
    mistakes = sorted((ROOT / "solutions").glob("*/mistakes.py"))
    assignment = assignment or mistakes[0].parent.name
    exercises = exercises_of(folder / "solutions", assignment)
    students, _ = make_class(exercises, mistakes_of(ROOT / "solutions" / assignment / "mistakes.py"), size)
    for student in students:
        shutil.copytree(folder / "exercises" / assignment, folder / "submitted" / student.name / assignment)
        fill_in(folder / "submitted" / student.name / assignment, student, exercises)
    return assignment, [student.name for student in students]


def measure(place, assignment, size, rounds):
    """The seconds of gradecore and of stock nbgrader, round by round, and the parts of gradecore's."""
    assignment, students = make(place / "course", assignment, size)
    store, found = place / "parts.jsonl", []
    for number in range(1, rounds + 1):
        medians, marks = {}, {}
        for name in ("gradecore", "stock"):
            folder = shutil.copytree(place / "course", place / name)
            with open(folder / "nbgrader_config.py", "a") as config:
                config.write(CLOCKED.format(root=str(ROOT), store=str(store)) if name == "gradecore" else "")
            seconds = seconds_of(folder, assignment, **({"UNROLLED_GRADER": "stock"} if name == "stock" else {}))
            medians[name] = statistics.median(seconds)
            marks[name] = {student: marks_of(folder, assignment, student) for student in students}
            shutil.rmtree(folder)
        ratio = medians["gradecore"] / medians["stock"]
        found.append(medians | {"ratio": ratio, "same marks": marks["gradecore"] == marks["stock"]})
        both = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in medians.items())
        print(f"round {number}: {both} a submission, ratio {ratio:.2f}", flush=True)
        for student in students:
            if marks["gradecore"][student] != marks["stock"][student]:
                print(f"  {student}: gradecore {marks['gradecore'][student]}, stock {marks['stock'][student]}")
    return assignment, len(students), found, [json.loads(line) for line in store.read_text().splitlines()]


def table(found, parts):
    """The lines of the report."""
    median = {name: statistics.median(round_[name] for round_ in found) for name in ("gradecore", "stock", "ratio")}
    yield f"Median of {len(found)} rounds: gradecore {median['gradecore']:.2f} s, stock {median['stock']:.2f} s a submission"
    low, high = (choose(round_["ratio"] for round_ in found) for choose in (min, max))
    yield f"gradecore / stock: {median['ratio']:.2f} ({low:.2f} to {high:.2f})"
    if not all(round_["same marks"] for round_ in found):
        yield "The marks DIFFER."
    yield "\n| where gradecore's time goes | s | share |\n| --- | --- | --- |"
    typical = {part: statistics.median(p[part] for p in parts) for part in parts[0]}
    rows = {words: sum(typical[part] for part in own) for words, own in PARTS.items()}
    rows["nbgrader itself: reading, gradebook, writing"] = max(0, median["gradecore"] - typical["whole"])
    for words, seconds in rows.items():
        yield f"| {words} | {seconds:.2f} | {seconds / median['gradecore']:.0%} |"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__.splitlines()[0])
    parser.add_argument("assignment", nargs="?", help="an assignment that has a mistakes.py (default: the first)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each grades the class (default: %(default)s)")
    parser.add_argument("--students", type=int, default=8, help="the size of the class (default: %(default)s)")
    parser.add_argument("--cores", type=int, help="grade on so many cores (default: all; gradecore uses two, stock one)")
    options = parser.parse_args()
    if options.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    about = machine()
    with tempfile.TemporaryDirectory(prefix="grading-") as place:
        assignment, size, found, parts = measure(Path(place), options.assignment, options.students, options.rounds)
    print(
        f"\n{about['date']}; {about['cpu']}, {about['cores']} cores, load at the start {about['load at the start']}; ", end=""
    )
    print(f"{assignment}, {size} submissions")
    print("\n".join(table(found, parts)))
    return not all(round_["same marks"] for round_ in found)


if __name__ == "__main__":
    sys.exit(main())
