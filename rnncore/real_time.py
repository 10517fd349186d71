"""Real-time recurrent learning: the same gradient as backpropagation through time, carried forwards instead of back.

Backpropagation keeps all steps and walks back once. Here every step updates how the present state depends on every
parameter, P_t = ds_t/dp = (immediate part) + P_{t-1} ds_t/ds_{t-1}; the gradient is there at each step, with nothing kept
of the past. The price: P has as many numbers as state entries times parameters. Source: Williams and Zipser 1989.
"""

import numpy as np

from .unrolled import Unrolled


def rtrl(cell, xs, dhs, state=None):
    """dL/dp = sum over t of dL/dh_t ds_t/dp, from the first step to the last.

    cell    any cell; xs (T, B, D), dhs (T, B, H): dL/dh_t at each step, that of the loss at t alone
    state   a tuple of (B, H); None is zeros
    Returns the gradients by name, shaped as the parameters. `cell.grads` stays as it was
    """
    layer = Unrolled(cell)
    xs, state, _ = layer.begin(xs, state, None)
    T, B, _ = xs.shape
    layer.begin_backward(dhs, None, T, B)
    kept = {name: g.copy() for name, g in cell.grads.items()}
    widths = list(cell.state_sizes.values())
    S = sum(widths)
    P = {name: np.zeros((B, S, *p.shape), cell.dtype) for name, p in cell.params.items()}  # ds/dp of each example
    total = {name: np.zeros_like(p) for name, p in cell.params.items()}
    for x, dh in zip(xs, dhs, strict=True):
        J, new = np.zeros((B, S, S), cell.dtype), {name: np.zeros_like(p) for name, p in P.items()}
        for b in range(B):
            x_b, state_b = x[b : b + 1], [s[b : b + 1] for s in state]
            *_, cache = cell.step(x_b, *state_b)
            for k, row in enumerate(np.eye(S, dtype=cell.dtype)):  # one entry of the new state after the other
                cell.zero_grads()
                _, *dprev = cell.step_backward(*np.split(row[None], np.cumsum(widths)[:-1], axis=1), cache)
                J[b, k] = np.concatenate(dprev, axis=1)
                for name, g in cell.grads.items():
                    new[name][b, k] = g
        *state, _ = cell.step(x, *state)
        for name in P:
            P[name] = new[name] + np.einsum("bjk,bk...->bj...", J, P[name])
            total[name] += np.einsum("bk,bk...->...", dh, P[name][:, : widths[0]])
    for name, g in cell.grads.items():
        g[...] = kept[name]
    return total
