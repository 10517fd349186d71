"""What every assignment carries in its first locked cells; `make fingerprints` copies them, from each `# %%` line to the next.

A graded function's answer is taken apart into named arrays (`parts`) and compared with the wanted ones (`compare`). Where it
differs, the message says at which array and which time step, never the wanted numbers. Each exercise has a probe, which calls
the student's function on fixed numbers. The fingerprint of what comes back, one number, is compared with those of the wrong
answers in mistakes.py: so a slip is recognised although its code is not there. JupyterLab shows these cells folded.
"""

# %% setup
import base64
import json
import os
import re
import sys
import zlib

import numpy as np

sys.modules["rnncore"] = None  # the library holds the answers: here it cannot be imported


def seeded(check):
    """Run a hidden test on fresh numbers; a failure names the seed that draws them again."""
    seed = int(os.environ.get("GRADE_SEED") or np.random.SeedSequence().entropy % 2**32)
    try:
        check(np.random.default_rng(seed))
    except NotImplementedError:
        raise
    except Exception as error:
        what = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        raise AssertionError(f"{what}{error} (GRADE_SEED={seed})") from None


# %% parts
def kind(value):
    """What a value is, in words: 'float64 (3, 2)' for an array, 'float' for a number, else its type's name."""
    if isinstance(value, (float, bool, np.bool_, int, np.integer)):
        return {"f": "float", "b": "bool"}.get(np.asarray(value).dtype.kind, "int")
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def parts(names, answer):
    """What a function returned, by name: a name for each value; a dict among the values brings its own names."""
    names, values = names.split(), answer if isinstance(answer, tuple) else (answer,)
    wanted, got = ", ".join(names), f"{len(values)} values" if isinstance(answer, tuple) else kind(answer)
    assert len(values) == len(names), f"expected {len(names)} values ({wanted}), got {got}"
    found = {}
    for name, value in zip(names, values, strict=True):
        found |= value if isinstance(value, dict) else {name: value}
    return found


# %% difference
def difference(got, want, tolerance=1e-9):
    """Where the parts of an answer depart from the wanted ones, in words that do not tell these; '' where they agree."""
    if set(got) != set(want):
        return f"expected {', '.join(want)}, got {', '.join(map(str, got)) or 'nothing'}"
    for name in want:
        if kind(got[name]) != kind(want[name]):
            return f"{name}: expected {kind(want[name])}, got {kind(got[name])}"
    values = {name: np.asarray(got[name], float) for name in want}
    strange = [name for name, value in values.items() if not np.all(np.isfinite(value))]
    if strange:
        return f"{', '.join(strange)}: NaN or inf among the numbers"
    wrong = {name: np.abs(value - want[name]) > tolerance * (1 + np.abs(want[name])) for name, value in values.items()}
    off = [name for name in want if np.any(wrong[name])]
    right = [name for name in want if name not in off]
    more = [f"also off: {', '.join(off[1:])}"] * (len(off) > 1) + [f"right: {', '.join(right)}"] * (len(right) > 0)
    return "; ".join([place(off[0], wrong[off[0]]), *more]) if off else ""


def place(name, wrong):
    """'dxs is off at t = 0, 1 of 0 to 4', 'dW_hh is off at every index', 'loss is off'."""
    if wrong.size == 1 or len(wrong) == 1:
        return f"{name} is off"
    axis = "t" if re.fullmatch("d?[a-z]s", name) else "index"  # hs, dxs: a sequence, time first
    places = np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))
    if len(places) == len(wrong):
        return f"{name} is off at every {axis}"
    return f"{name} is off at {axis} = {', '.join(map(str, places))} of 0 to {len(wrong) - 1}"


# %% recognise
PROBES, RIGHT, KNOWN = {}, {}, {}  # by exercise: a function that calls your answer; what it should give; what slips give


def unpacked(text):
    """What a script packed so that it does not catch the eye: the right answer's prints; fingerprints of slips, with hints."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def prints(value):
    """A number for each index of the first axis: what lies behind it, weighted by cosines."""
    value = np.atleast_1d(np.asarray(np.real(value), float))
    rows = value.reshape(len(value), -1)
    return (rows @ np.cos(np.arange(1, rows.shape[1] + 1))).reshape(-1, *[1] * (value.ndim - 1))


def fingerprint(answer):
    """One number for all parts of an answer."""
    numbers = np.concatenate([prints(value).ravel() for value in answer.values()])
    return float(numbers @ np.sqrt(np.arange(2, len(numbers) + 2)))


def slip(exercise):
    """The known slip that gives the same numbers as your answer, in words; '' where none does."""
    try:
        number = fingerprint(PROBES[exercise]())
    except Exception:  # what is wrong shows in the test that asks
        return ""
    return next((hint for n, hint in KNOWN[exercise] if abs(number - n) <= 1e-6 * (1 + abs(n))), "")


# %% compare
def compare(exercise, got, want, where="", tolerance=1e-9):
    """Pass where the parts agree; else say which known slip this is, if it is one, and where the numbers depart."""
    found = difference(got, want, tolerance)
    known = slip(exercise) if found else ""
    assert not found, f"{known} ({where}{found})" if known else f"{where}{found}"


def check_kinds(got, kinds, where=""):
    """Pass where an answer has these parts, each of this kind ('float64 (3, 2)'), all of them finite."""
    assert set(got) == set(kinds), f"{where}expected {', '.join(kinds)}, got {', '.join(map(str, got)) or 'nothing'}"
    for name, wanted in kinds.items():
        assert kind(got[name]) == wanted, f"{where}{name}: expected {wanted}, got {kind(got[name])}"
        assert np.all(np.isfinite(got[name])), f"{where}{name}: NaN or inf among the numbers"


def check_probe(exercise):
    """Pass where the answer is right on the probe's fixed numbers, to seven digits."""
    got, right, known = PROBES[exercise](), RIGHT[exercise], slip(exercise)
    check_kinds(got, {name: wanted for name, (wanted, _) in right.items()}, f"{known}: " if known else "")
    shown = {name: prints(got[name]) for name in right}
    compare(exercise, shown, {name: np.reshape(n, shown[name].shape) * 1.0 for name, (_, n) in right.items()}, tolerance=1e-7)
