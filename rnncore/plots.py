"""Figures in one style: arrays in, Axes out; nothing here knows a model.

Every function draws on `ax`, or on a new figure, and returns the Axes. Titles state the finding; axes carry units; lines are
labelled where they end; colours are Okabe and Ito's, which people with any colour vision can tell apart.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import MaxNLocator

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
COLOURS = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
GREY = "#666666"


def use_style():
    """Set the book's style for every figure drawn from here on."""
    mpl.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 12,
            "axes.labelsize": 11,
            "figure.figsize": (7.0, 3.2),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 10.5,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "mathtext.fontset": "dejavusans",
        }
    )


def new_axes(ax, figsize=None):
    """Return `ax`, or the Axes of a new figure."""
    return plt.subplots(figsize=figsize)[1] if ax is None else ax


def lines(x, series, title="", xlabel="", ylabel="", log=False, markers=True, ax=None, figsize=None):
    """Draw curves over x, each labelled at its end in its own colour.

    x       (N,) shared by all
    series  a dict from label to values (N,); NaN leaves a gap
    log     True for a logarithmic y axis
    """
    ax = new_axes(ax, figsize)
    x = np.asarray(x)
    every = max(1, len(x) // 12)
    for k, values in enumerate(series.values()):
        marker = MARKERS[k % len(MARKERS)] if markers else None
        ax.plot(x, values, marker=marker, markevery=every, color=COLOURS[k % len(COLOURS)])
    if log:
        ax.set_yscale("log")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    label_ends(ax, x, series)
    return ax


def label_ends(ax, x, series, gap=13):
    """Write each label of `series` to the right of its last finite value, moved apart by at least `gap` points."""
    ends = []
    ax.get_ylim()  # settles the limits, on which the heights below depend
    for k, (label, values) in enumerate(series.items()):
        values = np.asarray(values, float)
        finite = np.flatnonzero(np.isfinite(values))
        if label and finite.size:
            ends.append((ax.transData.transform((x[finite[-1]], values[finite[-1]]))[1], finite[-1], k, label, values))
    points = 72 / ax.figure.dpi
    floor = -np.inf
    for height, last, k, label, values in sorted(ends, key=lambda e: e[0]):
        wanted = height * points
        floor = max(floor + gap, wanted)
        ax.annotate(
            label,
            (x[last], values[last]),
            xytext=(8, floor - wanted),
            textcoords="offset points",
            va="center",
            color=COLOURS[k % len(COLOURS)],
            annotation_clip=False,
        )


def heatmap(values, title="", xlabel="", ylabel="", unit="", signed=None, rows=None, columns=None, ax=None, figsize=None):
    """Draw a matrix as colours: cividis for magnitudes, red to blue around a white 0 for signed values.

    values         (R, C); row 0 on top
    signed         True or False; None decides by whether a negative number occurs
    rows, columns  names, drawn as tick labels
    unit           what the colour bar says
    """
    ax = new_axes(ax, figsize)
    values = np.asarray(values)
    signed = bool(np.nanmin(values) < 0) if signed is None else signed
    if signed:
        limit = float(np.nanmax(np.abs(values))) or 1.0
        image = ax.imshow(values, cmap="RdBu", norm=TwoSlopeNorm(0, -limit, limit), aspect="auto", interpolation="nearest")
    else:
        image = ax.imshow(values, cmap="cividis", aspect="auto", interpolation="nearest")
    for axis, names in ((ax.yaxis, rows), (ax.xaxis, columns)):
        if names is None:
            axis.set_major_locator(MaxNLocator("auto", integer=True))
        else:
            axis.set_ticks(range(len(names)), names)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label=unit, pad=0.02)
    return ax


def bars(values, title="", xlabel="", form="{:.2f}", reference=None, ax=None, figsize=None):
    """Draw one horizontal bar a name, with its value written at its end.

    values     a dict from name to number, drawn from the top
    reference  (name, number): a dashed line to compare with
    """
    figsize = figsize or (7.0, 0.8 + 0.42 * len(values))
    ax = new_axes(ax, figsize)
    names, numbers = list(values), list(values.values())
    drawn = ax.barh(names, numbers, color=BLUE, height=0.65)
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    ax.bar_label(drawn, [form.format(v) for v in numbers], padding=5, bbox=white)
    ax.invert_yaxis()
    if reference is not None:
        name, number = reference
        ax.axvline(number, color=VERMILION, linestyle="--", linewidth=1.5, zorder=1.5)  # over the bars, under their numbers
        ax.text(number, -0.7, f" {name}", color=VERMILION, va="bottom", ha="center")
    ax.margins(x=0.12)
    ax.set_xlabel(xlabel)
    ax.set_title(title, pad=22 if reference is not None else 8)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return ax


