"""Put the kit's cells, and the numbers by which slips are recognised, into the assignments.

    python -m scripts.fingerprints            write them
    python -m scripts.fingerprints --check    say whether the notebooks hold what would be written

The cells `chNN-setup`, `chNN-parts` ... are those of solutions/kit.py. A cell `chNN-exN-known` holds what the exercise's probe
gives for the model answer, and for those wrong answers in mistakes.py that no test names by itself: numbers, and the hints.
An assignment without such cells is left alone.
"""

import argparse
import base64
import copy
import json
import re
import sys
import zlib

import nbformat
import numpy as np
from nbgrader.utils import is_locked

from scripts.assignments import SOLUTIONS, as_when_graded, grade, grade_id, is_test, load, names, run

KIT = SOLUTIONS / "kit.py"
HEAD = "# What the probe gives for the right answer and for known slips; packed by a script."
FOLDED = {"source_hidden": True}
WIDTH = 100  # characters of a packed line


def kit_cells():
    """The kit's cells by name, in order."""
    cells = re.split(r"^# %% (\w+)\n", KIT.read_text(), flags=re.MULTILINE)[1:]
    return {name: source.strip() for name, source in zip(cells[::2], cells[1::2], strict=True)}


def namespace_with(assignment, exercise, code=None):
    """What the locked cells and an answer define; `code` takes the answer's place."""
    namespace = {"__name__": "__main__"}
    for cell in assignment.cells:
        if cell.cell_type == "code" and "nbgrader" in cell.metadata and not is_test(cell):
            name = grade_id(cell)
            if name == exercise:
                run(code or cell.source, name, namespace)
            elif is_locked(cell):
                failed = run(cell.source, name, namespace)
                if failed:
                    raise ValueError(f"the locked cell {name} fails: {failed}")
    return namespace


def right_answer(assignment, exercise):
    """What the probe gives for the model answer, as kinds and prints by name, and its fingerprint."""
    with as_when_graded(seed=None):
        namespace = namespace_with(assignment, exercise)
        right = namespace["PROBES"][exercise]()
    kinds = {name: namespace["kind"](value) for name, value in right.items()}
    numbers = {name: [digits(n) for n in namespace["prints"](value).ravel()] for name, value in right.items()}
    return {name: [kinds[name], numbers[name]] for name in right}, namespace["fingerprint"](right)


def slips(assignment, exercise, right):
    """Fingerprint and hint of the wrong answers that no test names by itself and that the probe tells apart."""
    found = {}
    for mistake in (m for m in assignment.mistakes if m.exercise == exercise):
        number = fingerprint_of(assignment, exercise, mistake.code)
        if not np.isfinite(number) or any(close(number, other) for other in (right, *found)):
            continue
        said = filter(None, grade(assignment, exercise, mistake.code, seed="1").values())
        if not any(mistake.hint in message for message in said):
            found[number] = mistake.hint
    return found


def fingerprint_of(assignment, exercise, code):
    """The fingerprint of a wrong answer; NaN where it gives none."""
    with as_when_graded(seed=None), np.errstate(all="ignore"):
        namespace = namespace_with(assignment, exercise, code)
        try:
            return namespace["fingerprint"](namespace["PROBES"][exercise]())
        except Exception:
            return np.nan


def close(a, b):
    """Whether two fingerprints would be taken for each other."""
    return abs(a - b) <= 2e-6 * (1 + abs(b))


def digits(number):
    """A number as it is stored."""
    return float(f"{number:.9g}")


def packed(exercise, right, known):
    """The source of a `known` cell."""
    text = base64.b64encode(zlib.compress(json.dumps([right, known]).encode())).decode()
    lines = [f'    "{text[k : k + WIDTH]}"' for k in range(0, len(text), WIDTH)]
    return "\n".join([HEAD, f'RIGHT["{exercise}"], KNOWN["{exercise}"] = unpacked(', *lines, ")"])


def says_the_same(source, other):
    """Whether two `known` cells hold the same but for rounding, which differs from processor to processor."""
    return alike(*(unpacked(text) for text in (source, other)))


def unpacked(source):
    """What a `known` cell holds; None for a cell that holds something else."""
    lines = re.findall(r'^    "(.*)"$', source, flags=re.MULTILINE)
    try:
        return json.loads(zlib.decompress(base64.b64decode("".join(lines))))
    except (ValueError, zlib.error):
        return None


def alike(a, b):
    if isinstance(a, float | int) and isinstance(b, float | int):
        return close(a, b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(map(alike, a.values(), b.values()))
    return a == b


def written(name):
    """The assignment's cells that are made by this script: id and source."""
    assignment = copy.deepcopy(load(name))
    cells = {cell.id: cell for cell in assignment.cells}
    if f"{name}-recognise" not in cells:
        return {}
    made = {f"{name}-{cell}": source for cell, source in kit_cells().items()}
    for cell_id, source in made.items():
        cells[cell_id].source = source
    known = {e: f"{'-'.join(e.split('-')[:2])}-known" for e in assignment.answers()}
    known = {exercise: cell_id for exercise, cell_id in known.items() if cell_id in cells}
    present = {cell_id: cells[cell_id].source for cell_id in known.values()}
    for exercise, cell_id in known.items():
        cells[cell_id].source = packed(exercise, {}, [])
    for exercise, cell_id in known.items():
        right, number = right_answer(assignment, exercise)
        cells[cell_id].source = packed(exercise, right, [])
        found = [[digits(n), hint] for n, hint in slips(assignment, exercise, number).items()]
        new = packed(exercise, right, found)
        made[cell_id] = present[cell_id] if says_the_same(present[cell_id], new) else new
    return made


def is_up_to_date(cell, made):
    """Whether a cell holds what it should; those that students need not read are folded."""
    folded = cell.id in made or cell.id.endswith("-probe")
    return not folded or (cell.source == made.get(cell.id, cell.source) and cell.metadata.get("jupyter") == FOLDED)


def main():
    parser = argparse.ArgumentParser(prog="python -m scripts.fingerprints", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; say whether the notebooks are as they would be")
    parser.add_argument("names", nargs="*", help="assignments, such as ch08 (all of them)")
    options = parser.parse_args()
    differ = []
    for name in options.names or names():
        made = written(name)
        for path in sorted((SOLUTIONS / name).glob("*.ipynb")):
            notebook = nbformat.read(path, 4)
            stale = [cell for cell in notebook.cells if made and not is_up_to_date(cell, made)]
            for cell in stale:
                cell.source = made.get(cell.id, cell.source)
                cell.metadata["jupyter"] = FOLDED
                differ.append(cell.id)
            if stale and not options.check:
                nbformat.write(notebook, path)
    if options.check and differ:
        sys.exit(f"not as `make fingerprints` writes them: {', '.join(differ)}")
    print(f"{'written' if differ else 'nothing to write'}: {', '.join(differ) or 'all cells are as they should be'}")


if __name__ == "__main__":
    main()
