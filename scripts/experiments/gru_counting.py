"""Who counts: n times a, then n times b, learned up to n = 10 and asked for more.

LSTM              its memory c has no bounds
no output gate    the LSTM with o = 1: h = tanh(c)
coupled           also f = 1 - i, so that c is an average of what was proposed
GRU               its state is such an average, too
"""

import numpy as np

from rnncore import GRU, LSTM, Adam, Dense, Stack, clip_by_norm, sigmoid_cross_entropy

CELLS = {
    "LSTM": (LSTM, {}),
    "no output gate": (LSTM, {"without": "output"}),
    "coupled": (LSTM, {"without": "output", "coupled": True}),
    "GRU": (GRU, {}),
}


def as_and_bs(ns):
    """n times a, n times b, one sequence for each n: xs (T, B, 2), mask (T, B), "the last b" (T, B, 1), what counts (T, B)."""
    t, ns = np.arange(2 * max(ns))[:, None], np.asarray(ns)
    mask = t < 2 * ns
    xs = np.stack([t < ns, (t >= ns) & mask], axis=-1).astype(float)
    return xs, mask, (t == 2 * ns - 1)[..., None].astype(float), (t >= ns) & mask


def reach(net, top):
    """The largest N up to `top` such that every n from 1 to N is right at every b."""
    xs, mask, last, counted = as_and_bs(np.arange(1, top + 1))
    ys, _, _ = net.forward(xs, mask=mask, keep=False)
    right = (((ys > 0) == (last > 0))[..., 0] | ~counted).all(axis=0)
    return top if right.all() else int(np.argmin(right))


def learn(cell, seed, updates, looks=10, H=4, longest=10, top=100):
    """Train; the reach at equal distances on the way, and the last loss."""
    rng, (layer, options) = np.random.default_rng(seed), CELLS[cell]
    net, optimiser, reaches = Stack(layer(2, H, rng, **options), Dense(H, 1, rng)), Adam(1e-2), []
    for update in range(1, updates + 1):
        xs, mask, last, counted = as_and_bs(rng.integers(1, longest + 1, 16))
        ys, _, cache = net.forward(xs, mask=mask)
        loss, dys = sigmoid_cross_entropy(ys, last, counted)
        net.zero_grads()
        net.backward(dys, cache)
        clip_by_norm(net.grads, 1)
        optimiser.step(net.params, net.grads)
        if update % (updates // looks) == 0:
            reaches.append(reach(net, top))
    return {"reach": reaches, "loss": loss, "parameters": net.parameter_count}


def run(seeds, updates=5000, longest=10):
    """All four cells with each seed."""
    runs = []
    for seed in seeds:
        learned = {cell: learn(cell, seed, updates, longest=longest) for cell in CELLS}
        print(f"seed {seed}: { ({cell: one['reach'] for cell, one in learned.items()}) }", flush=True)
        runs.append({"seed": seed, "cells": learned})
    return {
        "criterion": f"n times a, n times b, trained with n from 1 to {longest}; at each b: is it the last one? "
        "The reach is the largest N up to 100 such that every n from 1 to N is answered right at every b",
        "model": f"4 units and a dense output; Adam(1e-2), clip 1, {updates} updates of 16 sequences; ten looks on the way",
        "runs": runs,
        "claims": claims(runs, longest),
    }


def claims(runs, longest):
    """The published claims, each with its verdict by rule."""
    best = {cell: np.array([max(run["cells"][cell]["reach"]) for run in runs]) for cell in CELLS}
    times = best["LSTM"] / np.maximum(best["GRU"], 1)
    ahead = best["no output gate"] - best["GRU"]
    counts = best["LSTM"].min() >= 2 * longest and best["GRU"].max() < 2 * longest
    return [
        {
            "claim": "The LSTM learns to count, the GRU does not",
            "source": "Weiss, Goldberg and Yahav 2018",
            "criterion": f"the best reach on the way, of networks that saw n up to {longest}; reproduced if every LSTM gets to "
            "twice that and no GRU does; in part if, for every seed, the LSTM gets further",
            "theirs": "qualitative",
            "ours": times.tolist(),
            "unit": "times the reach of the GRU",
            "verdict": "reproduced" if counts else "in part" if times.min() > 1 else "not reproduced",
        },
        {
            "claim": "A GRU is an LSTM without an output gate",
            "source": "said in popular introductions",
            "criterion": "the best reach of the LSTM without output gate, less that of the GRU; not so if it is ahead for "
            "every seed; in part if it is for some",
            "theirs": "the same",
            "ours": ahead.tolist(),
            "unit": "steps of n",
            "verdict": "not reproduced" if ahead.min() > 0 else "in part" if ahead.max() > 0 else "reproduced",
        },
    ]
