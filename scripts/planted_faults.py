"""Plant faults in every backward pass of rnncore, one at a time, and see whether `check_gradients` notices each.

    python -m scripts.planted_faults               prints what was planted and caught, and what survived, with the reason
    python -m scripts.planted_faults --markdown    the same as Markdown

A fault is tried on small layers, under one condition after another, until a check fails. A fault that computes the same as the
right code survives all of them; EQUIVALENT says why it is the same, and has to be exact: a survivor that it does not name is an
error, and so is a name in it that did not survive. What runs in a backward pass is found by watching it run, so that no layer
and no helper is forgotten.
"""

import argparse
import ast
import functools
import gc
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from types import FunctionType
from unittest import mock

import numpy as np

import rnncore as rc
from rnncore import gates, gradients
from rnncore.encoder_decoder import EncoderDecoder
from rnncore.functions import ACTIVATIONS
from scripts.faults import RULES, definition, faults, nested, planted

PACKAGE = Path(rc.__file__).parent

# ---- what the faults are tried on: add a layer here when there is a new one ----

T, N = 4, 3  # D = H = K = V = B = N: where all matrices are square, no transpose and no swap fails by its shape alone


def variant(**options):
    return lambda D, rng: rc.Unrolled(rc.LSTMVariantCell(D, N, rng, **options))


LAYERS = {
    **{f"RNNCell {a}": lambda D, rng, a=a: rc.Unrolled(rc.RNNCell(D, N, rng, a)) for a in ACTIVATIONS},
    "JordanCell": lambda D, rng: rc.Unrolled(rc.JordanCell(D, N, N, rng, "sigmoid")),
    "LSTMCell": lambda D, rng: rc.Unrolled(rc.LSTMCell(D, N, rng)),
    "LSTMCell, learned state": lambda D, rng: rc.Unrolled(rc.LSTMCell(D, N, rng), learn_state=True),
    "GRUCell": lambda D, rng: rc.Unrolled(rc.GRUCell(D, N, rng)),
    "GRUCell, reset after": lambda D, rng: rc.Unrolled(rc.GRUCell(D, N, rng, "after")),
    "LSTMVariantCell": variant(),
    "LSTMVariantCell, peephole": variant(peephole=True),
    "LSTMVariantCell, peephole, coupled": variant(peephole=True, coupled=True),
    **{f"LSTMVariantCell, without {gate}": variant(peephole=True, without=gate) for gate in ("input", "forget", "output")},
    **{f"RNN {a}": lambda D, rng, a=a: rc.RNN(D, N, rng, a) for a in ACTIVATIONS},
    "RNN, learned state": lambda D, rng: rc.RNN(D, N, rng, learn_state=True),
    "LSTM": lambda D, rng: rc.LSTM(D, N, rng, learn_state=True),
    "LSTM, peephole": lambda D, rng: rc.LSTM(D, N, rng, peephole=True),
    "GRU": lambda D, rng: rc.GRU(D, N, rng, learn_state=True),
    "GRU, reset after": lambda D, rng: rc.GRU(D, N, rng, "after", learn_state=True),
    "Dense": lambda D, rng: rc.Dense(D, N, rng),
    "Embedding": lambda D, rng: rc.Embedding(N, D, rng),
    "Bidirectional": lambda D, rng: rc.Bidirectional(rc.RNN(D, N, rng), rc.LSTM(D, N, rng)),
    "Bidirectional, add": lambda D, rng: rc.Bidirectional(rc.GRU(D, N, rng, learn_state=True), rc.RNN(D, N, rng), "add"),
    "Bidirectional, unequal": lambda D, rng: rc.Bidirectional(rc.RNN(D, N, rng), rc.RNN(D, N + 1, rng)),
    "Dropout": lambda D, rng: rc.Dropout(0.5),
    "Dropout, variational": lambda D, rng: rc.Dropout(0.5, variational=True),
    "LayerNorm": lambda D, rng: rc.LayerNorm(D),
    "LayerNormRNNCell": lambda D, rng: rc.Unrolled(rc.LayerNormRNNCell(D, N, rng)),
    "LayerNormLSTMCell": lambda D, rng: rc.Unrolled(rc.LayerNormLSTMCell(D, N, rng)),
    "EncoderDecoder": lambda D, rng: Autoencoder(
        rc.Stack(rc.RNN(D, N, rng), rc.LSTM(N, N, rng)), rc.Stack(rc.RNN(D, N, rng), rc.LSTM(N, N, rng), rc.Dense(N, N, rng))
    ),
    "EncoderDecoder, bidirectional": lambda D, rng: Autoencoder(
        rc.Bidirectional(rc.LSTM(D, 1, rng), rc.LSTM(D, 2, rng)), rc.LSTM(D, 1 + 2, rng)
    ),
    "Stack": lambda D, rng: rc.Stack(rc.RNN(D, N, rng), rc.Unrolled(rc.LSTMCell(N, N, rng)), rc.Dense(N, N, rng)),
}


