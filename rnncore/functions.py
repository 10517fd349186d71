"""Activations with their derivatives, and softmax.

Each activation takes `out=` as NumPy's ufuncs do, so that the fast layers can reuse memory. Each derivative is written in
terms of the *output* h = f(a), because the output is what a backward pass has at hand: tanh'(a) = 1 - h**2.
All but relu are analytic, so they also take complex numbers (see gradients.complex_step).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


def tanh(a, out=None):
    """h = tanh(a), in (-1, 1)."""
    return np.tanh(a, out=out)


def sigmoid(a, out=None):
    """h = 1 / (1 + exp(-a)) = (1 + tanh(a / 2)) / 2, in (0, 1); the second form cannot overflow."""
    h = np.multiply(a, 0.5, out=out)
    h = np.tanh(h, out=out)
    h = np.multiply(h, 0.5, out=out)
    return np.add(h, 0.5, out=out)


def relu(a, out=None):
    """h = max(a, 0), in [0, inf): it squashes nothing."""
    return np.maximum(a, 0, out=out)


def linear(a, out=None):
    """h = a."""
    return np.positive(a, out=out)


class Activation(NamedTuple):
    """An activation h = f(a) and its derivative f'(a), given h."""

    f: Callable
    derivative: Callable


ACTIVATIONS = {
    "tanh": Activation(tanh, lambda h: 1 - h * h),
    "sigmoid": Activation(sigmoid, lambda h: h * (1 - h)),
    "relu": Activation(relu, lambda h: (h > 0).astype(h.dtype)),
    "linear": Activation(linear, np.ones_like),
}


def softmax(logits):
    """p_k = exp(logit_k) / sum_j exp(logit_j), along the last axis, of the same shape."""
    p = np.exp(logits - logits.real.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def log_softmax(logits):
    """log p_k = logit_k - log sum_j exp(logit_j), along the last axis, without overflow."""
    shifted = logits - logits.real.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
