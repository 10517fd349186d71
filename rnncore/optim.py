"""Optimisers: how a gradient becomes a step. They know arrays by name and nothing of layers.

optimiser.step(model.params, model.grads)      updates the parameters in place
"""

import numbers

import numpy as np


class SGD:
    """p -= lr * g."""

    def __init__(self, lr):
        self.lr = check_rate("lr", lr)

    def step(self, params, grads):
        """Update every parameter, in place."""
        for name, p in params.items():
            p -= self.update(name, grads[name])

    def update(self, name, g):
        """The step to be taken against the gradient g."""
        return self.lr * g


class Momentum(SGD):
    """v = momentum * v + g; p -= lr * v. Source: Polyak 1964; Sutskever et al. 2013."""

    def __init__(self, lr, momentum=0.9):
        super().__init__(lr)
        self.momentum, self.v = check_fraction("momentum", momentum), {}

    def update(self, name, g):
        self.v[name] = self.momentum * self.v.get(name, 0) + g
        return self.lr * self.v[name]


class Adagrad(SGD):
    """s += g**2; p -= lr * g / (sqrt(s) + eps). Source: Duchi, Hazan and Singer 2011."""

    def __init__(self, lr, eps=1e-8):
        super().__init__(lr)
        self.eps, self.s = check_rate("eps", eps), {}

    def update(self, name, g):
        self.s[name] = self.s.get(name, 0) + g * g
        return self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSProp(SGD):
    """s = decay * s + (1 - decay) * g**2; p -= lr * g / (sqrt(s) + eps). Source: Hinton 2012, lecture 6."""

    def __init__(self, lr, decay=0.9, eps=1e-8):
        super().__init__(lr)
        self.decay, self.eps, self.s = check_fraction("decay", decay), check_rate("eps", eps), {}

    def update(self, name, g):
        self.s[name] = self.decay * self.s.get(name, 0) + (1 - self.decay) * g * g
        return self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class Adam(SGD):
    """m, s: running means of g and g**2, corrected for their start at 0; p -= lr * m / (sqrt(s) + eps).

    Source: Kingma and Ba 2015, algorithm 1
    """

    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr)
        self.beta1, self.beta2 = check_fraction("beta1", beta1), check_fraction("beta2", beta2)
        self.eps = check_rate("eps", eps)
        self.steps, self.m, self.s = 0, {}, {}

    def step(self, params, grads):
        self.steps += 1
        super().step(params, grads)

    def update(self, name, g):
        self.m[name] = self.beta1 * self.m.get(name, 0) + (1 - self.beta1) * g
        self.s[name] = self.beta2 * self.s.get(name, 0) + (1 - self.beta2) * g * g
        m = self.m[name] / (1 - self.beta1**self.steps)
        s = self.s[name] / (1 - self.beta2**self.steps)
        return self.lr * m / (np.sqrt(s) + self.eps)


def clip_by_value(grads, limit):
    """Cut every entry to [-limit, limit], in place: the direction may change."""
    check_rate("limit", limit)
    for g in grads.values():
        np.clip(g, -limit, limit, out=g)


def clip_by_norm(grads, limit):
    """Scale all gradients by one factor so that their common norm is at most `limit`, in place. Returns the norm before.

    Source: Pascanu, Mikolov and Bengio 2013, algorithm 1
    """
    check_rate("limit", limit)
    norm = global_norm(grads)
    if norm > limit:
        for g in grads.values():
            g *= limit / norm
    return norm


def global_norm(grads):
    """The square root of the sum of squares over all gradients."""
    largest = max((float(np.abs(g).max()) for g in grads.values()), default=0.0)
    if largest == 0 or not np.isfinite(largest):
        return largest
    # Divided by the largest entry first: the squares of finite gradients may overflow.
    return largest * float(np.sqrt(sum(np.sum(np.square(g / largest, dtype=np.float64)) for g in grads.values())))


def is_number(value):
    """Whether `value` is a real number, and no bool."""
    return isinstance(value, (numbers.Real, np.floating, np.integer)) and not isinstance(value, bool)


def check_rate(name, value):
    """Return `value` if it is a finite number above 0, else raise ValueError."""
    if not is_number(value) or not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name}: expected a finite number above 0, got {value!r}")
    return value


def check_fraction(name, value):
    """Return `value` if it is in [0, 1), else raise ValueError."""
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name}: expected a number in [0, 1), got {value!r}")
    return value
