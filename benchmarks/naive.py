"""Recurrent networks as a reader would first write them: one matrix a gate, input and state side by side, one step at a time.

`forward(W, b, x, state) -> state, cache` and `backward(W, dstate, cache, dW, db) -> dx, dstate` are one step of a cell; W is a
dict from gate to a matrix (D + H, H), b one from gate to a bias (H,). `layer` is the loop over time.
"""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def rnn(W, b, x, state):
    (h_prev,) = state
    v = np.concatenate([x, h_prev], axis=1)
    h = np.tanh(v @ W["h"] + b["h"])
    return (h,), (v, h)


def rnn_backward(W, dstate, cache, dW, db):
    (dh,), (v, h) = dstate, cache
    da = dh * (1 - h * h)
    dW["h"] += v.T @ da
    db["h"] += da.sum(axis=0)
    dv = da @ W["h"].T
    D = v.shape[1] - h.shape[1]
    return dv[:, :D], (dv[:, D:],)


def lstm(W, b, x, state):
    h_prev, c_prev = state
    v = np.concatenate([x, h_prev], axis=1)
    i, f, o = (sigmoid(v @ W[k] + b[k]) for k in "ifo")
    g = np.tanh(v @ W["g"] + b["g"])
    c = f * c_prev + i * g
    tanh_c = np.tanh(c)
    return (o * tanh_c, c), (v, i, f, o, g, c_prev, tanh_c)


def lstm_backward(W, dstate, cache, dW, db):
    (dh, dc), (v, i, f, o, g, c_prev, tanh_c) = dstate, cache
    dc = dc + dh * o * (1 - tanh_c**2)
    da = {
        "i": dc * g * i * (1 - i),
        "f": dc * c_prev * f * (1 - f),
        "o": dh * tanh_c * o * (1 - o),
        "g": dc * i * (1 - g * g),
    }
    dv = np.zeros_like(v)
    for k, d in da.items():
        dW[k] += v.T @ d
        db[k] += d.sum(axis=0)
        dv += d @ W[k].T
    D = v.shape[1] - i.shape[1]
    return dv[:, :D], (dv[:, D:], dc * f)


def gru_before(W, b, x, state):
    (h_prev,) = state
    v = np.concatenate([x, h_prev], axis=1)
    z, r = (sigmoid(v @ W[k] + b[k]) for k in "zr")
    u = np.concatenate([x, r * h_prev], axis=1)
    n = np.tanh(u @ W["n"] + b["n"])
    return (z * h_prev + (1 - z) * n,), (v, u, z, r, n, h_prev)


def gru_before_backward(W, dstate, cache, dW, db):
    (dh,), (v, u, z, r, n, h_prev) = dstate, cache
    D = v.shape[1] - z.shape[1]
    dn = dh * (1 - z) * (1 - n * n)
    du = dn @ W["n"].T
    dz = dh * (h_prev - n) * z * (1 - z)
    dr = du[:, D:] * h_prev * r * (1 - r)
    dv = dz @ W["z"].T + dr @ W["r"].T
    for k, inputs, d in (("z", v, dz), ("r", v, dr), ("n", u, dn)):
        dW[k] += inputs.T @ d
        db[k] += d.sum(axis=0)
    return dv[:, :D] + du[:, :D], (dh * z + dv[:, D:] + du[:, D:] * r,)


def gru_after(W, b, x, state):
    (h_prev,) = state
    D = x.shape[1]
    v = np.concatenate([x, h_prev], axis=1)
    z, r = (sigmoid(v @ W[k] + b[k]) for k in "zr")
    q = h_prev @ W["n"][D:] + b["hn"]
    n = np.tanh(x @ W["n"][:D] + b["n"] + r * q)
    return (z * h_prev + (1 - z) * n,), (v, z, r, q, n)


def gru_after_backward(W, dstate, cache, dW, db):
    (dh,), (v, z, r, q, n) = dstate, cache
    D = v.shape[1] - z.shape[1]
    x, h_prev = v[:, :D], v[:, D:]
    dn = dh * (1 - z) * (1 - n * n)
    dq = dn * r
    dz = dh * (h_prev - n) * z * (1 - z)
    dr = dn * q * r * (1 - r)
    dv = dz @ W["z"].T + dr @ W["r"].T
    for k, d in (("z", dz), ("r", dr)):
        dW[k] += v.T @ d
        db[k] += d.sum(axis=0)
    dW["n"][:D] += x.T @ dn
    dW["n"][D:] += h_prev.T @ dq
    db["n"] += dn.sum(axis=0)
    db["hn"] += dq.sum(axis=0)
    return dv[:, :D] + dn @ W["n"][:D].T, (dh * z + dv[:, D:] + dq @ W["n"][D:].T,)


# cell -> its gates in rnncore's order, the number of arrays in its state, one step, one step backward
CELLS = {
    "RNN": ("h", 1, rnn, rnn_backward),
    "GRU after": ("zrn", 1, gru_after, gru_after_backward),
    "GRU before": ("zrn", 1, gru_before, gru_before_backward),
    "LSTM": ("ifog", 2, lstm, lstm_backward),
}


def unpack(cell, weights):
    """The weights of problems.py as W, b."""
    names = CELLS[cell][0]
    W = {k: np.concatenate([x, h]) for k, x, h in zip(names, weights["W_x"], weights["W_h"], strict=True)}
    b = dict(zip(names, weights["b"], strict=True)) | ({"hn": weights["b_hn"]} if "b_hn" in weights else {})
    return W, b


def pack(cell, W, b, D):
    """W, b, or their gradients, in the layout of problems.py."""
    names = CELLS[cell][0]
    stacked = {
        "W_x": np.stack([W[k][:D] for k in names]),
        "W_h": np.stack([W[k][D:] for k in names]),
        "b": np.stack([b[k] for k in names]),
    }
    return stacked | ({"b_hn": b["hn"]} if "hn" in b else {})


def zeros(arrays):
    return {k: np.zeros_like(a) for k, a in arrays.items()}


def layer(cell, W, b, xs, dhs):
    """Forward and backward over a sequence: xs (T, B, D), dhs (T, B, H) -> hs, dxs, dW, db."""
    _, parts, forward, backward = CELLS[cell]
    T = len(xs)
    hs, caches, dxs = [], [], [None] * T
    state = tuple(np.zeros_like(dhs[0]) for _ in range(parts))
    for t in range(T):
        state, cache = forward(W, b, xs[t], state)
        hs.append(state[0])
        caches.append(cache)
    dW, db = zeros(W), zeros(b)
    dstate = tuple(np.zeros_like(dhs[0]) for _ in range(parts))
    for t in reversed(range(T)):
        dxs[t], dstate = backward(W, (dstate[0] + dhs[t], *dstate[1:]), caches[t], dW, db)
    return np.stack(hs), np.stack(dxs), dW, db