@dataclass(frozen=True)
class Case:
    """A layer under a condition."""

    layer: str
    steps: int = T
    examples: int = N
    width: int = N
    masked: bool = True
    given: bool = True  # a state to start from, or none
    silent: str = ""  # as in UnderTest

    def inputs(self):
        """What check_gradients takes, made anew."""
        rng = np.random.default_rng(8)
        layer, leading = LAYERS[self.layer](self.width, rng), (self.steps, self.examples)
        for p in layer.params.values():
            p[...] = 0.8 * rng.normal(size=p.shape)
        xs = rng.integers(N, size=leading) if isinstance(layer, rc.Embedding) else rng.normal(size=(*leading, self.width))
        state = gradients.map_state(lambda s: rng.normal(size=s.shape), layer.forward(xs)[1]) if self.given else None
        mask = ragged(*leading) if self.masked else None
        return {"layer": UnderTest(layer, self.silent), "xs": xs, "rng": rng, "state": state, "mask": mask, "seed": 9}


def cases():
    """Every layer under every condition; one condition after the other, as most faults do not live to see the second."""
    made = {name: LAYERS[name](N, np.random.default_rng()) for name in LAYERS}
    for examples, masked, given in product((N, 1), (True, False), (True, False)):
        for name, layer in made.items():
            if not (given and isinstance(layer, Autoencoder)):
                yield Case(name, examples=examples, masked=masked, given=given)
    for name, layer in made.items():
        yield Case(name, width=N + 1, given=False)
        yield Case(name, silent="state", given=False)
        if isinstance(layer, (rc.Unrolled, rc.Bidirectional)):
            yield Case(name, silent="outputs")


def ragged(T, B):
    """A mask (T, B), B at most 3: a sequence with a hole, one that ends early, one that starts late."""
    mask = np.ones((T, 3), bool)
    mask[2:3, 0] = mask[3:, 1] = mask[0, 2] = False
    return mask[:, :B]


class Autoencoder(EncoderDecoder):
    """An encoder and a decoder as one layer: the decoder goes along what the encoder has read, but for its first step."""

    def reference(self):
        return Autoencoder(self.encoder.reference(), self.decoder.reference())

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        return super().forward(xs, xs[1:], mask, None if mask is None else mask[1:], rng, keep)

    def backward(self, dys, cache, dstate=None):
        dxs, dtarget_in = super().backward(dys, cache, dstate)
        dxs[1:] += dtarget_in
        return dxs, ()


class UnderTest(rc.Module):
    """A layer where no gradient arrives at the "outputs", or at the last "state", or both have one."""

    def __init__(self, layer, silent=""):
        self.layer, self.params, self.grads, self.silent = layer, layer.params, layer.grads, silent

    def reference(self):
        return UnderTest(self.layer.reference(), self.silent)

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        ys, last, cache = self.layer.forward(xs, state, mask, rng, keep)
        return np.zeros(0) if self.silent == "outputs" else ys, () if self.silent == "state" else last, cache

    def backward(self, dys, cache, dstate=None):
        return self.layer.backward(None if self.silent == "outputs" else dys, cache, None if self.silent == "state" else dstate)


