"""One builder for each implementation of a recurrent layer.

A builder takes (cell, B, T, D, H, dtype), prepares everything that is done once, and returns a Task: `step` is what is timed,
one forward and one backward pass with the gradients of the inputs and of all weights; `read` makes of what `step` returned
NumPy arrays by name (hs, xs, W_x, W_h, b, b_hn), in the layout of problems.py, to be compared before anything is timed.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .naive import layer as naive_layer
from .naive import pack, unpack
from .problems import GATES, columns, gates, layer_arrays


class Task(NamedTuple):
    step: Callable
    read: Callable | None = None  # None: it computes nothing that could be compared


# ---- rnncore ----


def ours(cell, **size):
    """rnncore's fast layer."""
    return rnncore_task(rnncore_of(cell, "", **size), cell, **size)


def unrolled(cell, **size):
    """rnncore's loop over its own cell."""
    from rnncore import Unrolled

    return rnncore_task(Unrolled(rnncore_of(cell, "Cell", **size)), cell, **size)


def rnncore_of(cell, suffix, D, H, dtype, **_):
    """rnncore's layer or cell, with any weights."""
    import rnncore

    kind, *reset = cell.split()
    options = {"reset": reset[0]} if reset else {}
    return getattr(rnncore, kind + suffix)(D, H, np.random.default_rng(0), dtype=np.dtype(dtype).type, **options)


def rnncore_task(layer, cell, **size):
    xs, dhs, weights = layer_arrays(cell, **size)
    names = {"W_x": "W_xh", "W_h": "W_hh", "b": "b_h"} if cell == "RNN" else {name: name for name in weights}
    for name, w in weights.items():
        p = layer.params[names[name]]
        p[...] = w.reshape(p.shape)

    def step():
        layer.zero_grads()
        hs, _, cache = layer.forward(xs)
        return hs, layer.backward(dhs, cache)[0]

    def read(done):
        grads = {name: layer.grads[names[name]].reshape(w.shape) for name, w in weights.items()}
        return {"hs": done[0], "xs": done[1], **grads}

    return Task(step, read)


# ---- NumPy ----


def naive(cell, **size):
    """The loop of naive.py."""
    xs, dhs, weights = layer_arrays(cell, **size)
    W, b = unpack(cell, weights)

    def read(done):
        hs, dxs, dW, db = done
        return {"hs": hs, "xs": dxs, **pack(cell, dW, db, size["D"])}

    return Task(lambda: naive_layer(cell, W, b, xs, dhs), read)


def products(cell, **size):
    """Nothing but the matrix products, of the shapes that no implementation can do without: the floor."""
    xs, dhs, weights = layer_arrays(cell, **size)
    (T, B, D), H, G = xs.shape, dhs.shape[-1], GATES[cell]
    W_x = columns(weights["W_x"])
    # With the reset gate before the product, the candidate's product has to wait for the gates'.
    waiting = [weights["W_h"][:2], weights["W_h"][2:]] if cell == "GRU before" else [weights["W_h"]]
    W_h = [columns(w) for w in waiting]
    W_hT = [np.ascontiguousarray(w.T) for w in W_h]
    das = [np.tile(dhs, len(w)) for w in waiting]
    all_das = np.tile(dhs, G).reshape(T * B, G * H)
    forward, back = [np.empty((B, w.shape[1]), xs.dtype) for w in W_h], np.empty((B, H), xs.dtype)
    rows, hs = xs.reshape(T * B, D), dhs.reshape(T * B, H)

    def step():
        rows @ W_x
        for t in range(T):
            for w, out in zip(W_h, forward, strict=True):
                np.dot(dhs[t], w, out=out)
        for t in range(T):
            for da, w in zip(das, W_hT, strict=True):
                np.dot(da[t], w, out=back)
        return rows.T @ all_das, hs.T @ all_das, all_das @ W_x.T

    return Task(step)


# ---- PyTorch ----

TORCH_ORDER = {"RNN": [0], "GRU after": [1, 0, 2], "LSTM": [0, 1, 3, 2]}  # r, z, n and i, f, g, o; each its own inverse


def torch_load(module, cell, weights, suffix):
    """Copy weights into a module of torch; its second bias is used by the GRU's candidate alone."""
    import torch

    order = TORCH_ORDER[cell]
    to_torch = {
        "weight_ih": np.concatenate([w.T for w in weights["W_x"][order]]),
        "weight_hh": np.concatenate([w.T for w in weights["W_h"][order]]),
        "bias_ih": weights["b"][order].ravel(),
        "bias_hh": np.zeros_like(weights["b"]).ravel(),
    }
    if "b_hn" in weights:
        to_torch["bias_hh"][-len(weights["b_hn"]) :] = weights["b_hn"]
    with torch.no_grad():
        for name, w in to_torch.items():
            getattr(module, name + suffix).copy_(torch.from_numpy(w))


def torch_layout(cell, array):
    """What `array` returns for torch's names (weight_ih, ...), in the layout of problems.py."""
    G, order = GATES[cell], TORCH_ORDER[cell]
    W_x, W_h, b = (gates(array(name).T, G)[order] for name in ("weight_ih", "weight_hh", "bias_ih"))
    return {"W_x": W_x, "W_h": W_h, "b": b} | ({"b_hn": gates(array("bias_hh"), G)[-1]} if cell == "GRU after" else {})


def torch_nn(cell, **size):
    """torch.nn.RNN, GRU, LSTM."""
    import torch

    return torch_task(getattr(torch.nn, cell.split()[0]), "_l0", lambda module, xs: module(xs)[0], cell, **size)


