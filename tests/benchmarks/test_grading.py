"""The timing of gradecore against stock nbgrader: its arithmetic, and a short run."""

import subprocess
import sys

import pytest

from benchmarks.grading import PARTS, table

PARTS_OF_ONE = {"begin": 0.5, "run_student": 0.25, "run_locked": 0, "run_tests": 0.25, "bridge": 0, "end": 0.1, "whole": 1.2}


def rounds(*pairs, same=True):
    return [{"gradecore": ours, "stock": stock, "ratio": ours / stock, "same marks": same} for ours, stock in pairs]


def test_the_ratio_is_the_median_of_the_rounds_own():
    lines = "\n".join(table(rounds((2, 1), (3, 2), (9, 9)), [PARTS_OF_ONE]))
    assert "Median of 3 rounds: gradecore 3.00 s, stock 2.00 s a submission" in lines
    assert "gradecore / stock: 1.50 (1.00 to 2.00)" in lines
    assert "DIFFER" not in lines


def test_the_parts_make_up_the_whole():
    lines = list(table(rounds((2, 1)), [PARTS_OF_ONE] * 3))
    assert "| starting the two kernels | 0.50 | 25% |" in lines
    assert "| nbgrader itself: reading, gradebook, writing | 0.80 | 40% |" in lines
    assert {part for parts in PARTS.values() for part in parts} | {"whole"} == {*PARTS_OF_ONE}


def test_other_marks_are_told():
    assert "The marks DIFFER." in list(table(rounds((1, 1), same=False), [PARTS_OF_ONE]))


@pytest.mark.slow
@pytest.mark.long
def test_a_short_run_compares_the_marks_and_the_times(root):
    command = [sys.executable, "-m", "benchmarks.grading", "--rounds", "1", "--students", "3"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "round 1: gradecore" in done.stdout
    assert "| opening and closing the bridge |" in done.stdout
