"""Grade a class so that nothing is lost: each submission in a staging folder, renamed when it is complete; a table at the end.

A run that is killed leaves the gradebook and the folders so that the next run finishes it. What stock nbgrader left half graded
is found and graded again.
"""

import fnmatch
import glob
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import rmtree
from traitlets import Int

STAGING = ".gradecore"  # in the course's folder; nbgrader's own folders have names without a dot


class SafeAutograde(Autograde):
    """nbgrader's Autograde, which it replaces in `nbgrader autograde` and in formgrader (gradecore.configure)."""

    largest = Int(20 * 2**20, help="bytes of a side file; a larger one is left out").tag(config=True)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.staged, self.rows = False, []

    # ---- where a submission is while it is graded ----

    @property
    def _output_directory(self):
        return f"{STAGING}/{os.getpid()}" if self.staged else super()._output_directory

    @property
    def _input_directory(self):
        return self._output_directory if self.staged and not self._sanitizing else super()._input_directory

    def init_destination(self, assignment_id, student_id):
        """Whether a submission is to be graded; from here on it is staged."""
        self.staged = False
        if not super().init_destination(assignment_id, student_id):
            return False
        self.staged, self.row = True, Row(student_id, assignment_id, time.monotonic())
        self.rows.append(self.row)
        return True

    def set_permissions(self, assignment_id, student_id):
        """The last step: a complete submission goes to its place at once."""
        super().set_permissions(assignment_id, student_id)
        staged = Path(self._format_dest(assignment_id, student_id))
        self.staged = False
        final = Path(self._format_dest(assignment_id, student_id))
        final.parent.mkdir(parents=True, exist_ok=True)
        os.rename(staged, final)
        self.row.finished = time.monotonic()

    # ---- what is graded ----

    def start(self):
        """Grade, then print who got what."""
        clean(Path(self.coursedir.root))
        self.redo_unfinished()
        try:
            super().start()
        finally:
            self.staged = False
            shutil.rmtree(Path(self.coursedir.root) / STAGING / str(os.getpid()), ignore_errors=True)
            for line in self.table():
                self.log.warning(line)
        unscored = [row.student for row in self.rows if not row.finished]
        if unscored:
            raise NbGraderException(f"not graded: {', '.join(unscored)}")

    def init_notebooks(self):
        """Each submission's notebooks are those of the release, whatever names the student's files have."""
        self.assignments = {}
        pattern = self._format_source(self.coursedir.assignment_id, self.coursedir.student_id)
        for folder in map(Path, sorted(glob.glob(pattern))):
            if folder.is_dir():
                names = [name for name in self.released(folder.name) if fnmatch.fnmatch(name, self.coursedir.notebook_id)]
                self.assignments[str(folder)] = [str(folder / f"{name}.ipynb") for name in names]
        if not any(self.assignments.values()):
            super().init_notebooks()  # which finds words for it

    def released(self, assignment_id):
        """The names of an assignment's notebooks."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                return [notebook.name for notebook in gradebook.find_assignment(assignment_id).notebooks]
            except MissingEntry:
                raise NbGraderException(
                    f"{assignment_id}: expected an assignment that was released (nbgrader generate_assignment)"
                ) from None

    def init_assignment(self, assignment_id, student_id):
        """As in nbgrader, but links, devices and huge files stay where they are."""
        source = Path(self._format_source(assignment_id, student_id))
        refused = [path for path in source.rglob("*") if not is_plain(path, self.largest)]
        for path in refused:
            self.row.warnings.append(f"{path.name} left out (a link, a device, or too large)")
        ignored = self.coursedir.ignore
        self.coursedir.ignore = [*ignored, *(re.sub(r"([*?[])", r"[\1]", path.name) for path in refused)]
        expected = list(self.notebooks)
        try:
            super().init_assignment(assignment_id, student_id)
        finally:
            self.coursedir.ignore = ignored
        self.notebooks = expected

    def convert_single_notebook(self, notebook_filename):
        """Grade a notebook, and note what happened to it."""
        super().convert_single_notebook(notebook_filename)
        self.row.notes(self.resources)

    def write_single_notebook(self, output, resources):
        self.resources = resources
        self.row.notes(resources)
        super().write_single_notebook(output, resources)

    # ---- before and after ----

    def redo_unfinished(self):
        """Remove what a grader that was killed left behind in autograded/: nbgrader would skip it for ever."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            pattern = self.coursedir.format_path(
                self.coursedir.autograded_directory, self.coursedir.student_id, self.coursedir.assignment_id
            )
            for folder in map(Path, sorted(glob.glob(pattern))):
                why = unfinished(folder, gradebook)
                if why:
                    self.log.warning("Grading %s of %s again: %s", folder.name, folder.parent.name, why)
                    rmtree(str(folder))

    def table(self):
        """Student, score, seconds, warnings: a line each."""
        if not self.rows:
            return
        yield f"{'student':20}  {'score':>12}  {'seconds':>7}  warnings"
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            for row in self.rows:
                score = "not graded"
                if row.finished:
                    entry = gradebook.find_submission(row.assignment, row.student)
                    score = f"{entry.score:g} of {entry.max_score:g}"
                seconds = f"{(row.finished or time.monotonic()) - row.began:7.1f}"
                yield f"{row.student:20}  {score:>12}  {seconds}  {'; '.join(dict.fromkeys(row.warnings))}"


class Row:
    """What is known of a submission while it is graded."""

    def __init__(self, student, assignment, began):
        self.student, self.assignment, self.began = student, assignment, began
        self.finished, self.warnings = None, []

    def notes(self, resources):
        """Take over what reading and running a notebook left in its resources."""
        about = resources.get("gradecore", {})
        self.warnings += about.get("warnings", [])
        if "unreadable" in about:
            self.warnings.append(f"not readable: {about['unreadable']}")


def is_plain(path, largest):
    """Whether a path is a folder, or a file of its own that is not too large."""
    about = path.lstat()
    return stat.S_ISDIR(about.st_mode) or (stat.S_ISREG(about.st_mode) and about.st_size <= largest)


def unfinished(folder, gradebook):
    """Why a folder in autograded/ is not a finished one; None if it is."""
    notebooks = list(folder.glob("*.ipynb"))
    if any(path.stat().st_mode & 0o222 for path in notebooks):
        return "its notebooks can still be written to"
    try:
        entry = gradebook.find_submission(folder.name, folder.parent.name)
    except MissingEntry:
        return "the gradebook does not know it"
    open_grades = [g for n in entry.notebooks for g in n.grades if g.auto_score is None and g.cell.cell_type == "code"]
    if any(not g.needs_manual_grade for g in open_grades):
        return "a test has no score"
    return None


def clean(root):
    """Remove the staging and temporary folders of graders that are no more."""
    places = [*(root / STAGING).glob("*"), *Path(tempfile.gettempdir()).glob("gradecore-*")]
    for place in places:
        owner = re.search(r"\d+", place.name)
        if (
            owner
            and place.lstat().st_uid == os.getuid()
            and not os.path.exists(f"/proc/{owner[0]}")
            and os.path.exists("/proc")
        ):
            shutil.rmtree(place, ignore_errors=True)
