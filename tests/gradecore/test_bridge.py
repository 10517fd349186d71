"""A test calls what a student wrote: values, errors and callbacks pass, lies and silence do not."""

import builtins
import json
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import types
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import numpy as np
import pytest

from gradecore import bridge
from gradecore.bridge import Bridge, Grader, Remote, RemoteCallable, Student, StudentError, StudentGone, names_read
from gradecore.execute import LOAD
from gradecore.wire import CannotTravel, receive, send

STUDENT = """
import math
import numpy as np

weights = np.arange(6.0).reshape(2, 3)
class Odd(Exception): pass
class ShapeError(ValueError): pass
class Layer:
    kind = "layer"
    def __init__(self, size): self.size, self.W = size, np.ones((size, size))
    def forward(self, x, scale=1): return self.W @ x * scale
    def __len__(self): return self.size
    def __getitem__(self, key): return key * 2
    def __iter__(self): return iter(range(self.size))
    def again(self): return self
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __array__(self, *_, **__): return np.zeros(3)
class Broken:
    def __getattr__(self, name): raise KeyError(name)
    def __len__(self): return -1
class Speechless(Exception):
    def __str__(self): raise RuntimeError
class Everything:
    def __getattr__(self, name): return lambda *_, **__: "7"
layer, broken, everything = Layer(3), Broken(), Everything()
endless = []
endless.append(endless)
modules, answer_to_all = [math], 42

def add(a, b=10, *rest, c=0): return a + b + sum(rest) + c
def same(x): return x
def fail(error, *arguments): raise getattr(__import__("builtins"), error)(*arguments)
def odd(): raise Odd("odd")
def speechless(): raise Speechless
def twice(f, x): return f(f(x))
def again(f, n): return f(n)
def count(n):
    for i in range(n): yield i
def fail_late():
    yield 1
    raise ValueError("late")
def make(n):
    def made(x): return x + n
    return made
def hold(f):
    global held
    held = f
def called_later(x): return held(x)
def loop():
    while True: pass
def chat(f):
    while True: f(1)
def swallow(f):
    try: f(1)
    except Exception as error: return f"{type(error).__name__}: {error}"
def probe(f): return hasattr(f, "shape")
def leave(): __import__("os")._exit(0)
def both(f, g): return f is g
def shape_error(): raise ShapeError("shape")
def singular(): np.linalg.inv(np.zeros((2, 2)))
def lost(): return {}["lost"]
def known(f, g=None):
    import functools, inspect
    @functools.wraps(f)
    def wrapped(*arguments): return f(*arguments)
    f = f or g
    missing = hasattr(f, "shape"), hasattr(f, "__len__"), hasattr(f, "__array__")
    return f.__name__, wrapped.__name__, f == g, {f: 1}.get(g), str(inspect.signature(f)), np.vectorize(f)([1, 2]), missing
def threads(f, xs):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool: return list(pool.map(f, xs))
def zeros(dtype): return np.zeros(2, dtype), dtype(1)
def deep():
    value = []
    for _ in range(200): value = [value]
    return value
def counted(text):
    import collections
    return collections.Counter(text)
def steps():
    while True:
        try: yield held(1)
        except StopIteration: return
"""


@pytest.fixture(scope="module")
def process():
    """Start the student's side in a process of its own, which answers over a socket; return the grader's end."""
    started = []

    def start(seconds=20):
        ours, theirs = socket.socketpair()
        code = (
            f"{LOAD}\nimport socket, sys\nnamespace = {{}}\nexec({STUDENT!r}, namespace)\n"
            f"student = sys.modules['gradecore.bridge'].Student(socket.socket(fileno={theirs.fileno()}), namespace)\n"
            "try:\n    while True: student.answer(*student.receive())\nexcept (EOFError, OSError): pass\n"
        )
        done = subprocess.Popen([sys.executable, "-c", code], pass_fds=[theirs.fileno()])
        theirs.close()
        started.append((done, ours))
        grader = Grader(ours, 60)
        assert grader.ask("names", []) == {}  # it has started
        grader.seconds = seconds
        return grader

    yield start
    for done, ours in started:
        ours.close()
        done.kill()
        done.wait(20)


