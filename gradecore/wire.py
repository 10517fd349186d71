"""Values on their way between the grader's process and the student's: frames over a socket, by value.

A frame is a length, a JSON text and the raw bytes of arrays. What may travel: None, bool, int, float, complex, str, bytes,
lists, tuples, sets and dicts of such, NumPy's numbers and arrays of numbers, and the names of these types. What arrives is of
exactly these types, since a subclass could lie: of a Counter or a str of NumPy's the plain value travels. Functions and other
objects stay where they are, and a number stands for them. Nothing is ever unpickled or evaluated.

The student's side needs only this file, the standard library and, where there are arrays, NumPy.
"""

import json
import struct
import sys

LARGEST = 256 * 2**20  # bytes of a frame's arrays
LONGEST = 16 * 2**20  # bytes of its text, which takes many times as much once it is read
DEEPEST = 100  # nested containers
DIGITS = 100_000  # of a whole number, in base 16
COLLISIONS = 1000  # keys of a set or dict that may share a hash
DTYPES = {"|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"}


PLAIN = {  # the value of a subclass's instance, by the type's own methods
    int: int.__int__,
    float: float.__float__,
    complex: lambda value: complex(value.real, value.imag),
    str: str.__str__,
    bytes: lambda value: bytes.join(b"", [value]),
    list: lambda value: [*list.__iter__(value)],
    tuple: lambda value: (*tuple.__iter__(value),),
    dict: dict.copy,
    set: lambda value: {*set.__iter__(value)},
    frozenset: lambda value: frozenset({*frozenset.__iter__(value)}),
}
TYPES = {kind.__name__: kind for kind in (bool, *PLAIN)}
NUMPYS = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
NUMPYS |= {"float16", "float32", "float64", "complex64", "complex128"}


class BadFrame(Exception):
    """What came over the wire is not what the protocol allows."""


class CannotTravel(Exception):
    """A value that cannot be sent; no error of Python's own, which a test could take for the one that it expects."""


class Reference:
    """An object of the sender's, by number: whether it can be called, and what it calls itself."""

    def __init__(self, number, can_be_called, name):
        self.number, self.can_be_called, self.name = number, can_be_called, name


class Own:
    """An object of the receiver's own, by its number."""

    def __init__(self, number):
        self.number = number


# ---- values to JSON and bytes ----


def encode(value, buffers, refer, depth=0):
    """A value as JSON; arrays go to `buffers`; refer(value) gives the JSON of what cannot travel."""
    kind = type(value)
    if value is None or kind in (bool, float, str):
        return value
    if kind is int and abs(value) < 2**63:
        return value
    if depth > DEEPEST:
        raise CannotTravel(f"nested more than {DEEPEST} deep")
    if kind is int:
        if value.bit_length() > 4 * DIGITS:
            raise CannotTravel(f"a whole number of more than {DIGITS} digits in base 16")
        return {"int": hex(value)}
    if kind in (list, tuple, set, frozenset):
        return {kind.__name__: [encode(item, buffers, refer, depth + 1) for item in value]}
    if kind is dict:
        pairs = value.items()
        return {"dict": [[encode(k, buffers, refer, depth + 1), encode(v, buffers, refer, depth + 1)] for k, v in pairs]}
    if kind is complex:
        return {"complex": [value.real, value.imag]}
    if kind is bytes:
        buffers.append(value)
        return {"bytes": len(buffers) - 1}
    if kind is type and type_named(value.__name__) is value:
        return {"type": value.__name__}
    array = encode_array(value, buffers)
    if array:
        return array
    base = next((base for base in kind.__mro__ if base in PLAIN), None)
    if base is None or hasattr(kind, "_fields"):  # of a named tuple a stand-in, which has the names
        return refer(value)
    return encode(PLAIN[base](value), buffers, refer, depth)


def type_named(name):
    """The type of this name, of Python's or NumPy's; None if it is none that travels."""
    if name in NUMPYS and "numpy" in sys.modules:
        return getattr(sys.modules["numpy"], name)
    return TYPES.get(name)


