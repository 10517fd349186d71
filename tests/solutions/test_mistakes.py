"""The graders, graded: every wrong answer of every mistakes.py gets the points argued for it, and its hint.

A grader whose every test passes turns these tests red.
"""

import ast
import copy
import re
import time
from collections import Counter

import pytest
from nbgrader.preprocessors import ClearSolutions
from nbgrader.utils import is_locked, is_solution, is_task
from traitlets.config.loader import PyFileConfigLoader

from scripts.assignments import ROOT, as_when_graded, grade, grade_by_seed, grade_id, is_test, load, names, points, run

SEEDS = ["0", "4294967295", None, *map(str, range(1, 31))]  # of the hidden tests' fresh numbers; None is a fresh seed
SECONDS = 10  # that the test cells of an assignment may take in all
NUMBERS = re.compile(r"array\(|(?<!\w)\[\s*-?\d")  # what a printed array looks like


NAMES = names()
EXERCISES = [(name, exercise) for name in NAMES for exercise in load(name).answers()]
MISTAKES = [(name, mistake) for name in NAMES for mistake in load(name).mistakes]
VARIANTS = [(name, variant) for name in NAMES for variant in load(name).variants]


def labels(pairs):
    return [f"{item.exercise}: {item.name}" for _, item in pairs]


def each_exercise(test):
    return pytest.mark.parametrize(("name", "exercise"), EXERCISES, ids=[exercise for _, exercise in EXERCISES])(test)


# ---- the judge ----


def complaints(assignment, mistake, said):
    """How what was said of a mistake differs from what its author argues for, one line each."""
    messages = {name: message for name, message in said.items() if message is not None}
    heard = "\n".join(f"  {name}: {message}" for name, message in messages.items())
    got = points(assignment, mistake.exercise, said)
    found = []
    if got != mistake.points:
        found.append(f"deserves {mistake.points} ({mistake.why}), got {got}:\n{heard}")
    if not any(mistake.hint in message for message in messages.values()):
        found.append(f"expected the hint {mistake.hint!r} in a message, got:\n{heard or '  none'}")
    found += [f"{name} shows numbers that it wants: {m}" for name, m in messages.items() if NUMBERS.search(m)]
    found += [
        f"{n} fails by stderr alone, which only some graders count: {m}" for n, m in messages.items() if m.startswith("stderr")
    ]
    return found


# ---- the tests ----


def test_there_are_assignments():
    assert NAMES


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=labels(MISTAKES))
def test_a_mistake_gets_its_points_and_its_hint(name, mistake):
    """Whatever numbers the hidden tests draw: a mark that hangs on them is not to be trusted."""
    for seed, said in grade_by_seed(load(name), mistake.exercise, SEEDS, mistake.code).items():
        found = complaints(load(name), mistake, said)
        assert not found, "\n".join([f"seed {seed}", *found])


@pytest.mark.parametrize(("name", "variant"), VARIANTS, ids=labels(VARIANTS))
def test_a_right_answer_written_otherwise_gets_full_marks(name, variant):
    for seed, said in grade_by_seed(load(name), variant.exercise, SEEDS, variant.code).items():
        assert set(said.values()) == {None}, (seed, said)


@each_exercise
def test_the_model_answer_gets_full_marks(name, exercise):
    for seed, said in grade_by_seed(load(name), exercise, SEEDS).items():
        assert set(said.values()) == {None}, (seed, said)


@each_exercise
def test_the_list_of_mistakes_is_complete(name, exercise):
    """A blank one, a constant one, eight more, none of which deserves everything; three right ones; no name twice."""
    assignment = load(name)
    assert all(m.points < assignment.full(exercise) for m in assignment.mistakes if m.exercise == exercise)
    mistakes = [m.name for m in assignment.mistakes if m.exercise == exercise]
    variants = [v.name for v in assignment.variants if v.exercise == exercise]
    assert {"blank", "constant"} <= set(mistakes)
    assert len(mistakes) >= 2 + 8
    assert len(variants) >= 3
    assert max(Counter(mistakes + variants).values()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_belong_to_exercises(name):
    assignment = load(name)
    assert {m.exercise for m in assignment.mistakes} == {v.exercise for v in assignment.variants} == set(assignment.answers())


@each_exercise
def test_a_blank_answer_fails_as_such_and_in_no_other_way(name, exercise):
    """The blank of mistakes.py, and the stub that students get."""
    assignment = load(name)
    blank = next(m for m in assignment.mistakes if (m.exercise, m.name) == (exercise, "blank"))
    stub = copy.deepcopy(assignment.answers()[exercise])
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    ClearSolutions(config=config).preprocess_cell(stub, {"language": "python"}, 0)
    assert "BEGIN SOLUTION" not in stub.source
    for code in (blank.code, stub.source):
        said = grade(assignment, exercise, code)
        assert {str(message).split(":")[0] for message in said.values()} == {"NotImplementedError"}


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=labels(MISTAKES))
def test_a_grader_whose_every_test_passes_is_found_out(name, mistake):
    blind = load(name).without_tests()
    assert complaints(blind, mistake, grade(blind, mistake.exercise, mistake.code))


