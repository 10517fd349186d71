"""One time step, as the equations read, and its backward pass, in the order of the derivation.

    *state, cache     = cell.step(x, *state)
    dx, *dstate_prev  = cell.step_backward(*dstate, cache)

Shapes: x (B, D), h (B, H), y (B, K); rows are examples, so weights multiply from the right.
`step_backward` takes the gradients of the loss with respect to the new state, *adds* those of the parameters to `grads`
(the sum over time of backpropagation through time is that `+=`), and returns those with respect to x and the old state.
The first entry of the state is what the cell shows to the layer above; the first entry of the cache is x.
"""

import numpy as np

from .checks import check_array, check_choice, check_size
from .functions import ACTIVATIONS
from .initialisers import glorot
from .module import Module


class Cell(Module):
    """What cells share: `input_size`, and `state_sizes`, a dict from the name of each part of the state to its width."""

    def __init__(self, input_size, state_sizes, **params):
        super().__init__(**params)
        self.input_size, self.state_sizes = input_size, state_sizes

    def check_step(self, x, *state):
        """Raise ValueError unless x is (B, D) and each part of the state fits it."""
        check_array("x", x, ("B", self.input_size), self.dtype)
        for (name, size), s in zip(self.state_sizes.items(), state, strict=True):
            check_array(f"{name}_prev", s, (len(x), size), self.dtype)


class RNNCell(Cell):
    """h = f(x W_xh + h_prev W_hh + b_h), the basic (Elman) recurrent cell.

    Parameters  W_xh (D, H), W_hh (H, H), b_h (H,); activation f: tanh, sigmoid, relu or linear
    recurrent   the initialiser of W_hh
    Source      Elman 1990
    """

    def __init__(self, D, H, rng, activation="tanh", recurrent=glorot, dtype=np.float64):
        D, H = check_size("D", D), check_size("H", H)
        super().__init__(
            D,
            {"h": H},
            W_xh=glorot(rng, D, H, dtype),
            W_hh=recurrent(rng, H, H, dtype),
            b_h=np.zeros(H, dtype),
        )
        self.activation = check_choice("activation", activation, ACTIVATIONS)

    def step(self, x, h_prev):
        """h = f(x W_xh + h_prev W_hh + b_h): x (B, D), h_prev (B, H) -> h (B, H), cache."""
        self.check_step(x, h_prev)
        W_xh, W_hh, b_h = (self.params[k] for k in ("W_xh", "W_hh", "b_h"))
        h = ACTIVATIONS[self.activation].f(x @ W_xh + h_prev @ W_hh + b_h)
        return h, (x, h_prev, h)

    def step_backward(self, dh, cache):
        """da = dh * f'(a), then dW = input^T da for each weight: dh (B, H) -> dx (B, D), dh_prev (B, H)."""
        x, h_prev, h = cache
        check_array("dh", dh, h.shape, self.dtype)
        da = dh * ACTIVATIONS[self.activation].derivative(h)
        self.grads["W_xh"] += x.T @ da
        self.grads["W_hh"] += h_prev.T @ da
        self.grads["b_h"] += da.sum(axis=0)
        return da @ self.params["W_xh"].T, da @ self.params["W_hh"].T


class JordanCell(Cell):
    """h = tanh(x W_xh + y_prev W_yh + b_h), y = g(h W_hy + b_y): what comes back is the output, so the state is y.

    Teacher forcing puts the previous *target* in the place of y_prev. No step then waits for another, and all T of them are
    one call of `step` on a batch of T * B.

    Parameters  W_xh (D, H), W_yh (K, H), b_h (H,), W_hy (H, K), b_y (K,); output g: linear, tanh, sigmoid or relu
    Source      Jordan 1986
    """

    def __init__(self, D, H, K, rng, output="linear", dtype=np.float64):
        D, H, K = check_size("D", D), check_size("H", H), check_size("K", K)
        super().__init__(
            D,
            {"y": K},
            W_xh=glorot(rng, D, H, dtype),
            W_yh=glorot(rng, K, H, dtype),
            b_h=np.zeros(H, dtype),
            W_hy=glorot(rng, H, K, dtype),
            b_y=np.zeros(K, dtype),
        )
        self.output = check_choice("output", output, ACTIVATIONS)

    def step(self, x, y_prev):
        """y = g(tanh(x W_xh + y_prev W_yh + b_h) W_hy + b_y): x (B, D), y_prev (B, K) -> y (B, K), cache."""
        self.check_step(x, y_prev)
        p = self.params
        h = np.tanh(x @ p["W_xh"] + y_prev @ p["W_yh"] + p["b_h"])
        y = ACTIVATIONS[self.output].f(h @ p["W_hy"] + p["b_y"])
        return y, (x, y_prev, h, y)

    def step_backward(self, dy, cache):
        """Back through the output, then through the hidden layer: dy (B, K) -> dx (B, D), dy_prev (B, K)."""
        x, y_prev, h, y = cache
        check_array("dy", dy, y.shape, self.dtype)
        p, g = self.params, self.grads
        da_y = dy * ACTIVATIONS[self.output].derivative(y)
        g["W_hy"] += h.T @ da_y
        g["b_y"] += da_y.sum(axis=0)
        da_h = (da_y @ p["W_hy"].T) * (1 - h * h)
        g["W_xh"] += x.T @ da_h
        g["W_yh"] += y_prev.T @ da_h
        g["b_h"] += da_h.sum(axis=0)
        return da_h @ p["W_xh"].T, da_h @ p["W_yh"].T