# ---- which functions hold gradients: those that run in a backward pass ----


@functools.cache
def functions():
    """label -> (function, the cases in which it runs), for every function of rnncore that a backward pass runs; no checks.

    Raises  LookupError for a function that runs there but cannot be found, such as one that another function made
    """
    made = [f for f in gc.get_objects() if type(f) is FunctionType and str(f.__module__).startswith("rnncore.")]
    made = {f.__code__: f for f in made if "<locals>" not in f.__qualname__}
    ran = {}
    for case in cases():
        for code in watched(case):
            ran.setdefault(code, []).append(case)
    found = {made[code]: tried for code, tried in ran.items() if code in made}
    strange = ran.keys() - made.keys() - {code for f in found for code in nested(f.__code__)}
    if strange:
        raise LookupError(f"expected functions that a module or class defines, got {[code.co_qualname for code in strange]}")
    found = sorted(found.items(), key=lambda pair: (pair[0].__code__.co_filename, pair[0].__code__.co_firstlineno))
    return {label(f): (f, tried) for f, tried in found if not f.__name__.startswith("check_")}


def label(function):
    """Class.method, or module.function; a lambda is called by what it says."""
    module, name = function.__module__.removeprefix("rnncore."), function.__qualname__
    if name == "<lambda>":
        name = ast.unparse(definition(function.__code__))
    return name if "." in name.split("(")[0] else f"{module}.{name}"


