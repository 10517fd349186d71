"""The kit that every assignment carries: what it says of a wrong answer, and that it says nothing of a right one."""

import base64
import json
import zlib

import numpy as np
import pytest

from scripts.assignments import as_when_graded, load, names
from scripts.fingerprints import close, kit_cells, written


@pytest.fixture
def kit():
    namespace = {}
    with as_when_graded(seed=None):
        for name, source in kit_cells().items():
            exec(compile(source, name, "exec"), namespace)
        yield namespace


@pytest.mark.parametrize("name", names())
def test_the_cells_that_are_made_are_up_to_date(name):
    assert {cell.id: cell.source for cell in load(name).cells}.items() >= written(name).items()


@pytest.mark.parametrize("name", [name for name in names() if any(cell.id.endswith("-known") for cell in load(name).cells)])
def test_no_two_known_slips_are_taken_for_each_other(name):
    known = {}
    for cell in (cell for cell in load(name).cells if cell.id.endswith("-known")):
        exec(
            cell.source,
            {"RIGHT": {}, "KNOWN": known, "unpacked": lambda text: json.loads(zlib.decompress(base64.b64decode(text)))},
        )
    assert known
    for slips in known.values():
        numbers = [number for number, _ in slips]
        assert not any(close(a, b) for k, a in enumerate(numbers) for b in numbers[:k])


def test_kinds_in_words(kit):
    words = [(1.0, "float"), (np.float64(1), "float"), (np.float32(1), "float32"), (2, "int"), (np.int64(2), "int")]
    for value, word in [*words, (True, "bool"), (np.bool_(True), "bool"), ("a", "str")]:
        assert kit["kind"](value) == word
    assert kit["kind"](np.zeros((3, 2))) == "float64 (3, 2)"
    assert kit["kind"](np.zeros(2, np.float32)) == "float32 (2,)"
    assert kit["kind"]([1.0]) == "list"
    assert kit["kind"](None) == "NoneType"


def test_the_parts_of_an_answer_get_names(kit):
    assert kit["parts"]("h", 1) == {"h": 1}
    assert kit["parts"]("h c", (1, 2)) == {"h": 1, "c": 2}
    assert kit["parts"]("dx grads", (1, {"W": 2, "b": 3})) == {"dx": 1, "W": 2, "b": 3}
    with pytest.raises(AssertionError, match=r"expected 2 values \(h, c\), got float64 \(3,\)"):
        kit["parts"]("h c", np.zeros(3))
    with pytest.raises(AssertionError, match=r"expected 2 values .*, got 3 values"):
        kit["parts"]("h c", (1, 2, 3))


def test_a_difference_is_named_by_array_and_time_step_and_tells_no_number(kit):
    difference, hs = kit["difference"], np.random.default_rng(0).normal(size=(4, 2, 3))
    late = hs.copy()
    late[2:] += 1
    assert difference({"hs": hs}, {"hs": hs + 1e-12}) == ""
    assert difference({"hs": late}, {"hs": hs}) == "hs is off at t = 2, 3 of 0 to 3"
    assert difference({"W": late[0]}, {"W": hs[3]}) == "W is off at every index"
    assert difference({"W": late[:, 0]}, {"W": hs[:, 0]}) == "W is off at index = 2, 3 of 0 to 3"
    parts = {"dxs": hs, "W": hs[0], "b": hs[1, 0], "loss": 1.0}
    off = {"dxs": late, "W": hs[0], "b": -hs[1, 0], "loss": 1.0}
    assert difference(off, parts) == "dxs is off at t = 2, 3 of 0 to 3; also off: b; right: W, loss"
    assert difference({"loss": 1.0}, {"loss": 2.0}) == "loss is off"
    assert difference({"hs": hs[:, 0]}, {"hs": hs}) == "hs: expected float64 (4, 2, 3), got float64 (4, 3)"
    assert difference({"h": hs}, {"hs": hs}) == "expected hs, got h"
    assert difference({"hs": hs * np.nan}, {"hs": hs}) == "hs: NaN or inf among the numbers"
    assert difference({"hs": np.where(late > 9, 0, np.inf)}, {"hs": hs}) == "hs: NaN or inf among the numbers"


def test_fingerprints_tell_permutations_transposes_and_neighbours_apart(kit):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(4, 4)), rng.normal(size=4)
    answers = [{"a": a, "b": b}, {"a": a.T, "b": b}, {"a": a[::-1], "b": b}, {"a": a[:, ::-1], "b": b}]
    answers += [{"a": a, "b": -b}, {"a": a, "b": b[::-1]}, {"a": 0 * a, "b": 0 * b}, {"a": a[[1, 0, 2, 3]], "b": b}]
    numbers = [kit["fingerprint"](answer) for answer in answers]
    assert not any(close(x, y) for k, x in enumerate(numbers) for y in numbers[:k])


def test_a_slip_is_named_before_the_place(kit):
    answer = {"h": np.array([1.0, 2.0])}
    kit["PROBES"]["e"], kit["KNOWN"]["e"] = lambda: answer, [[kit["fingerprint"](answer), "the bias is left out"]]
    with pytest.raises(AssertionError, match=r"^the bias is left out \(B = 1: h is off at every index\)$"):
        kit["compare"]("e", answer, {"h": np.array([3.0, 4.0])}, "B = 1: ")
    answer["h"] = np.array([1.0, 2.001])
    with pytest.raises(AssertionError, match=r"^h is off at index = 1 of 0 to 1$"):
        kit["compare"]("e", answer, {"h": np.array([1.0, 4.0])})
    kit["compare"]("e", answer, answer)


def test_a_probe_that_fails_names_no_slip(kit):
    kit["PROBES"]["e"], kit["KNOWN"]["e"] = lambda: 1 / 0, [[0.0, "a slip"]]
    assert kit["slip"]("e") == ""


def test_the_library_is_out_of_reach(kit):
    with pytest.raises(ModuleNotFoundError, match="rnncore"):
        exec("import rnncore", {})


def test_the_kit_leaves_the_library_to_others():
    import rnncore  # noqa: F401
