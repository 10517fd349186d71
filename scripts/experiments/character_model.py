"""A basic RNN against 1- to 6-gram models on the Python documentation: bits a character on text that neither saw."""

from itertools import islice

import numpy as np

from rnncore import (
    RNN,
    Adam,
    Characters,
    Dense,
    Embedding,
    NGram,
    Stack,
    fit,
    python_docs,
    sequence_loss,
    softmax_cross_entropy,
    windows,
)


def bits(model, ids):
    """What a character model needs for a text, read from left to right: bits a character."""
    logits, _, _ = model.forward(ids[:-1, None], keep=False)
    return softmax_cross_entropy(logits, ids[1:, None])[0] / np.log(2)


def run(seeds, rounds=12, steps=400):
    """Train with each seed; count once."""
    text = python_docs()
    chars = Characters(text)
    ids, V = chars.encode(text), len(chars)
    train, tune, test = np.split(ids, [len(ids) * 85 // 100, len(ids) * 90 // 100])
    T, B, f = 64, 32, np.float32
    runs = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        model = Stack(Embedding(V, 32, rng, dtype=f), RNN(32, 256, rng, dtype=f), Dense(256, V, rng, dtype=f))
        model.params["1.W_hh"][...] = np.linalg.qr(rng.normal(size=(256, 256)))[0]  # orthogonal: nothing fades at the start
        optimiser, data, curve = Adam(2e-3), windows(train, T, B, rng), []

        def one_round(model=model, data=data):
            return (sequence_loss(model, xs, targets) for xs, targets in islice(data, steps))

        for k in range(rounds):
            fit(model, one_round, optimiser, clip=1.0, progress=False)
            optimiser.lr *= 0.9
            curve.append({"characters": (k + 1) * steps * T * B, "tune": bits(model, tune), "test": bits(model, test)})
            print(f"seed {seed}, round {k + 1} of {rounds}: {curve[-1]['test']:.3f} bits a character")
        best = min(curve, key=lambda point: point["tune"])
        runs.append({"seed": seed, "test": best["test"], "characters": best["characters"], "curve": curve})
    return {
        "criterion": f"bits a character on the last {len(test)} of {len(ids)}; "
        f"the RNN stops where it is best on the {len(tune)} before",
        "model": f"Embedding({V}, 32), RNN(32, 256), W_hh orthogonal, Dense(256, {V}); Adam, clip 1, windows of {T}, batch {B}",
        "ngrams": {n: NGram(train, n, V).bits(test) for n in range(1, 7)},
        "runs": runs,
    }
