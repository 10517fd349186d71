"""Run a submission in two kernels: the student's cells in one, behind walls; the tests that judge them in another.

A test cell asks the student's kernel for the names that it lacks and gets values, or stand-ins for functions, over a bridge
(gradecore.bridge). Locked cells run in both kernels. A submission always ends with every test cell either run to its end or
marked with an error that says why not.
"""

import asyncio
import math
import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets import Dict, Enum, Float, Int, List, Unicode

from gradecore.files import side_files
from gradecore.kernels import Kernel, error
from gradecore.notebook import definitions_in
from gradecore.sandbox import LIMITS, SandboxKernelManager, bubblewrap, files_of, sign_of_life

SOURCES = {name: (Path(__file__).parent / f"{name}.py").read_text() for name in ("wire", "bridge")}
LOAD = f"""
def load(sources=dict({SOURCES!r})):
    import sys, types
    for name in ("gradecore", *(f"gradecore.{{name}}" for name in sources)):
        sys.modules[name] = types.ModuleType(name)
    for name, source in sources.items():
        exec(compile(source, f"<gradecore.{{name}}>", "exec"), sys.modules[f"gradecore.{{name}}"].__dict__)

load()
del load
"""
WITHHOLD = """
def withhold(names):
    import sys
    for name in list(sys.modules):
        if any(name == n or name.startswith(n + ".") for n in names):
            del sys.modules[name]
    for name in names:
        sys.modules[name] = None

withhold({names!r})
del withhold
"""
# Modules of the submission's folder, which the kernel starts without, stand where Jupyter puts them.
BESIDE = """
def beside():
    import sys
    sys.path.insert(next((k for k, path in enumerate(sys.path) if path.endswith("-packages")), 0), "")

beside()
del beside
"""
OPEN = "from gradecore import bridge as _b; get_ipython()._bridge = _b.Bridge(get_ipython(), {path!r}, {seconds}); del _b"
SERVE = "import sys as _s; _s.modules['gradecore.bridge'].serve({path!r}, get_ipython().user_ns)"
FORGET = "get_ipython()._bridge.forget({names!r})"  # a given cell may have defined them too
BOUND = """
def bound(size):
    import resource
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))

try:
    bound({size})
except (OSError, ValueError):  # macOS may refuse
    pass
del bound
"""
SEED = "import os as _o; _o.environ['GRADE_SEED'] = {seed!r}; del _o"


class NoSandbox(Exception):
    """bubblewrap was asked for and cannot be used."""