@pytest.mark.parametrize("name", NAMES)
def test_every_test_cell_catches_a_mistake(name):
    """And not only the blank and the constant answer, which every test has to catch."""
    assignment, caught = load(name), set()
    for mistake in assignment.mistakes:
        if mistake.name not in ("blank", "constant"):
            said = grade(assignment, mistake.exercise, mistake.code, seed="1")
            caught |= {test for test, message in said.items() if message is not None}
    assert caught == {grade_id(cell) for cell in assignment.cells if is_test(cell)}


@each_exercise
def test_a_hidden_failure_can_be_reproduced_from_its_message(name, exercise):
    assignment = load(name)
    constant = next(m for m in assignment.mistakes if (m.exercise, m.name) == (exercise, "constant"))
    said = {test: m for test, m in grade(assignment, exercise, constant.code).items() if "-hidden" in test}
    assert said
    for test, message in said.items():
        (seed,) = re.findall(r"GRADE_SEED=(\d+)", message)
        assert grade(assignment, exercise, constant.code, seed)[test] == message


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_notebook_runs_and_its_tests_are_quick(name):
    namespace, seconds = {"__name__": "__main__"}, 0
    with as_when_graded(seed=None):
        for cell in load(name).cells:
            if cell.cell_type == "code":
                began = time.perf_counter()
                assert run(cell.source, cell.id, namespace) is None, cell.id
                seconds += (time.perf_counter() - began) * is_test(cell)
    assert seconds < SECONDS


# ---- the form of the notebooks ----


@pytest.mark.parametrize("name", NAMES)
def test_test_cells_have_the_agreed_form(name):
    """Plain asserts; a docstring, or a comment that stays before hidden tests; points are whole; nothing printed as a score."""
    assignment = load(name)
    wrong = []
    for cell in filter(is_test, assignment.cells):
        test, tree = grade_id(cell), ast.parse(cell.source)
        worth = cell.metadata.nbgrader.points
        called = {getattr(n.func, "attr", getattr(n.func, "id", "")) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        if not any(test.startswith(f"{exercise}-") for exercise in assignment.answers()):
            wrong.append(f"{test} tests no exercise")
        if not (isinstance(worth, int) and worth > 0):
            wrong.append(f"{test}: points: expected a whole number above 0, got {worth}")
        if ("-hidden" in test) != ("### BEGIN HIDDEN TESTS" in cell.source):
            wrong.append(f"{test}: a hidden test has -hidden in its name, and another has not")
        if "-hidden" in test and not cell.source.startswith("# Hidden: "):
            wrong.append(f"{test}: expected a comment that stays, # Hidden: ...")
        if "-hidden" not in test and not ast.get_docstring(tree):
            wrong.append(f"{test}: expected a docstring first")
        if "-hidden" in test and "seeded" not in called:
            wrong.append(f"{test}: expected fresh numbers, by seeded(...)")
        if "testing" in cell.source or {"seed", "eval", "exec"} & called:
            wrong.append(f"{test}: uses numpy.testing, a global seed, eval or exec")
        if any(isinstance(n, ast.Assert) and n.msg is None for n in ast.walk(tree)):
            wrong.append(f"{test}: an assert has no hint")
        if any(isinstance(n, (ast.Is, ast.IsNot)) for n in ast.walk(tree)):
            wrong.append(f"{test}: `is` does not survive the way between processes")
        if not all(isinstance(n, (ast.FunctionDef, ast.Expr)) for n in tree.body):
            wrong.append(f"{test}: leaves names behind that an answer could come to lean on")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_defined_once(name):
    """Answers, tests and given cells do not overwrite each other's functions."""
    trees = [ast.parse(cell.source) for cell in load(name).cells if cell.cell_type == "code"]
    defined = Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))
    assert [function for function, times in defined.items() if times > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_exercises_have_visible_and_hidden_tests(name):
    assignment = load(name)
    for exercise in assignment.answers():
        hidden = [test for test in assignment.tests(exercise) if "-hidden" in test]
        assert hidden, exercise
        assert 2 <= len(assignment.tests(exercise)) - len(hidden) <= 3, exercise


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_named_by_their_grade_ids(name):
    cells = load(name).cells
    for cell in cells:
        assert re.fullmatch(rf"{name}-[a-z0-9-]+", cell.id)
        if "nbgrader" in cell.metadata:
            assert cell.id == grade_id(cell)
            assert is_locked(cell) != is_solution(cell)
    assert max(Counter(cell.id for cell in cells).values()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_in_words_has_a_mark_scheme_that_goes(name):
    """nbgrader takes mark schemes out of task cells alone, and puts them back for the grader where these are locked."""
    tasks = [cell for cell in load(name).cells if is_task(cell)]
    assert tasks
    for cell in tasks:
        assert cell.cell_type == "markdown"
        assert is_locked(cell)
        assert cell.source.count("BEGIN MARK SCHEME") == cell.source.count("END MARK SCHEME") == 1
