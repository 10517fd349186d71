"""What a wrong answer deserves. Every assignment keeps a list of them in its `mistakes.py`; the tests grade them all."""

from dataclasses import dataclass
from functools import partial
from textwrap import dedent, indent

STUB = "raise NotImplementedError()"  # the body of an answer that nobody has written


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


def makers(heads):
    """For exercises given as grade id and head of the function: what makes their Mistakes, then what makes their Variants.

    ex1(name, points, why, hint, body) and v1(name, body), and so on; `body` is the function's without its head.
    """

    def mistake(exercise, name, points, why, hint, body):
        return Mistake(exercise, name, function(heads[exercise], body), points, why, hint)

    def variant(exercise, name, body):
        return Variant(exercise, name, function(heads[exercise], body))

    return [partial(mistake, exercise) for exercise in heads], [partial(variant, exercise) for exercise in heads]
