"""Layer normalisation: each example's units, at each step by themselves, get mean 0 and variance 1, then a scale of their own.

On sequences it is a layer, `LayerNorm(H)`, to be put between others. Inside a cell it stands before the activation, where the
state would otherwise grow or shrink from step to step. Statistics over the batch would differ from step to step, and mix
sequences of unequal length; these need neither. Source: Ba, Kiros and Hinton 2016.
"""

import numpy as np

from .cells import RNNCell
from .checks import check_array, check_cache, check_sequence, check_size
from .functions import ACTIVATIONS, sigmoid
from .gated import LSTMCell, gates_backward
from .initialisers import glorot
from .layers import check_no_state
from .module import Module

EPS = 1e-5  # added to the variance, so that equal units do not divide by zero


def normalise(a):
    """n = (a - mean) / sqrt(variance + EPS) along the last axis -> n, and 1 / sqrt(variance + EPS) (..., 1)."""
    centred = a - a.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + EPS)
    return centred * scale, scale


def normalise_backward(dn, n, scale):
    """da = scale (dn - mean(dn) - n mean(dn n)): the mean and the variance depend on every unit, too."""
    return scale * (dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True))


class LayerNorm(Module):
    """y = gain n + b, n = (x - mean) / sqrt(variance + 1e-5) over the last axis.

    Parameters  gain (H,), b (H,)
    Shapes      xs (T, B, H) -> ys (T, B, H)
    Source      Ba, Kiros and Hinton 2016, equation 4
    """

    def __init__(self, H, dtype=np.float64):
        H = check_size("H", H)
        super().__init__(gain=np.ones(H, dtype), b=np.zeros(H, dtype))

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """ys = gain n + b at every step; 0 where the mask is False."""
        state = check_no_state("state", state)
        gain, b = self.params["gain"], self.params["b"]
        xs = check_sequence("xs", xs, ("T", "B", len(gain)), self.dtype, mask)
        n, scale = normalise(xs)
        ys = gain * n + b
        if mask is not None:
            ys = np.where(mask[..., None], ys, 0)
        return ys, state, (n, scale, mask) if keep else None

    def backward(self, dys, cache, dstate=None):
        """dxs through the normalisation; adds the sums of dys n and dys to the gradients."""
        n, scale, mask = check_cache(cache)
        dstate = check_no_state("dstate", dstate)
        check_array("dys", dys, n.shape, self.dtype)
        if mask is not None:
            dys = np.where(mask[..., None], dys, 0)
        self.grads["gain"] += (dys * n).sum(axis=(0, 1))
        self.grads["b"] += dys.sum(axis=(0, 1))
        return normalise_backward(dys * self.params["gain"], n, scale), dstate


class LayerNormRNNCell(RNNCell):
    """h = f(gain n + b_h), n = x W_xh + h_prev W_hh, normalised over the units.

    Parameters  those of RNNCell, and gain (H,)
    Source      Ba, Kiros and Hinton 2016, section 3.1
    """

    def __init__(self, D, H, rng, activation="tanh", recurrent=glorot, dtype=np.float64):
        super().__init__(D, H, rng, activation, recurrent, dtype)
        add_gain(self, (H,), dtype)

    def step(self, x, h_prev):
        """h = f(gain n + b_h): x (B, D), h_prev (B, H) -> h (B, H), cache."""
        self.check_step(x, h_prev)
        p = self.params
        n, scale = normalise(x @ p["W_xh"] + h_prev @ p["W_hh"])
        h = ACTIVATIONS[self.activation].f(p["gain"] * n + p["b_h"])
        return h, (x, h_prev, n, scale, h)

    def step_backward(self, dh, cache):
        """Back through the activation, then the normalisation: dh (B, H) -> dx (B, D), dh_prev (B, H)."""
        x, h_prev, n, scale, h = cache
        check_array("dh", dh, h.shape, self.dtype)
        p, g = self.params, self.grads
        dy = dh * ACTIVATIONS[self.activation].derivative(h)
        g["gain"] += (dy * n).sum(axis=0)
        g["b_h"] += dy.sum(axis=0)
        da = normalise_backward(dy * p["gain"], n, scale)
        g["W_xh"] += x.T @ da
        g["W_hh"] += h_prev.T @ da
        return da @ p["W_xh"].T, da @ p["W_hh"].T


class LayerNormLSTMCell(LSTMCell):
    """The LSTM's equations with a_k = gain_k n_k + b_k, n_k = x W_xk + h_prev W_hk normalised, for each gate k by itself.

    The cell state is left as it is: what one step writes, the next ones can read unchanged.

    Parameters  those of LSTMCell, and gain (4, H)
    Source      after Ba, Kiros and Hinton 2016, section 3.1, who normalise x W_x and h W_h separately, and c
    """

    def __init__(self, D, H, rng, forget_bias=1.0, recurrent=glorot, dtype=np.float64):
        super().__init__(D, H, rng, forget_bias, recurrent, dtype)
        add_gain(self, (4, H), dtype)

    def step(self, x, h_prev, c_prev):
        """c = f c_prev + i c~, h = o tanh(c): x (B, D), h_prev and c_prev (B, H) -> h (B, H), c (B, H), cache."""
        self.check_step(x, h_prev, c_prev)
        p = self.params
        n, scale = normalise(x @ p["W_x"] + h_prev @ p["W_h"])
        a_i, a_f, a_o, a_c = p["gain"][:, None] * n + p["b"][:, None]
        i, f, o, candidate = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_c)
        c = f * c_prev + i * candidate
        tanh_c = np.tanh(c)
        return o * tanh_c, c, (x, h_prev, c_prev, i, f, o, candidate, tanh_c, n, scale)

    def step_backward(self, dh, dc, cache):
        """As LSTMCell, with the normalisation on the way: dh, dc (B, H) -> dx (B, D), dh_prev (B, H), dc_prev (B, H)."""
        x, h_prev, c_prev, i, f, o, candidate, tanh_c, n, scale = cache
        check_array("dh", dh, tanh_c.shape, self.dtype)
        check_array("dc", dc, tanh_c.shape, self.dtype)
        p, g = self.params, self.grads
        dy, dc_prev = gates_backward(dh, dc, c_prev, i, f, o, candidate, tanh_c)
        g["gain"] += (dy * n).sum(axis=1)
        g["b"] += dy.sum(axis=1)
        da = normalise_backward(dy * p["gain"][:, None], n, scale)
        g["W_x"] += x.T @ da
        g["W_h"] += h_prev.T @ da
        dx = (da @ p["W_x"].transpose(0, 2, 1)).sum(axis=0)
        return dx, (da @ p["W_h"].transpose(0, 2, 1)).sum(axis=0), dc_prev


def add_gain(cell, shape, dtype):
    """Give the cell a `gain` that starts as ones."""
    cell.params["gain"], cell.grads["gain"] = np.ones(shape, dtype), np.zeros(shape, dtype)
