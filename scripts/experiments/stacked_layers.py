"""One, two and three recurrent layers with as many parameters in all, on the Python documentation; what a typo does to each."""

from itertools import islice

import numpy as np

from rnncore import (
    RNN,
    Adam,
    Characters,
    Dense,
    Embedding,
    Stack,
    fit,
    orthogonal,
    python_docs,
    sequence_loss,
    softmax_cross_entropy,
    streams,
    windows,
)

D = 32


def run(seeds, depths=(1, 2, 3), steps=500, held_out=20_000, one_layer=128):
    """Train each depth with each seed, three rounds of `steps` at falling rates."""
    text = python_docs()
    chars = Characters(text)
    ids, V = chars.encode(text), len(chars)
    train, test = ids[:-held_out], ids[-held_out:]
    budget = parameters(V, 1, one_layer)
    runs = []
    for seed in seeds:
        layers = []
        for L in depths:
            rng = np.random.default_rng(seed)
            H = width(V, L, budget)
            model = make(V, L, H, rng)
            fresh = typo(model, test, V, np.random.default_rng(1))
            pairs = windows(train, 48, 32, rng)

            def one_round(model=model, pairs=pairs):
                return (sequence_loss(model, xs, targets) for xs, targets in islice(pairs, steps))

            for rate in (4e-3, 1.5e-3, 5e-4):
                fit(model, one_round, Adam(rate), clip=1.0, progress=False)
            layers.append(
                {
                    "layers": L,
                    "units": H,
                    "parameters": model.parameter_count,
                    "bits": bits(model, test),
                    "typo before training": fresh,
                    "typo": typo(model, test, V, np.random.default_rng(1)),
                    "autocorrelation": autocorrelation(model, test),
                }
            )
            print(f"seed {seed}, {L} layers of {H}: {layers[-1]['bits']:.3f} bits a character")
        runs.append({"seed": seed, "depths": layers})
    deepest = [r["depths"][-1] for r in runs]
    longer = [stays(d["typo"][-1]) / stays(d["typo"][0]) for d in deepest]
    gains = [r["depths"][0]["bits"] - r["depths"][1]["bits"] for r in runs]
    return {
        "criterion": f"bits a character on the last {held_out:,} characters; a typo replaces one character, and the distance "
        "between the states with and without it is divided by that of unrelated places",
        "model": f"Embedding({V}, {D}), RNN layers of one width, W_hh orthogonal, Dense: at most {budget} parameters; Adam, "
        f"rates 4e-3, 1.5e-3, 5e-4 for {steps} steps each, clip 1, windows of 48, batch 32",
        "runs": runs,
        "claims": [
            {
                "claim": "Two recurrent layers model characters better than one with as many parameters",
                "source": "a common recommendation",
                "criterion": "bits a character of one layer less those of two; reproduced if above 0 with every seed, "
                "in part if the median is, else not",
                "theirs": "above 0",
                "ours": gains,
                "unit": "bits a character",
                "verdict": "reproduced" if min(gains) > 0 else "in part" if np.median(gains) > 0 else "not reproduced",
            },
            {
                "claim": "In a trained stack the higher layers work on longer time scales",
                "source": "Hermans and Schrauwen 2013",
                "criterion": "sum over 30 characters of a typo's effect over its first value, top layer over bottom layer, "
                "three layers; reproduced if above 1.5 with every seed, in part if above 1 with every seed, else not",
                "theirs": "above 1",
                "ours": longer,
                "unit": "ratio",
                "verdict": "reproduced" if min(longer) > 1.5 else "in part" if min(longer) > 1 else "not reproduced",
            },
        ],
    }


def parameters(V, L, H):
    """How many numbers a stack of L layers of H units learns, embedding and head included."""
    return V * D + (D * H + H * H + H) + (L - 1) * (2 * H * H + H) + (H * V + V)


def width(V, L, budget):
    """The largest H within the budget."""
    H = 1
    while parameters(V, L, H + 1) <= budget:
        H += 1
    return H


def make(V, L, H, rng, f=np.float32):
    """Embedding, L recurrent layers, head."""
    layers = [RNN(H if k else D, H, rng, recurrent=orthogonal, dtype=f) for k in range(L)]
    return Stack(Embedding(V, D, rng, f), *layers, Dense(H, V, rng, f))


def bits(model, test):
    """Bits a character on ten streams of the text."""
    xs, targets = streams(test, 10)
    return softmax_cross_entropy(model.forward(xs, keep=False)[0], targets)[0] / np.log(2)


def states(model, xs):
    """The states of each recurrent layer, a list of (T, B, H) in float64."""
    found = []
    for layer in model.layers[:-1]:
        xs, _, _ = layer.forward(xs, keep=False)
        if isinstance(layer, RNN):
            found.append(xs.astype(float))
    return found


def typo(model, test, V, rng, places=300, around=30):
    """For each layer, how far the states are apart after 0, 1, ... characters, over the distance of unrelated places."""
    rows = np.arange(2 * around)[:, None] + rng.integers(len(test) - 2 * around, size=places)
    xs = test[rows]
    wrong = xs.copy()
    wrong[around] = (wrong[around] + rng.integers(1, V, places)) % V
    effect = []
    for hs, changed in zip(states(model, xs), states(model, wrong), strict=True):
        apart = np.linalg.norm(changed - hs, axis=2)[around:].mean(axis=1)
        unrelated = np.linalg.norm(hs - np.roll(hs, 1, axis=1), axis=2)[around:].mean()
        effect.append((apart / unrelated).round(5).tolist())
    return effect


def stays(effect):
    """For how many characters a typo stays: the sum of its effect over its first value."""
    return sum(effect) / effect[0]


def autocorrelation(model, test, lags=30):
    """For each layer, the autocorrelation of its units at lags 1, 2, ...: the mean over the units."""
    found = []
    for hs in states(model, streams(test, 10)[0]):
        h = hs[50:] - hs[50:].mean(axis=(0, 1))
        power = (h * h).mean(axis=(0, 1))
        found.append([float(((h[k:] * h[:-k]).mean(axis=(0, 1)) / power).mean().round(5)) for k in range(1, lags + 1)])
    return found
