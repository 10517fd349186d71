"""A run that is killed, stopped or disturbed: the next one makes every mark right."""

import contextlib
import fcntl
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from gradecore.sandbox import bubblewrap
from scripts.crash import (
    ASSIGNMENT,
    NOTEBOOK,
    Grader,
    all_ended,
    left_running,
    make_class,
    wrong_in,
)

NAME = f"{NOTEBOOK}.ipynb"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A course of twenty submissions, and the points that each deserves."""
    folder = tmp_path_factory.mktemp("large")
    return folder / "course", make_class(folder, 20)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A course of five submissions, and the points that each deserves."""
    folder = tmp_path_factory.mktemp("small")
    return folder / "course", make_class(folder, 5)


@pytest.fixture
def work():
    """A folder with a short name: a socket's path must not be long."""
    with tempfile.TemporaryDirectory(prefix="crash-") as place:
        yield Path(place)


@pytest.fixture
def course(small, tmp_path):
    """A copy of the small course."""
    return shutil.copytree(small[0], tmp_path / "course")


def wait_for(grader, words, seconds=60):
    """Wait until a grader has said something."""
    deadline = time.monotonic() + seconds
    while words not in grader.said:
        if time.monotonic() > deadline or grader.process.poll() is not None:
            grader.process.kill()
            pytest.fail(f"expected {words!r}, got exit code {grader.end()} and\n{grader.said}")
        time.sleep(0.02)


def nbgrader(folder, *command):
    """Run a command of nbgrader in a course."""
    return subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, capture_output=True, text=True)


def configure(course, text):
    """Add lines to a course's configuration."""
    path = course / "nbgrader_config.py"
    path.write_text(path.read_text() + text)


def student(folder, name):
    """A student's staging, final and submitted folders are named alike."""
    return folder / name / ASSIGNMENT


# ---- killed ----


@pytest.mark.slow
@pytest.mark.parametrize("number", [3, 10, 17])
def test_after_kill_9_the_next_run_makes_every_mark_right(large, tmp_path, work, number):
    """At a random moment of one of the first submissions, of one in the middle, and of one of the last."""
    folder, deserved = large
    course = shutil.copytree(folder, tmp_path / "course")
    grader = Grader(course, work)
    wait_for(grader, "Autograding " + str(course / ".gradecore" / str(grader.process.pid) / f"student-{number:02d}"))
    time.sleep(random.uniform(0, 1))
    grader.process.kill()
    grader.end()
    assert all_ended(work) == {}
    again = Grader(course, work)
    assert again.end() == 0, again.said
    assert list(wrong_in(course, work, deserved)) == []


STARTING = """
import asyncio, sys
from nbformat.v4 import new_notebook
from gradecore.kernels import Kernel
from gradecore.sandbox import SandboxKernelManager, sign_of_life
place = sys.argv[1]
paths = {"connection_file": f"{place}/kernel.json", "meeting": place, "submission": place}
manager = SandboxKernelManager(kernel_name="python3", **paths)
with sign_of_life(place):
    asyncio.run(Kernel(new_notebook(), manager, 30).begin(place, {}))
"""


@pytest.mark.slow
def test_a_grader_killed_while_bubblewrap_starts_leaves_no_process(work):
    """The inner of bubblewrap's two processes is held where it does not yet end with the outer one."""
    if not bubblewrap():
        message = "needs bubblewrap: apt install bubblewrap"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    for number in range(3):
        (work / str(number)).mkdir()
        with subprocess.Popen([sys.executable, "-c", STARTING, work / str(number)], stderr=subprocess.DEVNULL) as grader:
            while not (inner := sandboxed(grader.pid)):
                assert grader.poll() is None
            os.kill(inner, signal.SIGSTOP)
            grader.kill()
        os.kill(inner, signal.SIGCONT)
        assert all_ended(work) == {}


def sandboxed(grader):
    """The process that bubblewrap has made for the sandbox of a grader; None so far."""
    for outer in children(grader):
        with contextlib.suppress(OSError):
            if b"--as-pid-1" in Path(f"/proc/{outer}/cmdline").read_bytes():
                return next(iter(children(outer)), None)


def children(process):
    """The numbers of a process's own processes."""
    with contextlib.suppress(OSError):
        return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


