"""Data: text as numbers, sequences of unequal length in one array, and an English text to learn from."""

from pathlib import Path

import numpy as np

from .checks import check_array, check_generator, check_size


class Characters:
    """Characters as integers: `chars[k]` is written k, in the order of their code points.

    Raises  ValueError for an empty text, for a character that the text lacked, for a number that stands for none
    """

    def __init__(self, text):
        if not text:
            raise ValueError("text: expected at least one character, got an empty string")
        self.chars = "".join(sorted(set(text)))
        self.ids = {c: k for k, c in enumerate(self.chars)}

    def __len__(self):
        return len(self.chars)

    def encode(self, text):
        """A string of n characters -> integers (n,)."""
        unknown = sorted(set(text) - set(self.chars))
        if unknown:
            raise ValueError(f"text: expected characters of {self.chars!r}, got {''.join(unknown)!r}")
        return np.array([self.ids[c] for c in text], dtype=int)

    def decode(self, ids):
        """Integers (n,) -> a string of n characters."""
        ids = np.asarray(ids, dtype=None if len(ids) else int)
        if ids.dtype.kind not in "iu":
            raise ValueError(f"ids: expected integers, got {ids.dtype}")
        if ids.size and (ids.min() < 0 or ids.max() >= len(self)):
            raise ValueError(f"ids: expected integers from 0 to {len(self) - 1}, got {ids.min()} to {ids.max()}")
        return "".join(self.chars[k] for k in ids)


def one_hot(ids, V, dtype=np.float64):
    """Row k of the identity for each k: integers (...) in [0, V) -> (..., V)."""
    ids = np.asarray(ids)
    check_size("V", V)
    if ids.dtype.kind not in "iu" or (ids.size and (ids.min() < 0 or ids.max() >= V)):
        raise ValueError(f"ids: expected integers from 0 to {V - 1}, got {ids}")
    return np.eye(V, dtype=dtype)[ids]


def pad(sequences):
    """Put sequences of unequal length side by side: B arrays (T_b, ...) -> xs (T, B, ...), mask (T, B), T = max T_b.

    The mask is True where a step is real; padded places hold 0.
    """
    if len(sequences) == 0:
        raise ValueError("sequences: expected at least one, got none")
    arrays = [np.asarray(s) for s in sequences]
    kinds = {(a.shape[1:], a.dtype) for a in arrays}
    if len(kinds) > 1 or any(len(a) == 0 for a in arrays):
        raise ValueError(
            f"sequences: expected arrays of one dtype and one shape after the first axis, none empty, got "
            f"{[f'{a.dtype} {a.shape}' for a in arrays[:5]]}"
        )
    lengths = np.array([len(a) for a in arrays])
    mask = np.arange(lengths.max())[:, None] < lengths
    xs = np.zeros((*mask.shape, *arrays[0].shape[1:]), arrays[0].dtype)
    for b, a in enumerate(arrays):
        xs[: len(a), b] = a
    return xs, mask


def batches(sequences, B, rng, *others):
    """Shuffle, cut into batches of at most B, pad: yields xs (T, B, ...), mask (T, B), and the same rows of each of `others`.

    sequences  a list of arrays (T_b, ...)
    others     arrays or lists as long as `sequences`, such as one label each; yielded as arrays
    """
    check_size("B", B)
    check_generator("rng", rng)
    if len(sequences) == 0:
        raise ValueError("sequences: expected at least one, got none")
    if any(len(o) != len(sequences) for o in others):
        raise ValueError(f"others: expected {len(sequences)} entries each, got {[len(o) for o in others]}")
    order = rng.permutation(len(sequences))
    for start in range(0, len(order), B):
        rows = order[start : start + B]
        yield *pad([sequences[k] for k in rows]), *(np.array([o[k] for k in rows]) for o in others)


def windows(ids, T, B, rng):
    """Random windows of a long text, and the same one item later: endless pairs xs (T, B), targets (T, B)."""
    check_array("ids", ids, ("N",))
    check_size("T", T), check_size("B", B), check_generator("rng", rng)
    if len(ids) <= T:
        raise ValueError(f"ids: expected more than T = {T} items, got {len(ids)}")
    while True:
        starts = rng.integers(len(ids) - T, size=B)
        rows = np.arange(T + 1)[:, None] + starts
        yield ids[rows[:-1]], ids[rows[1:]]


def streams(ids, B):
    """Cut a long text into B streams that run side by side: integers (N,) -> xs (T, B), targets (T, B), T = (N - 1) // B.

    Column b goes on where it stands, so a state may be carried from one chunk of rows to the next.
    """
    check_array("ids", ids, ("N",))
    T = (len(ids) - 1) // check_size("B", B)
    if T == 0:
        raise ValueError(f"ids: expected more than B = {B} items, got {len(ids)}")
    return ids[: T * B].reshape(B, T).T, ids[1 : T * B + 1].reshape(B, T).T


def python_docs():
    """The prose of the Python 3.11 language reference, one paragraph a line; its licence lies beside it in texts/."""
    return (Path(__file__).parent / "texts" / "python_docs.txt").read_text(encoding="ascii")
