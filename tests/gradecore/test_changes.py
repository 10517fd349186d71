"""A test may take a student's function away, or put its own in the place of one: the student's code sees it for a while."""

import contextlib
import socket
import threading
from types import SimpleNamespace

import pytest

from gradecore.bridge import Bridge, Grader, Student


@pytest.fixture
def course():
    """What a test cell sees of a student's names, and the student's names: course(source) gives both, and a way to end it."""
    with contextlib.ExitStack() as stack:

        def begin(source):
            theirs, own = {}, {}
            exec(source, theirs)
            left, right = socket.socketpair()
            student = Student(left, theirs)

            def serve():
                with contextlib.suppress(EOFError, OSError):
                    while True:
                        student.answer(*student.receive())
                student.restore()

            thread = threading.Thread(target=serve)
            thread.start()
            bridge = object.__new__(Bridge)
            bridge.shell, bridge.seen = SimpleNamespace(user_ns=own), {}
            grader = Grader(right, 5, bridge.changes)
            bridge.lent = {}
            bridge.lent = dict(grader.ask("names", [name for name in theirs if not name.startswith("__")]))
            own.update(bridge.lent)

            def end():
                right.close()
                thread.join()
                left.close()

            stack.callback(end)
            return own, theirs, end

        yield begin


CALLS = "n = 1\ndef f(x):\n    return x + n\ndef g(x):\n    return 10 * f(x)"


def test_a_function_taken_away_is_missing_and_comes_back(course):
    own, theirs, end = course(CALLS)
    f = own.pop("f")
    with pytest.raises(NameError):
        own["g"](1)
    own["f"] = f
    assert own["g"](1) == 20
    del own["f"]
    with pytest.raises(NameError):
        own["g"](1)
    end()
    assert theirs["g"](1) == 20


def test_a_function_of_the_tests_in_its_place_is_called(course):
    own, theirs, end = course(CALLS)
    before, seen = theirs["f"], []
    own["f"] = lambda x: seen.append(x) or 5
    assert own["g"](3) == 50
    assert seen == [3]
    end()
    assert theirs["f"] is before


def test_a_wrapped_function_still_reaches_the_students(course):
    own, _, _ = course(CALLS)
    f = own["f"]
    own["f"] = lambda x: f(x) + 100
    assert own["g"](1) == 1020


def test_values_that_a_test_sets_are_its_own(course):
    own, theirs, _ = course(CALLS)
    own["n"] = 7
    own["f"] = 8  # no function: the student keeps theirs
    assert own["g"](1) == 20
    assert theirs["n"] == 1
