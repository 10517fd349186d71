"""What the assignments' tests catch: known mistakes, and small changes of the model answers, made by a script.

    python -m scripts.mutants             a table of all assignments
    python -m scripts.mutants ch08        the same of one, and its survivors, each with the reason why it is no mistake

A mutant is the model answer with one change: a sign, a transpose, a dropped term, an index, `=` for `+=`, a sum over the batch,
one operand for another. It has to lose points. One that cannot, since it computes the same, is listed in EQUIVALENT of
mistakes.py with the reason; that list has to be exact.
"""

import argparse
import ast
import re
import sys
from dataclasses import dataclass

from scripts.assignments import grade, load, names, points
from scripts.faults import changes

SEED = "1"  # of the hidden tests' fresh numbers


@dataclass(frozen=True)
class Mutant:
    """A model answer with one change."""

    exercise: str
    change: str
    code: str


def mutants(assignment):
    """Every mutant of an assignment's model answers."""
    for exercise, cell in assignment.answers().items():
        tree = ast.parse(cell.source)
        for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
            for kind, before, after in changes(function):
                if re.search(r"\b(\w+)\.append\(.*\b\1\b", after):
                    continue  # NumPy would fill the memory with a list that holds itself
                yield Mutant(exercise, f"{kind}: {before} -> {after}", ast.unparse(tree))


def is_caught(assignment, answer):
    """Whether a mutant or a mistake loses points."""
    said = grade(assignment, answer.exercise, answer.code, SEED)
    return points(assignment, answer.exercise, said) < assignment.full(answer.exercise)


@dataclass
class Row:
    """What an assignment's tests catch: `survivors` are the mutants with full marks, by exercise the changes."""

    name: str
    exercises: int
    mistakes: int
    mistakes_caught: int
    variants: int
    mutants: int
    survivors: dict


def judge(name):
    """Grade every mistake and every mutant of an assignment."""
    assignment, survivors = load(name), {}
    every = list(mutants(assignment))
    for mutant in every:
        if not is_caught(assignment, mutant):
            survivors.setdefault(mutant.exercise, []).append(mutant.change)
    caught = sum(is_caught(assignment, mistake) for mistake in assignment.mistakes)
    counts = len(assignment.answers()), len(assignment.mistakes), caught, len(assignment.variants), len(every)
    return Row(name, *counts, survivors)


def complaints(row):
    """Mutants that survived without a reason, and reasons for mutants that did not survive, one line each."""
    equivalent = load(row.name).equivalent
    for exercise in sorted({*row.survivors, *equivalent}):
        survived, argued = set(row.survivors.get(exercise, [])), set(equivalent.get(exercise, {}))
        yield from (f"{exercise}: not caught: {change}" for change in sorted(survived - argued))
        yield from (f"{exercise}: a reason, but no such survivor: {change}" for change in sorted(argued - survived))


def main():
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="assignments, such as ch08 (all of them)")
    options = parser.parse_args()
    failed = False
    print("assignment  coded exercises  mistakes  caught  other right answers  mutants  caught  the same as the answer")
    for name in options.names or names():
        row = judge(name)
        alive = sum(map(len, row.survivors.values()))
        counts = (row.exercises, 17), (row.mistakes, 10), (row.mistakes_caught, 8), (row.variants, 21)
        counts += (row.mutants, 9), (row.mutants - alive, 8), (alive, 24)
        print(f"{name:10}" + "".join(f"{count:{width}}" for count, width in counts))
        for exercise, changes_ in row.survivors.items() if options.names else ():
            for change in changes_:
                print(f"    {exercise}: {change}\n        {load(name).equivalent.get(exercise, {}).get(change, 'NO REASON')}")
        for complaint in complaints(row):
            failed = True
            print(f"    {complaint}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
