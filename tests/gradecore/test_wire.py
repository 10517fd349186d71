"""Values go over the wire and come back as they were; what the protocol does not allow is refused, and nothing else happens."""

import json
import math
import socket
import struct
import threading
from collections import Counter, OrderedDict, defaultdict, namedtuple
from contextlib import contextmanager
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradecore import wire
from gradecore.wire import BadFrame, CannotTravel, Own, Reference, decode, encode, receive, send

REPRODUCIBLE = settings(
    derandomize=True, deadline=None, database=None, max_examples=3400, suppress_health_check=list(HealthCheck)
)
DTYPES = [bool, "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "longlong", "ulonglong"]


class Sent(list):
    """A list, but not exactly one."""


class Half(float):
    pass


class Third(np.float64):
    pass


Point = namedtuple("Point", "x y")


def refer(value):
    """What stands for a value that does not travel: its type's name."""
    return {"object": [7, callable(value), type(value).__name__]}


def travelled(value):
    """A value after encoding, JSON and decoding."""
    buffers = []
    text = json.dumps(encode(value, buffers, refer))
    return decode(json.loads(text), [bytearray(b) for b in buffers], lambda item: item)


def same(got, sent):
    """Whether two values agree in type and content, at any depth; NaN agrees with NaN, 0.0 not with -0.0."""
    if type(got) is not type(sent):
        return False
    if isinstance(sent, (np.ndarray, np.generic)):
        return got.dtype == sent.dtype and got.shape == sent.shape and got.tobytes() == sent.tobytes()
    if isinstance(sent, float):
        return struct.pack("d", got) == struct.pack("d", sent) or (math.isnan(got) and math.isnan(sent))
    if isinstance(sent, complex):
        return same(got.real, sent.real) and same(got.imag, sent.imag)
    if isinstance(sent, (list, tuple)):
        return len(got) == len(sent) and all(map(same, got, sent))
    if isinstance(sent, dict):
        return same(list(got), list(sent)) and same(list(got.values()), list(sent.values()))
    return got == sent


# ---- there and back ----


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -1, 2**63 - 1, -(2**63), 2**63, -(2**64), 10**400, -(10**4000)),
        *(0.0, -0.0, 0.1, 5e-324, math.inf, -math.inf, math.nan, 1j, complex(-0.0, math.nan), complex(math.inf, 2)),
        *("", "Δh", "a\x00b", "\ud800", "😀", b"", bytes(range(256)), [], (), set(), frozenset(), {}),
        [1, 1.0, True, None, "1", [2, (3,)]],
        (1, (2, [3, {4: (5,)}])),
        {1, "a", (2, 3), frozenset({4}), None},
        {"a": 1, (1, 2): [3], None: None, 1.5: b"x", frozenset({1}): {}, True: np.float32(2)},
        [math.nan, 2**70, b"a", b"b", np.arange(3), b"c"],
    ],
)
def test_plain_values_arrive_as_they_were(value):
    assert same(travelled(value), value)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3), (1,) * 40], ids=lambda shape: f"{len(shape)}d")
def test_arrays_of_numbers_arrive_as_they_were(dtype, shape):
    array = np.asarray(np.random.default_rng(0).integers(0, 2 if dtype is bool else 100, shape)).astype(dtype)
    got = travelled(array)
    assert same(got, array)
    assert got.flags.owndata
    assert got.flags.writeable


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_numbers_of_numpys_arrive_as_numbers(dtype):
    value = np.dtype(dtype).type(1)
    assert same(travelled(value), travelled([value])[0])
    assert (type(travelled(value)), travelled(value)) == (np.dtype(np.dtype(dtype).str).type, value)


@pytest.mark.parametrize("special", [math.nan, math.inf, -math.inf, -0.0], ids=str)
def test_special_numbers_arrive_in_arrays(special):
    for array in (np.array([special, 1.0]), np.array(special, "f2"), np.array([complex(special, special)], "c8")):
        assert same(travelled(array), array)


@pytest.mark.parametrize("change", [np.transpose, lambda a: a[::2, ::-1], np.asfortranarray, lambda a: a[1:, 1:]])
def test_arrays_of_any_layout_arrive_with_the_same_numbers(change):
    array = change(np.arange(24.0).reshape(4, 6))
    assert np.array_equal(travelled(array), array)


@pytest.mark.parametrize("kind", ["i4", "u8", "f2", "f8", "c16"])
def test_big_endian_arrays_arrive_in_the_machines_order(kind):
    array = np.arange(5).astype(f">{kind}")
    got = travelled(array)
    assert got.dtype == np.dtype(kind)
    assert got.tolist() == array.tolist()


