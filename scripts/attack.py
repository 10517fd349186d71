"""What an attack on the grader is, as data: tests/gradecore/attacks/ keeps them, scripts/attacks.py grades them."""

from collections.abc import Callable
from dataclasses import dataclass, field

WORTH = {"double": 2, "twice": 2, "scaled": 2, "countdown": 3}  # points of each exercise of the course under attack
RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "twice": "def twice(f, x):\n    return f(f(x))",
    "scaled": "def scaled(a, factor):\n    return a * factor",
    "countdown": "def countdown(n):\n    while n > 0:\n        yield n\n        n -= 1",
}


@dataclass(frozen=True)
class Attack:
    """A submission that wants more than it earned, or harm.

    name       also the student's name in the class
    mechanism  how it would work, in one line
    code       takes the place of the answer to `exercise`; what is not attacked is answered rightly. In all text, @COURSE@ is
               the course's folder, @HARM@ a folder that nobody may write to, @PORT@ and @SOCKET@ where a service of the host
               listens, @VICTIM@ a process of the grader's user. An attack that sees its own success prints GAINED.
    answers    the same for several exercises
    notebook   changes the notebook that is handed in, as JSON: notebook(content)
    files      changes the folder that is handed in: files(folder)
    honest     points that the honest part earns; by default those of the exercises that are not attacked
    spoils     whether it may cost points of its own honest part: then it gets these or fewer
    ends       what the table of `nbgrader autograde` has to say about it
    needs      what it takes for the walls to hold: "a normal user" where root is above the limit
    """

    name: str
    mechanism: str
    code: str | None = None
    exercise: str = "double"
    answers: dict = field(default_factory=dict)
    notebook: Callable | None = None
    files: Callable | None = None
    honest: float | None = None
    spoils: bool = False
    ends: str = ""
    needs: str = ""

    def answered(self):
        """What stands in each answer cell."""
        return RIGHT | ({} if self.code is None else {self.exercise: self.code}) | self.answers

    def earns(self):
        """The points that the honest part earns."""
        return self.not_attacked() if self.honest is None else self.honest

    def not_attacked(self):
        """The points of the exercises that are answered rightly."""
        return sum(worth for name, worth in WORTH.items() if self.answered()[name] == RIGHT[name])