@pytest.mark.slow
def test_what_a_crash_leaves_is_seen(course, small, work):
    """The comparison of `make crash` finds each thing that it looks for."""
    deserved = small[1]
    assert Grader(course, work).end() == 0
    assert list(wrong_in(course, work, deserved)) == []
    student(course / "autograded", "student-00").joinpath(NAME).unlink()
    student(course / "autograded", "student-01").joinpath(NAME).chmod(0o644)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.find_grade("ps1-half-value", NOTEBOOK, ASSIGNMENT, "student-03").auto_score = None
        gradebook.db.commit()
    (course / ".gradecore" / "123").mkdir()
    (work / "tmp" / "gradecore-123-x").mkdir()
    with subprocess.Popen(["sleep", "60"], env={"WHERE": str(work)}) as process:
        wrong = "\n".join(wrong_in(course, work, deserved | {"nobody": 0}))
        process.kill()
    for words in (
        "student-00: no finished notebook",
        "student-01: no finished notebook",
        "student-03: expected 4 points, got 0",
        "student-03: a test has no score",
        "nobody: not in the gradebook",
        "left behind: .gradecore/123",
        "left behind: gradecore-123-x",
        "still running: sleep 60",
    ):
        assert words in wrong


@pytest.mark.slow
def test_a_killed_regrading_with_force_is_finished(course, small, work):
    deserved = small[1]
    assert Grader(course, work).end() == 0
    grader = Grader(course, work, "--force")
    wait_for(grader, "Autograding " + str(course / ".gradecore" / str(grader.process.pid) / "student-02"))
    grader.process.kill()
    grader.end()
    assert all_ended(work) == {}
    assert Grader(course, work).end() == 0
    assert list(wrong_in(course, work, deserved)) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_cleans_up_and_says_so(course, small, work, how):
    grader = Grader(course, work)
    wait_for(grader, "Autograding " + str(course / ".gradecore" / str(grader.process.pid) / "student-01"))
    time.sleep(0.4)
    asked = time.monotonic()
    grader.process.send_signal(how)
    assert grader.end() == 130
    assert time.monotonic() - asked < 10
    assert left_running(work) == {}
    assert list((course / ".gradecore").glob("*/")) == list((work / "tmp").glob("gradecore-*")) == []
    assert "Stopped. The same command grades the rest." in grader.said
    assert re.search(r"student-00 +7 of 7", grader.said)
    assert re.search(r"student-01 +not graded", grader.said)
    assert Grader(course, work).end() == 0
    assert list(wrong_in(course, work, small[1])) == []


# ---- two graders ----


@pytest.mark.slow
def test_a_second_grader_in_the_same_course_is_sent_away(course, small, work):
    first = Grader(course, work)
    wait_for(first, "Autograding " + str(course / ".gradecore" / str(first.process.pid) / "student-00"))
    second = Grader(course, work / "second", "--force")
    assert second.end() == 1
    assert f"another grader is at work in this course (process {first.process.pid} on " in second.said
    assert first.end() == 0
    assert list(wrong_in(course, work, small[1])) == []
    assert Grader(course, work / "second", "--force").end() == 0


@pytest.mark.slow
def test_the_lock_of_a_dead_grader_binds_nobody_whatever_its_number(course, small, work):
    """In a container each grader may have the same process number: what it finds under its own number is no more its own."""
    (course / ".gradecore").mkdir()
    (course / ".gradecore" / "lock").write_text(f"process {os.getpid()} on here\n")
    stale = student(course / ".gradecore" / str(os.getpid()), "student-00")
    stale.mkdir(parents=True)
    assert Grader(course, work).end() == 0
    assert list(wrong_in(course, work, small[1])) == []


