"""Correctness before speed: whether an implementation computes what rnncore computes."""

import numpy as np

TOLERANCE = 1e-6  # float64, small sizes: right implementations differ by about 1e-15


class Disagreement(AssertionError):
    """An implementation whose numbers are not rnncore's."""


def agree(found, wanted, tolerance=TOLERANCE):
    """Return the largest difference, relative to the largest number of its array; Disagreement names the first array over it.

    found, wanted  arrays by name
    """
    if found.keys() != wanted.keys():
        raise Disagreement(f"expected {', '.join(wanted)}; got {', '.join(found)}")
    worst = 0.0
    for name, w in wanted.items():
        f = found[name]
        if np.shape(f) != np.shape(w) or np.asarray(f).dtype != np.asarray(w).dtype:
            raise Disagreement(f"{name}: expected {w.dtype} {np.shape(w)}, got {np.asarray(f).dtype} {np.shape(f)}")
        error = float(np.abs(f - w).max() / max(1e-3, np.abs(w).max()))
        if not error <= tolerance:  # NaN is no agreement
            raise Disagreement(f"{name} is off by {error:.1e} of its largest number")
        worst = max(worst, error)
    return worst
