"""What a wrong answer deserves. Every assignment keeps a list of them in its `mistakes.py`; the tests grade them all."""

from dataclasses import dataclass
from textwrap import dedent, indent


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that students give.

    exercise  the grade id of the answer cell
    name      a word or two
    code      what takes the place of that cell's source
    points    what the exercise's test cells have to give together
    why       one line that argues for these points
    hint      text that has to stand in the message of a failing test
    """

    exercise: str
    name: str
    code: str
    points: int
    why: str
    hint: str


@dataclass(frozen=True)
class Variant:
    """A right answer written otherwise than the model answer, which has to get every point."""

    exercise: str
    name: str
    code: str


def function(head, body):
    """The source of a function: its head on top of its body, which may be indented in any way."""
    return f"{head}\n{indent(dedent(body).strip(), '    ')}\n"
