"""How the gradient flows back through time: its norm at every step and layer, and the Jacobians that it is multiplied by."""

import numpy as np

from .gradients import leaves, map_state
from .layers import Stack


def gradient_flow(model, xs, dys, state=None):
    """norms[t, l] = the norm of dL/dh_t over all examples, at recurrent layer l: what reaches the state after step t, in all.

    The total derivative: from the loss at t itself, from the layers above at t, and from all later steps.

    model   a recurrent layer, or a Stack; layers without a state are passed through and have no column
    xs      (T, B, D), or ids (T, B) for an Embedding;  dys as the model's output: dL/dys
    Returns (T, L). The model's gradients stay as they were
    """
    layers = model.layers if isinstance(model, Stack) else (model,)
    starts = state if isinstance(model, Stack) and state is not None else [state] * len(layers)
    kept = {name: g.copy() for name, g in model.grads.items()}
    caches, columns = [], []
    for layer, start in zip(layers, starts, strict=True):
        outputs, steps = [], []
        for t in range(len(xs)):  # one step a call, so that the gradient can be seen between the steps
            y, start, cache = layer.forward(xs[t : t + 1], start)
            outputs.append(y)
            steps.append(cache)
        xs = np.concatenate(outputs)
        caches.append(steps)
    for layer, steps in zip(reversed(layers), reversed(caches), strict=True):
        dxs, norms, dstate = [], [], None
        for t in reversed(range(len(steps))):
            if dstate is None or len(dstate):
                later = 0 if dstate is None else next(leaves(dstate))
                norms.append(np.linalg.norm(dys[t] + later))
            dx, dstate = layer.backward(dys[t : t + 1], steps[t], dstate)
            dxs.append(dx)
        if len(dstate):
            columns.append(norms[::-1])
        if dxs[0] is not None:
            dys = np.concatenate(dxs[::-1])
    for name, g in model.grads.items():
        g[...] = kept[name]
    return np.array(columns[::-1]).T.reshape(len(caches[0]), -1)


def jacobians(layer, xs, state=None):
    """J[t][j, k] = ds_T[j] / ds_t[k], for t = 0 ... T-1: how the last state depends on each earlier one.

    The state s is all parts side by side, (h, c) for an LSTM. J[t] is the ordered product of the steps' own Jacobians from
    t + 1 to T; its singular values, `np.linalg.svd(J, compute_uv=False)`, say how much a gradient can grow or shrink there.

    layer   a recurrent layer, not a Stack;  xs (T, 1, D), one example;  state a tuple of (1, H)
    Returns (T, S, S), S the width of the whole state. The layer's gradients stay as they were
    """
    if not isinstance(xs, np.ndarray) or xs.ndim != 3 or xs.shape[1] != 1:
        raise ValueError(f"xs: expected (T, 1, D), one example, got {getattr(xs, 'shape', type(xs).__name__)}")
    _, last, _ = layer.forward(xs[:1], state)
    widths = [s.shape[1] for s in leaves(last)]
    S = sum(widths)
    kept = {name: g.copy() for name, g in layer.grads.items()}
    # S copies of the example run as a batch, and each is asked for the gradient of one entry of the last state.
    now = None if state is None else map_state(lambda s: np.repeat(s, S, axis=0), state)
    caches = []
    for x in xs:
        _, now, cache = layer.forward(np.repeat(x[None], S, axis=1), now)
        caches.append(cache)
    d = tuple(np.split(np.eye(S, dtype=layer.dtype), np.cumsum(widths)[:-1], axis=1))
    J = []
    for cache in reversed(caches):
        _, d = layer.backward(None, cache, tuple(map(np.ascontiguousarray, d)))
        J.append(np.concatenate(d, axis=1))
    for name, g in layer.grads.items():
        g[...] = kept[name]
    return np.stack(J[::-1])
