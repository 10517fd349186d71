"""Grade a class so that nothing is lost: each submission in a staging folder, renamed when it is complete; a table at the end.

A run that is killed leaves the gradebook and the folders so that the next run finishes it. What stock nbgrader left half graded
is found and graded again. One grader at a time works in a course.
"""

import contextlib
import fcntl
import fnmatch
import glob
import os
import re
import shutil
import signal
import socket
import stat
import threading
import time
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.utils import parse_utc, rmtree
from traitlets import Int

from gradecore.execute import temporary
from gradecore.files import is_too_far, side_files
from gradecore.notebook import on_a_line

STAGING = ".gradecore"  # in the course's folder; nbgrader's own folders have names without a dot


class NothingCopied(BaseConverter):
    """Comes between nbgrader's Autograde and its base: SafeAutograde copies the side files itself."""

    def init_assignment(self, assignment_id, student_id):
        """Nothing, in place of a search that takes minutes for thousands of files."""


class SafeAutograde(Autograde, NothingCopied):
    """nbgrader's Autograde, which it replaces in `nbgrader autograde` and in formgrader (gradecore.configure)."""

    largest = Int(20 * 2**20, help="bytes of a side file; a larger one is left out").tag(config=True)
    most = Int(1000, help="side files of a submission; the rest is left out").tag(config=True)
    total = Int(200 * 2**20, help="bytes of all side files of a submission; what goes beyond is left out").tag(config=True)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.staged, self.row, self.rows = False, None, []

    # ---- where a submission is while it is graded ----

    @property
    def _output_directory(self):
        return f"{STAGING}/{os.getpid()}" if self.staged else super()._output_directory

    @property
    def _input_directory(self):
        return self._output_directory if self.staged and not self._sanitizing else super()._input_directory

    def init_destination(self, assignment_id, student_id):
        """Whether a submission is to be graded; from here on it is staged."""
        self.staged, self.row = False, Row(student_id, assignment_id, time.monotonic())
        if not super().init_destination(assignment_id, student_id):
            return False
        self.staged = True
        self.rows.append(self.row)
        return True

    def set_permissions(self, assignment_id, student_id):
        """The last step: a complete submission goes to its place at once."""
        super().set_permissions(assignment_id, student_id)
        staged = Path(self._format_dest(assignment_id, student_id))
        self.staged = False
        final = Path(self._format_dest(assignment_id, student_id))
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists():  # another notebook of this submission was graded before: nbgrader autograde --notebook
            for path in [path for path in staged.rglob("*") if path.is_file()]:
                (final / path.relative_to(staged)).parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, final / path.relative_to(staged))
        else:
            os.rename(staged, final)
        if self.coursedir.groupshared:
            share(final.parent.parent, final.parent)
        self.row.finished = time.monotonic()

    # ---- what is graded ----

    def start(self):
        """Grade, then print who got what."""
        root = Path(self.coursedir.root)
        with self.alone(root), terminable():
            clean(root)
            self.redo_unfinished()
            self.coursedir.get_existing_timestamp = self.timestamp
            try:
                super().start()
            except KeyboardInterrupt:
                self.log.error("Stopped. The same command grades the rest.")
                raise SystemExit(130) from None
            finally:
                del self.coursedir.get_existing_timestamp
                self.staged = False
                shutil.rmtree(root / STAGING / str(os.getpid()), ignore_errors=True)
                for line in self.table():
                    self.log.warning(line)
            unscored = [row.student for row in self.rows if not row.finished]
            if unscored:
                self.fail(f"not graded: {', '.join(unscored)}")

    def fail(self, reason):
        """Say why and stop; nbgrader itself would exit without a word."""
        self.log.error(reason)
        raise NbGraderException(reason)

    @contextlib.contextmanager
    def alone(self, root):
        """Hold the course's lock, which ends with the process however that ends; refuse where another grader holds it."""
        (root / STAGING).mkdir(exist_ok=True)
        with open(root / STAGING / "lock", "a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                self.fail(f"another grader is at work in this course ({lock.read().strip()}): wait until it has finished")
            except OSError as problem:
                self.log.warning("This folder cannot be locked (%s): let no second grader work in it.", problem)
            if self.coursedir.groupshared:
                share(root / STAGING, root / STAGING / "lock")
            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
            lock.flush()
            yield

    def init_notebooks(self):
        """Each submission's notebooks are those of the release, whatever names the student's files have."""
        self.assignments = {}
        for folder, _, assignment in self.folders(self._input_directory):
            names = [name for name in self.released(assignment) if fnmatch.fnmatch(name, self.coursedir.notebook_id)]
            self.assignments[str(folder)] = [str(folder / f"{name}.ipynb") for name in names]
        if not any(self.assignments.values()):
            super().init_notebooks()  # which finds words for it

    def folders(self, directory):
        """What is in a directory of nbgrader's, such as submitted/, for this run: folder, student, assignment."""
        place, course = self.coursedir.format_path, self.coursedir
        parts = re.compile(place(directory, "(?P<student>.*)", "(?P<assignment>.*)", escape=True))
        for folder in sorted(glob.glob(place(directory, course.student_id, course.assignment_id))):
            found = parts.match(folder)
            if found:
                yield Path(folder), found["student"], found["assignment"]

    def released(self, assignment_id):
        """The names of an assignment's notebooks."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                return [notebook.name for notebook in gradebook.find_assignment(assignment_id).notebooks]
            except MissingEntry:
                self.fail(f"{assignment_id}: expected an assignment that was released (nbgrader generate_assignment)")

    def init_assignment(self, assignment_id, student_id):
        """As in nbgrader, but of the side files only what is a plain file and in nobody's way."""
        ignored, expected = self.coursedir.ignore, list(self.notebooks)
        self.coursedir.ignore = ["*"]  # nbgrader enters student and submission into the gradebook, and copies nothing
        try:
            super().init_assignment(assignment_id, student_id)
        finally:
            self.coursedir.ignore = ignored
        self.notebooks = expected
        source = self.coursedir.format_path(self.coursedir.source_directory, ".", assignment_id)
        own = self.exclude_overwriting.get(assignment_id, [])
        given = {path: whole for path, whole in side_files(source, ignored) if str(path) not in own}
        place = Path(self._format_dest(assignment_id, student_id))
        self.take_over(Path(self._format_source(assignment_id, student_id)), place, given, assignment_id)
        for path, whole in given.items():
            copy(whole, place / path)

    def take_over(self, submission, place, given, assignment_id):
        """Copy a submission's side files to where it is staged; note what is left out, and why."""
        pages = {Path(f"{name}.html") for name in self.released(assignment_id)}  # where the feedback will stand
        taken = {*given, *pages}
        folders = {folder for path in taken for folder in path.parents}
        room = self.total
        handed_in = (found for found in side_files(submission, self.coursedir.ignore) if found[0] not in given)
        for number, (path, whole) in enumerate(handed_in):
            if number == self.most:
                self.row.warnings.append(f"files left out (there are more than {self.most})")
                break
            if is_too_far(path):
                why = "in too many folders, or of too long a name"
            elif on_a_line(str(path)) != str(path):  # nbgrader prints them as they are
                why = "its name cannot be printed"
            elif not is_plain(whole, self.largest):
                why = "a link, a device, not readable, or too large"
            elif not is_plain(whole, room):
                why = f"with the files before more than {self.total / 2**20:g} MiB"
            elif path in folders or path in pages or not taken.isdisjoint(path.parents):
                why = "it is in the way of a file of the assignment"
            elif path == Path("timestamp.txt") and not self.timestamp(submission):
                why = "no date"  # the feedback would stumble over it
            else:
                try:
                    room -= copy(whole, place / path)
                    continue
                except OSError as problem:
                    why = problem.strerror
            self.row.left_out.append(f"{shortened(str(path), 40)} left out ({why})")

    def timestamp(self, folder):
        """When a submission was handed in, as nbgrader reads it; timestamp.txt may be anything, too."""
        path = Path(folder) / "timestamp.txt"
        try:
            if not os.path.lexists(path):
                return None
            text = path.read_text() if is_plain(path, 1000) else "no date"
            return parse_utc(text.strip()) if text.strip() else None
        except (ValueError, OverflowError, OSError):
            self.row.warnings.append("timestamp.txt is not readable, so nothing is known of lateness")
            return None

    def convert_single_notebook(self, notebook_filename):
        """Grade a notebook, and note what happened to it."""
        super().convert_single_notebook(notebook_filename)
        self.row.notes(self.resources)

    def write_single_notebook(self, output, resources):
        self.resources = resources
        self.row.notes(resources)
        output = output.encode(errors="replace").decode()  # JSON can say half a character, a file cannot hold it
        super().write_single_notebook(output, resources)

    # ---- before and after ----

    def redo_unfinished(self):
        """Remove what a grader that was killed left behind in autograded/: nbgrader would skip it for ever."""
        everything = self.coursedir.notebook_id == "*"
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            for folder, student, assignment in self.folders(self.coursedir.autograded_directory):
                why = unfinished(folder, gradebook, student, assignment, self.permissions, everything)
                if why:
                    self.log.warning("Grading %s of %s again: %s", assignment, student, why)
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
                    late = entry.late_submission_penalty or 0
                    row.warnings[:0] = [f"late: {late:g} points off"] * (late > 0)
                    score = f"{max(0, entry.score - late):g} of {entry.max_score:g}"
                seconds = f"{(row.finished or time.monotonic()) - row.began:7.1f}"
                yield on_a_line(f"{row.student:20}  {score:>12}  {seconds}  {row.words()}")


class Row:
    """What is known of a submission while it is graded."""

    def __init__(self, student, assignment, began):
        self.student, self.assignment, self.began = student, assignment, began
        self.finished, self.warnings, self.left_out = None, [], []

    def notes(self, resources):
        """Take over what reading and running a notebook left in its resources."""
        about = resources.get("gradecore", {})
        self.warnings += about.get("warnings", [])
        if "unreadable" in about:
            self.warnings.append(f"not readable: {about['unreadable']}")

    def words(self):
        """The last column of the table: the first of what there is to say, each thing once."""
        words = list(dict.fromkeys([*self.warnings, *self.left_out]))
        more = [f"and {len(words) - 5} more"] * (len(words) > 5)
        return "; ".join([*(shortened(text, 100) for text in words[:5]), *more])


def shortened(text, length):
    """A text of at most this length."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


def copy(path, target):
    """Copy a file, and return how large it is; what cannot be copied leaves nothing behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        return shutil.copyfile(path, target).stat().st_size
    except OSError:
        target.unlink(missing_ok=True)
        raise


def is_plain(path, largest):
    """Whether a path is a file of its own that can be read and is not too large."""
    try:
        about = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(about.st_mode) and about.st_size <= largest and os.access(path, os.R_OK)


def share(*paths):
    """Let the course's group write, as nbgrader does where a course is shared."""
    for path in paths:
        with contextlib.suppress(PermissionError):  # another of the group made it, and shared it then
            path.chmod(0o2770 if path.is_dir() else 0o660)


@contextlib.contextmanager
def terminable():
    """Let SIGTERM and a closed terminal stop the run as Ctrl-C does, unless somebody has other plans for them."""

    def stop(*_):
        raise KeyboardInterrupt

    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_DFL]
    if signal.SIGTERM not in numbers or threading.current_thread() is not threading.main_thread():
        numbers = []  # a server, such as formgrader's
    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def unfinished(folder, gradebook, student, assignment, permissions, everything=True):
    """Why a folder in autograded/ is not a finished one; None if it is."""
    notebooks = list(folder.glob("*.ipynb"))
    if not int(str(permissions), 8) & 0o222 and any(path.stat().st_mode & 0o222 for path in notebooks):
        return "its notebooks can still be written to"
    try:
        entry = gradebook.find_submission(assignment, student)
    except MissingEntry:
        return "the gradebook does not know it"
    if everything and {notebook.name for notebook in entry.notebooks} - {path.stem for path in notebooks}:
        return "a notebook is missing"
    grades = [grade for notebook in entry.notebooks for grade in notebook.grades]
    if any(g.auto_score is None and g.manual_score is None and not g.needs_manual_grade for g in grades):
        return "a test has no score"
    return None


def clean(root):
    """Remove what graders that are no more left: of this course, which is locked, all; of the temporary folders, the dead's."""
    for place in (root / STAGING).glob("*/"):
        shutil.rmtree(place, ignore_errors=True)
    for place in Path(temporary()).glob("gradecore-*"):
        owner = re.match(r"gradecore-(\d+)-", place.name)
        with contextlib.suppress(FileNotFoundError):
            if owner and place.lstat().st_uid == os.getuid() and not is_alive(int(owner[1])):
                shutil.rmtree(place, ignore_errors=True)


def is_alive(number):
    """Whether a process of this number is running."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
