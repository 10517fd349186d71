"""What rnncore is to reach, and whether it did: floors, below which something is wrong, and goals.

A Goal finds its number in the summary of report.py, (section, case, peer) -> {"ratio", "low", "high", "seconds", "value"}.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .problems import SIZES

TORCH = {  # torch nn's time / ours, at the three sizes: floors, goals
    "RNN": ((1, 1, 1), (6, 2.2, 1.3)),
    "GRU after": ((1, 1, 1), (5, 1.8, 1.1)),
    "LSTM": ((1, 0.8, 0.9), (1, 1, 1)),
}


class Goal(NamedTuple):
    what: str
    kind: str  # "floor" or "goal"
    at_least: bool
    asked: float
    find: Callable  # summary -> (number, lowest run, highest run); KeyError, TypeError: not measured
    form: str = "{:.2f}"

    def row(self, summary):
        """What was asked and found, as text, and "met", "missed" or "not measured"."""
        asked = ("≥ " if self.at_least else "≤ ") + self.form.format(self.asked)
        try:
            number, low, high = self.find(summary)
            found = self.form.format(number)
        except (KeyError, TypeError, ValueError):
            return self.what, self.kind, asked, "", "not measured"
        if low != high:
            found += f" ({self.form.format(low)} to {self.form.format(high)})"
        met = number >= self.asked if self.at_least else number <= self.asked
        return self.what, self.kind, asked, found, "met" if met else "**missed**"


def case(cell, size):
    return f"{cell} {','.join(map(str, size))}"


def ratio(section, case, peer):
    return lambda s: tuple(s[section, case, peer][k] for k in ("ratio", "low", "high"))


def inverse(section, case, peer):
    def find(s):
        middle, low, high = ratio(section, case, peer)(s)
        return 1 / middle, 1 / high, 1 / low

    return find


def value(section, case, peer):
    return lambda s: (s[section, case, peer]["value"],) * 3


def per_second(section, case, peer, things):
    return lambda s: (things / s[section, case, peer]["seconds"],) * 3


def sweep(summary, letter, peer="ours"):
    """What was measured along a sweep: the values of the letter and the seconds, as arrays."""
    points = sorted((int(c), entry["seconds"]) for (s, c, p), entry in summary.items() if (s, p) == (letter, peer))
    return np.array(points, float).T


def exponent(summary, letter):
    """The p of cost ~ letter^p, by least squares over the sweep."""
    values, seconds = sweep(summary, letter)
    return (float(np.polyfit(np.log(values), np.log(seconds), 1)[0]),) * 3


def growth(summary):
    """By how much the largest traced peak exceeds the smallest, over all lengths of the stream."""
    peaks = [entry["value"] for (section, _, _), entry in summary.items() if section == "truncated"]
    return (max(peaks) / min(peaks) - 1,) * 3


def goals():
    """All of them, in the order of the table."""
    for cell, (floors, wanted) in TORCH.items():
        for size, floor, goal in zip(SIZES, floors, wanted, strict=True):
            find = ratio("layers", case(cell, size), "torch nn")
            yield Goal(f"torch nn / ours, {case(cell, size)}", "floor", True, floor, find)
            yield Goal(f"torch nn / ours, {case(cell, size)}", "goal", True, goal, find)
    for cell in TORCH:
        for size in SIZES[1:]:
            yield Goal(f"JAX jit / ours, {case(cell, size)}", "goal", True, 0.9, ratio("layers", case(cell, size), "JAX jit"))
    for cell, limit in {"RNN": 1.15, "LSTM": 1.25, "GRU after": 1.35}.items():
        name = case(cell, SIZES[-1])
        yield Goal(f"ours / bare products, {name}", "goal", False, limit, inverse("layers", name, "products"))
    yield Goal("cost ~ T^p, LSTM, T = 100 to 6,400: p", "goal", False, 1.05, lambda s: exponent(s, "T"), "{:.3f}")
    yield Goal("gradient check: central loop / complex step", "goal", True, 8, ratio("gradients", "LSTM", "central loop"))
    error = value("gradient errors", "LSTM", "complex step")
    yield Goal("gradient check: error / (1e-13 + 1e-11 of the gradient)", "goal", False, 1, error, "{:.2g}")
    for cell, units in {"RNN": 1, "LSTM": 7, "GRU after": 5}.items():
        yield Goal(f"arrays of (B, H) kept a step, {cell}", "goal", False, units, value("memory", cell, "ours"))
    yield Goal("truncated BPTT: growth of the traced peak", "floor", False, 0.02, growth, "{:.1%}")
    imports = ratio("imports", "import", "rnncore, one LSTM step")
    yield Goal("import rnncore and one LSTM step / import numpy", "goal", False, 1.3, imports)
    yield Goal("characters/s, RNN", "goal", True, 120_000, per_second("character", "RNN", "ours", 100), "{:,.0f}")
    yield Goal("characters/s, RNN: torch nn / ours", "goal", True, 7, ratio("character", "RNN", "torch nn"))
    yield Goal("characters/s, RNN: NumPy loop / ours", "goal", True, 9, ratio("character", "RNN", "NumPy loop"))
    yield Goal("characters/s, LSTM", "goal", True, 100_000, per_second("character", "LSTM", "ours", 3200), "{:,.0f}")
