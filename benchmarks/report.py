"""The tables, as Markdown, and the medians over the runs that they are made of."""

import math
import statistics
from collections import defaultdict

from .goals import case, exponent, goals, growth
from .problems import GATES, SIZES

PEERS = ["products", "naive loop", "Unrolled", "torch nn", "torch cells", "JAX jit", "autograd"]


def summarise(records):
    """Medians over the runs: (section, case, peer) -> {"seconds", "ratio", "low", "high"} or {"value"}, or {"error"}.

    low and high are the lowest and highest ratio of a run. What failed in one run has failed.
    """
    grouped = defaultdict(list)
    for record in records:
        grouped[record["section"], record["case"], record["peer"]].append(record)
    summary = {}
    for key, group in grouped.items():
        errors = [r["error"] for r in group if "error" in r]
        if errors:
            summary[key] = {"error": errors[0]}
        elif "value" in group[0]:
            summary[key] = {"value": group[0]["value"]}
        else:
            ratios = [r["ratio"] for r in group]
            summary[key] = {"seconds": statistics.median(r["seconds"] for r in group)}
            summary[key] |= {"ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}
    return summary


def cell_text(summary, key, form):
    """An entry of a table: the number, "failed", or a dash where nothing was to be measured."""
    if key not in summary:
        return "–"
    return "failed" if "error" in summary[key] else form(summary[key])


def significant(number, digits=3):
    """A number with at least so many digits and no exponent: 0.106, 8.37, 96.8, 1,234."""
    rounded = float(f"{number:.{digits}g}")
    decimals = digits - 1 - math.floor(math.log10(rounded)) if rounded > 0 else 0
    return f"{number:,.{max(decimals, 0)}f}"


def milliseconds(entry):
    return significant(entry["seconds"] * 1e3)


def times(entry):
    return significant(entry["ratio"], 2)


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def layers_table(summary):
    """A row for each cell and size."""
    rows = []
    for cell in GATES:
        for size in SIZES:
            name = case(cell, size)
            ours = cell_text(summary, ("layers", name, "ours"), milliseconds)
            others = (cell_text(summary, ("layers", name, p), times) for p in PEERS)
            rows.append([cell, ", ".join(map(str, size)), ours, *others])
    return table(["cell", "B, T, D, H", "ours, ms", *PEERS], rows)


def jax_line(summary):
    """Who is ahead at B = 1, where the calls cost more than the arithmetic."""
    ratios = [summary.get(("layers", case(cell, SIZES[0]), "JAX jit"), {}).get("ratio") for cell in GATES]
    if None in ratios:
        return "JAX jit was not measured everywhere at B = 1."
    return (
        f"At B = 1 JAX's compiled loop takes {times({'ratio': min(ratios)})} to {times({'ratio': max(ratios)})} of our time: "
        "there a step costs NumPy its calls, not its arithmetic."
    )


def character_table(summary):
    rows = []
    for name, characters in {"RNN": 100, "LSTM": 3200}.items():
        row = [name]
        for peer in ("ours", "torch nn", "NumPy loop"):
            key = ("character", name, peer)
            row.append(cell_text(summary, key, lambda e, n=characters: f"{n / e['seconds']:,.0f}"))
        rows.append(row + [cell_text(summary, ("character", name, p), times) for p in ("torch nn", "NumPy loop")])
    head = ["model", "ours, characters/s", "torch nn", "NumPy loop", "time: torch nn / ours", "NumPy loop / ours"]
    return table(head, rows)


def sweep_tables(summary):
    """For each of T, H and B: what a step or a batch costs along the sweep, and the power that fits."""
    told = {  # what is held fixed, the unit, and how many of it one second at a value is
        "T": ("B 1, D 30, H 64", "µs a step", lambda value: 1e6 / value),
        "H": ("B 16, T 50, D 64", "ms", lambda value: 1e3),
        "B": ("T 50, D 64, H 128", "µs a step and example", lambda value: 1e6 / 50 / value),
    }
    for letter, (fixed, unit, factor) in told.items():
        values = sorted({int(name) for section, name, _ in summary if section == letter})
        rows = []
        for peer in ("ours", "torch nn"):
            row = [f"{peer}, {unit}"]
            for v in values:
                scale = factor(v)
                row.append(cell_text(summary, (letter, str(v), peer), lambda e, s=scale: significant(e["seconds"] * s)))
            rows.append(row)
        yield table([f"{letter} ({fixed})", *(f"{v:,}" for v in values)], rows)
        try:
            yield f"Ours ~ {letter}^{exponent(summary, letter)[0]:.2f}, by least squares."
        except (KeyError, ValueError):
            yield "No power can be fitted: ours failed."


def memory_table(summary):
    rows = []
    for cell in GATES:
        row = [cell_text(summary, ("memory", cell, p), lambda e: f"{e['value']:.1f}") for p in ("ours", "torch nn")]
        rows.append([cell, *row])
    return table(["cell", "ours", "torch nn"], rows)


def truncated_line(summary):
    """The peaks by the length of the stream."""
    points = {int(c): e for (section, c, _), e in summary.items() if section == "truncated"}
    if not points or any("error" in e for e in points.values()):
        return "Truncated BPTT: failed."
    peaks = ", ".join(f"{e['value'] / 1e3:,.1f} kB ({steps:,} steps)" for steps, e in sorted(points.items()))
    return f"Traced peak of truncated BPTT (RNN, H 64, B 4, k1 = k2 = 25): {peaks}. They differ by {growth(summary)[0]:.2%}."


def gradient_line(summary):
    keys = [("gradients", "LSTM", "ours"), ("gradients", "LSTM", "central loop")]
    keys += [("gradient errors", "LSTM", name) for name in ("numbers", "complex step", "central loop")]
    if any("error" in summary.get(key, {"error": ""}) for key in keys):
        return "Failed."
    ours, loop, numbers, exact, central = (summary[key] for key in keys)
    return (
        f"All {numbers['value']:.0f} numbers of an LSTM (D 5, H 6, T 8, B 3): `check_gradients`, by the complex step, takes "
        f"{milliseconds(ours)} ms and is off by at most {exact['value']:.2g} of what is allowed (1e-13 + 1e-11 |gradient|); "
        f"a loop of central differences takes {milliseconds(loop)} ms ({times(loop)} times as long) and is off by "
        f"{central['value']:,.0f} times that."
    )


def import_lines(summary):
    for (section, _, program), entry in summary.items():
        if section == "imports":
            yield f"- {program}: " + (entry.get("error") or f"{milliseconds(entry)} ms, {times(entry)} times the first")


def failures(summary):
    """What is marked as failed, one line for each implementation and reason."""
    places = defaultdict(list)
    for (section, name, peer), entry in summary.items():
        if "error" in entry:
            places[peer, entry["error"]].append(f"{section} {name}")
    for (peer, error), where in places.items():
        yield f"- {peer}: {error} ({'; '.join(where)})"


def markdown(machine, summary):
    """The whole report."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    rows = [list(goal.row(summary)) for goal in goals()]
    missed, unknown = (sum(row[-1] == text for row in rows) for text in ("**missed**", "not measured"))
    parts = [
        "# Side by side",
        f"{machine['date']}; {machine['cpu']}, {machine['cores']} cores, of which one thread is used; {versions}, "
        f"{machine['BLAS']}. Medians of {machine['runs']} run{'s' * (machine['runs'] != 1)}, {machine['minutes']} minutes; "
        f"load at the start {machine['load at the start']}. [How it is measured](../README.md).",
        "![The same numbers as a picture](results.png)",
        "## Forward and backward of one layer",
        "Gradients for the input and all weights, float32. `ours` in ms; all others as their time / ours: above 1, ours is "
        "faster. `products` is nothing but the matrix products, which no implementation can do without.",
        layers_table(summary),
        jax_line(summary),
        "## A character model",
        "V 65, H 128; characters learned from in a second. RNN: B 1, T 100, one-hot, Adagrad; LSTM: B 32, T 100, an embedding "
        "of width 64, Adam. The loop has the shape of min-char-rnn.",
        character_table(summary),
        "## Cost against T, H and B",
        "LSTM, forward and backward, one of the three at a time.",
        *sweep_tables(summary),
        "## Memory",
        "What is kept after the forward pass, outputs included: arrays of (B, H) a step.",
        memory_table(summary),
        truncated_line(summary),
        "## Gradient check",
        gradient_line(summary),
        "## Import",
        "CPU time of a fresh process.",
        "\n".join(import_lines(summary)),
        "## Floors and goals",
        f"{len(rows) - missed - unknown} of {len(rows)} met, {missed} missed, {unknown} not measured. Below a floor something "
        "is wrong; a goal is what a quiet machine should show. In brackets: the lowest and the highest run.",
        table(["", "", "asked", "found", ""], rows),
    ]
    failed = list(failures(summary))
    if failed:
        parts += ["## What could not be measured", "\n".join(failed)]
    return "\n\n".join(parts) + "\n"
