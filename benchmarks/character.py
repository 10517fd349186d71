"""One training step of a character model, by three hands: characters -> recurrent layer -> Dense -> softmax cross-entropy.

A builder takes (cell, embedding, optimiser, B, T, V, H, dtype), where `embedding` is the width of a table of rows, or None for
one-hot inputs, and returns a Task as in peers.py. Each step takes the next of a few batches, starts from a zero state, goes
forward and backward and updates the weights; `read` returns the loss, all gradients and all weights.
"""

from itertools import cycle

import numpy as np

from . import naive
from .peers import Task, rnncore_of, torch_layout, torch_load
from .problems import layer_arrays

RATE, EPS = 1e-3, 1e-8


def setting(cell, embedding, B, T, V, H, dtype):
    """Endless batches ids (T + 1, B), and the weights: those of problems.py, W_y (H, V), b_y (V,), E (V, embedding)."""
    rng = np.random.default_rng(1)
    batches = cycle(rng.integers(V, size=(8, T + 1, B)))
    _, _, weights = layer_arrays(cell, B=B, T=T, D=embedding or V, H=H, dtype=dtype)
    weights |= {"W_y": rng.uniform(-0.1, 0.1, (H, V)).astype(dtype), "b_y": np.zeros(V, dtype)}
    if embedding:
        weights["E"] = rng.normal(size=(V, embedding)).astype(dtype)
    return batches, weights


def reader(named):
    """A Task's `read`, from a function that returns all gradients, or all weights, by name."""

    def read(loss):
        grads = {f"d{name}": g for name, g in named("gradients").items()}
        return {"loss": np.float64(loss), **grads, **named("weights")}

    return read


def ours(cell, embedding, optimiser, B, T, V, H, dtype):
    """rnncore: a Stack, a loss, an optimiser."""
    import rnncore

    kind, rng = np.dtype(dtype).type, np.random.default_rng(0)
    batches, weights = setting(cell, embedding, B, T, V, H, dtype)
    table = [rnncore.Embedding(V, embedding, rng, dtype=kind)] if embedding else []
    layers = [*table, rnncore_of(cell, "", D=embedding or V, H=H, dtype=dtype), rnncore.Dense(H, V, rng, dtype=kind)]
    model = rnncore.Stack(*layers)
    update = getattr(rnncore, optimiser)(RATE, eps=EPS)

    def named(what):
        arrays = [m.params if what == "weights" else m.grads for m in layers]
        W_x, W_h, b = (arrays[-2][name] for name in (("W_xh", "W_hh", "b_h") if cell == "RNN" else ("W_x", "W_h", "b")))
        found = {"W_x": W_x, "W_h": W_h, "b": b, "W_y": arrays[-1]["W"], "b_y": arrays[-1]["b"]}
        found |= {"E": arrays[0]["W"]} if embedding else {}
        return {name: a.reshape(weights[name].shape) for name, a in found.items()}

    for name, w in named("weights").items():
        w[...] = weights[name]

    def step():
        ids = next(batches)
        model.zero_grads()
        loss = rnncore.sequence_loss(model, ids[:-1] if embedding else rnncore.one_hot(ids[:-1], V, kind), ids[1:])
        update.step(model.params, model.grads)
        return loss

    return Task(step, reader(named))


