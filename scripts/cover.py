"""Draw book/cover.png: a small network reads English that it has never seen, and what it keeps in mind at each letter.

python -m scripts.cover        trains for about a minute
"""

from itertools import islice
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from rnncore import RNN, Adam, Characters, Dense, Embedding, Stack, fit, plots, python_docs, sequence_loss, softmax, windows

SENTENCE = "The name of the class is not the same as the type."
SHOWN = 20  # hidden units, of 128
COVER = Path(__file__).resolve().parent.parent / "book" / "cover.png"


def trained_model(chars, ids, rng):
    """A network that has read some two million letters."""
    model = Stack(Embedding(len(chars), 32, rng), RNN(32, 128, rng), Dense(128, len(chars), rng))
    data = windows(ids, 64, 16, rng)
    fit(model, lambda: (sequence_loss(model, *pair) for pair in islice(data, 2000)), Adam(2e-3), clip=1.0)
    return model


def main():
    plots.use_style()
    text = python_docs()
    if SENTENCE in text:
        raise ValueError(f"SENTENCE: expected one that the text lacks, got {SENTENCE!r}")
    chars = Characters(text)
    model = trained_model(chars, chars.encode(text), np.random.default_rng(7))
    ids = chars.encode(SENTENCE)
    xs, _, _ = model.layers[0].forward(ids[:-1, None])
    hs, _, _ = model.layers[1].forward(xs)
    p = softmax(model.layers[2].forward(hs)[0])[:, 0]
    right = p[np.arange(len(p)), ids[1:]]

    fig, (states, bars) = plt.subplots(2, 1, figsize=(11, 5.0), height_ratios=[3, 2], sharex=True)
    states.imshow(hs[:, 0, :SHOWN].T, cmap="RdBu", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    states.set_ylabel("what it keeps in mind\n(20 hidden units of 128)", fontsize=11)
    states.set_title("A recurrent network bets on the next letter, and is least sure where a word begins", fontsize=14, pad=12)
    states.set(yticks=[])
    states.tick_params(axis="x", length=0)
    bars.bar(range(len(right)), right, color=plots.BLUE, width=0.85)
    for t, (c, height) in enumerate(zip(SENTENCE[1:], right, strict=True)):
        bars.text(t, height + 0.03, c, ha="center", family="monospace", fontsize=13, color=plots.VERMILION)
    bars.set(ylim=(0, 1.2), yticks=[0, 0.5, 1])
    bars.set_ylabel("probability that it gave\nto the letter that came", fontsize=11)
    bars.set_xticks(range(len(right)), SENTENCE[:-1].replace(" ", "·"), family="monospace", fontsize=13)
    bars.set_xlabel("letter read")
    bars.tick_params(axis="x", length=0)
    for ax in (states, bars):
        ax.spines[:].set_visible(False)
    COVER.parent.mkdir(exist_ok=True)
    fig.savefig(COVER, dpi=110)


if __name__ == "__main__":
    main()
