"""A submission in two kernels: what each cell ends in, and what a test may give."""

import copy
import os
import re
import shutil
import tempfile
import threading
from types import SimpleNamespace

import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.utils import determine_grade
from traitlets.config import Config

from gradecore import sandbox
from gradecore.execute import NoSandbox, TwoKernelExecute, judge
from gradecore.kernels import CUT, error, memory, size_of

ANSWER = {"grade": False, "solution": True, "locked": False}
TEST = {"grade": True, "solution": False, "locked": True}
LOCKED = {"grade": False, "solution": False, "locked": True}


def answer(source, imports=""):
    about = {"nbgrader": {**ANSWER, "grade_id": f"answer-{abs(hash(source))}"}, "gradecore": {"imports": imports}}
    return new_code_cell(source, metadata=about)


def locked(source):
    return new_code_cell(source, metadata={"nbgrader": {**LOCKED, "grade_id": f"locked-{abs(hash(source))}"}})


def check(source, points=2):
    """A test cell."""
    about = {**TEST, "grade_id": f"test-{abs(hash(source))}", "points": points, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": about})


def added(source):
    """A cell that nbgrader does not know."""
    return new_code_cell(source)


def grade(tmp_path, *cells, **options):
    """Run cells as a submission: the points of its tests in turn, the texts of outputs, the warnings, the notebook."""
    (tmp_path / "handed-in").mkdir(exist_ok=True)
    notebook = new_notebook(cells=list(cells))
    resources = {"nbgrader": {"assignment": "a"}, "metadata": {"path": str(tmp_path / "handed-in")}}
    executor = TwoKernelExecute(**options)
    executor.preprocess(notebook, resources)
    tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return SimpleNamespace(
        points=[determine_grade(cell)[0] for cell in tests],
        texts=[shown(cell) for cell in notebook.cells if cell.cell_type == "code"],
        tests=[shown(cell) for cell in tests],
        warnings=resources["gradecore"]["warnings"],
        notebook=notebook,
    )


def shown(cell):
    """The text of a cell's outputs."""
    texts = []
    for output in cell.outputs:
        data = output.get("data", {}).get("text/plain", "")
        texts.append(output.get("text") or data or f"{output.get('ename', '')} {output.get('evalue', '')}")
    return "".join(texts)


@pytest.fixture(params=["bwrap", "none"])
def walls(request):
    """Each way to run the student's kernel."""
    if request.param == "bwrap" and not sandbox.bubblewrap():
        message = "needs bubblewrap: apt install bubblewrap"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return request.param


# ---- what a test may give ----


def result(text):
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


PRINTED = new_output("stream", name="stdout", text="3.0")
FAILED = error("AssertionError", "wrong")


@pytest.mark.parametrize(
    ("outputs", "completed", "points"),
    [
        ([], True, 2),
        ([PRINTED], True, 2),
        ([result("1")], True, 1),
        ([result("0")], True, 0),
        ([result("2.0")], True, 2),
        ([PRINTED, result("0.5")], True, 0.5),
        ([result("np.float64(0.5)")], True, 0.5),
        ([result("np.int64(1)")], True, 1),
        ([result("np.float64(nan)")], True, 0),
        ([result("2.1")], True, 0),
        ([result("321")], True, 0),
        ([result("-1")], True, 0),
        ([result("-0.0")], True, 0),
        ([result("nan")], True, 0),
        ([result("inf")], True, 0),
        ([result("True")], True, 0),
        ([result("'1'")], True, 0),
        ([result("")], True, 0),
        ([result("<f of the student's>")], True, 0),
        ([new_output("execute_result", data={"text/html": "1"}, execution_count=1)], True, 0),
        ([result("1"), result("7")], True, 0),
        ([FAILED], True, 0),
        ([], False, 0),
        ([PRINTED], False, 0),
        ([result("2")], False, 0),
        ([result("2"), FAILED], False, 0),
        ([result("2"), FAILED], True, 0),
        ([FAILED, result("2")], True, 0),
    ],
)
def test_a_test_gives_a_number_between_0_and_its_points_or_nothing(outputs, completed, points):
    cell = check("pass")
    cell.outputs = copy.deepcopy(outputs)
    judge(cell, completed)
    assert determine_grade(cell) == (points, 2)
    if not points and outputs[:1] != [result("0")] and outputs[:1] != [result("-0.0")]:
        assert any(output.output_type == "error" for output in cell.outputs)


def test_the_words_of_a_score_that_is_none():
    cell = check("pass", points=1.5)
    cell.outputs = [result("9")]
    judge(cell, True)
    assert shown(cell) == "BadScore the test's last value has to be a number between 0 and 1.5"


def test_what_counts_as_output():
    assert size_of({"a": "xy", "b": ["z", 5], "c": {"d": "w"}}) == len("abcdxyzw") + 8 * 11
    assert size_of([""] * 1000) > 8000


@pytest.mark.slow
def test_partial_credit_in_a_kernel(tmp_path):
    sources = ["1", "0.5", "3", "-1", "float('nan')", "'full marks'", "score", "None", "pass", "f", "f(1)", "assert f(1) == 2"]
    got = grade(tmp_path, answer("score = 1.25\ndef f(x): return x"), *map(check, sources), sandbox="none")
    assert got.points == [1, 0.5, 0, 0, 0, 0, 1.25, 2, 2, 0, 1, 0]
    assert "BadScore" in got.tests[5]


# ---- what tests see of the student's code, and it of them ----


@pytest.mark.slow
def test_values_come_by_value_and_functions_are_called(tmp_path, walls):
    got = grade(
        tmp_path,
        locked("import math\nlimit = [1, 2]"),
        answer("import numpy as np\nxs = [1, 2]\nlimit.append(3)\ndef f(x): xs.append(x); return len(xs)"),
        answer("def mean(a): return a.mean()"),
        check("assert xs == [1, 2]\nxs.append(7)\nassert f(0) == 3, f(0)"),
        check("assert xs == [1, 2, 0], xs\nassert math.floor(1.5) == 1"),
        check("assert limit == [1, 2]  # ours, from the locked cell"),
        check("assert mean(random_numbers()) == 0\n", 1),
        added("def random_numbers(): return np.zeros(3)"),
        check("import numpy\nassert mean(numpy.arange(3.0)) == 1\nassert f.__class__.__name__ == 'RemoteCallable'"),
        answer("xs = 'later'"),
        check("assert xs == 'later'"),
        sandbox=walls,
    )
    assert got.points == [2, 2, 2, 0, 2, 2], got.tests
    assert got.warnings == ([] if walls == "bwrap" else got.warnings)


@pytest.mark.slow
def test_locked_cells_run_in_both_kernels_and_show_their_output_once(tmp_path, walls):
    got = grade(
        tmp_path,
        locked("import os\nprint('given')\ndef helper(x): return x + 1\nplace = os.getpid()"),
        answer("def f(x): return helper(x)\nstudents_place = place"),
        check("assert f(1) == helper(1) == 2"),
        check("assert students_place != place"),
        answer("def helper(x): return -1"),
        check("assert helper(1) == 2 and f(1) == -1"),
        locked("broken = f(1)"),
        check("assert broken == -1"),
        sandbox=walls,
    )
    assert got.points == [2, 2, 2, 2], got.tests
    assert got.texts[0] == "given\n"
    assert got.texts[6] == ""


@pytest.mark.slow
def test_tests_may_use_the_imports_of_released_unlocked_cells(tmp_path):
    got = grade(
        tmp_path,
        answer("raise SystemError('not even started')", imports="import math\nfrom os import path as p"),
        check("assert math.pi > 3 and p.join('a', 'b')"),
        answer("import cmath", imports="import nothing_of_this_name"),
        check("assert cmath.pi > 3"),
        sandbox="none",
    )
    assert got.points == [2, 0], got.tests
    assert "NameError" in got.tests[1]
    assert all("gradecore" not in cell.metadata for cell in got.notebook.cells)


@pytest.mark.slow
def test_the_seed_is_the_tests_alone(tmp_path, walls, monkeypatch):
    monkeypatch.setenv("GRADE_SEED", "77")
    look = (
        "import os, subprocess, sys\nseen = {k: v for k, v in os.environ.items() if 'SEED' in k}\n"
        "seen['processes'] = [open(f'/proc/{p}/environ', 'rb').read().decode(errors='replace')\n"
        "    for p in os.listdir('/proc') if p.isdigit() and os.access(f'/proc/{p}/environ', os.R_OK)] if walled else []\n"
        "def look(): return dict(os.environ)"
    )
    got = grade(
        tmp_path,
        added(f"walled = {walls == 'bwrap'}"),
        answer(look),
        check("import os\nassert os.environ['GRADE_SEED'].isdigit() and os.environ['GRADE_SEED'] != '77'"),
        check("assert 'GRADE_SEED' not in look() and 'SEED' not in str(seen), seen"),
        check("print('the seed is', os.environ['GRADE_SEED'])"),
        sandbox=walls,
    )
    assert got.points == [2, 2, 2], got.tests
    told = re.fullmatch(r"Graded with `GRADE_SEED=(\d+)`\.", got.notebook.cells[-1].source)[1]
    assert got.tests[2] == f"the seed is {told}\n"


@pytest.mark.slow
def test_withheld_modules_cannot_be_imported_by_the_student_alone(tmp_path, walls):
    got = grade(
        tmp_path,
        answer("try:\n    import rnncore\n    found = True\nexcept ImportError:\n    found = False"),
        check("import rnncore\nassert not found"),
        sandbox=walls,
        withheld={"*": ["rnncore"], "another": ["math"]},
    )
    assert got.points == [2], got.tests


@pytest.mark.slow
def test_side_files_are_there(tmp_path, walls):
    (tmp_path / "handed-in").mkdir()
    (tmp_path / "handed-in/table.csv").write_text("a,b")
    (tmp_path / "handed-in/own.py").write_text("x = 5")
    (tmp_path / "handed-in/link.txt").symlink_to("/etc/passwd")
    got = grade(
        tmp_path,
        answer("import os, own\ntext, files = open('table.csv').read(), sorted(os.listdir('.'))"),
        check("assert text == 'a,b' and 'link.txt' not in files, files"),
        sandbox=walls,
    )
    assert got.points == [2], got.texts


@pytest.mark.slow
def test_the_submissions_folder_can_be_written_to(tmp_path, walls):
    """As in Jupyter; what was handed in stays as it is."""
    (tmp_path / "handed-in/data").mkdir(parents=True)
    (tmp_path / "handed-in/data/table.csv").write_text("a")
    (tmp_path / "handed-in/data/large").write_bytes(b"x" * 2**22)
    got = grade(
        tmp_path,
        answer("import numpy as np\nnp.save('w.npy', np.ones(3))\nw = np.load('w.npy')"),
        answer("%%writefile data/table.csv\nab"),
        answer("text, size = open('data/table.csv').read(), len(open('data/large').read())"),
        check("assert w.sum() == 3 and text == 'ab\\n' and size == 2**22, (text, size)"),
        sandbox=walls,
        limits=sandbox.LIMITS | {"FSIZE": 2**21},  # the large one cannot be copied
    )
    assert got.points == [2], got.texts
    assert (tmp_path / "handed-in/data/table.csv").read_text() == "a"
    assert not (tmp_path / "handed-in/w.npy").exists()


@pytest.mark.slow
def test_a_hidden_test_is_not_shown_when_it_fails(tmp_path):
    hidden = "### BEGIN HIDDEN TESTS\nsecret = 41\nassert f(secret) == 42, 'not one more'\n### END HIDDEN TESTS"
    got = grade(tmp_path, answer("def f(x): return x"), check(hidden), check("assert f(1) == 2, 'visible'"), sandbox="none")
    [failed], [visible] = (cell.outputs for cell in got.notebook.cells[1:3])
    assert failed.traceback == ["AssertionError: not one more"]
    assert len("".join(visible.traceback)) > 100


HIDDEN = "### BEGIN HIDDEN TESTS\ndef helper():\n    secret = 41\n    raise ValueError('no')\n### END HIDDEN TESTS"


@pytest.mark.slow
def test_the_traceback_of_a_visible_test_shows_the_test_alone(tmp_path):
    """Not a hidden test's helper, nor a solution that it calls."""
    sources = ["hint = 1\nhelper()", "def", "import nbformat\nnbformat.reads(5, 4)", "try:\n    helper()\nfinally:\n    1 / 0"]
    got = grade(tmp_path, check(HIDDEN), *map(check, sources), sandbox="none")
    texts = ["\n".join(cell.outputs[0].traceback) for cell in got.notebook.cells[1:5]]
    assert got.points == [2, 0, 0, 0, 0], got.tests
    assert "secret" not in "".join(texts)
    assert "def reads" not in texts[2]
    for text, seen in zip(texts, ["hint", "SyntaxError", "nbformat", "finally"], strict=True):
        assert seen in text
    assert texts[0].startswith("\x1b[31m-----")
    assert texts[0].endswith("ValueError: no")


@pytest.mark.slow
def test_a_course_may_have_its_own_word_for_hidden_tests(tmp_path):
    hidden = check("### HIDE\nsecret = 41\nassert secret == 42, 'not one more'\n### SHOW")
    grade(tmp_path, hidden, sandbox="none", config=Config(ClearHiddenTests={"begin_test_delimeter": "HIDE"}))
    assert hidden.outputs[0].traceback == ["AssertionError: not one more"]


# ---- time ----


@pytest.mark.slow
def test_a_loop_is_stopped_and_the_next_cell_runs(tmp_path, walls):
    got = grade(
        tmp_path,
        answer("before = 1\nwhile True: pass"),
        answer("after = before + 1"),
        answer("def loop():\n    while True: pass\ndef good(): return 1"),
        check("assert after == 2"),
        check("loop()"),
        check("assert good() == 1"),
        check("while True: pass"),
        check("assert good() == 1"),
        sandbox=walls,
        cell_seconds=3,
        call_seconds=1,
    )
    assert got.points == [2, 0, 2, 0, 2], got.tests
    assert "stopped at the time limit" in got.texts[0]
    assert "no answer within 1 seconds: is there a loop that never ends?" in got.tests[1]
    assert "stopped at the time limit" in got.tests[3]
    assert "timed out" in got.warnings


STUBBORN = "import time\nwhile True:\n    try:\n        while True: time.sleep(0.01)\n    except KeyboardInterrupt: pass"


@pytest.mark.slow
def test_a_cell_that_swallows_the_interrupt_costs_the_kernel(tmp_path):
    got = grade(
        tmp_path,
        answer("x = 1"),
        check("assert x == 1"),
        answer(STUBBORN),
        check("assert x == 1"),
        check("assert True"),
        answer("x = 2"),
        sandbox="none",
        cell_seconds=2,
    )
    assert got.points == [2, 0, 0], got.tests
    assert "did not stop when it was told to" in got.warnings
    assert "not run: your kernel had ended in a cell before" in got.tests[2]
    assert "not run: the kernel had ended in a cell before" in got.texts[5]


@pytest.mark.slow
def test_a_function_that_swallows_the_interrupt_costs_the_kernel(tmp_path):
    stubborn = "def f():\n" + "\n".join(f"    {line}" for line in STUBBORN.splitlines())
    got = grade(tmp_path, answer(stubborn), check("f()"), check("assert True"), sandbox="none", cell_seconds=9, call_seconds=1)
    assert got.points == [0, 0], got.tests
    assert "no answer within 1 seconds" in got.tests[0]
    assert "did not stop when it was told to" in got.warnings


@pytest.mark.slow
def test_a_notebook_has_its_time_too(tmp_path):
    cells = [answer("import time\ntime.sleep(1.5)"), check("assert True"), answer("x = 1"), check("assert True")]
    got = grade(tmp_path, *cells, sandbox="none", notebook_seconds=1)
    assert got.points == [0, 0], got.tests
    assert "the notebook as a whole took too long" in got.tests[1]


# ---- kernels that end ----


@pytest.mark.slow
@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_kernel_that_ends_leaves_a_word_in_every_later_cell(tmp_path, walls, end):
    got = grade(tmp_path, answer("x = 1"), check("assert x == 1"), answer(end), answer("y = 1"), check("x"), sandbox=walls)
    assert got.points == [2, 0], got.tests
    assert "the kernel ended in this cell" in got.texts[2]
    assert "not run: the kernel had ended in a cell before" in got.texts[3]
    assert "not run: your kernel had ended in a cell before" in got.tests[1]
    assert "killed" in got.warnings


@pytest.mark.slow
def test_a_function_that_ends_the_kernel_costs_what_comes_after(tmp_path, walls):
    cells = [answer("import os\ndef f(): os._exit(0)"), check("assert True"), check("f()"), check("assert True")]
    got = grade(tmp_path, *cells, sandbox=walls)
    assert got.points == [2, 0, 0], got.tests
    assert "no answer from your code" in got.tests[1]


@pytest.mark.slow
def test_when_the_kernel_of_the_tests_ends_no_test_passes(tmp_path):
    cells = [check("assert True"), check("import os\n1\nos._exit(0)"), check("assert True"), locked("x = 1"), check("2")]
    got = grade(tmp_path, *cells, sandbox="none")
    assert got.points == [2, 0, 0, 0], got.tests
    assert any("the kernel of the tests ended in test-" in warning for warning in got.warnings)


@pytest.mark.slow
def test_sys_exit_and_errors_end_a_cell_only(tmp_path):
    cells = [answer("import sys\nx = 1\nsys.exit()"), answer("1 / 0"), answer("def"), check("assert x == 1")]
    got = grade(tmp_path, *cells, sandbox="none")
    assert got.points == [2], got.tests
    assert [text.split()[0] for text in got.texts[:3]] == ["SystemExit", "ZeroDivisionError", "SyntaxError"]


# ---- output ----


@pytest.mark.slow
def test_a_flood_is_cut_with_a_word(tmp_path, walls):
    got = grade(
        tmp_path,
        answer("for i in range(3000): print('x' * 99)\nx = 1"),
        answer("print('y' * 200_000)"),
        answer("print('z' * 50_000)\nraise ValueError('why')"),
        check("assert x == 1\nprint('w' * 200_000)\n0.5"),
        check("print('w' * 200_000)\n'w' * 200_000"),
        sandbox=walls,
    )
    assert got.points == [0.5, 0], [text[-500:] for text in got.tests]
    assert got.texts[0].startswith("x" * 99)
    assert got.texts[0].endswith(CUT)
    assert 1000 < len(got.texts[0]) <= 100_000 + len(CUT)
    assert got.texts[1].startswith("y" * 90_000)
    assert got.texts[1].endswith(CUT)
    assert got.texts[2].endswith("ValueError why")
    assert all(len(text) < 110_000 for text in got.texts)
    assert got.warnings == ([] if walls == "bwrap" else got.warnings)


@pytest.mark.slow
def test_empty_outputs_count_too(tmp_path):
    flood = "from IPython.display import display\nfor _ in range(5000): display({}, raw=True)"
    got = grade(tmp_path, answer(flood), check("assert True"), sandbox="none")
    assert got.points == [2], got.tests
    assert 100 < len(got.notebook.cells[0].outputs) < 2000


@pytest.mark.slow
def test_beyond_the_larger_limit_the_kernel_is_stopped(tmp_path, walls):
    flood = "x = 1\nwhile True: print('x' * 100_000)"
    got = grade(tmp_path, answer(flood), check("assert x == 1"), sandbox=walls)
    assert got.points == [0], got.tests
    assert "this cell wrote too much" in got.texts[0]
    assert len(got.texts[0]) < 200_000
    assert "not run: your kernel had ended in a cell before" in got.tests[0]


@pytest.mark.slow
def test_what_is_too_large_to_be_heard(tmp_path, walls):
    """In a test it costs that test, not those that follow; in the student's kernel, the kernel."""
    got = grade(
        tmp_path,
        answer("def f(): return 'x' * 15_000_000\nx = 1"),
        check("print('x' * 70_000_000)\n1"),
        check("print(x)\nassert x == 1"),
        check("assert f() == 1, f()"),
        check("print(x)\nassert x == 1"),
        answer("from IPython.display import HTML, display\ndisplay(HTML('x' * 20_000_000))"),
        check("assert x == 1"),
        sandbox=walls,
    )
    assert got.points == [0, 2, 0, 2, 0], got.tests
    assert got.texts[1:3] == [CUT + "NotRun this test did not run", "1\n"]
    assert got.texts[4] == "1\n"
    assert got.texts[5] == "Flood this cell wrote too much"


@pytest.mark.slow
def test_names_of_formats_and_errors_are_bounded_too(tmp_path):
    names = "from IPython.display import display\nfor n in range(8): display({'x' * 10**6 + str(n): ''}, raw=True)"
    errors = (
        "k = get_ipython().kernel\n"
        "for n in range(8):\n"
        "    error = {'ename': 'x' * 10**6, 'evalue': 'x' * 10**6, 'traceback': [''] * 10**5 + ['x'] * 10**5}\n"
        "    k.session.send(k.iopub_socket, 'error', error, parent=k.get_parent('shell'))"
    )
    raised = "raise type('x' * 10**6, (Exception,), {})('x' * 10**6)"
    got = grade(tmp_path, answer(names), answer(errors), answer(raised), check("assert True"), sandbox="none")
    assert got.points == [2], got.tests
    sizes = [len(str(cell.outputs)) for cell in got.notebook.cells[:3]]
    assert max(sizes) < 200_000, sizes
    assert len(next(o for o in got.notebook.cells[1].outputs if o.output_type == "error").traceback) == 200


SEND = "k = get_ipython().kernel\ndef send(*buffers): k.session.send(k.iopub_socket, 'x', {}, buffers=buffers)\n"
FILL = {
    "many": "def f():\n    for _ in range(600): send(b'x' * 4_000_000)\n    return 1",
    "endless": "import time\ndef f():\n    send(*[b'x' * 8_000_000] * 300)\n    time.sleep(3)\n    return 1",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILL)
def test_the_student_cannot_fill_the_grader(tmp_path, kind):
    taken, done = [memory()], threading.Event()
    watch = threading.Thread(target=lambda: [taken.append(memory()) for _ in iter(lambda: done.wait(0.01), True)])
    watch.start()
    try:
        got = grade(tmp_path, answer(SEND + FILL[kind]), check("assert f() == 1"), sandbox="none")
    finally:
        done.set()
        watch.join()
    assert got.points == [2 if kind == "many" else 0], got.tests
    assert max(taken) - taken[0] < (600 if kind == "many" else 1800) * 2**20


@pytest.mark.slow
def test_the_tests_have_a_bound_on_memory(tmp_path):
    checks = [check("kept = bytearray(2**29)"), check("kept = bytearray(2**32)"), check("assert True")]
    got = grade(tmp_path, *checks, sandbox="none", tests_memory=3 * 2**30)
    assert got.points == [2, 0, 2], got.tests
    assert "MemoryError" in got.tests[1]


@pytest.mark.slow
def test_kernels_do_not_hold_the_graders_own_output(tmp_path, walls, capfd):
    write = (
        "import os, stat\n"
        "for n in range(256):\n"
        "    try:\n"
        "        if stat.S_ISREG(os.fstat(n).st_mode): os.write(n, b'forged')\n"
        "    except OSError: pass"
    )
    got = grade(tmp_path, answer(write), check(write), sandbox=walls)
    assert got.points == [2], got.tests
    assert "forged" not in "".join(capfd.readouterr())


@pytest.mark.slow
@pytest.mark.parametrize("walls", ["bwrap"], indirect=True)
def test_why_a_kernel_did_not_start_is_said(tmp_path, walls, monkeypatch):
    monkeypatch.setattr(sandbox, "LAUNCH", sandbox.LAUNCH.replace("libc.unshare(0x20000)", "libc.unshare(-1)"))
    with pytest.raises(DeadKernelError, match="the kernel did not start: the sandbox could not be closed: Invalid argument"):
        grade(tmp_path, check("assert True"), sandbox=walls)


@pytest.mark.slow
def test_what_was_there_before_is_replaced(tmp_path):
    cell, test = answer("x = 1"), check("assert x == 2")
    for each in (cell, test):
        each.outputs, each.metadata["tags"] = [result("2")], ["skip-execution", "raises-exception"]
    got = grade(tmp_path, cell, new_markdown_cell("x"), test, sandbox="none")
    assert got.points == [0]
    assert got.texts[0] == ""
    assert "tags" not in got.notebook.cells[2].metadata


# ---- with and without walls ----


@pytest.fixture
def no_bubblewrap(monkeypatch):
    """A machine on which bubblewrap is not installed."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    sandbox.bubblewrap.cache_clear()
    yield
    monkeypatch.undo()
    sandbox.bubblewrap.cache_clear()


def test_bwrap_grades_nothing_without_bubblewrap(tmp_path, no_bubblewrap):
    with pytest.raises(NoSandbox, match="nothing was graded"):
        grade(tmp_path, check("assert True"), sandbox="bwrap")


def test_a_bubblewrap_that_does_not_work_is_none(tmp_path, monkeypatch):
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    sandbox.bubblewrap.cache_clear()
    try:
        assert sandbox.bubblewrap() is None
    finally:
        sandbox.bubblewrap.cache_clear()


def test_another_mode_is_refused():
    with pytest.raises(Exception, match="sandbox"):
        TwoKernelExecute(sandbox="firejail")


@pytest.mark.slow
def test_auto_without_bubblewrap_grades_and_warns(tmp_path, no_bubblewrap):
    got = grade(tmp_path, answer("import os\nx = os.getcwd()"), check("assert not x.startswith('/submission')"))
    assert got.points == [2], got.tests
    assert got.warnings == ["no sandbox: the student's code ran with your rights and could read your files"]


@pytest.mark.slow
@pytest.mark.parametrize("walls", ["bwrap"], indirect=True)
def test_auto_with_bubblewrap_grades_behind_walls(tmp_path, walls):
    got = grade(tmp_path, answer("import os\nx = os.getcwd()"), check("assert x == '/submission'"))
    assert got.points == [2], got.tests
    assert got.warnings == []


@pytest.mark.slow
def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    grade(tmp_path, answer("import os\nos.getpid()"), check("assert True"), sandbox="none")
    assert list(tmp_path.glob("gradecore-*")) == []


# ---- the time of a call ----


@pytest.mark.slow
@pytest.mark.parametrize("walls", ["bwrap"], indirect=True)
def test_a_call_takes_a_fraction_of_a_millisecond(tmp_path, walls):
    from benchmarks.bridge import measure

    times = measure()
    assert times.keys() == {"a float", "an array of 16 KB"}
    assert all(0 < seconds < 2e-3 for seconds in times.values()), times  # 0.1 ms where nothing else runs
