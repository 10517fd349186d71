"""rnncore on the cases of scripts/torch_values.py: how far its numbers are from PyTorch's, by name. Needs no PyTorch."""

import json
from pathlib import Path

import numpy as np

import rnncore as rc
from rnncore.convert import load_torch, state_from_torch, state_to_torch, to_torch

rng = np.random.default_rng(0)  # every weight it draws is overwritten
RECURRENT = {
    "RNN tanh": lambda D, H: rc.RNN(D, H, rng),
    "RNN relu": lambda D, H: rc.RNN(D, H, rng, "relu"),
    "LSTM": lambda D, H: rc.LSTM(D, H, rng),
    "GRU": lambda D, H: rc.GRU(D, H, rng, reset="after"),
}
SINGLE = {
    "Linear": lambda weight: rc.Dense(*weight.shape[::-1], rng),
    "Embedding": lambda weight: rc.Embedding(*weight.shape, rng),
    "LayerNorm": lambda weight: rc.LayerNorm(*weight.shape),
}
OPTIMISERS = {
    "SGD": rc.SGD,
    "Momentum": rc.Momentum,
    "Adagrad": rc.Adagrad,
    "RMSProp": lambda lr, alpha, eps: rc.RMSProp(lr, decay=alpha, eps=eps),
    "Adam": lambda lr, betas, eps: rc.Adam(lr, *betas, eps),
}


def stored():
    """The stored cases by group, lists as arrays."""
    text = (Path(__file__).parent / "torch_values.json").read_text()
    return json.loads(text, object_hook=lambda case: {name: as_array(value) for name, value in case.items()})


def as_array(value):
    """A list of numbers as an array; anything else as it is."""
    return np.array(value) if isinstance(value, list) and not isinstance(value[0], dict) else value


def recurrent_layer(case):
    """The layer that such a module of torch is."""
    D, H, directions = case["xs"].shape[2], case["first"].shape[3], 2 if case["bidirectional"] else 1
    layers = []
    for k in range(case["layers"]):
        readers = [RECURRENT[case["kind"]](D if k == 0 else directions * H, H) for _ in range(directions)]
        layers.append(rc.Bidirectional(*readers) if case["bidirectional"] else readers[0])
    return layers[0] if len(layers) == 1 else rc.Stack(*layers)


def recurrent(case):
    """Deviations of outputs, last state, and the gradients of weights, inputs and first state."""
    layer, xs = recurrent_layer(case), case["xs"]
    load_torch(layer, case["weights"])
    mask = np.arange(len(xs))[:, None] < case["lengths"]
    hs, last, cache = layer.forward(xs, state_from_torch(layer, tuple(case["first"])), None if mask.all() else mask)
    dxs, dfirst = layer.backward(case["dhs"], cache, state_from_torch(layer, tuple(case["dlast"])))
    found = {"hs": hs, "last": state_to_torch(layer, last), "dxs": dxs, "dfirst": state_to_torch(layer, dfirst)}
    grads = to_torch(layer, grads=True)
    return deviations({**found, **{name: grads[name] for name in case["grads"]}}, {**case, **case["grads"]})


def single(case):
    """Deviations of a layer that treats each step alone."""
    layer = SINGLE[case["kind"]](case["weights"]["weight"])
    load_torch(layer, case["weights"])
    ys, _, cache = layer.forward(case["xs"])
    dxs, _ = layer.backward(case["dys"], cache)
    inputs = {} if dxs is None else {"dxs": dxs}
    return deviations({"ys": ys, **inputs, **to_torch(layer, grads=True)}, {**case, **case["grads"]})


def optimiser(case):
    """Deviations of where the parameter is after each step."""
    p, path, steps = case["start"].copy(), [], OPTIMISERS[case["kind"]](**case["options"])
    for g in case["gs"]:
        steps.step({"p": p}, {"p": g})
        path.append(p.copy())
    return deviations({"path": path}, case)


def loss(case):
    """Deviations of a loss under a mask and of its gradient."""
    value, dys = getattr(rc, case["kind"])(case["ys"], case["targets"], case["mask"])
    return deviations({"loss": value, "dys": dys}, case)


def clipped(case):
    """Deviations of the clipped gradients from torch's, which divides by the norm + 1e-6 where rnncore divides by the norm."""
    grads = {name: g.copy() for name, g in case["before"].items()}
    norm = rc.clip_by_norm(grads, case["limit"])
    if norm > case["limit"]:
        grads = {name: g * (norm / (norm + 1e-6)) for name, g in grads.items()}
    return deviations({"norm": norm, **grads}, {**case, **case["after"]})


def deviations(found, wanted):
    """The largest |found - wanted| of each array, relative to the largest number in it where that is above 1; inf for NaN."""
    largest = {}
    for name, f in found.items():
        f, w = np.asarray(f), np.asarray(wanted[name])
        assert f.shape == w.shape, f"{name}: expected {w.shape}, got {f.shape}"
        largest[name] = float(np.nan_to_num(np.abs(f - w).max() / max(1.0, np.abs(w).max()), nan=np.inf))
    return largest
