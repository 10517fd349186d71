"""What PyTorch computes, as plain arrays, for rnncore to be held against. Nothing here knows rnncore.

    python -m scripts.torch_values      stores the cases of `stored_cases` for the tests that run without PyTorch

A case is a dict: how it was made, what went in, what came out; `weights` and `grads` are under the names of a state_dict.
Where a module is differentiated, the loss is the sum of its outputs times random numbers (dhs, dlast, dys).
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)  # sums are taken in one order, and the matrices are small

STORE = Path(__file__).resolve().parent.parent / "tests" / "rnncore" / "torch_values.json"

RECURRENT = {
    "RNN tanh": (nn.RNN, {"nonlinearity": "tanh"}),
    "RNN relu": (nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (nn.LSTM, {}),
    "GRU": (nn.GRU, {}),
}
SINGLE = {
    "Linear": lambda D, H: nn.Linear(D, H, dtype=torch.float64),
    "Embedding": lambda D, H: nn.Embedding(D, H, dtype=torch.float64),
    "LayerNorm": lambda D, H: nn.LayerNorm(D, dtype=torch.float64),
}
# Large eps and quick decays: with the usual ones it would hardly matter where they stand.
OPTIMISERS = {
    "SGD": (torch.optim.SGD, {"lr": 0.1}),
    "Momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.8}),
    "Adagrad": (torch.optim.Adagrad, {"lr": 0.1, "eps": 0.1}),
    "RMSProp": (torch.optim.RMSprop, {"lr": 0.1, "alpha": 0.7, "eps": 0.1}),
    "Adam": (torch.optim.Adam, {"lr": 0.1, "betas": (0.8, 0.95), "eps": 0.1}),
}
LOSSES = {
    "softmax_cross_entropy": nn.functional.cross_entropy,
    "sigmoid_cross_entropy": nn.functional.binary_cross_entropy_with_logits,
    "mean_squared_error": nn.functional.mse_loss,
}


def recurrent(rng, kind, T=5, B=4, D=3, H=2, layers=1, bidirectional=False, lengths=None, **options):
    """nn.RNN, LSTM or GRU: outputs, last state, and the gradients of weights, inputs and first state.

    lengths  (B,) of a packed sequence; None is T for all
    States   (1 or 2, layers * directions, B, H), h and, for the LSTM, c
    """
    make, own = RECURRENT[kind]
    module = make(D, H, layers, bidirectional=bidirectional, dtype=torch.float64, **own, **options)
    weights, xs = randomise(rng, module), leaf(rng, T, B, D)
    first = leaf(rng, 2 if kind == "LSTM" else 1, layers * (2 if bidirectional else 1), B, H)
    given = xs if lengths is None else nn.utils.rnn.pack_padded_sequence(xs, lengths, enforce_sorted=False)
    hs, last = module(given, tuple(first) if kind == "LSTM" else first[0])
    if lengths is not None:
        hs, _ = nn.utils.rnn.pad_packed_sequence(hs, total_length=T)
    last = torch.stack(last if kind == "LSTM" else [last])
    dhs, dlast = drawn(rng, *hs.shape), drawn(rng, *last.shape)
    torch.autograd.backward([hs, last], [dhs, dlast])
    return {
        "kind": kind,
        "layers": layers,
        "bidirectional": bidirectional,
        "lengths": np.array([T] * B if lengths is None else lengths),
        "weights": weights,
        **arrays(xs=xs, first=first, dhs=dhs, dlast=dlast),
        **arrays(hs=hs, last=last, dxs=xs.grad, dfirst=first.grad),
        "grads": gradients(module),
    }


def single(rng, kind, T=3, B=2, D=5, H=4):
    """A module that treats each step alone, from D inputs, or with D rows in its table."""
    module = SINGLE[kind](D, H)
    weights = randomise(rng, module)
    xs = torch.from_numpy(rng.integers(D, size=(T, B))) if kind == "Embedding" else leaf(rng, T, B, D)
    ys = module(xs)
    dys = drawn(rng, *ys.shape)
    ys.backward(dys)
    dxs = {} if xs.grad is None else arrays(dxs=xs.grad)
    return {"kind": kind, "weights": weights, **arrays(xs=xs, dys=dys, ys=ys), **dxs, "grads": gradients(module)}


def optimiser(rng, kind, steps=10):
    """Where an optimiser gets to, after each of some steps along given gradients."""
    make, options = OPTIMISERS[kind]
    p, gs = leaf(rng, 3, 2), drawn(rng, steps, 3, 2)
    start, path, optimiser = p.detach().clone(), [], make([p], **options)
    for g in gs:
        p.grad = g
        optimiser.step()
        path.append(p.detach().clone())
    return {"kind": kind, "options": options, **arrays(start=start, gs=gs, path=torch.stack(path))}


def loss(rng, kind, T=4, B=3, K=5):
    """A mean over the entries that a mask counts, and its gradient."""
    ys, mask = leaf(rng, T, B, K), torch.from_numpy(rng.random((T, B)) < 0.7)
    if kind == "softmax_cross_entropy":
        targets = torch.from_numpy(rng.integers(K, size=(T, B)))
    else:
        targets = torch.from_numpy(rng.random((T, B, K)).round(2))
    value = LOSSES[kind](ys[mask], targets[mask])
    value.backward()
    return {"kind": kind, **arrays(ys=ys, targets=targets, mask=mask, loss=value, dys=ys.grad)}


def clipped(rng, limit):
    """Gradients of two parameters before and after clip_grad_norm_."""
    a, b = leaf(rng, 3, 2), leaf(rng, 4)
    a.grad, b.grad = drawn(rng, 3, 2), drawn(rng, 4)
    before = arrays(a=a.grad.clone(), b=b.grad.clone())
    norm = nn.utils.clip_grad_norm_([a, b], limit)
    return {"limit": limit, "before": before, "after": arrays(a=a.grad, b=b.grad), **arrays(norm=norm)}


def drawn(rng, *shape):
    """Random numbers with two decimals, which keeps the stored file short."""
    return torch.from_numpy(rng.normal(size=shape).round(2))


def leaf(rng, *shape):
    """The same, to be differentiated by."""
    return drawn(rng, *shape).requires_grad_()


def randomise(rng, module):
    """Give a module weights of our own drawing, and return them by name.

    They shrink as the width grows, or the state would be chaotic and every rounding error would grow from step to step.
    """
    with torch.no_grad():
        for p in module.parameters():
            p.copy_((drawn(rng, *p.shape) / max(2, p.shape[-1] ** 0.5)).round(decimals=2))
    return arrays(**{name: p.clone() for name, p in module.state_dict().items()})


def gradients(module):
    return arrays(**{name: p.grad for name, p in module.named_parameters()})


def arrays(**tensors):
    return {name: t.detach().numpy() for name, t in tensors.items()}


def stored_cases():
    """The cases that are stored: every kind alone, and two packed bidirectional layers, which hold all that can go wrong."""
    rng = np.random.default_rng(2026)
    deep = {"layers": 2, "bidirectional": True, "lengths": [3, 5, 1, 4]}
    return {
        "recurrent": [recurrent(rng, kind, **options) for options in ({}, deep) for kind in RECURRENT],
        "single": [single(rng, kind) for kind in SINGLE],
        "optimiser": [optimiser(rng, kind) for kind in OPTIMISERS],
        "loss": [loss(rng, kind) for kind in LOSSES],
        "clipped": [clipped(rng, limit) for limit in (1.0, 100.0)],
    }


def written(cases):
    """The stored file: PyTorch's version, then one case a line."""
    lines = [f'"torch": {json.dumps(torch.__version__.partition("+")[0])}']
    for group, members in cases.items():
        texts = (json.dumps(case, default=np.ndarray.tolist) for case in members)
        lines.append(f'"{group}": [\n' + ",\n".join(texts) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    STORE.write_text(written(stored_cases()))