def torch_cell(cell, **size):
    """torch.nn.RNNCell, GRUCell, LSTMCell in a Python loop."""
    import torch

    def loop(module, xs):
        h = torch.zeros(xs.shape[1], module.hidden_size, dtype=xs.dtype)
        state, hs = (h, h) if cell == "LSTM" else h, []
        for x in xs:
            state = module(x, state)
            hs.append(state[0] if cell == "LSTM" else state)
        return torch.stack(hs)

    return torch_task(getattr(torch.nn, cell.split()[0] + "Cell"), "", loop, cell, **size)


def torch_task(kind, suffix, forward, cell, **size):
    import torch

    torch.set_num_threads(1)
    xs, dhs, weights = layer_arrays(cell, **size)
    module = kind(size["D"], size["H"], dtype=getattr(torch, size["dtype"]))
    torch_load(module, cell, weights, suffix)
    xs, dhs = torch.from_numpy(xs).requires_grad_(), torch.from_numpy(dhs)

    def step():
        xs.grad = None
        module.zero_grad(set_to_none=True)
        hs = forward(module, xs)
        hs.backward(dhs)
        return hs

    def read(hs):
        grads = torch_layout(cell, lambda name: getattr(module, name + suffix).grad.numpy())
        return {"hs": hs.detach().numpy(), "xs": xs.grad.numpy(), **grads}

    return Task(step, read)


# ---- automatic differentiation of NumPy code ----


def next_state(cell, xp, sigmoid, weights, state, a):
    """One step for a library that differentiates it; a = x W_x + b (B, G * H), `xp` is its NumPy."""
    W_h, H = weights["W_h"], state[0].shape[-1]
    if cell == "RNN":
        return (xp.tanh(a + state[0] @ W_h),)
    if cell == "LSTM":
        h, c = state
        a = a + h @ W_h
        i, f, o = (sigmoid(a[:, k * H : (k + 1) * H]) for k in range(3))
        c = f * c + i * xp.tanh(a[:, 3 * H :])
        return o * xp.tanh(c), c
    (h,) = state
    if cell == "GRU after":
        u = h @ W_h
        zr = sigmoid(a[:, : 2 * H] + u[:, : 2 * H])
        z, r = zr[:, :H], zr[:, H:]
        n = xp.tanh(a[:, 2 * H :] + r * (u[:, 2 * H :] + weights["b_hn"]))
    else:
        zr = sigmoid(a[:, : 2 * H] + h @ W_h[:, : 2 * H])
        z, r = zr[:, :H], zr[:, H:]
        n = xp.tanh(a[:, 2 * H :] + (r * h) @ W_h[:, 2 * H :])
    return (z * h + (1 - z) * n,)


def read_columns(cell, hs, dxs, grads):
    """Outputs and gradients whose gates stand side by side, in the layout of problems.py."""
    G = GATES[cell]
    return {
        "hs": np.asarray(hs),
        "xs": np.asarray(dxs),
        **{name: np.asarray(g) if name == "b_hn" else gates(np.asarray(g), G) for name, g in grads.items()},
    }


def jax_scan(cell, B, H, dtype, **size):
    """jax.lax.scan with jax.vjp, compiled by jax.jit."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # nothing to overlap here: waiting costs it 15 % at B = 1
    xs, dhs, weights = layer_arrays(cell, B=B, H=H, dtype=dtype, **size)
    weights = {name: jnp.asarray(w if name == "b_hn" else columns(w)) for name, w in weights.items()}

    def forward(weights, xs):
        def body(state, a):
            state = next_state(cell, jnp, jax.nn.sigmoid, weights, state, a)
            return state, state[0]

        start = (jnp.zeros((B, H), dtype),) * (2 if cell == "LSTM" else 1)
        return jax.lax.scan(body, start, xs @ weights["W_x"] + weights["b"])[1]

    @jax.jit
    def both(weights, xs, dhs):
        hs, back = jax.vjp(forward, weights, xs)
        return hs, back(dhs)

    xs, dhs = jnp.asarray(xs), jnp.asarray(dhs)
    return Task(
        lambda: jax.block_until_ready(both(weights, xs, dhs)),
        lambda done: read_columns(cell, done[0], done[1][1], done[1][0]),
    )


def autograd(cell, T, B, H, dtype, **size):
    """HIPS autograd: a loop over time, traced again at every call."""
    import autograd.numpy as anp
    from autograd import make_vjp

    xs, dhs, weights = layer_arrays(cell, T=T, B=B, H=H, dtype=dtype, **size)
    names = list(weights)
    arguments = (xs, *(w if name == "b_hn" else columns(w) for name, w in weights.items()))

    def sigmoid(a):
        return 0.5 * anp.tanh(0.5 * a) + 0.5

    def forward(arguments):
        weights = dict(zip(names, arguments[1:], strict=True))
        a = anp.dot(anp.reshape(arguments[0], (T * B, -1)), weights["W_x"]) + weights["b"]
        a = anp.reshape(a, (T, B, -1))
        state, hs = (np.zeros((B, H), dtype),) * (2 if cell == "LSTM" else 1), []
        for t in range(T):
            state = next_state(cell, anp, sigmoid, weights, state, a[t])
            hs.append(state[0])
        return anp.stack(hs)

    def step():
        back, hs = make_vjp(forward)(arguments)
        return hs, back(dhs)

    def read(done):
        dxs, *grads = done[1]
        return read_columns(cell, done[0], dxs, dict(zip(names, grads, strict=True)))

    return Task(step, read)
