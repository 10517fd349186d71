"""Grade a class of attackers, by nbgrader's own commands, and see what each of them got.

    python -m scripts.attacks                    the table: attack, mechanism, honest points, points got, seconds, how it ended
    python -m scripts.attacks fork-bomb links    these alone, among honest students
    python -m scripts.attacks --stock            stock nbgrader, one submission at a time, inside walls and limits of our own

The attacks are data, in tests/gradecore/attacks/. Root grades as a user who owns nothing but the course, since a limit on the
number of processes does not hold root.
"""

import argparse
import contextlib
import ctypes
import functools
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import DatabaseError

from scripts import course
from scripts.attack import RIGHT, WORTH, Attack
from scripts.exercises import ROOT

ASSIGNMENT = NOTEBOOK = "siege"
USER = 61_000  # a user that nobody is: who grades when root asks
LIMITS = {"AS": 2 * 2**30, "CPU": 30, "FSIZE": 16 * 2**20, "NPROC": 64, "NOFILE": 256, "CORE": 0}
SECRETS = {
    place: f"SECRET-{place}-7f3a9c" for place in ("hidden-test", "callback", "model", "file", "classmate", "environment")
}
HONEST = [Attack("right-1", "does the exercises"), Attack("right-2", "the same"), Attack("right-3", "the same")]
HONEST += [Attack("blank", "hands in what was released", answers=dict.fromkeys(RIGHT), honest=0)]
LEFT_ALONE = "not touched\n"

TESTS = {
    "double-value": (1, 'assert double(2) == 4, "2 and 2 make 4"'),
    "double-hidden": (
        1,
        f"""### BEGIN HIDDEN TESTS
import os
import random

from modelbook import double as model

secret = "{SECRETS["hidden-test"]}"
random.seed(os.environ.get("GRADE_SEED"))
for _ in range(3):
    expected = model(x := random.randrange(10**6))
    assert double(x) == expected, "double it for every x"
### END HIDDEN TESTS""",
    ),
    "twice-value": (1, 'assert twice(lambda x: x + 1, 3) == 5, "f of f of x"'),
    "twice-hidden": (
        1,
        f"""### BEGIN HIDDEN TESTS
def lent():
    secret = "{SECRETS["callback"]}"
    calls = []

    def f(x):
        calls.append((secret, x))
        return x * 3 + 1

    return f, calls


f, calls = lent()
assert twice(f, 5) == 49, "f of f of x"
assert [x for _, x in calls] == [5, 16], "f is called twice"
### END HIDDEN TESTS""",
    ),
    "scaled-value": (1, 'assert np.allclose(scaled(np.array([1.0, 2.0]), 3.0), [3, 6]), "each number times the factor"'),
    "scaled-hidden": (
        1,
        """### BEGIN HIDDEN TESTS
a = np.random.default_rng().normal(size=(3, 4))
kept = a.copy()
np.testing.assert_allclose(scaled(a, -2.5), kept * -2.5)
np.testing.assert_array_equal(a, kept)
assert scaled(np.ones(2), 3.0).sum() == 6, "also as a sum"
### END HIDDEN TESTS""",
    ),
    "countdown-value": (
        1,
        'seen = []\nfor n in countdown(3):\n    seen.append(n)\nassert seen == [3, 2, 1], "from n down to 1"',
    ),
    "countdown-parts": (
        2,
        "points = 0\nif list(countdown(2)) == [2, 1]:\n    points += 1\nif list(countdown(0)) == []:\n    points += 1\npoints",
    ),
}
SETTINGS = f"""
import os
if os.environ.get("UNROLLED_GRADER") != "stock":
    c.TwoKernelExecute.sandbox = "bwrap"
    c.TwoKernelExecute.cell_seconds = 4
    c.TwoKernelExecute.call_seconds = 2
    c.TwoKernelExecute.notebook_seconds = 10
    c.TwoKernelExecute.limits = {LIMITS!r}
    c.TwoKernelExecute.withheld = {{"*": ["modelbook"]}}
    c.TwoKernelExecute.visible = ["VISIBLE"]
c.Execute.timeout = 5
"""