class TwoKernelExecute(NbGraderPreprocessor):
    """Takes the place of nbgrader's Execute among `Autograde.autograde_preprocessors`."""

    sandbox = Enum(
        ["auto", "bwrap", "none"],
        "auto",
        help="bwrap: bubblewrap, or nothing is graded; auto: bubblewrap where it works, else a warning; none: no walls",
    ).tag(config=True)
    call_seconds = Float(10, help="seconds that one call of the student's code may take").tag(config=True)
    cell_seconds = Int(30, help="seconds that a cell may take").tag(config=True)
    notebook_seconds = Float(300, help="seconds that all cells of a submission may take").tag(config=True)
    withheld = Dict(help="by assignment ('*': each): modules that the student's code can neither import nor read").tag(
        config=True
    )
    visible = List(Unicode(), help="further files and folders that the student's code may read").tag(config=True)
    tests_memory = Int(8 * 2**30, help="bytes of memory for the tests, which take in what the student's code returns").tag(
        config=True
    )
    limits = Dict(LIMITS, help="of the student's process, as in resource.RLIMIT_*").tag(config=True)

    def preprocess(self, nb, resources):
        """Run the notebook; its outputs take the place of those it had."""
        if self.sandbox == "bwrap" and not bubblewrap():
            raise NoSandbox("bubblewrap does not work here, and c.TwoKernelExecute.sandbox is 'bwrap': nothing was graded")
        walled = self.sandbox != "none" and bubblewrap() is not None
        resources.setdefault("gradecore", {})["warnings"] = self.warnings = []
        if not walled:
            self.warn("no sandbox: the student's code ran with your rights and could read your files")
        began = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix=f"gradecore-{os.getpid()}-", dir=temporary()))
        try:
            run_sync(self.grade)(nb, resources, folder, walled)
        except (KeyboardInterrupt, SystemExit):  # the loop has stopped where it was: let it end the kernels
            run_sync(self.abandon)()
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        resources["gradecore"]["seconds"] = time.monotonic() - began
        return nb, resources

    def warn(self, text):
        """A word for the table at the end, and for the log."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.log.warning(text)

    # ---- one submission ----

    async def abandon(self):
        """Stop `grade` in the middle, and wait until its kernels have ended."""
        self.grading.cancel()
        await asyncio.wait([self.grading])

    async def grade(self, nb, resources, folder, walled):
        self.grading = asyncio.current_task()
        self.meeting, self.socket = folder / "meeting", folder / "meeting" / "bridge"
        for place in (self.meeting, folder / "submission", folder / "tests"):
            place.mkdir()
        info = resources["nbgrader"]
        failed = copy_files(Path(resources["metadata"]["path"]), folder / "submission", [])
        course = getattr(getattr(self.parent, "parent", None), "coursedir", None)
        if course:
            source = course.format_path(course.source_directory, ".", info["assignment"])
            failed += copy_files(Path(source), folder / "tests", course.ignore)
        for path in failed:
            self.warn(f"{path} left out (it could not be copied)")
        self.withhold = [*self.withheld.get("*", []), *self.withheld.get(info["assignment"], [])]
        self.student = Kernel(nb, self.student_manager(folder, walled), self.cell_seconds, parent=self)
        # Their messages may hold what the student's code returned, several times.
        self.tests = Kernel(nb, plain_manager(folder / "tests.json"), self.cell_seconds, largest=64 * 2**20, parent=self)
        self.alive, self.seed = True, str(secrets.randbelow(2**32))
        with sign_of_life(self.meeting):
            try:
                begun = await asyncio.gather(
                    self.begin_student(folder, walled), self.begin_tests(folder), return_exceptions=True
                )
                for problem in filter(None, begun):  # raised when both have come to an end, or a kernel would be forgotten
                    raise problem
                await self.run_all(nb)
            finally:
                await asyncio.gather(self.student.end(), self.tests.end(), return_exceptions=True)
        nb.cells.append(new_markdown_cell(f"Graded with `GRADE_SEED={self.seed}`.", id="gradecore-seed"))
        nb.metadata["language_info"] = {"name": "python"}

    def student_manager(self, folder, walled):
        if not walled:
            return plain_manager(folder / "student.json")
        return SandboxKernelManager(
            kernel_name="python3",
            connection_file=str(self.meeting / "kernel.json"),
            meeting=str(self.meeting),
            submission=str(folder / "submission"),
            visible=self.visible,
            masked=[str(path) for path in files_of(self.withhold)],
            limits=self.limits,
        )

    async def begin_student(self, folder, walled):
        # Not our environment: bubblewrap itself is process 1 inside, and /proc shows what it was started with.
        environment = {"PATH": os.environ["PATH"]}
        if not walled:  # the submission's folder may hold another ipykernel: the kernel starts without it
            environment = {k: v for k, v in os.environ.items() if k != "GRADE_SEED"} | {"PYTHONSAFEPATH": "1"}
        await self.student.begin(folder / "submission", environment, folder / "student.log")
        self.student.watch = asyncio.create_task(self.student.guard())
        await self.student.ready()
        await self.student.tell(LOAD)
        if self.withhold:
            await self.student.tell(WITHHOLD.format(names=self.withhold))
        await self.student.tell(BESIDE)

    async def begin_tests(self, folder):
        await self.tests.begin(folder / "tests", os.environ | {"OPENBLAS_NUM_THREADS": "1"}, folder / "tests.log")
        await self.tests.ready()
        bridge = OPEN.format(path=str(self.socket), seconds=self.call_seconds)
        for source in (LOAD, bridge, BOUND.format(size=self.tests_memory), SEED.format(seed=self.seed)):
            told = await self.tests.tell(source)
        reply = await self.tests.answered(told, 60)
        if not reply or reply["status"] != "ok":
            raise RuntimeError(f"the kernel of the tests could not be prepared: {reply}")

    async def run_all(self, nb):
        deadline = time.monotonic() + self.notebook_seconds
        for number, cell in enumerate(nb.cells):
            if cell.cell_type != "code":
                continue
            cell.metadata.pop("tags", None)
            cell.outputs = []
            is_test = is_grade(cell) and not is_solution(cell)
            if time.monotonic() > deadline:
                cell.outputs = [error("Timeout", "the notebook as a whole took too long: this cell was not run")]
                self.warn("timed out")
            elif is_test:
                await self.run_test(cell, number)
            else:
                about = cell.metadata.pop("gradecore", {})
                if about.get("imports"):
                    await self.tests.tell(about["imports"])
                if about.get("defines"):
                    await self.tests.tell(FORGET.format(names=about["defines"]))
                await self.run_student(cell, number)
                if is_locked(cell):
                    await self.run_locked(cell, number)

    async def run_student(self, cell, number):
        if not self.alive:
            cell.outputs = [error("DeadKernel", "not run: the kernel had ended in a cell before")]
            return
        try:
            await self.student.run(cell, number)
        except DeadKernelError:
            await self.lose_student("killed")
        if any(output.get("ename") == "Timeout" for output in cell.outputs):
            self.warn("timed out")

    async def run_locked(self, cell, number):
        """Run a given cell beside the tests too; what it shows has been seen in the student's kernel."""
        shown = cell.outputs
        try:
            await self.tests.run(cell, number, recorded=False)
        except DeadKernelError:
            self.warn(f"the kernel of the tests ended in {cell.metadata.nbgrader.grade_id}")
        failed = [output for output in cell.outputs if output.output_type == "error"]
        if failed:  # it needs the student's names; tests get what it defines all the same
            self.log.debug("%s failed beside the tests: %s", cell.metadata.nbgrader.grade_id, failed[0].evalue)
            for definition in definitions_in(cell.source):
                await self.tests.tell(definition)
        cell.outputs = shown

    async def run_test(self, cell, number):
        if not self.alive:
            cell.outputs = [error("DeadKernel", "not run: your kernel had ended in a cell before")]
            return
        served = await self.student.tell(SERVE.format(path=str(self.socket)))
        try:
            await self.tests.run(cell, number)
        except DeadKernelError:
            self.warn(f"the kernel of the tests ended in {cell.metadata.nbgrader.grade_id}")
        if not await self.student.answered(served, 2):
            await self.student.interrupt()
            if not await self.student.answered(served, 3):
                await self.lose_student("did not stop when it was told to")
        judge(cell, self.tests.ended == "ok")
        if any(o.get("ename") == "Timeout" or "no answer within" in str(o.get("evalue")) for o in cell.outputs):
            self.warn("timed out")
        hidden = ClearHiddenTests(parent=self).begin_test_delimeter in cell.source
        for output in cell.outputs:
            if output.output_type == "error":
                own = [] if hidden else own_part(output.traceback, cell.execution_count)
                output.traceback = [*own, f"{output.ename}: {output.evalue}"]

    async def lose_student(self, why):
        """The student's kernel is no more."""
        self.alive = False
        self.warn(why)
        await self.student.end()