def backward_passes(package=PACKAGE):
    """Class.backward and Class.step_backward, wherever a class of the package defines one, in the order of the files."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.glob("*.py"))]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    methods = [(c.name, f.name) for c in classes for f in c.body if isinstance(f, ast.FunctionDef)]
    return [f"{c}.{f}" for c, f in methods if f in ("backward", "step_backward")]


def watched(case):
    """The code objects of rnncore that run inside the backward pass of a case."""
    codes = set()

    def watch(frame, event, _):
        if event == "call" and Path(frame.f_code.co_filename).parent == PACKAGE:
            codes.add(frame.f_code)

    made = case.inputs()
    ys, last, cache = made["layer"].forward(made["xs"], made["state"], made["mask"])
    dstate = gradients.map_state(np.ones_like, last)
    sys.setprofile(watch)
    try:
        made["layer"].backward(np.ones_like(ys), cache, dstate)
    finally:
        sys.setprofile(None)
    return codes


# ---- the judge ----


@dataclass
class Row:
    """What became of the faults of one function: how many of each kind, how they were caught, and which survived."""

    label: str
    planted: Counter = field(default_factory=Counter)
    caught: Counter = field(default_factory=Counter)
    survivors: list = field(default_factory=list)


def judge(name, tried=None):
    """Plant each fault of a function and try it on the cases, by default all that run it, until one of them catches it."""
    if name not in functions():
        raise LookupError(f"{name}: expected a layer in LAYERS that runs it, got none: add one")
    function, every = functions()[name]
    row = Row(name)
    for fault in faults(function):
        row.planted[fault.kind] += 1
        caught = next(filter(None, (outcome(fault, case) for case in tried or every)), None)
        if caught:
            row.caught[caught] += 1
        else:
            row.survivors.append(f"{fault.kind}: {fault.before} -> {fault.after}")
    return row


def outcome(fault, case):
    """How the check catches a fault: "value" for a wrong gradient, "error" for any other error; None if it does not."""
    slopes = numeric(case)
    with (
        planted(fault),
        mock.patch.object(gradients, "complex_step", side_effect=slopes),
        mock.patch.object(gates, "BLOCK", 2 * N * N * 8),  # two steps of (B, H) a block, so that there are several
        mock.patch.multiple(np, empty=unwritten, empty_like=lambda a: unwritten(a.shape, a.dtype)),
        np.errstate(all="ignore"),
    ):
        try:
            rc.check_gradients(**case.inputs())
        except rc.GradientError:
            return "value"
        except Exception:
            return "error"
    return None


@functools.cache
def numeric(case):
    """The numeric gradients of a case in the order in which the check asks for them; no fault changes them, so once will do."""
    slopes, complex_step = [], gradients.complex_step

    def recorded(f, x):
        slopes.append(complex_step(f, x))
        return slopes[-1]

    with mock.patch.object(gradients, "complex_step", recorded):
        rc.check_gradients(**case.inputs())
    return slopes


def unwritten(shape, dtype=float):
    """np.empty full of NaN: the memory that it finds may hold the right numbers, left there by an earlier run."""
    return np.full(shape, np.nan if np.dtype(dtype).kind in "fc" else -1, dtype)


def complaints(row):
    """What is wrong with a row: survivors without a reason, reasons without a survivor."""
    reasons = EQUIVALENT.get(row.label, {})
    yield from (f"{row.label}: not caught: {fault}" for fault in row.survivors if fault not in reasons)
    yield from (
        f"{row.label}: has a reason, but was caught or not planted: {fault}" for fault in reasons if fault not in row.survivors
    )


# ---- what may survive: the fault, and why the code computes the same with it ----

SUMS_ARE_THE_SAME = "blocks of another length: it changes what is added up together, not the sums"

EQUIVALENT = {
    "gates.blocks": {
        "dropped: n = max(1, BLOCK // step) -> n = max(1, BLOCK)": SUMS_ARE_THE_SAME,
        "dropped: n = max(1, BLOCK // step) -> n = max(1, step)": SUMS_ARE_THE_SAME,
    },
    "GRU.backward": {
        "operand: for block in blocks(T, dh.nbytes): -> for block in blocks(T, dhs.nbytes):": SUMS_ARE_THE_SAME,
    },
    "LSTM.backward": {
        "operand: for block in blocks(T, dh.nbytes): -> for block in blocks(T, dc.nbytes):": "dc is as large as dh",
        "operand: for block in blocks(T, dh.nbytes): -> for block in blocks(T, dhs.nbytes):": SUMS_ARE_THE_SAME,
    },
}


# ---- the report ----


def report(rows, markdown):
    """Print the table, the survivors, and the sums."""
    kinds = [rule.__name__ for rule in RULES]
    table = [["function", *kinds, "planted", "wrong value", "error", "survive"]]
    for row in rows:
        counts = [*(row.planted[kind] for kind in kinds), row.planted.total(), row.caught["value"], row.caught["error"]]
        table.append([row.label, *counts, len(row.survivors)])
    table.append(["in all", *(sum(column) for column in zip(*(line[1:] for line in table[1:]), strict=True))])
    if markdown:
        lines = ["| " + " | ".join(map(str, line)) + " |" for line in table]
        lines.insert(1, "|---|" + "--:|" * (len(table[0]) - 1))
    else:
        widths = [max(len(str(entry)) for entry in column) for column in zip(*table, strict=True)]
        lines = [
            line[0].ljust(widths[0]) + "".join(f"  {n:>{w}}" for n, w in zip(line[1:], widths[1:], strict=True))
            for line in table
        ]
    print(*lines, sep="\n")
    for row in rows:
        if row.survivors:
            print(f"\n{row.label}\n")
        for fault in row.survivors:
            reason = EQUIVALENT.get(row.label, {}).get(fault, "no reason is given")
            print(f"- `{fault}`: {reason}" if markdown else f"  {fault}\n      {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", action="store_true", help="print the report as Markdown")
    markdown = parser.parse_args().markdown
    names = dict.fromkeys([*functions(), *backward_passes()])
    rows = [row for row in map(judge, names) if row.planted]
    report(rows, markdown)
    wrong = [line for row in rows for line in complaints(row)]
    wrong += [f"{name}: has reasons, but there is no such function" for name in EQUIVALENT.keys() - names.keys()]
    if wrong:
        sys.exit("\n".join(["", *wrong]))


if __name__ == "__main__":
    main()