def torch_nn(cell, embedding, optimiser, B, T, V, H, dtype):
    """PyTorch: torch.nn modules and torch.optim."""
    import torch

    torch.set_num_threads(1)
    kind = getattr(torch, dtype)
    batches, weights = setting(cell, embedding, B, T, V, H, dtype)
    recurrent = getattr(torch.nn, cell)(embedding or V, H, dtype=kind)
    torch_load(recurrent, cell, weights, "_l0")
    recurrent.bias_hh_l0.requires_grad_(False)  # one bias is enough here, as in rnncore
    dense = torch.nn.Linear(H, V, dtype=kind)
    table = torch.nn.Embedding(V, embedding, dtype=kind) if embedding else None
    with torch.no_grad():
        dense.weight.copy_(torch.from_numpy(weights["W_y"].T))
        dense.bias.copy_(torch.from_numpy(weights["b_y"]))
        if table:
            table.weight.copy_(torch.from_numpy(weights["E"]))
    model = torch.nn.ModuleList([recurrent, dense] + ([table] if table else []))
    learned = [p for p in model.parameters() if p.requires_grad]
    update = getattr(torch.optim, optimiser)(learned, lr=RATE, eps=EPS)

    def named(what):
        def array(p):
            return (p if what == "weights" else p.grad).detach().numpy()

        found = torch_layout(cell, lambda name: array(getattr(recurrent, f"{name}_l0")))
        found |= {"W_y": array(dense.weight).T, "b_y": array(dense.bias)}
        return found | ({"E": array(table.weight)} if table else {})

    def step():
        ids = torch.from_numpy(next(batches))
        update.zero_grad()
        hs, _ = recurrent(table(ids[:-1]) if table else torch.nn.functional.one_hot(ids[:-1], V).to(kind))
        loss = torch.nn.functional.cross_entropy(dense(hs).reshape(-1, V), ids[1:].reshape(-1))
        loss.backward()
        update.step()
        return loss.item()

    return Task(step, reader(named))


def loop(cell, embedding, optimiser, B, T, V, H, dtype):
    """NumPy in the shape of Karpathy's min-char-rnn (2015): everything inside two loops over time."""
    batches, weights = setting(cell, embedding, B, T, V, H, dtype)
    W, b = naive.unpack(cell, weights)
    rest = {name: weights[name] for name in ("W_y", "b_y", "E") if name in weights}
    _, parts, forward, backward = naive.CELLS[cell]
    groups = (W, b, rest)
    grads = dW, db, d = tuple(naive.zeros(arrays) for arrays in groups)
    means, squares = (tuple(naive.zeros(arrays) for arrays in groups) for _ in range(2))
    rows, steps = np.arange(B), 0

    def loss_and_gradients(inputs, targets):
        for arrays in grads:
            for name in arrays:
                arrays[name] = np.zeros_like(arrays[name])
        loss, state, caches, hs, ps = 0, (np.zeros((B, H), dtype),) * parts, [], [], []
        for t in range(T):
            if embedding:
                x = rest["E"][inputs[t]]
            else:
                x = np.zeros((B, V), dtype)
                x[rows, inputs[t]] = 1
            state, cache = forward(W, b, x, state)
            y = state[0] @ rest["W_y"] + rest["b_y"]
            p = np.exp(y) / np.sum(np.exp(y), axis=1, keepdims=True)
            loss -= np.log(p[rows, targets[t]]).sum() / (T * B)
            caches.append(cache)
            hs.append(state[0])
            ps.append(p)
        dstate = (np.zeros((B, H), dtype),) * parts
        for t in reversed(range(T)):
            dy = ps[t]
            dy[rows, targets[t]] -= 1
            dy /= T * B
            d["W_y"] += hs[t].T @ dy
            d["b_y"] += dy.sum(axis=0)
            dx, dstate = backward(W, (dstate[0] + dy @ rest["W_y"].T, *dstate[1:]), caches[t], dW, db)
            if embedding:
                np.add.at(d["E"], inputs[t], dx)
        return loss

    def step():
        nonlocal steps
        ids = next(batches)
        loss = loss_and_gradients(ids[:-1], ids[1:])
        steps += 1
        for params, gradients, m, s in zip(groups, grads, means, squares, strict=True):
            for name, g in gradients.items():
                if optimiser == "Adagrad":
                    s[name] += g * g
                    params[name] -= RATE * g / (np.sqrt(s[name]) + EPS)
                else:
                    m[name] = 0.9 * m[name] + 0.1 * g
                    s[name] = 0.999 * s[name] + 0.001 * g * g
                    m_hat, s_hat = m[name] / (1 - 0.9**steps), s[name] / (1 - 0.999**steps)
                    params[name] -= RATE * m_hat / (np.sqrt(s_hat) + EPS)
        return loss

    def named(what):
        weights, biases, others = groups if what == "weights" else grads
        return naive.pack(cell, weights, biases, embedding or V) | others

    return Task(step, reader(named))