@pytest.fixture(scope="module")
def lines():
    return []


@pytest.fixture
def shared(process, lines):
    """A connection that all tests use which are to leave it whole; after one that did not, a new one."""
    if not lines or lines[-1].sock.sock.fileno() < 0:
        lines.append(process())
    return lines[-1]


@pytest.fixture
def student(shared):
    """What the student defined, by name."""
    return lambda name: shared.ask("names", [name])[name]


# ---- calls ----


def test_the_docstring_is_the_student_s_own(student):
    """Were it that of a stand-in, everybody would have written one."""
    assert student("add").__doc__ is None
    assert student("layer").__doc__ is None


def test_arguments_and_values_pass(student):
    add = student("add")
    assert (add(1), add(1, 2), add(1, 2, 3, 4), add(1, b=2), add(1, c=5)) == (11, 3, 10, 3, 16)
    array = np.arange(3, dtype="f4")
    got = student("same")({"a": [array, (1, 2.0)], (1,): {3}})
    assert np.array_equal(got["a"][0], array)
    assert got["a"][0].dtype == np.float32
    assert (got["a"][1], got[(1,)]) == ((1, 2.0), {3})


def test_names_come_as_values_or_stand_ins_and_modules_not_at_all(shared):
    got = shared.ask("names", ["weights", "answer_to_all", "add", "Layer", "layer", "np", "unknown"])
    assert got.keys() == {"weights", "answer_to_all", "add", "Layer", "layer"}
    assert np.array_equal(got["weights"], np.arange(6.0).reshape(2, 3))
    assert (got["answer_to_all"], type(got["add"]), type(got["Layer"])) == (42, RemoteCallable, RemoteCallable)
    assert type(got["layer"]) is Remote


def test_an_array_is_a_copy(student):
    student("same")(student("weights"))[:] = 7
    assert student("weights")[1, 2] == 5


def test_a_call_that_does_not_fit_is_a_type_error(student):
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        student("add")()
    with pytest.raises(TypeError, match="unexpected keyword argument 'd'"):
        student("add")(1, d=1)
    with pytest.raises(TypeError, match="keywords must be strings"):
        student("add")._side.ask("call", student("add"), (1,), {1: 2})


def test_an_object_that_was_handed_over_comes_back_as_itself(student):
    layer = student("layer")
    assert student("both")(layer, layer) is True
    assert student("both")(layer, student("layer")) is True
    assert student("both")(layer, student("broken")) is False

    def ours():
        return 1

    assert student("same")(ours) is ours
    assert student("same")([ours, {"k": ours}])[1]["k"] is ours


def test_functions_that_functions_return_can_be_called(student):
    made = student("make")(5)
    assert (type(made), made(1), student("make")(made(1))(1)) == (RemoteCallable, 6, 7)


# ---- callbacks ----


def test_the_student_calls_back(student):
    assert student("twice")(lambda x: x + 1, 1) == 3
    assert student("twice")(math.sqrt, 16.0) == 2.0
    arrays = student("twice")(lambda x: x * 2, np.arange(3.0))
    assert arrays.tolist() == [0, 4, 8]


def test_callbacks_may_ask_again_to_any_depth(student):
    again = student("again")

    def down(n):
        return n if n == 0 else again(down, n - 1) + 1

    assert again(down, 20) == 20


def test_a_callback_may_hand_over_a_function_of_either_side(student):
    assert student("again")(lambda n: student("make")(n), 3)(4) == 7
    assert student("twice")(student("make")(2), 1) == 5
    assert student("again")(lambda n: abs, 3) is abs


def test_a_function_can_be_called_in_a_later_question_too(student):
    student("hold")(lambda x: x * 3)
    assert student("called_later")(2) == 6


