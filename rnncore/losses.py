"""Losses, each with its gradient: `loss, dys = a_loss(ys, targets, mask)`.

`mask` is True where an entry counts; elsewhere anything may stand, NaN included. `reduction="mean"` divides by the number of
entries that count, so that a longer batch does not mean a larger gradient; "sum" adds them up, as the equations for a whole
sequence do.
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
    counted = counted_entries(mask, targets.shape)
    logits, targets = np.where(counted[..., None], logits, 0), np.where(counted, targets, 0)
    weight = weights(counted, reduction, logits.dtype)
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
    counted = counted_entries(mask, logits.shape)
    logits, targets = np.where(counted, logits, 0), counted_targets(targets, logits, counted)
    if targets.min() < 0 or targets.max() > 1:
        raise ValueError(f"targets: expected numbers from 0 to 1, got {targets.min()} to {targets.max()}")
    weight = weights(counted, reduction, logits.dtype)
    losses = np.maximum(logits, 0) - targets * logits + np.log1p(np.exp(-np.abs(logits)))
    return float(np.sum(losses * weight)), (sigmoid(logits) - targets) * weight


def mean_squared_error(ys, targets, mask=None, reduction="mean"):
    """L = mean of (y - target)**2; dL/dy = 2 (y - target) / the number of entries that count.

    Shapes  ys and targets (...), mask (...) -> a number, dys (...)
    """
    check_floats("ys", ys)
    counted = counted_entries(mask, ys.shape)
    ys, targets = np.where(counted, ys, 0), counted_targets(targets, ys, counted)
    weight = weights(counted, reduction, ys.dtype)
    error = ys - targets
    return float(np.sum(error * error * weight)), 2 * error * weight


def check_floats(name, array):
    """Raise unless `array` is a non-empty array of floating-point numbers."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.ndim == 0 or array.size == 0:
        got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected a non-empty array of floats, got {got}")


def counted_entries(mask, shape):
    """True where an entry counts, of `shape`; a mask without the last axis, such as (T, B), counts whole rows."""
    if mask is None:
        return np.ones(shape, bool)
    if isinstance(mask, np.ndarray) and mask.ndim == len(shape) - 1:
        mask = np.broadcast_to(check_mask(mask, shape[:-1])[..., None], shape)
    check_mask(mask, shape)
    if not mask.any():
        raise ValueError("mask: expected at least one True, got none: there is nothing to average over")
    return mask


def counted_targets(targets, ys, counted):
    """Targets like ys, checked where they count, and 0 where they do not."""
    check_array("targets", targets, ys.shape, ys.dtype, finite=False)
    return check_array("targets", np.where(counted, targets, 0), ys.shape, ys.dtype)


def weights(counted, reduction, dtype):
    """What each entry counts: 1, or 1/n for the mean over the n that count, and 0 for the others."""
    check_choice("reduction", reduction, ("mean", "sum"))
    n = counted.sum()
    return counted.astype(dtype) / dtype.type(n if reduction == "mean" else 1)