def test_locks_do_not_reach_the_kernels(course):
    """A kernel that outlives its grader must not keep the course locked."""
    with open(course / "lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not os.get_inheritable(lock.fileno())


# ---- what stock nbgrader left ----


def stock(folder, work):
    """Stock nbgrader's grader; what it leaves in its temporary folder is its own affair."""
    return Grader(folder, work / "stock", UNROLLED_GRADER="stock")


@pytest.mark.slow
def test_what_stock_nbgrader_left_half_graded_is_graded_again(course, small, work):
    """Killed while it runs a submission: a further run of its own would skip that for ever."""
    deserved = small[1]
    grader = stock(course, work)
    half = student(course / "autograded", "student-03")
    wait_for(grader, f"Autograding {half}")
    grader.process.kill()
    grader.end()
    assert all_ended(work) == {}
    assert stock(course, work).end() == 0
    assert any("student-03: expected 4 points, got 0" in line for line in wrong_in(course, work, deserved))
    repaired = Grader(course, work)
    assert repaired.end() == 0
    assert "Grading ps1 of student-03 again: its notebooks can still be written to" in repaired.said
    assert list(wrong_in(course, work, deserved)) == []
    once_more = Grader(course, work)
    assert once_more.end() == 0
    assert "again" not in once_more.said


@pytest.mark.slow
def test_each_sign_of_a_half_graded_entry_is_found_and_no_other(course, small, work):
    assert stock(course, work).end() == 0
    student(course / "autograded", "student-00").joinpath(NAME).unlink()
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.find_grade("ps1-double-value", NOTEBOOK, ASSIGNMENT, "student-01").auto_score = None
        by_hand = gradebook.find_grade("ps1-double-value", NOTEBOOK, ASSIGNMENT, "student-02")
        by_hand.auto_score, by_hand.manual_score = None, 0  # read by a person
        waiting = gradebook.find_grade("ps1-double-value", NOTEBOOK, ASSIGNMENT, "student-03")
        waiting.auto_score, waiting.needs_manual_grade = None, True  # to be read by a person
        gradebook.db.commit()
        gradebook.remove_submission(ASSIGNMENT, "student-04")
    grader = Grader(course, work)
    assert grader.end() == 0
    again = re.findall(r"Grading ps1 of (\S+) again: (.*)", grader.said)
    assert again == [
        ("student-00", "a notebook is missing"),
        ("student-01", "a test has no score"),
        ("student-04", "the gradebook does not know it"),
    ]


# ---- the table and the exit code ----


@pytest.mark.slow
def test_the_table_and_the_exit_code(course, small, work):
    configure(
        course,
        "\nfrom gradecore.submission import SubmissionExporter as Exporter\n"
        "read = Exporter.from_filename\n"
        "def from_filename(self, filename, *rest, **options):\n"
        "    assert 'student-03' not in filename, 'a defect of the grader'\n"
        "    return read(self, filename, *rest, **options)\n"
        "Exporter.from_filename = from_filename\n",
    )
    grader = Grader(course, work)
    assert grader.end() == 1
    table = re.findall(r"WARNING\] (student-\d+) +(not graded|\d of 7) +(\d+\.\d)", grader.said)
    assert [(name, score) for name, score, _ in table] == [
        ("student-00", "7 of 7"),
        ("student-01", "1 of 7"),
        ("student-02", "0 of 7"),
        ("student-03", "not graded"),
        ("student-04", "3 of 7"),
    ]
    assert list(wrong_in(course, work, {"student-00": 7, "student-01": 1, "student-02": 0, "student-04": 3})) == []
    shutil.copy(small[0] / "nbgrader_config.py", course)
    assert Grader(course, work).end() == 0
    assert list(wrong_in(course, work, small[1])) == []


@pytest.mark.slow
def test_an_assignment_that_was_not_released_is_named(course, work):
    done = nbgrader(course, "autograde", "ps7")
    assert done.returncode == 1
    assert "No notebooks were matched by" in done.stderr
    shutil.copytree(student(course / "submitted", "student-00"), course / "submitted" / "student-00" / "ps7")
    done = nbgrader(course, "autograde", "ps7")
    assert done.returncode == 1
    assert "ps7: expected an assignment that was released (nbgrader generate_assignment)" in done.stderr


@pytest.mark.slow
def test_one_notebook_can_be_graded_again(course, small, work):
    """nbgrader autograde --notebook, with and without a graded submission that is there."""
    assert Grader(course, work, "--notebook", NOTEBOOK, "--student", "student-00").end() == 0
    assert Grader(course, work, "--notebook", NOTEBOOK, "--force").end() == 0
    assert Grader(course, work).end() == 0
    assert list(wrong_in(course, work, small[1])) == []


@pytest.mark.slow
def test_a_temporary_folder_whose_name_is_too_long_for_a_socket(course, small, work):
    place = work / ("long" * 20)
    place.mkdir()
    assert Grader(course, work, TMPDIR=str(place)).end() == 0
    assert list(wrong_in(course, work, small[1])) == []


@pytest.mark.slow
def test_a_course_that_a_group_shares(course, small, work):
    configure(course, "\nc.CourseDirectory.groupshared = True\n")
    assert Grader(course, work).end() == 0
    again = Grader(course, work)
    assert again.end() == 0
    assert "again" not in again.said
    for place in (".gradecore", "autograded", "autograded/student-00"):
        assert (course / place).stat().st_mode & 0o2770 == 0o2770
    assert (course / ".gradecore" / "lock").stat().st_mode & 0o660 == 0o660
