"""What nbgrader needs to know about this course; read by its commands and by formgrader, from the folder they start in."""

import os
import sys

c = get_config()  # noqa: F821 (traitlets provides it)

c.CourseDirectory.course_id = "unrolled"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# Files that never leave solutions/: nbgrader's own list, then the instructor's.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "mistakes.py", "*.private.*"]

c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE, in place of this line and the next\nraise NotImplementedError()"}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE, in place of this line"

# Students' code is graded apart from the tests, behind walls: gradecore/README.md. Stock nbgrader remains for comparisons.
if os.environ.get("UNROLLED_GRADER") != "stock":
    from gradecore import configure

    configure(c)
    c.TwoKernelExecute.withheld = {"*": ["rnncore"]}

# A cell of an exercise takes a few seconds at most; this stops an endless loop and spares a slow machine.
c.Execute.timeout = c.TwoKernelExecute.cell_seconds = 30
c.Execute.startup_timeout = 120
c.Execute.error_on_timeout = {
    "ename": "Timeout",
    "evalue": "stopped at the time limit",
    "traceback": ["Timeout: this cell was stopped at the time limit. Is there a loop that never ends?"],
}

# Where work is handed out and in: a matter of your machine, so either this variable, your course's own configuration,
# or the machine's (solutions/README.md).
if "UNROLLED_EXCHANGE" in os.environ:
    c.Exchange.root = os.environ["UNROLLED_EXCHANGE"]

# nbgrader calls alembic by its bare name when it makes a gradebook.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")
# The kernels that grade inherit this: with two threads NumPy is slower on matrices this small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