def text_heat(text, values, title="", unit="", columns=60, ax=None):
    """Write a text, one cell a character, each on a background as dark as its value.

    text    N characters; a space is shown as a raised dot
    values  (N,), at least 0
    """
    rows = -(-len(text) // columns)
    ax = new_axes(ax, (min(11.0, 1.2 + 0.155 * columns), 0.75 + 0.3 * rows))
    grid = np.full(rows * columns, np.nan)
    grid[: len(text)] = values
    image = ax.imshow(grid.reshape(rows, columns), cmap="cividis_r", vmin=0, aspect="auto")
    middle = float(np.nanmax(grid)) / 2
    for k, c in enumerate(text):
        dark = values[k] > middle
        ax.text(
            k % columns,
            k // columns,
            "·" if c == " " else c,
            ha="center",
            va="center",
            color="white" if dark else "black",
            family="monospace",
        )
    ax.set(title=title, xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label=unit, pad=0.01)
    return ax


def diagram(nodes, arrows, title="", ax=None, figsize=None):
    """Draw boxes and the arrows between them.

    nodes   a dict from key to (x, y, text) or (x, y, text, colour)
    arrows  tuples (from, to), (from, to, text) or (from, to, text, bend); bend curves the arrow (0 is straight) and an arrow
            from a node to itself is a loop on its left
    """
    places = np.array([[n[0], n[1]] for n in nodes.values()], float)
    low, high = places.min(axis=0), places.max(axis=0)
    ax = new_axes(ax, figsize or tuple(1.25 * (high - low) + [1.6, 1.5]))
    wide, tall = 0.62, 0.5
    for x, y, text, *colour in nodes.values():
        face = colour[0] if colour else "white"
        box = FancyBboxPatch(
            (x - wide / 2, y - tall / 2),
            wide,
            tall,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor=face,
            edgecolor=BLACK,
            linewidth=1.2,
            zorder=2,
        )
        ax.add_patch(box)
        ax.text(x, y, text, ha="center", va="center", zorder=3, fontsize=12, color=ink(face))
    for source, target, *rest in arrows:
        text, bend = (*rest, "", 0)[0] if rest else "", rest[1] if len(rest) > 1 else 0
        (x0, y0), (x1, y1) = nodes[source][:2], nodes[target][:2]
        if source == target:
            draw_loop(ax, x0, y0, wide, tall, text)
            continue
        start, end = edge_point((x0, y0), (x1, y1), wide, tall), edge_point((x1, y1), (x0, y0), wide, tall)
        ax.add_patch(arrow(start, end, f"arc3,rad={bend}"))
        if text:
            middle = (np.add(start, end) / 2) + bend * 0.5 * np.array([y1 - y0, x0 - x1])
            along = np.array([x1 - x0, y1 - y0], float)
            aside = np.array([-along[1], along[0]]) / np.hypot(*along)
            aside *= -1 if aside[1] < -1e-9 or (abs(aside[1]) < 1e-9 and aside[0] < 0) else 1
            sideways = abs(aside[0]) > abs(aside[1])
            ax.text(
                *(middle + (0.07 if sideways else 0.15) * aside),
                text,
                ha="left" if sideways else "center",
                va="center",
                color=GREY,
                fontsize=11,
            )
    ax.set_xlim(low[0] - (1.3 if any(a[0] == a[1] for a in arrows) else 0.65), high[0] + 0.65)
    ax.set_ylim(low[1] - 0.45, high[1] + 0.45)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_title(title)
    return ax


def unfolded(inputs, outputs, states=None, title="", weights=True, ax=None, figsize=None):
    """Draw a recurrent network unrolled in time, one column a step.

    inputs, outputs  one text a step; "" where there is none
    states           one text a step; None writes h_1, h_2, ...
    weights          True writes W_xh, W_hh, W_hy beside the arrows of the first step that has them
    """
    if len(inputs) != len(outputs):
        raise ValueError(f"outputs: expected one for each of the {len(inputs)} inputs, got {len(outputs)}")
    states = [f"$h_{t + 1}$" for t in range(len(inputs))] if states is None else states
    nodes, arrows, named = {}, [], set()

    def connect(source, target, name):
        arrows.append((source, target, f"${name}$" if weights and name not in named else ""))
        named.add(name)

    for t, (x, h, y) in enumerate(zip(inputs, states, outputs, strict=True)):
        nodes["h", t] = (1.45 * t, 1, h, SKY)
        if t:
            connect(("h", t - 1), ("h", t), "W_{hh}")
        if x:
            nodes["x", t] = (1.45 * t, 0, x)
            connect(("x", t), ("h", t), "W_{xh}")
        if y:
            nodes["y", t] = (1.45 * t, 2, y, ORANGE)
            connect(("h", t), ("y", t), "W_{hy}")
    return diagram(nodes, arrows, title, ax, figsize)


def ink(face):
    """Black or white, whichever reads better on the colour `face`."""
    r, g, b = mpl.colors.to_rgb(face)
    return "black" if 0.3 * r + 0.59 * g + 0.11 * b > 0.45 else "white"


def arrow(start, end, connection):
    """An arrow patch from one point to another."""
    return FancyArrowPatch(
        start,
        end,
        connectionstyle=connection,
        arrowstyle="-|>",
        mutation_scale=12,
        color=BLACK,
        linewidth=1.2,
        shrinkA=0,
        shrinkB=0,
    )


def draw_loop(ax, x, y, wide, tall, text):
    """A loop on the left of a box, from its upper to its lower half, with its name beside it."""
    start, end = (x - wide / 2, y + tall / 4), (x - wide / 2, y - tall / 4)
    ax.add_patch(arrow(start, end, "arc3,rad=2.6"))
    ax.text(x - wide / 2 - 0.4, y, text, ha="right", va="center", color=GREY, fontsize=11)


def edge_point(centre, other, wide, tall):
    """Where the straight line from a box's centre to another point leaves the box."""
    dx, dy = other[0] - centre[0], other[1] - centre[1]
    scale = min(wide / 2 / abs(dx) if dx else np.inf, tall / 2 / abs(dy) if dy else np.inf)
    return centre[0] + scale * dx, centre[1] + scale * dy
