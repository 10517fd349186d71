"""Run the visible tests of an assignment on your own answers, and say what is still wrong. Nothing is graded or sent.

python -m scripts.check 08                       exercises/ch08
python -m scripts.check 08 path/to/copy.ipynb    your copy of it, elsewhere
"""

import argparse
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbgrader.utils import is_grade, is_solution, is_task
from tqdm import tqdm
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 60  # for a cell; a longer one is stopped, and the rest goes on


class Unreadable(Exception):
    """There is no notebook that could be run to its end."""


@dataclass
class Exercise:
    """What an exercise's tests said: (grade id, points, what went wrong or None), and the points of tests not seen here."""

    name: str
    tests: list = field(default_factory=list)
    hidden: int = 0
    by_hand: int = 0


def find(chapter):
    """The assignment's notebook of a chapter, which may be given as 8, 08 or ch08."""
    number = re.fullmatch(r"(?:ch)?(\d{1,2})", chapter.strip())
    there = sorted(path.name for path in (ROOT / "exercises").glob("ch*"))
    found = sorted((ROOT / "exercises").glob(f"ch{int(number[1]):02}/*.ipynb")) if number else []
    if not found:
        raise Unreadable(f"expected the number of an assignment, such as CH=08 ({', '.join(there)}), got {chapter!r}")
    return found[0]


def read(path):
    """The notebook at a path."""
    try:
        return nbformat.read(path, 4)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except Exception as error:
        raise Unreadable(f"{path} is no notebook: {error}") from None


def run(notebook, folder, seconds=SECONDS):
    """Run every cell in a clean kernel, whatever fails; the outputs are kept in the notebook."""
    with tqdm(total=len(notebook.cells), desc="running", unit="cell", leave=False, disable=None) as bar:
        client = NotebookClient(
            notebook,
            timeout=seconds,
            interrupt_on_timeout=True,
            error_on_timeout={"ename": "KeyboardInterrupt"},  # what the cell's outputs say too; and the next cell runs
            allow_errors=True,
            on_cell_complete=lambda **_: bar.update(),
            resources={"metadata": {"path": str(folder)}},
            config=Config(KernelManager={"transport_encryption": "auto"}),  # or the kernel warns that it is not
        )
        try:
            client.execute(env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
        except DeadKernelError:
            raise Unreadable("the kernel died while it ran a cell: did an array grow without end?") from None


def failure(cell):
    """What made a test cell fail, in one line; None if it passed."""
    for output in cell.outputs:
        if output.output_type == "error":
            match output.ename:
                case "NotImplementedError":
                    return "not written yet"
                case "KeyboardInterrupt":
                    return "stopped, since it took too long: is there a loop that never ends?"
                case "AssertionError":
                    return output.evalue
                case name:
                    return f"{name}: {output.evalue}"
        if output.output_type == "stream" and output.name == "stderr":
            return output.text.strip()
    return None


def results(notebook):
    """The exercises of a notebook that has run, in order."""
    exercises = {}
    for cell in notebook.cells:
        if is_solution(cell) or is_task(cell):
            name = cell.metadata.nbgrader.grade_id
            exercises[name] = Exercise(name, by_hand=cell.metadata.nbgrader.get("points", 0))
        elif is_grade(cell):
            test, points = cell.metadata.nbgrader.grade_id, cell.metadata.nbgrader.points
            owner = max((name for name in exercises if test.startswith(f"{name}-")), key=len, default=None)
            exercise = exercises.setdefault(owner, Exercise(owner or test))
            if "-hidden" in test:
                exercise.hidden += points
            else:
                exercise.tests.append((test, points, failure(cell)))
    return list(exercises.values())


def report(exercises):
    """The lines to print: points by exercise, and under each what its tests say."""
    got = total = 0
    for exercise in exercises:
        number = re.search(r"-ex(\d+)-(.+)", exercise.name)
        title = f"Exercise {number[1]}, {number[2].replace('-', ' ')}" if number else exercise.name
        if not exercise.tests:
            yield f"{title}: {exercise.by_hand} points, read by a person"
            continue
        passed = sum(points for _, points, wrong in exercise.tests if wrong is None)
        possible = sum(points for _, points, _ in exercise.tests)
        got, total = got + passed, total + possible
        hidden = f"; hidden tests: {exercise.hidden} more when it is handed in" if exercise.hidden else ""
        yield f"{title}: {passed} of {possible} points{hidden}"
        said = {}
        for test, _, wrong in exercise.tests:
            if wrong is not None:
                said.setdefault(wrong, []).append(test.removeprefix(f"{exercise.name}-"))
        for wrong, tests in said.items():
            yield f"    {', '.join(tests)}: {wrong}"
    yield f"Visible tests: {got} of {total} points. Nothing was graded or sent."


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m scripts.check", description=__doc__.splitlines()[0])
    parser.add_argument("chapter", help="the assignment's number, such as 08")
    parser.add_argument("notebook", nargs="?", type=Path, help="your notebook, if it is not the one in exercises/")
    options = parser.parse_args(arguments)
    try:
        path = options.notebook or find(options.chapter)
        notebook = read(path)
        run(notebook, path.parent)
    except Unreadable as error:
        sys.exit(str(error))
    print("\n".join([str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path), *report(results(notebook))]))


if __name__ == "__main__":
    main()
