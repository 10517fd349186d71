"""Losses, each with its gradient: `loss, dys = a_loss(ys, targets, mask)`.

`mask` is True where an entry counts. `reduction="mean"` divides by the number of entries that count, so that a longer batch
does not mean a larger gradient; "sum" adds them up, as the equations for a whole sequence do.
"""

import numpy as np

from .checks import check_array, check_choice, check_mask
from .functions import log_softmax, sigmoid


def softmax_cross_entropy(logits, targets, mask=None, reduction="mean"):
    """L = -log p[target], p = softmax(logits); dL/dlogits = p - onehot(target). In nats.

    Shapes  logits (..., K), targets (...) integers in [0, K), mask (...) -> a number, dlogits (..., K)
    """
    check_floats("logits", logits)
    K = logits.shape[-1]
    check_array("targets", targets, logits.shape[:-1])
    weight = weights(targets.shape, mask, reduction, logits.dtype)
    targets = np.where(weight > 0, targets, 0)
    if targets.min() < 0 or targets.max() >= K:
        raise ValueError(f"targets: expected classes from 0 to {K - 1}, got {targets.min()} to {targets.max()}")
    log_p = log_softmax(logits)
    loss = -np.sum(np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0] * weight)
    dlogits = np.exp(log_p)
    np.put_along_axis(dlogits, targets[..., None], np.take_along_axis(dlogits, targets[..., None], -1) - 1, axis=-1)
    dlogits *= weight[..., None]
    return float(loss), dlogits


def sigmoid_cross_entropy(logits, targets, mask=None, reduction="mean"):
    """L = -t log p - (1 - t) log(1 - p), p = sigmoid(logit); dL/dlogit = p - t. In nats, for two classes.

    Shapes  logits (...), targets (...) in [0, 1], mask (...) -> a number, dlogits (...)
    """
    check_floats("logits", logits)
    check_array("targets", targets, logits.shape, logits.dtype)
    if targets.min() < 0 or targets.max() > 1:
        raise ValueError(f"targets: expected numbers from 0 to 1, got {targets.min()} to {targets.max()}")
    weight = weights(targets.shape, mask, reduction, logits.dtype)
    losses = np.maximum(logits, 0) - targets * logits + np.log1p(np.exp(-np.abs(logits)))
    return float(np.sum(losses * weight)), (sigmoid(logits) - targets) * weight


def mean_squared_error(ys, targets, mask=None, reduction="mean"):
    """L = mean of (y - target)**2; dL/dy = 2 (y - target) / the number of entries that count.

    Shapes  ys and targets (...), mask (...) -> a number, dys (...)
    """
    check_floats("ys", ys)
    check_array("targets", targets, ys.shape, ys.dtype)
    weight = weights(ys.shape, mask, reduction, ys.dtype)
    error = ys - targets
    return float(np.sum(error * error * weight)), 2 * error * weight


def check_floats(name, array):
    """Raise unless `array` is a non-empty array of floating-point numbers."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.ndim == 0 or array.size == 0:
        got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected a non-empty array of floats, got {got}")


def weights(shape, mask, reduction, dtype):
    """What each entry counts: 1, or 1/n for the mean over n entries, and 0 where the mask is False."""
    check_choice("reduction", reduction, ("mean", "sum"))
    counted = np.ones(shape, bool) if mask is None else check_mask(mask, shape)
    n = counted.sum()
    if n == 0:
        raise ValueError("mask: expected at least one True, got none: there is nothing to average over")
    return counted.astype(dtype) / dtype.type(n if reduction == "mean" else 1)
