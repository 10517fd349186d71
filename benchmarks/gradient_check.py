"""Checking all gradients of an LSTM: rnncore's complex step, and the loop of central differences that most people write."""

import numpy as np

from .peers import Task


def setting(D, H, T, B):
    from rnncore import LSTM

    rng = np.random.default_rng(3)
    return LSTM(D, H, rng), rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))


def complex_step(**size):
    """check_gradients, with its forward and backward pass."""
    from rnncore import check_gradients

    layer, xs, _ = setting(**size)
    return Task(lambda: check_gradients(layer, xs, np.random.default_rng(4)))


def central_loop(**size):
    """Two forward passes of the fast layer for each number."""
    return Task(lambda: central(*setting(**size)))


def central(layer, xs, dhs, eps=1e-5):
    """The numeric gradients of sum(hs * dhs), by the parameters' names and "xs"."""

    def loss():
        return np.sum(layer.forward(xs, keep=False)[0] * dhs)

    slopes = {}
    for name, array in {**layer.params, "xs": xs}.items():
        slopes[name] = np.zeros_like(array)
        for k in np.ndindex(array.shape):
            kept = array[k]
            array[k] = kept + eps
            above = loss()
            array[k] = kept - eps
            below = loss()
            array[k] = kept
            slopes[name][k] = (above - below) / (2 * eps)
    return slopes


def findings(**size):
    """How many numbers there are, and each method's worst error, in units of 1e-13 + 1e-11 |gradient|."""
    from rnncore import check_gradients

    layer, xs, dhs = setting(**size)
    exact = check_gradients(layer, xs, np.random.default_rng(4))
    slopes = central(layer, xs, dhs)
    layer.zero_grads()
    _, _, cache = layer.forward(xs)
    dxs, _ = layer.backward(dhs, cache)
    errors = [np.abs(slopes[name] - g) / (1e-13 + 1e-11 * np.abs(g)) for name, g in {**layer.grads, "xs": dxs}.items()]
    numbers = sum(e.size for e in errors)
    return {"numbers": numbers, "complex step": max(exact.values()), "central loop": float(max(e.max() for e in errors))}