def attacks():
    """All attacks, in the order of their files."""
    found = []
    for path in sorted((ROOT / "tests/gradecore/attacks").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"attacks_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.ATTACKS
    return found


# ---- the course ----


class Siege:
    """A throw-away course, a service and a process of the host's beside it, and a class that hands in attacks."""

    def __init__(self, folder, students):
        self.folder, self.students = folder, students
        self.course, self.harm = folder / "course", folder / "harm"
        self.visible, self.socket = folder / "visible", folder / "s"
        self.calls, self.port, self.victim = [], None, None

    def make(self):
        """Write the course and what is handed in."""
        book = self.folder / "book"
        write_notebook(book / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.ipynb")
        (book / "solutions" / ASSIGNMENT / "data").mkdir()
        (book / "solutions" / ASSIGNMENT / "data/numbers.csv").write_text("1,2\n")
        (book / "solutions" / ASSIGNMENT / "table.csv").write_text("x,double\n2,4\n")
        shutil.copy(ROOT / "nbgrader_config.py", book)
        course.make(self.course, book=book)
        with open(self.course / "nbgrader_config.py", "a") as settings:
            settings.write(SETTINGS.replace("VISIBLE", str(self.visible)))
        (self.course / "secret.txt").write_text(SECRETS["file"])
        self.visible.mkdir()
        (self.visible / "modelbook.py").write_text(f'ABOUT = "{SECRETS["model"]}"\ndef double(x):\n    return 2 * x\n')
        self.harm.mkdir()
        (self.harm / "victim.txt").write_text(LEFT_ALONE)
        for name in ("tmp", "home"):
            (self.folder / name).mkdir()

    def hand_in(self):
        """Put each student's work into submitted/."""
        for student in self.students:
            folder = self.course / "submitted" / student.name / ASSIGNMENT
            shutil.copytree(self.course / "exercises" / ASSIGNMENT, folder)
            path = folder / f"{NOTEBOOK}.ipynb"
            content = json.loads(path.read_text())
            for cell in content["cells"]:
                name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
                answer = student.answered().get(name.removeprefix(f"{ASSIGNMENT}-"))
                if answer is not None:
                    cell["source"] = self.filled(answer)
                    if student.name == "right-1":
                        cell["source"] += f"\n# {SECRETS['classmate']}"
            if student.notebook:
                student.notebook(content)
            path.write_text(self.filled(json.dumps(content)))
            if student.files:
                student.files(folder)
                for file in folder.glob("*.py"):
                    file.write_text(self.filled(file.read_text()))

    def filled(self, text):
        """Text with the places of this siege in it."""
        places = {"COURSE": self.course, "HARM": self.harm, "PORT": self.port, "SOCKET": self.socket}
        for name, value in {**places, "VICTIM": self.victim and self.victim.pid}.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    @contextlib.contextmanager
    def host(self):
        """A service that nobody may call, and a process that nobody may end."""
        listening = [socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
        for sock, address in zip(listening, (("127.0.0.1", 0), str(self.socket), f"\0{self.socket}"), strict=True):
            sock.bind(address)
            sock.listen()
            threading.Thread(target=self.listen, args=[sock], daemon=True).start()
        self.socket.chmod(0o777)
        self.port = listening[0].getsockname()[1]
        user = {"user": USER, "group": USER, "extra_groups": []} if os.getuid() == 0 else {}
        self.victim = subprocess.Popen(["sleep", "3600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user)
        try:
            yield
        finally:
            self.victim.kill()
            self.victim.wait()
            for sock in listening:
                sock.shutdown(socket.SHUT_RDWR)
                sock.close()

    def listen(self, sock):
        """Note who calls."""
        with contextlib.suppress(OSError):
            while True:
                with sock.accept()[0] as caller:
                    self.calls.append(caller.getsockname())

    def own(self):
        """Give the course to the user who grades."""
        if os.getuid() == 0:
            subprocess.run(["chown", "--no-dereference", "--recursive", f"{USER}:{USER}", str(self.folder)], check=True)

    # ---- grading ----

    def environment(self):
        """What the grader's commands are started with."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
        own = {f"JUPYTER_{name}_DIR": str(self.folder / "home" / name) for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "IPYTHONDIR": str(self.folder / "home/ip"),
        }
        own |= {"PYTHONPATH": str(self.visible), "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        return kept | own | {"INSTRUCTOR_PASSWORD": SECRETS["environment"]}

    def nbgrader(self, *command, before=(), seconds=1200, **environment):
        """Run a command of nbgrader as the grader; return its exit code and what it printed."""
        command = [*before, *as_user(), sys.executable, "-m", "nbgrader", *command]
        with open(self.folder / "said.txt", "w+b") as said:
            started = subprocess.Popen(
                command,
                cwd=self.course,
                env=self.environment() | environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
            try:
                code = started.wait(seconds)
            except subprocess.TimeoutExpired:
                code = "timeout"
                started.kill()
                started.wait()
            said.seek(0)
            text = said.read().decode(errors="replace")
        with open(self.folder / "log.txt", "a") as log:
            log.write(f"$ {' '.join(command)}\n{text}\n")
        return code, text


def write_notebook(path):
    """The instructor's notebook: four exercises, each with tests that are seen and hidden ones."""

    def cell(source, grade_id, **about):
        known = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
        known["grade_id"] = f"{ASSIGNMENT}-{grade_id}"
        return new_code_cell(source, id=grade_id, metadata={"nbgrader": known | about})

    given = "import numpy as np\n\n\ndef double(x):  # to be written anew in the first exercise\n    return 0"
    cells = [cell(given, "setup", locked=True)]
    for name, answer in RIGHT.items():
        head, body = answer.split("\n", 1)
        cells.append(cell(f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION", name, solution=True))
        for test, (points, source) in TESTS.items():
            if test.startswith(name):
                cells.append(cell(source, test, grade=True, locked=True, points=points))
    path.parent.mkdir(parents=True)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@functools.cache
def as_user():
    """What stands before a command so that a user without rights runs it; nothing for who is one already.

    An interpreter in a closed home folder (root's) is shown to that user by itself, in a view of the disk of its own.
    """
    if os.getuid() != 0:
        return []
    walls = ["bwrap", "--dev-bind", "/", "/"]
    for place in {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT}:
        closed = next((folder for folder in reversed(place.parents) if not folder.stat().st_mode & 0o001), None)
        if closed:
            walls += ["--tmpfs", str(closed)]
            for folder in reversed(place.parents):
                if folder.is_relative_to(closed) and folder != closed:
                    walls += ["--perms", "0755", "--dir", str(folder)]
            walls += ["--ro-bind", str(place), str(place)]
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "--"]
    return [*walls, "--", *user]


# ---- processes ----


@contextlib.contextmanager
def adopting():
    """Make this process the parent of what its children leave behind; gives a function that lists such orphans."""
    prctl = ctypes.CDLL(None).prctl
    prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    before = set(children())
    left = {}

    def orphans():
        while True:  # the dead among them
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
        left.update({pid: name for pid, name in children().items() if pid not in before})
        return left

    try:
        yield orphans
    finally:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        prctl(36, 0, 0, 0, 0)


def children():
    """This process's children: process id to command."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, state, parent = re.search(r"\((.*)\) (\S) (\d+)", stat.read_text()).groups()
            if int(parent) == os.getpid() and state != "Z":
                found[int(stat.parent.name)] = name
    return found


# ---- what came of it ----


@dataclass
class Verdict:
    """What an attack got, and what is wrong with that."""

    attack: Attack
    score: float | None = None
    seconds: float | None = None
    ended: str = ""
    problems: list = field(default_factory=list)

    @property
    def gained(self):
        """Whether it got more than it earned."""
        return self.score is not None and self.score > self.attack.earns()


class Harmful(HTMLParser):
    """Finds what a browser would run."""

    def __init__(self, page):
        super().__init__()
        self.found, self.script = [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.script = tag == "script"
        for name, value in attributes:
            if "harm" in (value or "") and (name.startswith("on") or re.match(r"\s*javascript:", value) or tag == "iframe"):
                self.found.append(f"<{tag} {name}={value[:40]}>")

    def handle_endtag(self, tag):
        self.script = False

    def handle_data(self, data):
        if self.script and "harm()" in data:
            self.found.append(f"<script>{data[:40]}")


def outputs_of(path):
    """All that a graded notebook shows."""
    return json.dumps([cell.get("outputs", []) for cell in nbformat.read(path, 4).cells], ensure_ascii=False)


def judge(siege, attack, printed):
    """The verdict on one attack, from the gradebook, the graded notebook, the feedback and the table."""
    verdict = Verdict(attack)
    row = re.search(rf"^(?:\[.*?\] )?{attack.name} +(not graded|\S+ of \S+) +([\d.]+)  ?(.*)$", printed, re.MULTILINE)
    if row:
        verdict.seconds, verdict.ended = float(row[2]), row[3]
    with Gradebook(f"sqlite:///{siege.course}/gradebook.db") as gradebook:
        try:
            entry = gradebook.find_submission(ASSIGNMENT, attack.name)
            grades = [grade for notebook in entry.notebooks for grade in notebook.grades]
            if grades and all(grade.auto_score is not None for grade in grades):
                verdict.score = entry.score
            if any(grade.manual_score or grade.extra_credit for grade in grades) or entry.max_score != sum(WORTH.values()):
                verdict.problems.append("the gradebook was changed")
        except MissingEntry:
            pass
    graded = siege.course / "autograded" / attack.name / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    feedback = siege.course / "feedback" / attack.name / ASSIGNMENT / f"{NOTEBOOK}.html"
    if verdict.score is None or not graded.exists():
        verdict.problems.append("has no score")
    elif verdict.gained or (verdict.score < attack.earns() and not attack.spoils):
        verdict.problems.append(
            f"{'GAINED: ' if verdict.gained else ''}expected {attack.earns():g} points, got {verdict.score:g}"
        )
    if attack.ends not in verdict.ended:
        verdict.problems.append(f"expected to be told {attack.ends!r}, got {verdict.ended!r}")
    shown = outputs_of(graded) if graded.exists() else ""
    if "GAINED" in shown:
        verdict.problems.append("it says that it reached what it wanted: " + shown[max(0, shown.index("GAINED") - 100) :][:200])
    if not feedback.exists():
        verdict.problems.append("has no feedback")
        page = ""
    else:
        page = feedback.read_text()
        verdict.problems += [f"feedback with {tag}" for tag in Harmful(page).found]
    for place, secret in SECRETS.items():
        if secret in shown or (secret in page and not (place == "classmate" and attack.name == "right-1")):
            verdict.problems.append(f"the secret of the {place} in {'its outputs' if secret in shown else 'its feedback'}")
    return verdict


def harm_done(siege, printed):
    """What happened to the host and to the class as a whole."""
    problems = [f"somebody wrote {path}" for path in siege.harm.rglob("*") if path.name != "victim.txt"]
    if (siege.harm / "victim.txt").read_text() != LEFT_ALONE:
        problems.append("somebody wrote victim.txt")
    problems += [f"somebody called {address}" for address in siege.calls]
    if siege.victim.poll() is not None:
        problems.append("somebody ended a process of the host's")
    problems += [f"left in the temporary folder: {path.name}" for path in (siege.folder / "tmp").iterdir()]
    if any(path.is_dir() for path in (siege.course / ".gradecore").glob("*")):
        problems.append("something is left in .gradecore/")
    if re.search(r"\x1b(?!\[\d*(;\d+)*m)", printed) or "\x07" in printed:
        problems.append("escape codes in what nbgrader printed")
    known = {student.name for student in siege.students}
    with Gradebook(f"sqlite:///{siege.course}/gradebook.db") as gradebook:
        strangers = {student.id for student in gradebook.students} - known
    if strangers:
        problems.append(f"students that nobody knows: {strangers}")
    lines = [line for line in printed.splitlines() if re.match(r"(\[.*?\] )?right-1 ", line)]
    if len(lines) > 1:
        problems.append(f"a line of the table is forged: {lines}")
    return problems


def grade(folder, chosen):
    """Grade these attacks; return a verdict on each student, and what harm was done to all.

    They are two classes, side by side, each with honest students in it: one for each core.
    """
    sieges = [Siege(folder / name, [*HONEST, *part]) for name, part in (("a", chosen[::2]), ("b", chosen[1::2])) if part]
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(sieges)) as pool:
        for siege in sieges:
            siege.folder.mkdir()
            siege.make()
            stack.enter_context(siege.host())
        orphans = stack.enter_context(adopting())
        for siege in sieges:
            siege.hand_in()
            siege.own()
        printed = list(pool.map(lambda siege: siege.nbgrader("autograde", ASSIGNMENT), sieges))
        problems = [f"a process was left behind: {name}" for name in orphans().values()]
        for siege, (_, text) in zip(sieges, printed, strict=True):
            problems += harm_done(siege, text)
        feedback = list(pool.map(lambda siege: siege.nbgrader("generate_feedback", ASSIGNMENT), sieges))
    for siege, *codes in zip(sieges, printed, feedback, strict=True):
        if any(code for code, _ in codes):
            problems.append(f"autograde and generate_feedback ended with {[c for c, _ in codes]}: {siege.folder / 'log.txt'}")
    said = [(siege, text) for siege, (_, text) in zip(sieges, printed, strict=True)]
    return [judge(siege, attack, text) for siege, text in said for attack in siege.students], problems


# ---- stock nbgrader, for comparison ----


def grade_stock(folder, chosen):
    """Grade each attack by itself with stock nbgrader, within bounds; return verdicts."""
    made = Siege(folder / "made", [HONEST[0]])
    made.folder.mkdir()
    made.make()
    made.hand_in()
    made.own()
    made.nbgrader("autograde", ASSIGNMENT, UNROLLED_GRADER="stock")
    walls = ["bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--unshare-ipc", "--proc", "/proc", "--die-with-parent"]
    walls = [*walls, "--size", str(2**29), "--tmpfs", "/dev/shm", "--"]
    for name, limit in {"as": 4 * 2**30, "cpu": 60, "fsize": 2**28, "nproc": 300, "nofile": 256}.items():
        walls = ["prlimit", f"--{name}={limit}", *walls]
    verdicts = []
    for attack in chosen:
        siege = Siege(folder / attack.name, [attack])
        shutil.copytree(made.folder, siege.folder)
        began = time.monotonic()
        with siege.host(), adopting() as orphans:
            siege.hand_in()
            siege.own()
            only = [ASSIGNMENT, f"--student={attack.name}"]
            code, printed = siege.nbgrader("autograde", *only, before=walls, seconds=60, UNROLLED_GRADER="stock")
            siege.nbgrader("generate_feedback", *only, before=walls, seconds=60, UNROLLED_GRADER="stock")
            siege.students.insert(0, HONEST[0])
            left = [f"a process was left behind: {name}" for name in orphans().values()]
            try:
                verdict = judge_stock(siege, attack, printed)
            except DatabaseError:
                verdict = Verdict(attack, problems=["the gradebook is destroyed"])
        verdict.problems += left
        verdict.seconds, verdict.ended = time.monotonic() - began, f"exit code {code}; " + "; ".join(verdict.problems)
        verdicts.append(verdict)
        print_line(verdict)
        subprocess.run(["rm", "-rf", str(siege.folder)], check=True)
    return verdicts


def judge_stock(siege, attack, printed):
    """The verdict on an attack with stock nbgrader: its problems are what the attack reached."""
    harm = [problem for problem in harm_done(siege, printed) if not problem.startswith("left in the")]
    verdict = judge(siege, attack, printed)
    verdict.problems = [problem for problem in verdict.problems if counts_as_success(problem)] + harm
    if verdict.gained and verdict.score > attack.not_attacked():
        verdict.problems.append(f"GAINED: expected {attack.earns():g} points, got {verdict.score:g}")
    if judge(siege, HONEST[0], printed).score != HONEST[0].earns():
        verdict.problems.append(f"{HONEST[0].name} has other points than before")
    return verdict


def counts_as_success(problem):
    """Whether a problem is the attack's doing: lost points are not, nor hidden tests, which stock nbgrader shows everybody."""
    shown = ("secret of the hidden-test", "secret of the callback", "expected", "points, got", "has no feedback")
    return not any(words in problem for words in shown)


# ---- the command ----


def print_line(verdict):
    """A line of the table."""
    attack = verdict.attack
    got = "-" if verdict.score is None else f"{verdict.score:g}"
    seconds = "-" if verdict.seconds is None else f"{verdict.seconds:.1f}"
    ended = verdict.ended.replace("\x1b", "")
    line = f"{attack.name:32} {attack.mechanism[:100]:100} {attack.earns():>6g} {got:>4} {seconds:>7}  {ended[:150]}".rstrip()
    print(line, flush=True)


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.attacks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="attacks (default: all)")
    parser.add_argument("--stock", action="store_true", help="grade with stock nbgrader, each attack by itself")
    parser.add_argument("--keep", type=Path, help="a new folder for the course (default: one that is removed)")
    options = parser.parse_args(arguments)
    chosen = [attack for attack in attacks() if attack.name in options.names or not options.names]
    if missing := set(options.names) - {attack.name for attack in chosen}:
        sys.exit(f"no such attack: {', '.join(sorted(missing))}")
    folder = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="siege-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    print(f"{'attack':32} {'mechanism':100} {'honest':>6} {'got':>4} {'seconds':>7}  how it ended")
    try:
        if options.stock:
            verdicts = grade_stock(folder, chosen)
            won = [verdict for verdict in verdicts if verdict.problems]
            gained = [verdict for verdict in verdicts if any("GAINED:" in problem for problem in verdict.problems)]
            print(f"\nWith stock nbgrader {len(won)} of {len(verdicts)} attacks succeed: {len(gained)} gain points.")
            return
        verdicts, problems = grade(folder, chosen)
        for verdict in verdicts:
            print_line(verdict)
        for verdict in verdicts:
            problems += [f"{verdict.attack.name}: {problem}" for problem in verdict.problems]
    finally:
        if not options.keep:
            subprocess.run(["rm", "-rf", str(folder)], check=True)  # rmtree gives up on folders that are nested very deeply
    if problems:
        sys.exit(f"\n{len(problems)} problems:\n  " + "\n  ".join(problems))
    print(f"\n{len(chosen)} attacks: each got what its honest part earns.")


if __name__ == "__main__":
    main()
