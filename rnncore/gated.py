"""One time step of the gated cells, LSTM and GRU, as the equations read, and its backward pass.

Gates come first: W_x (4, D, H), W_h (4, H, H), b (4, H), so that `W_xi, W_xf, W_xo, W_xc = W_x` names the gates' own weights
and one product `x @ W_x` gives all pre-activations, (4, B, H). A gate is a number in (0, 1) that multiplies: 1 lets through.
"""

import numpy as np

from .cells import Cell
from .checks import check_array, check_choice, check_size
from .functions import sigmoid
from .initialisers import glorot, stacked


class LSTMCell(Cell):
    """c = f c_prev + i c~, h = o tanh(c): input gate i, forget gate f, output gate o, candidate c~.

    Parameters  W_x (4, D, H), W_h (4, H, H), b (4, H), in the order i, f, o, c~
    forget_bias where b_f starts: 1 keeps the memory of an untrained cell (Gers, Schmidhuber and Cummins 2000)
    recurrent   the initialiser of each (H, H) block of W_h
    Source      Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000
    """

    def __init__(self, D, H, rng, forget_bias=1.0, recurrent=glorot, dtype=np.float64):
        D, H = check_size("D", D), check_size("H", H)
        super().__init__(
            D,
            {"h": H, "c": H},
            W_x=stacked(glorot, rng, 4, D, H, dtype),
            W_h=stacked(recurrent, rng, 4, H, H, dtype),
            b=np.zeros((4, H), dtype),
        )
        self.params["b"][1] = forget_bias

    def step(self, x, h_prev, c_prev):
        """i, f, o = sigmoid(a), c~ = tanh(a), c = f c_prev + i c~, h = o tanh(c): x (B, D) -> h (B, H), c (B, H), cache."""
        self.check_step(x, h_prev, c_prev)
        W_x, W_h, b = (self.params[k] for k in ("W_x", "W_h", "b"))
        a_i, a_f, a_o, a_c = x @ W_x + h_prev @ W_h + b[:, None]
        i, f, o, candidate = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_c)
        c = f * c_prev + i * candidate
        tanh_c = np.tanh(c)
        h = o * tanh_c
        return h, c, (x, h_prev, c_prev, i, f, o, candidate, tanh_c)

    def step_backward(self, dh, dc, cache):
        """Back through h, then c, then the gates: dh, dc (B, H) -> dx (B, D), dh_prev (B, H), dc_prev (B, H)."""
        x, h_prev, c_prev, i, f, o, candidate, tanh_c = cache
        check_array("dh", dh, tanh_c.shape, self.dtype)
        check_array("dc", dc, tanh_c.shape, self.dtype)
        da, dc_prev = gates_backward(dh, dc, c_prev, i, f, o, candidate, tanh_c)
        dx, dh_prev = affine_backward(self, da, x, h_prev)
        return dx, dh_prev, dc_prev


class GRUCell(Cell):
    """h = z h_prev + (1 - z) h~: update gate z, reset gate r, candidate h~.

    reset       "before", as in the papers: h~ = tanh(x W_xh + (r h_prev) W_hh + b_h)
                "after", as in PyTorch and cuDNN: h~ = tanh(x W_xh + b_h + r (h_prev W_hh + b_hn)); another function
    Parameters  W_x (3, D, H), W_h (3, H, H), b (3, H), in the order z, r, h~; with "after" also b_hn (H,)
    recurrent   the initialiser of each (H, H) block of W_h
    Source      Cho et al. 2014, equations 5 to 8
    """

    def __init__(self, D, H, rng, reset="before", recurrent=glorot, dtype=np.float64):
        D, H = check_size("D", D), check_size("H", H)
        self.reset = check_choice("reset", reset, ("before", "after"))
        extra = {"b_hn": np.zeros(H, dtype)} if reset == "after" else {}
        super().__init__(
            D,
            {"h": H},
            W_x=stacked(glorot, rng, 3, D, H, dtype),
            W_h=stacked(recurrent, rng, 3, H, H, dtype),
            b=np.zeros((3, H), dtype),
            **extra,
        )

    def step(self, x, h_prev):
        """z, r = sigmoid(a), h~ = tanh(a), h = z h_prev + (1 - z) h~: x (B, D), h_prev (B, H) -> h (B, H), cache."""
        self.check_step(x, h_prev)
        W_x, W_h, b = (self.params[k] for k in ("W_x", "W_h", "b"))
        W_hz, W_hr, W_hh = W_h
        a_z, a_r, a_h = x @ W_x + b[:, None]
        z, r = sigmoid(a_z + h_prev @ W_hz), sigmoid(a_r + h_prev @ W_hr)
        if self.reset == "before":
            past = r * h_prev  # what the candidate's weights see of the past
            candidate = np.tanh(a_h + past @ W_hh)
        else:
            past = h_prev @ W_hh + self.params["b_hn"]
            candidate = np.tanh(a_h + r * past)
        h = z * h_prev + (1 - z) * candidate
        return h, (x, h_prev, z, r, past, candidate)

    def step_backward(self, dh, cache):
        """Back through h, then the candidate, then the gates: dh (B, H) -> dx (B, D), dh_prev (B, H)."""
        x, h_prev, z, r, past, candidate = cache
        check_array("dh", dh, z.shape, self.dtype)
        W_hz, W_hr, W_hh = self.params["W_h"]
        dW_hz, dW_hr, dW_hh = self.grads["W_h"]
        da_h = dh * (1 - z) * (1 - candidate * candidate)
        dh_prev = dh * z
        if self.reset == "before":
            dpast = da_h @ W_hh.T
            dr = dpast * h_prev
            dh_prev += dpast * r
            dW_hh += past.T @ da_h
        else:
            dpast = da_h * r
            dr = da_h * past
            dh_prev += dpast @ W_hh.T
            dW_hh += h_prev.T @ dpast
            self.grads["b_hn"] += dpast.sum(axis=0)
        da_z, da_r = dh * (h_prev - candidate) * z * (1 - z), dr * r * (1 - r)
        dW_hz += h_prev.T @ da_z
        dW_hr += h_prev.T @ da_r
        dh_prev += da_z @ W_hz.T + da_r @ W_hr.T
        da = np.stack([da_z, da_r, da_h])
        self.grads["W_x"] += x.T @ da
        self.grads["b"] += da.sum(axis=1)
        return (da @ self.params["W_x"].transpose(0, 2, 1)).sum(axis=0), dh_prev


def gates_backward(dh, dc, c_prev, i, f, o, candidate, tanh_c):
    """Back through h = o tanh(c) and c = f c_prev + i c~ to all pre-activations: dh, dc (B, H) -> da (4, B, H), dc_prev."""
    do = dh * tanh_c
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    di, df, dcandidate = dc * candidate, dc * c_prev, dc * i
    da = np.stack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dcandidate * (1 - candidate * candidate)])
    return da, dc * f


def affine_backward(cell, da, x, h_prev):
    """Back through a = x W_x + h_prev W_h + b, all gates at once: da (G, B, H) -> dx (B, D), dh_prev (B, H)."""
    cell.grads["W_x"] += x.T @ da
    cell.grads["W_h"] += h_prev.T @ da
    cell.grads["b"] += da.sum(axis=1)
    dx = (da @ cell.params["W_x"].transpose(0, 2, 1)).sum(axis=0)
    return dx, (da @ cell.params["W_h"].transpose(0, 2, 1)).sum(axis=0)