def test_a_bool_of_another_byte_than_0_and_1_arrives_as_true():
    odd = np.frombuffer(b"\x00\x01\x02\xff", bool)
    assert same(travelled(odd), np.array([False, True, True, True]))
    assert same(travelled(odd[2:3].reshape(())), np.array(True))
    assert same(travelled(odd[2]), np.True_)


def test_a_whole_number_is_never_cut():
    largest = 16**wire.DIGITS - 1
    assert travelled([largest, -largest]) == [largest, -largest]
    with pytest.raises(CannotTravel, match="more than 100000 digits"):
        travelled(largest + 1)
    with pytest.raises(BadFrame):
        decode({"int": hex(largest * largest)}, [], None)


@pytest.mark.parametrize("innermost", [1.0, 2**70, 1j, b"x", np.arange(2)], ids=lambda value: type(value).__name__)
def test_whatever_can_be_sent_is_read_however_deep(innermost):
    value, deepest = innermost, None
    for _ in range(120):
        try:
            got = travelled(value)
        except CannotTravel:
            break
        assert same(got, value)
        value, deepest = [value], value
    assert deepest is not None
    assert json.dumps(encode(deepest, [], refer)).count("list") in (100, 101)


def test_what_contains_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(CannotTravel, match="deep"):
        travelled(endless)