def encode_array(value, buffers):
    """The JSON of an array or a number of NumPy's; None for anything else, and for arrays of anything but numbers."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not (type(value) is numpy.ndarray or isinstance(value, numpy.generic)):
        return None
    array = numpy.asarray(value)
    if type(value) not in (numpy.ndarray, array.dtype.type):
        return None
    if array.dtype.kind not in "biufc" or array.dtype.itemsize > (16 if array.dtype.kind == "c" else 8):
        return None
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    buffers.append(array.tobytes())
    return {"array": [array.dtype.str, list(array.shape), len(buffers) - 1, type(value) is not numpy.ndarray]}


# ---- JSON and bytes to values ----


def decode(item, buffers, resolve, depth=0):
    """The value of an item of JSON; resolve(Reference or Own) gives what stands for an object.

    Raises  BadFrame for anything that `encode` would not have written
    """
    if item is None or type(item) in (bool, int, float, str):
        return item
    if depth > DEEPEST or type(item) is not dict or len(item) != 1:
        raise BadFrame("no value")
    ((kind, content),) = item.items()
    if kind in ("list", "tuple", "set", "frozenset"):
        make = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind]
        return hashable(make, [decode(x, buffers, resolve, depth + 1) for x in expected(content, list)])
    if kind == "dict":
        pairs = [expected(pair, list, 2) for pair in expected(content, list)]
        return hashable(dict, [[decode(x, buffers, resolve, depth + 1) for x in pair] for pair in pairs])
    if kind == "int":
        return whole_number(expected(content, str))
    if kind == "complex":
        real, imaginary = expected(content, list, 2)
        return complex(expected(real, float), expected(imaginary, float))
    if kind == "bytes":
        return bytes(buffer(buffers, content))
    if kind == "array":
        return decode_array(expected(content, list, 4), buffers)
    if kind == "type":
        named = type_named(expected(content, str))
        if named is None:
            raise BadFrame("no type of this name")
        return named
    if kind == "object":
        place, can_be_called, name = expected(content, list, 3)
        return resolve(Reference(index(place), expected(can_be_called, bool), expected(name, str)[:80]))
    if kind == "own":
        return resolve(Own(index(content)))
    raise BadFrame("no value of this kind")


def decode_array(content, buffers):
    """An array, or a number of NumPy's, from its type, shape, bytes and whether it is a number."""
    import numpy

    dtype, shape, place, is_number = content
    shape = tuple(index(n) for n in expected(shape, list))
    if expected(dtype, str) not in DTYPES or len(shape) > 64 or (expected(is_number, bool) and shape):
        raise BadFrame("no array")
    raw, count = buffer(buffers, place), 1
    for n in shape:
        count *= n
    if count * numpy.dtype(dtype).itemsize != len(raw):
        raise BadFrame("no array of this size")
    try:
        array = numpy.frombuffer(raw, dtype).reshape(shape)
    except ValueError:  # (0, 2**39, 2**39) is of the right size
        raise BadFrame("no array of this shape") from None
    # A bool of NumPy's is a byte, and other bytes than 0 and 1 make it one that is neither True nor False.
    array = numpy.asarray(array.view("u1") != 0) if dtype == "|b1" else array.copy()
    return array[()] if is_number else array


def expected(content, kind, length=None):
    if type(content) is not kind or (length is not None and len(content) != length):
        raise BadFrame(f"expected {kind.__name__}")
    return content


def index(content):
    if type(content) is not int or not 0 <= content < 2**40:
        raise BadFrame("expected an index")
    return content


def buffer(buffers, place):
    """The bytes of this number, once: a short text could ask for the same large array a thousand times."""
    if index(place) >= len(buffers) or buffers[place] is None:
        raise BadFrame("no such buffer")
    found, buffers[place] = buffers[place], None
    return found


def whole_number(text):
    if len(text) <= DIGITS + 3:  # 0x, and a sign
        try:
            return int(text, 16)
        except ValueError:
            pass
    raise BadFrame("no whole number")


def hashable(make, items):
    """A list, tuple, set, frozenset or dict of items, where they are fit for one.

    A set or dict of many keys that share a hash, such as the multiples of 2**61 - 1, would take hours to build.
    """
    try:
        if make in (set, frozenset, dict):
            keys = [pair[0] for pair in items] if make is dict else items
            if len(keys) > 2 * len(set(map(hash, keys))) + COLLISIONS:
                raise BadFrame(f"no {make.__name__}: its keys share their hashes")
        return make(items)
    except (TypeError, OverflowError):  # NumPy's numbers compared with one of the same hash that is too large
        raise BadFrame(f"no {make.__name__}") from None


# ---- frames ----


def send(sock, operation, values, refer):
    """Send an operation and its values."""
    buffers = []
    encoded = [encode(value, buffers, refer) for value in values]
    text = json.dumps([operation, encoded, [len(b) for b in buffers]]).encode()
    if len(text) > LONGEST or sum(map(len, buffers)) > LARGEST:
        raise CannotTravel(f"expected at most {LARGEST // 2**20} MiB of arrays and {LONGEST // 2**20} of all else")
    sock.sendall(b"".join((struct.pack("!I", len(text)), text, *buffers)))


def receive(sock, resolve):
    """The next operation and its values.

    Raises  BadFrame for what is no frame, EOFError where the other side has gone, OSError (TimeoutError too) of the socket
    """
    size = struct.unpack("!I", read(sock, 4))[0]
    if size > LONGEST:
        raise BadFrame("too long")
    text = read(sock, size)
    try:
        operation, items, sizes = expected(json.loads(text), list, 3)
    except (ValueError, RecursionError):
        raise BadFrame("no JSON") from None
    sizes = [index(n) for n in expected(sizes, list)]
    if sum(sizes) > LARGEST:
        raise BadFrame("too large")
    buffers = [read(sock, n) for n in sizes]
    return expected(operation, str), [decode(item, buffers, resolve) for item in expected(items, list)]


def read(sock, size):
    """This many bytes."""
    got = bytearray()
    while len(got) < size:
        part = sock.recv(min(size - len(got), 2**20))
        if not part:
            raise EOFError
        got += part
    return got
