"""The numbers of the tables as one picture: who is how fast at which size, characters a second, and the cost of a step."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullLocator

from rnncore import plots

from .goals import case, sweep
from .problems import GATES, SIZES

SHOWN = {  # label, colour, marker, and how far from the middle of its row, so that no marker hides another
    "products": ("bare products", plots.GREY, "|", 0),
    "naive loop": ("naive loop", plots.ORANGE, "^", -0.2),
    "JAX jit": ("JAX jit", plots.GREEN, "D", 0.2),
    "torch nn": ("torch nn", plots.VERMILION, "s", 0),
}


def draw(summary, path):
    """Draw it into a PNG file."""
    plots.use_style()
    figure = plt.figure(figsize=(11, 6.4), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.12)
    left, right = figure.subfigures(1, 2, width_ratios=[1.2, 1], wspace=0.02)
    draw_ratios(summary, left.subplots())
    upper, lower = right.subplots(2, 1)
    draw_characters(summary, upper)
    draw_steps(summary, lower)
    failed = sorted({peer for (_, _, peer), entry in summary.items() if "error" in entry})
    if failed:
        figure.supxlabel(f"Not everywhere measured: {', '.join(failed)}; results.md says why", fontsize=9, x=0.02, ha="left")
    figure.savefig(path, format="png", dpi=150)
    plt.close(figure)


def draw_ratios(summary, ax):
    """One row a cell and size, one marker an implementation: its time / ours, on a logarithmic axis."""
    rows = [(cell, size) for cell in GATES for size in SIZES]
    heights = [k + 0.6 * (k // len(SIZES)) for k in range(len(rows))]  # a gap between the cells
    for peer, (label, colour, marker, aside) in SHOWN.items():
        entries = [summary.get(("layers", case(*row), peer), {}) for row in rows]
        ratios = [entry.get("ratio", np.nan) for entry in entries]
        ax.plot(
            ratios,
            np.add(heights, aside),
            marker,
            color=colour,
            label=label,
            markersize=12 if marker == "|" else 6,
            markeredgewidth=1.8,
        )
    ax.vlines(1, heights[0] - 0.7, heights[-1] + 0.6, color=plots.BLUE, zorder=0)
    ax.text(1, heights[0] - 0.8, "rnncore", color=plots.BLUE, ha="center", va="bottom")
    ax.hlines(heights, *ax.get_xlim(), color="#dddddd", linewidth=0.8, zorder=-1)
    ax.set_xscale("log")
    ax.set_xticks([0.25, 0.5, 1, 2, 4, 8], ["¼", "½", "1", "2", "4", "8"])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks(heights, [f"{cell}  B {B}, T {T}, D {D}, H {H}" for cell, (B, T, D, H) in rows])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(heights[-1] + 0.6, heights[0] - 1.6)
    ax.set_xlabel("time / rnncore's, forward and backward, one thread")
    ax.legend(loc="upper center", bbox_to_anchor=(0.3, -0.09), ncols=4, frameon=False, handletextpad=0.1, columnspacing=1.2)
    ax.set_title(ratios_title(summary), loc="left", x=-0.75)


def ratios_title(summary):
    """The finding: against torch nn, how often, and how large at B = 1."""
    against = {key[1]: e["ratio"] for key, e in summary.items() if key[0] == "layers" and key[2] == "torch nn" and "ratio" in e}
    if not against:
        return "Forward and backward of one layer"
    no_slower = sum(r >= 0.995 for r in against.values())
    return f"At least as fast as torch nn in {no_slower} of {len(against)} cases, up to {max(against.values()):.1f} times"


def draw_characters(summary, ax):
    """Characters a second, as bars."""
    colours = {"ours": plots.BLUE, "torch nn": plots.VERMILION, "NumPy loop": plots.ORANGE}
    names, values, shades = [], [], []
    for model, characters, batch in (("RNN", 100, 1), ("LSTM", 3200, 32)):
        for peer, colour in colours.items():
            seconds = summary.get(("character", model, peer), {}).get("seconds")
            names.append(f"{model} B {batch}, {'rnncore' if peer == 'ours' else peer}")
            values.append(characters / seconds / 1e3 if seconds else np.nan)
            shades.append(colour)
    heights = [0, 1, 2, 3.5, 4.5, 5.5]
    drawn = ax.barh(heights, np.nan_to_num(values), color=shades, height=0.75)
    ax.bar_label(drawn, ["failed" if np.isnan(v) else f"{v:.0f}" for v in values], padding=4)
    ax.set_yticks(heights, names)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel("thousand characters a second")
    rnn, lstm = values[0] / values[1], values[3] / values[4]
    finding = "Learning to write" if np.isnan(rnn + lstm) else f"RNN: {rnn:.1f} times torch's pace; LSTM: {lstm:.1f} times"
    ax.set_title(finding, loc="left", x=-0.45)


def draw_steps(summary, ax):
    """Microseconds a step against the number of steps."""
    finding = "The cost of a step: failed"
    for peer, label, colour, marker in (("ours", "rnncore", plots.BLUE, "o"), ("torch nn", "torch nn", plots.VERMILION, "s")):
        try:
            steps, seconds = sweep(summary, "T", peer)
        except (KeyError, ValueError):
            continue
        costs = seconds / steps * 1e6
        ax.plot(steps, costs, marker=marker, color=colour)
        ax.annotate(label, (steps[-1], costs[-1]), (8, 0), textcoords="offset points", color=colour, va="center")
        if peer == "ours":
            finding = f"A step costs {costs[0]:.1f} µs at T = {steps[0]:.0f}, {costs[-1]:.1f} µs at {steps[-1]:,.0f}"
    ax.set_xscale("log")
    ax.set_xticks([100, 400, 1600, 6400], ["100", "400", "1,600", "6,400"])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(0, None)
    ax.set_xlabel("steps T (LSTM, B 1, D 30, H 64)")
    ax.set_ylabel("µs a step")
    ax.set_title(finding, loc="left", x=-0.45)