TEXT = st.text(st.sampled_from('aZ0 "\\\n\x00\x7fΔ\u2028\ud8ff😀'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | TEXT | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


@settings(REPRODUCIBLE, max_examples=500)
@given(VALUES | st.dictionaries(st.integers() | TEXT | st.tuples(st.integers(), st.binary()), VALUES, max_size=4))
def test_any_plain_value_arrives_as_it_was(value):
    assert same(travelled(value), value)


# ---- what becomes a reference ----


@pytest.mark.parametrize(
    "value",
    [
        Point(1, 2),
        *(np.arange(3).view(type("A", (np.ndarray,), {})), np.ma.array([1]), np.rec.array([(1,)])),
        *(np.array([None]), np.array(["a"]), np.array([b"a"]), np.array([(1, 2.0)], "i4,f8"), np.array(["2020"], "M8[D]")),
        *(np.datetime64("2020"), np.timedelta64(1, "s"), np.longdouble(1), np.clongdouble(1)),
        *(np.ones(2, np.longdouble), np.dtype("f8"), np.random.default_rng(0)),
        *(bytearray(b"a"), range(3), memoryview(b"a"), Decimal(1), Fraction(1, 2), object(), ..., len, np, slice(1)),
        *(iter([]), {}.keys(), SimpleNamespace(a=1), lambda: None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_exactly_plain_stays_where_it_is(value):
    for got in (travelled(value), travelled([value])[0], travelled({"k": value})["k"]):
        assert type(got) is Reference
        assert (got.can_be_called, got.name) == (callable(value), type(value).__name__)


class Liar(int):
    """A number that says what is asked for."""

    __eq__ = __index__ = __int__ = lambda *_: 42
    __hash__ = int.__hash__


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Sent([1, Half(0.5)]), [1, 0.5]),
        (Half(-0.0), -0.0),
        (Liar(7), 7),
        (type("T", (str,), {})("x"), "x"),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(list, a=[np.str_("b")]), {"a": ["b"]}),
        (type("S", (set,), {})([1]), {1}),
        (type("F", (frozenset,), {})([1]), frozenset([1])),
        (type("P", (tuple,), {})([1, 2]), (1, 2)),
        (type("C", (complex,), {})(1, 2), 1 + 2j),
        (IntEnum("Colour", ["RED"]).RED, 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_of_a_subclass_the_plain_value_travels(value, plain):
    for got in (travelled(value), travelled([value])[0], travelled({"k": value})["k"]):
        assert same(got, plain)


@pytest.mark.parametrize("kind", [int, float, str, bool, dict, frozenset, np.float32, np.int64, np.complex128], ids=str)
def test_types_travel_by_name(kind):
    assert travelled(kind) is kind


@pytest.mark.parametrize("name", ["object", "type", "Exception", "eval", "ndarray", "bool_", "longdouble", "", "__class__"])
def test_no_other_type_has_a_name(name):
    with pytest.raises(BadFrame, match="no type of this name"):
        decode({"type": name}, [], None)


def test_a_type_that_borrows_a_name_stays_where_it_is():
    assert type(travelled(type("int", (int,), {}))) is Reference


# ---- departures from the format ----

ALLOWED = {type(None), bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, np.ndarray}
NAMED = {*wire.TYPES.values(), *(getattr(np, name) for name in wire.NUMPYS)}
ALLOWED |= {np.dtype(dtype).type for dtype in wire.DTYPES} | {Reference, Own}


def all_allowed(value):
    """Whether a value consists of allowed types alone."""
    if type(value) is type:
        return value in NAMED
    if type(value) not in ALLOWED:
        return False
    if type(value) in (list, tuple, set, frozenset):
        return all(map(all_allowed, value))
    if type(value) is dict:
        return all(map(all_allowed, [*value, *value.values()]))
    if isinstance(value, np.ndarray):
        return value.dtype.str in wire.DTYPES and value.flags.owndata
    if type(value) is Reference:
        return type(value.number) is int and type(value.can_be_called) is bool and type(value.name) is str
    return True


REFUSED = {
    "a bare list": [1],
    "an empty object": {},
    "two kinds": {"list": [], "tuple": []},
    "an unknown kind": {"pickle": "gASVAAAA"},
    "a type that is none": {"type": "object"},
    "a type without a name": {"type": 1},
    "a list of text": {"list": "abc"},
    "a list that is an object": {"list": {"0": 1}},
    "a set of lists": {"set": [{"list": []}]},
    "a set of arrays": {"set": [{"array": ["|u1", [8], 0, False]}]},
    "a dict with a list as a key": {"dict": [[{"list": []}, 1]]},
    "a dict of triples": {"dict": [[1, 2, 3]]},
    "a dict of texts": {"dict": ["ab"]},
    "a dict that is an object": {"dict": {"a": 1}},
    "a number that is none": {"int": "zz"},
    "an empty number": {"int": ""},
    "a number as a number": {"int": 5},
    "a complex number of one part": {"complex": [1.0]},
    "a complex number of texts": {"complex": ["1", "2"]},
    "a complex number of truth values": {"complex": [True, False]},
    "a complex number that is too large": {"complex": [10**400, 0]},
    "bytes from nowhere": {"bytes": 3},
    "bytes from before": {"bytes": -1},
    "bytes from true": {"bytes": True},
    "bytes from a text": {"bytes": "0"},
    "bytes from a fraction": {"bytes": 0.0},
    "an array of objects": {"array": ["|O", [1], 0, False]},
    "an array of texts": {"array": ["<U2", [1], 0, False]},
    "an array of records": {"array": ["V8", [1], 0, False]},
    "an array of big-endian numbers": {"array": [">f8", [1], 0, False]},
    "an array of an alias": {"array": ["f8", [1], 0, False]},
    "an array whose type is a list": {"array": [["<f8"], [1], 0, False]},
    "an array of the wrong size": {"array": ["<f8", [2], 0, False]},
    "an array of a negative length": {"array": ["<f8", [-1], 0, False]},
    "an array of two negative lengths": {"array": ["<f8", [-1, -1], 0, False]},
    "an array whose shape is a number": {"array": ["<f8", 1, 0, False]},
    "an array whose shape is true": {"array": ["<f8", [True], 0, False]},
    "an array from nowhere": {"array": ["<f8", [1], 3, False]},
    "an array of too many axes": {"array": ["<f8", [1] * 65, 0, False]},
    "an empty array of a huge shape": {"array": ["<f8", [0, 2**39, 2**39], 1, False]},
    "a number with a shape": {"array": ["<f8", [1], 0, True]},
    "an array that is a number by 1": {"array": ["<f8", [], 0, 1]},
    "an array of three parts": {"array": ["<f8", [1], 0]},
    "an object of a text": {"object": ["0", True, "f"]},
    "an object of a negative number": {"object": [-1, True, "f"]},
    "an object that can perhaps be called": {"object": [0, 1, "f"]},
    "an object without a name": {"object": [0, True, None]},
    "an own object of a text": {"own": "0"},
    "an own object beyond counting": {"own": 2**40},
    "a set of what cannot be compared": {"set": [{"array": ["<f8", [], 2, True]}, 5 + (2**61 - 1) * 2**2000]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_item_that_encode_would_not_write_is_refused(name):
    buffers = [bytearray(8), bytearray(0), bytearray(np.float64(5).tobytes())]
    with pytest.raises(BadFrame):
        decode(REFUSED[name], buffers, lambda item: item)
    with pytest.raises(BadFrame):
        decode({"list": [1, REFUSED[name]]}, buffers, lambda item: item)


@pytest.mark.parametrize("kind", ["set", "frozenset", "dict"])
def test_many_keys_that_share_a_hash_are_refused(kind):
    """A million of them would take hours to put together."""
    for shared, refused in ((1, False), (wire.COLLISIONS, False), (3 * wire.COLLISIONS, True)):
        keys = [{"int": hex(k * (2**61 - 1))} for k in range(shared)] + [{"int": hex(k)} for k in range(1, 50)]
        item = {kind: [[key, None] for key in keys] if kind == "dict" else keys}
        if refused:
            with pytest.raises(BadFrame, match="share their hashes"):
                decode(item, [], None)
        else:
            assert len(decode(item, [], None)) == shared + 49


def test_bytes_can_be_asked_for_once():
    """A short text could otherwise name one large array a thousand times."""
    array = {"array": ["|u1", [4], 0, False]}
    assert decode({"list": [array]}, [b"abcd"], None)[0].tolist() == [97, 98, 99, 100]
    for again in (array, {"bytes": 0}):
        with pytest.raises(BadFrame, match="no such buffer"):
            decode({"list": [array, again]}, [b"abcd"], None)


def test_a_name_is_cut():
    assert len(decode({"object": [0, True, "f" * 1000]}, [], lambda item: item).name) == 80


# ---- frames ----


@contextmanager
def line():
    """Two connected sockets."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(20)
        theirs.settimeout(20)
        yield ours, theirs


def framed(text, *buffers):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack("!I", len(text)) + text + b"".join(buffers)


def received(raw):
    """What `receive` makes of these bytes, after which the other side hangs up."""
    with line() as (ours, theirs):
        sender = threading.Thread(target=lambda: (ours.sendall(raw), ours.shutdown(socket.SHUT_WR)))
        if len(raw) > 50_000:
            sender.start()
        else:
            sender.run()
        try:
            return receive(theirs, lambda item: item)
        finally:
            theirs.close()
            if len(raw) > 50_000:
                sender.join(20)


def test_a_frame_arrives_as_it_was_sent():
    values = ["x", np.arange(6.0).reshape(2, 3), {"k": [b"ab", np.int8(3)]}, len]
    with line() as (ours, theirs):
        send(ours, "call", values, refer)
        send(ours, "answer", [], refer)
        operation, got = receive(theirs, lambda item: item)
        assert operation == "call"
        assert same(got[:3], values[:3])
        assert type(got[3]) is Reference
        assert receive(theirs, None) == ("answer", [])


def test_a_frame_larger_than_the_sockets_buffers_arrives():
    array = np.random.default_rng(0).normal(size=(1000, 1000))
    with line() as (ours, theirs):
        sender = threading.Thread(target=send, args=(ours, "answer", [array], refer))
        sender.start()
        assert same(receive(theirs, None)[1][0], array)
        sender.join(20)


@pytest.mark.parametrize(("largest", "longest"), [(100, 10_000), (10_000, 100)])
def test_a_frame_beyond_the_limits_is_neither_sent_nor_read(monkeypatch, largest, longest):
    raw = framed(["answer", [{"bytes": 0}, "x" * 120], [120]], bytes(120))
    assert received(raw) == ("answer", [bytes(120), "x" * 120])
    monkeypatch.setattr(wire, "LARGEST", largest)
    monkeypatch.setattr(wire, "LONGEST", longest)
    with pytest.raises(BadFrame):
        received(raw)
    with line() as (ours, theirs):
        with pytest.raises(CannotTravel, match="expected at most"):
            send(ours, "answer", [bytes(120), "x" * 120], refer)
        ours.close()
        with pytest.raises(EOFError):  # not a byte was sent
            receive(theirs, None)


def test_the_length_is_judged_before_anything_is_read():
    with line() as (ours, theirs):
        ours.sendall(struct.pack("!I", 2**32 - 1))
        with pytest.raises(BadFrame, match="too long"):
            receive(theirs, None)
        ours.sendall(framed(["answer", [], [2**39]]))
        with pytest.raises(BadFrame, match="too large"):
            receive(theirs, None)


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"\xff\xfe", b"nonsense", b"[" * 100_000, b'["answer", [' + b'{"list": [' * 50_000),
        *(b"[1" + b"0" * 5000 + b", [], []]", b'["answer", [1' + b"0" * 5000 + b"], []]"),
        *({}, [], ["answer"], ["answer", []], ["answer", [], [], []], [1, [], []], [None, [], []], "answer", 5, None),
        *(["answer", {}, []], ["answer", [], {}], ["answer", [], ["1"]], ["answer", [], [-1]], ["answer", [], [True]]),
        *(["answer", [], [1.0]], ["answer", [[]], []], ["answer", [{"bytes": 0}], []]),
    ],
    ids=lambda text: str(text)[:40],
)
def test_a_frame_that_send_would_not_write_is_refused(text):
    with pytest.raises(BadFrame):
        received(framed(text))


@pytest.mark.parametrize("kept", [0, 3, 4, 10, -1])
def test_a_line_that_is_cut_says_so(kept):
    with pytest.raises(EOFError):
        received(framed(["answer", [{"bytes": 0}], [4]], b"abcd")[:kept])


# ---- ten thousand frames of nonsense ----


def harmless(raw):
    """Whether these bytes end in a frame of allowed types, or in BadFrame, or in EOFError; any other error shows itself."""
    try:
        operation, values = received(raw)
    except (BadFrame, EOFError):
        return True
    return type(operation) is str and all_allowed(values)


@REPRODUCIBLE
@given(st.binary(max_size=60), st.sampled_from(["raw", "text", "items", "buffer"]))
def test_random_bytes_do_no_harm(noise, where):
    raw = {
        "raw": noise,
        "text": framed(noise),
        "items": framed(b'["answer", [' + noise + b"], []]"),
        "buffer": framed(["answer", [{"bytes": 0}, {"array": ["|b1", [4], 0, False]}], [4]], noise),
    }[where]
    assert harmless(raw)


KINDS = ["list", "tuple", "set", "frozenset", "dict", "int", "complex", "bytes", "array", "object", "own", "other"]
NUMBERS = st.integers(-2, 3) | st.integers() | st.sampled_from([2**39, 2**40, 2**61 - 1, 10**400]) | st.floats()
LEAVES = st.none() | st.booleans() | NUMBERS | TEXT | st.sampled_from(["0x1", "|O", "<f8", "|b1"])
DTYPE = st.sampled_from(sorted(wire.DTYPES))
ARRAY = st.tuples(DTYPE, st.lists(st.integers(0, 3), max_size=3), st.integers(0, 2), st.booleans())
JSON = st.recursive(
    LEAVES | ARRAY.map(lambda parts: {"array": list(parts)}),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(st.sampled_from(KINDS), inner | st.lists(inner, max_size=4)).map(lambda pair: dict([pair]))
        | st.dictionaries(st.sampled_from(KINDS), inner, max_size=2)
        | st.lists(st.tuples(inner, inner).map(list), max_size=3).map(lambda pairs: {"dict": pairs})
    ),
    max_leaves=10,
)


@REPRODUCIBLE
@given(st.lists(JSON, max_size=3))
def test_random_items_do_no_harm(items):
    assert harmless(framed(["answer", items, [8, 0, 3]], bytes(range(11))))


def places(item):
    """The paths to all parts of a JSON structure."""
    yield ()
    for key in range(len(item)) if isinstance(item, list) else list(item) if isinstance(item, dict) else ():
        yield from ((key, *rest) for rest in places(item[key]))


def replaced(item, path, new):
    """A JSON structure with another part in one place."""
    if not path:
        return new
    copied = item.copy()
    copied[path[0]] = replaced(item[path[0]], path[1:], new)
    return copied


def valid_frame():
    """The JSON of a frame in which there is one of each kind, and its buffers."""
    buffers = []
    values = [None, 1, 2**80, 0.5, 2j, "text", b"bytes", [1, (2,)], {1, 2}, {"a": (1, 2), (3, 4): frozenset({5})}, len]
    values += [np.arange(6.0).reshape(2, 3), np.float32(2), np.array([True, False]), np.array(3, "i2")]
    items = [encode(value, buffers, refer) for value in values]
    return ["answer", [*items, {"own": 3}], [len(b) for b in buffers]], b"".join(buffers)


VALID, BUFFERS = valid_frame()
PATHS = list(places(VALID))


@REPRODUCIBLE
@given(
    st.sampled_from([*["part"] * 3, "byte", "cut", "insert"]),
    st.sampled_from(PATHS),
    JSON,
    st.floats(0, 0.999),
    st.binary(min_size=1),
)
def test_a_frame_with_one_change_does_no_harm(change, path, part, where, noise):
    raw = framed(VALID, BUFFERS)
    place = int(where * len(raw))
    raw = {
        "part": lambda: framed(replaced(VALID, path, part), BUFFERS),
        "byte": lambda: raw[:place] + noise[:1] + raw[place + 1 :],
        "cut": lambda: raw[:place],
        "insert": lambda: raw[:place] + noise + raw[place:],
    }[change]()
    assert harmless(raw)


def test_the_frame_that_is_changed_is_a_valid_one():
    operation, values = received(framed(VALID, BUFFERS))
    assert operation == "answer"
    assert len(values) == len(VALID[1])
    assert all_allowed(values)
    assert {type(value) for value in values} >= {np.ndarray, np.float32, Reference, Own, bytes, dict}
