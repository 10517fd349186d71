"""The experiments that are too long for a chapter, in full, with several seeds; the chapters show what is stored here.

    make results                                        runs all of them and stores chapters/results/<name>.json
    python -m scripts.results character_model --seeds 0 runs one of them, with fewer seeds; stores nothing

Each file says when it was made, with which seeds, in how many minutes, and by what criterion.
"""

import argparse
import json
import time
from datetime import date
from itertools import islice
from pathlib import Path

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

STORE = Path(__file__).resolve().parent.parent / "chapters" / "results"


def character_model(seeds, steps=3000):
    """A basic RNN against 1- to 6-gram models on the Python documentation: bits a character on text that neither saw."""
    text = python_docs()
    chars = Characters(text)
    ids, V = chars.encode(text), len(chars)
    train, tune, test = (
        ids[: len(ids) * 85 // 100],
        ids[len(ids) * 85 // 100 : len(ids) * 90 // 100],
        ids[len(ids) * 90 // 100 :],
    )
    rounds = 12

    def bits(model, held_out):
        logits, _, _ = model.forward(held_out[:-1, None], keep=False)
        return softmax_cross_entropy(logits, held_out[1:, None])[0] / np.log(2)

    runs = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        f = np.float32
        model = Stack(Embedding(V, 32, rng, dtype=f), RNN(32, 256, rng, dtype=f), Dense(256, V, rng, dtype=f))
        model.params["1.W_hh"][...] = np.linalg.qr(rng.normal(size=(256, 256)))[0]  # orthogonal: nothing fades at the start
        optimiser, data, curve = Adam(2e-3), windows(train, 64, 32, rng), []
        for k in range(rounds):
            fit(model, lambda: (sequence_loss(model, *pair) for pair in islice(data, steps // rounds)), optimiser, clip=1.0)  # noqa: B023
            optimiser.lr *= 0.8
            curve.append(
                {"characters": (k + 1) * (steps // rounds) * 64 * 32, "tune": bits(model, tune), "test": bits(model, test)}
            )
        best = min(curve, key=lambda point: point["tune"])
        runs.append({"seed": seed, "test": best["test"], "characters": best["characters"], "curve": curve})
        print(f"seed {seed}: {best['test']:.3f} bits a character")
    return {
        "criterion": f"bits a character on the last {len(test):,} of {len(ids):,} characters; the RNN where it is best on the 5 % before",
        "model": f"Embedding({V}, 32), RNN(32, 256, tanh, W_hh orthogonal), Dense(256, {V}); Adam, windows of 64 characters, batch 32",
        "ngrams": {n: NGram(ids[: len(train) + len(tune)], n, V).bits(test) for n in range(1, 7)},
        "runs": runs,
    }


EXPERIMENTS = {"character_model": character_model}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *EXPERIMENTS], help="all, if none is named")
    parser.add_argument("--seeds", type=int, nargs="+", help="other seeds than 0 to 4; the result is printed and not stored")
    arguments = parser.parse_args()
    for name in arguments.names or EXPERIMENTS:
        began = time.perf_counter()
        seeds = arguments.seeds or list(range(5))
        found = EXPERIMENTS[name](seeds)
        minutes = round((time.perf_counter() - began) / 60, 1)
        result = {"experiment": name, "made": date.today().isoformat(), "seeds": seeds, "minutes": minutes} | found
        written = json.dumps(result, indent=1)
        if arguments.seeds:
            print(written)
            continue
        STORE.mkdir(exist_ok=True)
        partial = STORE / f"{name}.json.partial"
        partial.write_text(written + "\n")
        partial.replace(STORE / f"{name}.json")
        print(f"{name}: {minutes} minutes, stored in {STORE / f'{name}.json'}")


if __name__ == "__main__":
    main()