def plain_manager(connection_file):
    """A kernel without walls; the file with its key is among what is removed at the end."""
    return AsyncKernelManager(kernel_name="python3", transport_encryption="auto", connection_file=str(connection_file))


def temporary():
    """The system's folder for temporary files, or /tmp where its name is too long for the sockets in it."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= 55 else "/tmp"


def own_part(traceback, number):
    """Of a traceback its heads and the frames of the cell itself: others may show a hidden test's helper or a solution."""
    own = re.compile(rf"-+|(\S+ +)?Traceback \(most recent call last\):?\s*|\s*Cell In\[{number}\].*", re.DOTALL)
    return [part for part in traceback if own.fullmatch(re.sub(r"\x1b\[[\d;]*m", "", part))]


def judge(cell, completed):
    """Make sure that a test cell gives no more than its points, and nothing where it did not run to its end.

    nbgrader gives full marks to a cell without output, and to one whose last value is no number.
    """
    points = float(cell.metadata.nbgrader["points"])
    if not completed and not any(output.output_type == "error" for output in cell.outputs):
        cell.outputs.append(error("NotRun", "this test did not run"))
    if any(output.output_type == "error" for output in cell.outputs):  # nbgrader believes what comes first
        cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]
    for output in cell.outputs:
        if output.output_type == "execute_result":
            text = output.data.get("text/plain", "")
            number = re.fullmatch(r"np\.\w+\((.*)\)", text)  # NumPy shows its numbers with their type
            try:
                score = float(number[1] if number else text)
            except ValueError:
                score = math.nan
            output.data["text/plain"] = str(score)
            if not 0 <= score <= points:
                cell.outputs = [error("BadScore", f"the test's last value has to be a number between 0 and {points:g}")]
                return


def copy_files(source, target, ignore):
    """Copy a folder's side files, but no notebook and nothing that only points elsewhere; return what could not be copied."""
    failed = []
    for path, whole in side_files(source, ignore):
        try:
            if whole.is_file() and not whole.is_symlink():
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(whole, target / path)
        except OSError:
            failed.append(path)
    return failed
