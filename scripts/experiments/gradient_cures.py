"""Every cure against vanishing and exploding gradients on one task, from starts that are too small and too large."""

import numpy as np

from rnncore import (
    GRU,
    LSTM,
    RNN,
    SGD,
    Dense,
    LayerNormRNNCell,
    Stack,
    Unrolled,
    clip_by_norm,
    clip_by_value,
    global_norm,
    identity,
    one_hot,
    orthogonal,
    softmax_cross_entropy,
    spectral_radius,
)

F = np.float32
SMALL, LARGE = "too small", "too large"
STARTS = {SMALL: spectral_radius(0.5), LARGE: spectral_radius(1.5)}
CLIPS = {"none": None, "norm": (clip_by_norm, 1.0), "value": (clip_by_value, 0.1)}


def temporal_order(T, B, rng):
    """Two symbols of interest among distractors; which, and in which order? xs (T, B, 6) and classes (B,), 0 to 3.

    The first stands between T/10 and 2T/10, the second between 4T/10 and 5T/10.
    Source: Hochreiter and Schmidhuber 1997, task 6a
    """
    ids, columns = rng.integers(2, 6, (T, B)), np.arange(B)
    first, second = rng.integers(0, 2, (2, B))
    ids[rng.integers(T // 10, 2 * T // 10, B), columns] = first
    ids[rng.integers(4 * T // 10, 5 * T // 10, B), columns] = second
    return one_hot(ids, 6, F), 2 * first + second


def penalty(W, hs, dh):
    """mean (|dL/dh_{t-1}| / |dL/dh_t| - 1)**2 and its immediate derivative by W (H, H): 0 where no step changes the norm.

    hs (T + 1, B, H), with the initial state in front; dh (B, H), the gradient at the last state. For tanh.
    Source: Pascanu, Mikolov and Bengio 2013, section 3.3
    """
    slopes, das, dhs = 1 - hs[2:] ** 2, [], [dh]
    for slope in slopes[::-1]:
        das.append(dhs[-1] * slope)
        dhs.append(das[-1] @ W.T)
    norms = np.maximum(np.linalg.norm(dhs, axis=2, keepdims=True), np.finfo(W.dtype).tiny)
    after, before, das = norms[:-1], norms[1:], np.array(das)
    excess = before / after - 1
    back = np.array(dhs[1:]) / before * (2 * excess / after)
    H = len(W)
    return float(np.mean(excess**2)), back.reshape(-1, H).T @ das.reshape(-1, H) / excess.size


def smaller_input(layer, factor=0.3):
    """Shrink the input's weights: six symbols at full size would drive tanh to where it is flat."""
    layer.params["W_xh" if "W_xh" in layer.params else "W_x"][...] *= F(factor)
    return layer


def biased(layer, gate, value):
    """Set the bias of a gate that keeps the state, so that it begins open."""
    layer.params["b"][gate] = value
    return layer


def make_layer(cure, start, H, rng):
    """The recurrent layer of a cure, its recurrent weights drawn by `start` unless the cure is a start of its own."""
    kind = {"relu": "relu", "identity start, relu": "relu"}.get(cure, "tanh")
    start = {"orthogonal start": orthogonal, "identity start, relu": identity}.get(cure, start)
    if cure == "layer norm":
        layer = Unrolled(LayerNormRNNCell(6, H, rng, recurrent=start, dtype=F))
    elif cure == "GRU":
        layer = biased(GRU(6, H, rng, recurrent=start, dtype=F), 0, 2)
    elif cure == "LSTM":
        layer = biased(LSTM(6, H, rng, recurrent=start, dtype=F), 1, 3)
    else:
        layer = RNN(6, H, rng, kind, recurrent=start, dtype=F)
    return smaller_input(layer)


def train(net, T, updates, lr, rng, clip=None, window=None, strength=0.0, B=20, every=100):
    """SGD until under 1 % of 500 fresh sequences are wrong; what came of it, as a dict.

    clip      a pair (function, limit), or None
    window    gradients go back so many steps from the end; None is all of them
    strength  what the penalty counts, added after clipping
    """
    optimiser, largest, error = SGD(lr), 0.0, 1.0
    for update in range(1, updates + 1):
        xs, classes = temporal_order(T, B, rng)
        cut = 0 if window is None else T - window
        with np.errstate(over="ignore", invalid="ignore"):
            try:
                state = net.forward(xs[:cut], keep=False)[1] if cut else None
                ys, _, cache = net.forward(xs[cut:], state)
            except ValueError:  # a state that is not finite
                return {"solved": False, "updates": update, "error": error, "largest": None}
            dys = np.zeros_like(ys)
            _, dys[-1] = softmax_cross_entropy(ys[-1], classes)
            net.zero_grads()
            net.backward(dys, cache)
            norm = global_norm(net.grads)
        if not np.isfinite(norm):
            return {"solved": False, "updates": update, "error": error, "largest": None}
        largest = max(largest, norm)
        if clip is not None:
            clip[0](net.grads, clip[1])
        if strength:
            W, dh = net.params["0.W_hh"], dys[-1] @ net.params["1.W"].T
            net.grads["0.W_hh"] += F(strength) * penalty(W, cache[0][1], dh)[1]
        optimiser.step(net.params, net.grads)
        if update % every == 0:
            xs, classes = temporal_order(T, 500, rng)
            with np.errstate(over="ignore", invalid="ignore"):
                try:
                    answers = net.forward(xs, keep=False)[0][-1]
                except ValueError:
                    return {"solved": False, "updates": update, "error": error, "largest": None}
            error = float(np.mean(answers.argmax(axis=1) != classes))
            if error < 0.01:
                break
    return {"solved": error < 0.01, "updates": update, "error": error, "largest": largest}


def plan():
    """Every (cure, start, clip) that is tried."""
    both = ("nothing", "relu", "layer norm", "truncation", "penalty", "GRU", "LSTM")
    own = ("orthogonal start", "identity start, relu")
    rows = [(cure, start, clip) for cure in both for start in STARTS for clip in ("none", "norm")]
    rows += [("nothing", start, "value") for start in STARTS]
    return rows + [(cure, None, clip) for cure in own for clip in ("none", "norm")]


def run(seeds, T=30, H=32, updates=2000, window=10, rows=None):
    """Train every cure from both starts, with and without clipping, once a seed."""
    runs = []
    for seed in seeds:
        cells = []
        for cure, start, clip in plan() if rows is None else rows:
            rng = np.random.default_rng(seed)
            net = Stack(make_layer(cure, STARTS.get(start), H, rng), Dense(H, 4, rng, dtype=F))
            found = train(
                net,
                T,
                updates,
                0.1,
                rng,
                CLIPS[clip],
                window if cure == "truncation" else None,
                4.0 if cure == "penalty" else 0.0,
            )
            cells.append({"cure": cure, "start": start, "clip": clip} | found)
            largest = "overflow" if found["largest"] is None else f"{found['largest']:.1g}"
            what = f"seed {seed}, {cure}, {start}, clip {clip}"
            print(f"{what}: {found['error']:.3f} after {found['updates']} updates, largest norm {largest}")
        runs.append({"seed": seed, "cells": cells})
    return {
        "criterion": f"temporal order, {T} steps, four classes: under 1 % of 500 fresh sequences wrong, "
        f"asked every 100 updates, within {updates} updates",
        "model": f"{H} units and a dense head; SGD, rate 0.1, batch 20; spectral radius of the recurrent weights (of each "
        f"gate's) 0.5, too small, or 1.5, too large; input weights Glorot times 0.3; GRU with b_z = 2, LSTM with b_f = 3; "
        f"clipping to norm 1 or to entries of 0.1; truncation to the last {window} steps; penalty with weight 4",
        "runs": runs,
        "claims": [],
    }
