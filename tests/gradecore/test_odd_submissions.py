"""Whatever stands where a submission should: the class is graded, and everybody hears what happened."""

import json
import os
import shutil
import socket
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

from scripts.crash import ASSIGNMENT, KINDS, NOTEBOOK, Grader, left_running, make_class

NAME = f"{NOTEBOOK}.ipynb"
RIGHT = KINDS[0][0]
FORGED = "student-01            7 of 7"
LONE = '"\\ud800"'  # half a character: JSON can say it, UTF-8 cannot


def answered(released, answers):
    """The text of a released notebook with these answers."""
    notebook = nbformat.read(released, 4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
    return json.dumps(notebook)


class Odd:
    """Who hands in what: each method makes a submission in a folder; what it returns are points, then words of the warning."""

    def __init__(self, released, right):
        self.released, self.right = released, right

    def damaged(self, folder):
        (folder / NAME).write_text(self.right[:-40])
        return 0, "no JSON"

    def another_encoding(self, folder):
        (folder / NAME).write_bytes(self.right.encode("utf-16"))
        return 0, "no JSON"

    def nested(self, folder):
        (folder / NAME).write_text("[" * 200_000)
        return 0, "no JSON"

    def wrong_name(self, folder):
        (folder / "my<img src=x onerror=alert(1)>work.ipynb").write_text(self.right)
        return 0, "expected a notebook named"

    def too_large(self, folder):
        (folder / NAME).write_text(self.right + " " * 21 * 2**20)
        return 0, "expected at most 20 MiB, got 21.0 MiB"

    def old_format(self, folder):
        (folder / NAME).write_text(json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": [], "metadata": {}}))
        return 0, "expected a notebook of format 4, got format 3"

    def no_notebook(self, folder):
        (folder / NAME).write_text('{"cells": 3, "nbformat": 4}')
        return 0, "no list of cells"

    def a_link(self, folder):
        (folder / NAME).symlink_to(folder.parents[1] / "student-00" / ASSIGNMENT / NAME)
        return 0, "a link or a folder"

    def a_folder(self, folder):
        (folder / NAME).mkdir()
        (folder / NAME / "notes.txt").write_text("inside")
        return 0, "a link or a folder"

    def a_pipe(self, folder):
        os.mkfifo(folder / NAME)
        return 0, "a link or a folder"

    def empty(self, folder):
        return 0, "there is none"

    def no_folder(self, folder):
        folder.rmdir()
        folder.write_text(self.right)
        return 0, "there is none"

    def no_cells(self, folder):
        (folder / NAME).write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return 0, ""

    def odd_cells(self, folder):
        notebook = json.loads(self.right)
        notebook["cells"] += [3, None, {"cell_type": "odd"}, {"cell_type": "code", "source": {}, "metadata": []}]
        notebook["cells"] += [{"cell_type": "code", "source": [1, "+ 1"], "outputs": 7, "metadata": {"nbgrader": [1]}}]
        notebook["cells"] += [{"cell_type": "markdown", "source": "x", "metadata": {"nbgrader": {"grade_id": []}}}]
        notebook["cells"] += [{"cell_type": "markdown", "source": LONE, "attachments": {LONE: {"image/png": LONE}}}]
        (folder / NAME).write_text(json.dumps(notebook))
        return 7, ""

    def half_a_character(self, folder):
        twice = f"def double(x):\n    '''\ud800'''\n    print({LONE})\n    return x + x"
        half = f"def half(x):\n    raise ValueError({LONE})"
        (folder / NAME).write_text(answered(self.released, {"ps1-double": twice, "ps1-half": half}))
        return 3, ""

    def extra_files(self, folder):
        (folder / NAME).write_text(self.right)
        (folder / "scratch.ipynb").write_text("{")
        (folder / "notes").mkdir()
        (folder / "notes" / "a.txt").write_text("mine")
        return 7, ""

    def side_files(self, folder):
        (folder / NAME).write_text(self.right)
        (folder / "link.txt").symlink_to("/etc/passwd")
        (folder / "links").symlink_to("/etc")
        os.mkfifo(folder / "pipe.txt")
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(os.path.relpath(folder / "door"))
        if os.getuid() == 0:
            os.mknod(folder / "zero.txt", 0o020666, os.makedev(1, 5))
        with open(folder / "huge.bin", "w") as huge:
            huge.truncate(2**40)
        return 7, "huge.bin left out (a link, a device, not readable, or too large)"

    def in_the_way(self, folder):
        """Folders where the assignment has a file, files where it has a folder, a link in place of its table."""
        reads = "def double(x):\n    return x * int(open('table.csv').read()) * int(open('data/one.txt').read())"
        (folder / NAME).write_text(answered(self.released, RIGHT | {"ps1-double": reads}))
        (folder / "table.csv").symlink_to("/etc/passwd")
        (folder / "data").write_text("a file")
        (folder / "one.csv").mkdir()
        (folder / "one.csv" / "x").write_text("in a folder")
        return 7, "one.csv/x left out (it is in the way of a file of the assignment)"

    def in_the_way_of_feedback(self, folder):
        (folder / NAME).write_text(self.right)
        (folder / f"{NOTEBOOK}.html").mkdir()
        (folder / f"{NOTEBOOK}.html" / "x").write_text("in a folder")
        return 7, f"{NOTEBOOK}.html/x left out (it is in the way of a file of the assignment)"

    def long_path(self, folder):
        """As long as a path can be: with three more characters in front, the system refuses it."""
        (folder / NAME).write_text(self.right)
        path = folder
        while len(str(path)) < 3840:
            path /= "d" * 200
        path /= "e" * (4087 - len(str(path)))
        path.mkdir(parents=True)
        (path / "x").write_text("x")
        return 7, "left out (in too many folders, or of too long a name)"

    def many(self, folder):
        (folder / NAME).write_text(self.right)
        for n in range(8000):
            (folder / f"{n}.txt").touch()
        return 7, "files left out (there are more than 1000)"

    def heavy(self, folder):
        (folder / NAME).write_text(self.right)
        for name in "abc":
            with open(folder / f"{name}.bin", "w") as file:
                file.truncate(12 * 2**20)
        return 7, "c.bin left out (with the files before more than 30 MiB)"

    def forged_lines(self, folder):
        """Names that end a line of the log and begin another; so many that the table must not show them all."""
        (folder / NAME).write_text(self.right)
        for n in range(9):
            (folder / f"{n}\n{FORGED}").write_text("x")
        return 7, "(its name cannot be printed); and 4 more"

    def late_for_ever(self, folder):
        (folder / NAME).write_text(self.right)
        os.mkfifo(folder / "timestamp.txt")
        return 7, "timestamp.txt is not readable"

    def when(self, folder):
        (folder / NAME).write_text(self.right)
        (folder / "timestamp.txt").write_bytes(b"\xff\xfe yesterday")
        return 7, "timestamp.txt is not readable"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class after `nbgrader autograde` and `generate_feedback`."""
    folder = tmp_path_factory.mktemp("odd")
    make_class(folder, 5)
    course = folder / "course"
    source = course / "solutions" / ASSIGNMENT
    (source / "data").mkdir()
    (source / "data" / "one.txt").write_text("1")
    (source / "one.csv").write_text("1")
    (source / "table.csv").write_text("2")
    released = course / "exercises" / ASSIGNMENT / NAME
    odd = Odd(released, answered(released, RIGHT))
    expected = {}
    for name in [name for name in vars(Odd) if not name.startswith("_")]:
        place = course / "submitted" / name / ASSIGNMENT
        place.mkdir(parents=True)
        expected[name] = getattr(odd, name)(place)
    work = folder / "w"
    with open(course / "nbgrader_config.py", "a") as settings:
        settings.write("\nc.SafeAutograde.total = 30 * 2**20\n")
    grader = Grader(course, work, TMPDIR="/tmp")
    code = grader.end()
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", ASSIGNMENT]
    feedback = [subprocess.run(command, cwd=course, capture_output=True, text=True) for _ in range(2)]  # and once more
    yield course, grader.said, code, feedback, expected, work
    shutil.rmtree(folder)


@pytest.mark.slow
def test_the_class_goes_on(graded):
    course, said, code, feedback, expected, work = graded
    assert code == 0, said
    assert [done.returncode for done in feedback] == [0, 0], feedback
    assert not any(line.startswith(FORGED) for done in feedback for line in done.stderr.splitlines())
    assert len(list((course / "autograded" / "many" / ASSIGNMENT).glob("*.txt"))) == 1000
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        scores = {name: gradebook.find_submission(ASSIGNMENT, name).score for name in expected}
        others = [gradebook.find_submission(ASSIGNMENT, f"student-0{n}").score for n in range(5)]
    assert scores == {name: points for name, (points, _) in expected.items()}
    assert others == [7, 1, 0, 4, 3]
    assert left_running(work) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in vars(Odd) if not name.startswith("_")])
def test_the_table_says_why(graded, name):
    _, said, _, _, expected, _ = graded
    points, words = expected[name]
    [line] = [line for line in said.splitlines() if f"WARNING] {name} " in line]
    assert f"{points} of 7" in line
    assert words in line if words else line.rstrip()[-1].isdigit()


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in vars(Odd) if not name.startswith("_")])
def test_the_student_hears_why(graded, name):
    course, _, _, _, expected, _ = graded
    page = (course / "feedback" / name / ASSIGNMENT / f"{NOTEBOOK}.html").read_text(errors="strict")
    points, words = expected[name]
    unreadable = "Your submission could not be read:" in page
    assert unreadable == (points == 0 and bool(words))
    if unreadable:
        assert words in page
    assert "<img src=x onerror" not in page