def test_an_error_of_a_callback_reaches_the_student_who_may_catch_it(student):
    assert student("swallow")(lambda x: 1 // 0) == "ZeroDivisionError: integer division or modulo by zero"
    with pytest.raises(KeyError, match="lost"):
        student("twice")(lambda x: {}["lost"], 1)


def test_a_function_of_the_tests_is_one_for_the_student_too(student):
    def double(x):
        return 2 * x

    name, wrapped, equal, found, signature, values, missing = student("known")(double, double)
    assert (name, wrapped, equal, found) == ("double", "double", True, 1)
    assert signature == "(*arguments, **keywords)"
    assert values.tolist() == [2, 4]
    assert missing == (False, False, False)
    assert student("known")(double, math.sqrt)[2:4] == (False, None)


def test_a_function_of_the_tests_can_be_called_from_threads(student):
    assert student("threads")(lambda x: x * x, list(range(40))) == [x * x for x in range(40)]


def test_types_are_handed_over_by_name(student):
    got = student("zeros")(np.float32)
    assert (got[0].dtype, type(got[1])) == (np.float32, np.float32)
    assert student("zeros")(int)[0].dtype == int


def test_a_callback_may_return_plain_values_and_functions_alone(student):
    assert student("swallow")(lambda x: SimpleNamespace()).startswith("RuntimeError: CannotTravel: a value of type")
    assert student("add")(1) == 11


def test_only_plain_values_and_functions_are_handed_to_the_student(student):
    for value in (np.random.default_rng(0), object(), math, np.array(["a"]), [iter([])]):
        with pytest.raises(CannotTravel, match="cannot be handed to the student's code"):
            student("same")(value)
    assert student("add")(1) == 11


def test_a_function_of_the_graders_can_be_called_and_nothing_else(student):
    def ours():
        return 1

    ours.shape = "a secret"
    assert student("probe")(ours) is False
    assert student("probe")(SimpleNamespace(shape=1).__init__) is False


# ---- errors ----

OF_PYTHON = [
    *("ValueError", "TypeError", "NotImplementedError", "AssertionError", "ZeroDivisionError", "IndexError", "KeyError"),
    *("AttributeError", "RuntimeError", "RecursionError", "MemoryError", "OverflowError", "NameError", "UserWarning"),
    *("TimeoutError", "OSError", "FileNotFoundError", "EOFError", "ConnectionResetError", "BrokenPipeError", "Exception"),
]


@pytest.mark.parametrize("name", OF_PYTHON)
def test_an_error_of_pythons_arrives_as_itself(student, name):
    with pytest.raises(getattr(builtins, name), match="why") as caught:
        student("fail")(name, "why")
    assert type(caught.value) is getattr(builtins, name)
    assert student("add")(1) == 11  # the line is whole


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException", "StopAsyncIteration"])
def test_what_would_end_the_grader_arrives_as_the_students_error(student, name):
    with pytest.raises(StudentError, match=f"{name}: why") as caught:
        student("fail")(name, "why")
    assert type(caught.value) is StudentError
    assert student("add")(1) == 11


def test_a_stop_iteration_does_not_end_the_loop_of_a_test(student):
    with pytest.raises(StudentError, match="StopIteration: why"):
        list(map(student("fail"), ["StopIteration"], ["why"]))


def test_errors_of_the_students_own_are_named(student):
    with pytest.raises(StudentError, match=r"^Odd: odd$"):
        student("odd")()
    with pytest.raises(StudentError, match=r"^Speechless: $"):
        student("speechless")()
    with pytest.raises(StudentError, match="UnicodeDecodeError"):
        student("fail")("UnicodeDecodeError", "utf-8", b"\xff", 0, 1, "why")
    assert student("add")(1) == 11


def test_a_kind_of_an_error_of_pythons_arrives_as_that(student):
    with pytest.raises(ValueError, match=r"^shape$"):
        student("shape_error")()
    with pytest.raises(ValueError, match="Singular matrix"):
        student("singular")()
    with pytest.raises(KeyError) as caught:
        student("lost")()
    assert caught.value.args == ("lost",)


def test_what_cannot_travel_is_no_error_that_a_test_expects(student):
    """Else a test of an answer that has to raise ValueError is passed by lists in lists in lists."""
    with pytest.raises(StudentError, match="CannotTravel: nested"):
        student("deep")()
    with pytest.raises(CannotTravel):
        student("same")(object())


def test_a_counter_arrives_as_a_dict(student):
    assert student("counted")("aab") == {"a": 2, "b": 1}


def test_the_end_of_a_tests_iterator_ends_the_students_loop(student):
    numbers = iter([5, 6])
    student("hold")(lambda _: next(numbers))
    assert list(student("steps")()) == [5, 6]


def test_a_long_message_is_cut(student):
    with pytest.raises(ValueError, match=r"^x+$") as caught:
        student("fail")("ValueError", "x" * 1_000_000)
    assert len(str(caught.value)) == bridge.MESSAGE


@pytest.mark.parametrize("name", ["__import__", "print", "__doc__", "object", "eval", "None", "x" * 1000, ""])
def test_a_name_that_is_no_error_is_nothing_but_a_name(name):
    error = Grader(SimpleNamespace(close=None), 1).error(name, "why")
    assert type(error) is StudentError
    assert str(error) == f"{name[:80]}: why"


# ---- objects ----


def test_attributes_items_and_length_are_asked_for(student):
    layer = student("layer")
    assert (layer.kind, layer.size, layer[4], len(layer), list(layer)) == ("layer", 3, 8, 3, [0, 1, 2])
    assert layer.forward(np.ones(3), scale=2).tolist() == [6, 6, 6]
    assert student("Layer")(2).W.shape == (2, 2)
    assert layer.again().size == 3
    assert hasattr(layer, "W")
    assert not hasattr(layer, "V")
    with pytest.raises(AttributeError, match="V"):
        _ = layer.V


def test_generators_are_iterated(student):
    assert list(student("count")(5)) == [0, 1, 2, 3, 4]
    assert next(student("count")(3)) == 0
    steps = iter(student("count")(3))
    assert (next(steps), next(steps), next(steps), next(steps, "end")) == (0, 1, 2, "end")
    got = []
    with pytest.raises(ValueError, match="late"):
        got.extend(student("fail_late")())
    with pytest.raises(TypeError, match="not iterable"):
        list(student("add"))


def test_two_generators_can_be_taken_in_turns(student):
    pairs = zip(student("count")(3), student("count")(3), strict=True)
    assert list(pairs) == [(0, 0), (1, 1), (2, 2)]


LIES = {
    "truth": bool,
    "negation": lambda x: not x,
    "equality": lambda x: x == 0,
    "equality, on the right": lambda x: 0 == x,  # noqa: SIM300
    "inequality": lambda x: x != 0,
    "order": lambda x: x < 1,
    "order, on the right": lambda x: 1 >= x,  # noqa: SIM300
    "equality with an array": lambda x: np.zeros(3) == x,
    "order with an array": lambda x: np.zeros(3) < x,
    "array": np.asarray,
    "array of several": lambda x: np.array([x, x]),
    "sum with an array": lambda x: np.zeros(3) + x,
    "ufunc": np.abs,
    "allclose": lambda x: np.allclose(x, 0),
    "array_equal": lambda x: np.testing.assert_array_equal(x, np.zeros(3)),
    "assert_allclose": lambda x: np.testing.assert_allclose(x, 0),
    "assert_allclose, on the right": lambda x: np.testing.assert_allclose(np.zeros(3), x),
    "isclose": lambda x: math.isclose(x, 0),
    "float": float,
    "int": int,
    "index": lambda x: [1, 2][x],
    "in a list": lambda x: x in [0, 1],
    "list equality": lambda x: [x] == [0],
    "sorted": lambda x: sorted([x, 0]),
    "set": lambda x: setattr(x, "size", 5),
    "sum": lambda x: 1 + x,
}


@pytest.mark.parametrize("name", LIES)
def test_a_stand_in_cannot_pretend(student, name):
    with pytest.raises((CannotTravel, TypeError, ValueError)):
        LIES[name](student("layer"))


def test_a_stand_in_is_found_by_identity(student):
    layer, other = student("layer"), student("layer")
    assert len({layer, other, layer}) == 2
    assert {layer: 1}[layer] == 1
    assert layer in [layer]


def test_a_stand_in_shows_itself_without_asking(student, process):
    assert repr(student("layer")) == f"{student('layer')}" == "<Layer of the student's>"
    everything = student("everything")
    for name in (
        "_repr_html_",
        "_repr_mimebundle_",
        "_ipython_display_",
        "__array_interface__",
        "__float__",
        "__class_getitem__",
    ):
        assert not hasattr(everything, name)
    assert everything.anything() == "7"


def test_objects_whose_attributes_fail_travel_nonetheless(student):
    broken = student("broken")
    assert repr(broken) == "<Broken of the student's>"
    with pytest.raises(KeyError, match="size"):
        _ = broken.size
    with pytest.raises(ValueError, match="should return >= 0"):
        len(broken)
    assert student("add")(1) == 11


@pytest.mark.parametrize(("name", "error"), [("endless", "deep"), ("modules", "a module is imported")])
def test_a_value_that_does_not_travel_is_an_error_and_the_line_is_whole(student, name, error):
    with pytest.raises(StudentError, match=f"CannotTravel.*{error}"):
        student(name)
    assert student("add")(1) == 11


# ---- time ----


def seconds_of(do):
    began = time.monotonic()
    with pytest.raises(StudentGone, match=r"no answer within 0\.5 seconds: is there a loop that never ends"):
        do()
    return time.monotonic() - began


def test_a_call_has_to_end_in_time(process):
    grader = process(0.5)
    loop = grader.ask("names", ["loop"])["loop"]
    assert 0.4 < seconds_of(loop) < 3
    with pytest.raises(StudentGone):  # and nothing is asked any more
        loop()


def test_a_call_that_keeps_calling_back_has_to_end_in_time(process):
    grader, calls = process(0.5), []
    chat = grader.ask("names", ["chat"])["chat"]
    assert 0.4 < seconds_of(lambda: chat(calls.append)) < 3
    assert len(calls) > 10


def test_a_question_within_a_question_has_no_time_of_its_own(process):
    grader = process(0.5)
    got = grader.ask("names", ["again", "loop", "add"])

    def wait_then_ask(n):
        time.sleep(0.3)
        return got["loop"]()

    assert 0.4 < seconds_of(lambda: got["again"](wait_then_ask, 1)) < 0.75


def test_each_question_has_the_whole_time(process):
    grader = process(0.5)
    again = grader.ask("names", ["again"])["again"]
    for _ in range(3):
        assert again(lambda n: time.sleep(0.3) or n, 1) == 1
    assert again(lambda n: n, np.zeros(500_000)).shape == (500_000,)


# ---- a peer that is no student ----


@contextmanager
def peer(behaviour, seconds=0.5):
    """A grader whose other side is played by a function of a socket, in a thread."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(20)

    def play():
        with suppress(OSError, EOFError):
            behaviour(theirs)

    thread = threading.Thread(target=play)
    thread.start()
    with ours, theirs:
        yield Grader(ours, seconds)
        with suppress(OSError):
            theirs.shutdown(socket.SHUT_RDWR)
        thread.join(20)
        assert not thread.is_alive()


def frame(*content):
    text = json.dumps(content).encode()
    return struct.pack("!I", len(text)) + text


def says(*frames):
    """A peer that waits for a question and then sends this."""

    def play(sock):
        receive(sock, lambda item: item)
        for raw in frames:
            sock.sendall(raw)
        sock.recv(1)

    return play


ABSENT = {
    "hangs up": lambda sock: sock.shutdown(socket.SHUT_RDWR),
    "hangs up in a frame": lambda sock: (sock.sendall(frame("answer", [1], [])[:-2]), sock.shutdown(socket.SHUT_RDWR)),
    "garbage": says(b"\xff" * 100),
    "HTTP": says(b"HTTP/1.1 200 OK\r\n\r\n" * 10),
    "a number": says(frame(1)),
    "an answer without a value": says(frame("answer", [], [])),
    "two answers in one": says(frame("answer", [1, 2], [])),
    "an unknown operation": says(frame("exec", ["import os"], [])),
    "a student's question": says(frame("names", [{"list": ["GRADE_SEED"]}], [])),
    "an attribute": says(frame("attribute", [{"own": 0}, "__globals__"], [])),
    "an item": says(frame("item", [{"own": 0}, 1], [])),
    "a length": says(frame("length", [{"own": 0}], [])),
    "an object that it was not given": says(frame("call", [{"own": 1}, {"tuple": []}, {"dict": []}], [])),
    "an answer that it was not given": says(frame("answer", [{"own": 77}], [])),
    "a call of a text": says(frame("call", ["print", {"tuple": []}, {"dict": []}], [])),
    "a call of its own": says(frame("call", [{"object": [0, True, "f"]}, {"tuple": []}, {"dict": []}], [])),
    "a call with a list": says(frame("call", [{"own": 0}, {"list": []}, {"dict": []}], [])),
    "a call without keywords": says(frame("call", [{"own": 0}, {"tuple": []}, None], [])),
    "an error without a text": says(frame("error", ["ValueError"], [])),
    "an error of numbers": says(frame("error", [1, 2], [])),
    "an error that is an object": says(frame("error", [{"object": [0, True, "f"]}, "x"], [])),
}


@pytest.mark.parametrize("name", ABSENT)
def test_a_peer_that_does_not_answer_is_gone(name):
    called = []
    with peer(ABSENT[name], 10) as grader:
        with pytest.raises(StudentGone, match="no answer from your code"):
            grader.ask("call", called.append, (), {})
        with pytest.raises(StudentGone):
            grader.ask("names", ["x"])
    assert called == []


def test_a_peer_that_is_silent_or_slow_is_gone_in_time():
    def drips(sock):
        for byte in frame("answer", ["x" * 100], []):
            sock.sendall(bytes([byte]))
            time.sleep(0.1)

    for behaviour in (lambda sock: sock.recv(1) and time.sleep(2), drips):
        with peer(behaviour) as grader:
            assert 0.4 < seconds_of(lambda: grader.ask("names", ["x"])) < 1.5


def test_a_peer_that_does_not_read_is_gone_in_time():
    with peer(lambda sock: time.sleep(2)) as grader:
        assert 0.4 < seconds_of(lambda: grader.ask("names", [bytes(5_000_000)])) < 1.5


def test_a_call_that_was_not_asked_for_waits_for_a_question():
    called, answered = [], []

    def behaviour(sock):
        receive(sock, lambda item: item)
        sock.sendall(frame("answer", [1], []))
        sock.sendall(frame("call", [{"own": 0}, {"tuple": [5]}, {"dict": []}], []))
        answered.append(receive(sock, lambda item: item)[0])
        answered.append(receive(sock, lambda item: item)[0])
        sock.sendall(frame("answer", [2], []))

    with peer(behaviour, 10) as grader:
        assert grader.ask("call", called.append, (), {}) == 1
        time.sleep(0.2)
        assert called == []
        assert grader.ask("names", ["x"]) == 2
    assert called == [5]
    assert sorted(answered) == ["answer", "names"]


def test_an_interrupt_ends_the_test_and_not_the_callback_alone(student, process):
    grader, calls = process(), []
    swallow = grader.ask("names", ["swallow"])["swallow"]

    def interrupted(x):
        calls.append(x)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swallow(interrupted)
    assert calls == [1]
    with pytest.raises(StudentGone):  # what still comes is no answer to the next question
        swallow(calls.append)


def test_an_interrupt_while_the_student_works_ends_the_test(process):
    grader = process()
    loop = grader.ask("names", ["loop"])["loop"]
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        loop()
    timer.join()
    with pytest.raises(StudentGone):
        loop()


def test_a_process_that_ends_is_gone(process):
    with pytest.raises(StudentGone, match=r"no answer from your code \(EOFError\)"):
        process().ask("names", ["leave"])["leave"]()


# ---- the student's side refuses too ----


@pytest.mark.parametrize("question", [("call", [1, (), {}]), ("exec", ["1"]), ("call", [len, (), {}]), ("names", [])])
def test_the_students_side_answers_questions_alone(question):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        student = Student(theirs, {"x": 1, "m": types})
        with pytest.raises(bridge.BadFrame):
            student.do(*question)
        assert student.do("names", [["x", "m", "y"]]) == {"x": 1}


# ---- the names that a cell expects ----


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("assert double(2) == x", {"double", "x"}),
        ("def f(a):\n    b = a\n    return g(b) + c\nf(1)", {"g", "c"}),
        ("def f():\n    def g():\n        return lambda: deep\n    return g", {"deep"}),
        ("def f(): return g()\ndef g(): return 1", set()),
        ("x = 1\ndef f(): return x", set()),
        ("f = counted(f)\nf = again(f)", {"f", "counted", "again"}),
        ("x = 1\nx = x + y", {"y"}),
        ("import math\nfrom os import path as p\nmath, p", set()),
        ("[i * k for i in xs if i]", {"k", "xs"}),
        ("{k: v for k, v in d.items()}", {"d"}),
        ("sum(w * x for w, x in zip(ws, xs))", {"sum", "zip", "ws", "xs"}),
        ("[[j for j in i] for i in xs]", {"xs"}),
        ("(y := f(x)) + y", {"f", "x"}),
        ("@deco\ndef f(): pass", {"deco"}),
        ("@deco.at(k)\nclass A: pass", {"deco", "k"}),
        ("def f(a=default, *, b=other): return a", {"default", "other"}),
        ("def f(a: A, b: 'Later') -> R: pass", {"A", "R"}),
        (
            "class A(Base, metaclass=Meta):\n    y = z\n    y\n    def m(self): return self.q + outer",
            {"Base", "Meta", "z", "outer"},
        ),
        ("for i in xs: i", {"xs"}),
        ("with opened() as f: f", {"opened"}),
        ("try: f()\nexcept Odd as error: error", {"f", "Odd"}),
        ("match p:\n    case Point(x=0, y=[a, *b]): a, b", {"p", "Point"}),
        ("f'{value:{width}}'", {"value", "width"}),
        ("a.b.c[d].e = 1", {"a", "d"}),
        ("def f():\n    global made\n    made = 1\ndef g(): return made", {"made"}),
        ("await f(x)", {"f", "x"}),
        ("async for i in xs: i", {"xs"}),
        ("[await f(i) async for i in xs]", {"f", "xs"}),
        ("return 1", set()),
        ("x = = 1", set()),
        ("%time f(1)", set()),
        ("", set()),
        ("\x00", set()),
    ],
    ids=lambda value: value.replace("\n", " ") if isinstance(value, str) else "",
)
def test_the_names_that_a_cell_expects(source, names):
    assert names_read(source) == names


# ---- what a cell is lent ----


class Shell:
    """What the bridge knows of IPython: a namespace, events, and a cell's source."""

    def __init__(self):
        self.user_ns = {}
        self.events = SimpleNamespace(register=lambda *_: None)

    def transform_cell(self, source):
        return source


@pytest.fixture
def lent(tmp_path):
    """Lend a cell what a student defined: lent(cell, student's names) gives the namespace in which the cell would run."""
    path = str(tmp_path / "bridge")
    made, students = Bridge(Shell(), path, 5), []

    def lend(cell, namespace, recorded=True):
        thread = threading.Thread(target=bridge.serve, args=(path, namespace))
        if recorded:
            thread.start()
            students.append(thread)
        made.lend(SimpleNamespace(raw_cell=cell, store_history=recorded))
        made.shell.close, made.shell.bridge = made.close, made
        return made.shell

    yield lend
    made.close()
    made.server.close()
    for thread in students:
        thread.join(20)
        assert not thread.is_alive()


def test_a_cell_is_lent_what_it_lacks(lent):
    shell = lent("f(x) + own + len([])", {"f": lambda x: x + 1, "x": [1], "own": "forged", "len": "forged", "other": 1})
    assert shell.user_ns.keys() == {"f", "x", "own"}
    assert (shell.user_ns["f"](1), shell.user_ns["x"]) == (2, [1])


def test_what_the_tests_define_is_not_replaced(lent):
    shell = lent("pass", {})
    shell.close()
    shell.user_ns["own"] = "ours"
    lent("own + x", {"own": "forged", "x": 1})
    assert shell.user_ns == {"own": "ours", "x": 1}


def test_values_are_lent_anew_to_each_test(lent):
    shell = lent("xs", {"xs": [1]})
    shell.user_ns["xs"].append(2)
    shell.close()
    lent("xs", {"xs": [3]})
    assert shell.user_ns["xs"] == [3]
    shell.close()
    lent("pass", {})
    assert "xs" not in shell.user_ns


def test_what_a_helper_of_an_earlier_cell_reads_is_lent_too(lent):
    shell = lent("def check(): return f(1)", {})
    shell.close()
    lent("check()", {"f": lambda x: x})
    assert shell.user_ns["f"](3) == 3


def test_what_a_test_that_failed_would_have_defined_is_not_the_students_to_give(lent):
    forged = {"close": "forged", "tolerance": "forged", "math": "forged", "f": 1}
    shell = lent("f\ntolerance = 1\nimport math\ndef close(): pass", forged)
    shell.close()
    lent("close, tolerance, math, f", forged)
    assert shell.user_ns == {"f": 1}


def test_nor_is_what_a_given_cell_would_have_defined(lent):
    shell = lent("losses = train()\ndef close(): pass", {}, recorded=False)
    lent("close, losses", {"close": "forged", "losses": [1]})
    assert shell.user_ns == {"losses": [1]}


def test_what_a_test_wraps_stays_the_students(lent):
    shell = lent("f = counted(f)", {"f": 1, "counted": 2})
    shell.close()
    lent("f", {"f": 3})
    assert shell.user_ns["f"] == 3


def test_an_answer_may_have_the_name_of_a_builtin_and_of_a_given_function(lent):
    shell = lent("def double(x): return 0", {}, recorded=False)
    shell.user_ns["double"] = "given"
    shell.bridge.forget(["sum", "double"])
    lent("sum, double, max", {"sum": 1, "double": 2, "max": "forged"})
    assert shell.user_ns == {"sum": 1, "double": 2}
    shell.close()
    lent("pass", {"double": 2})
    with pytest.raises(NameError, match="'sum' is not defined"):
        shell.user_ns["sum"]([1])


def test_given_cells_are_lent_nothing(lent):
    shell = lent("x = f(1)", {"f": 1}, recorded=False)
    assert shell.user_ns == {}


def test_one_value_that_does_not_travel_does_not_keep_the_others(lent):
    endless = []
    endless.append(endless)
    shell = lent("a, broken, modules, z", {"a": 1, "broken": endless, "modules": [math], "z": 2})
    assert shell.user_ns == {"a": 1, "z": 2}


def test_a_student_who_answers_more_than_was_asked_is_not_heard(tmp_path):
    made = Bridge(Shell(), str(tmp_path / "bridge"), 5)

    def lie():
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(tmp_path / "bridge"))
            with suppress(EOFError, OSError):
                while True:
                    receive(sock, lambda item: item)
                    send(sock, "answer", [{"check": 1, "x": 2, 5: 6}], None)

    liar = threading.Thread(target=lie)
    liar.start()
    made.lend(SimpleNamespace(raw_cell="x", store_history=True))
    assert made.shell.user_ns == {"x": 2}
    made.close()
    made.server.close()
    liar.join(20)
    assert not liar.is_alive()


def test_without_a_student_nothing_is_lent(tmp_path, monkeypatch):
    monkeypatch.setattr(bridge, "CALLING", 0.1)
    made = Bridge(Shell(), str(tmp_path / "bridge"), 5)
    made.lend(SimpleNamespace(raw_cell="x", store_history=True))
    assert made.shell.user_ns == {}
    made.close()
    made.server.close()
