"""The basic recurrent layer, fast: the same numbers as Unrolled(RNNCell), with only what must wait inside the loops."""

import numpy as np

from .cells import RNNCell
from .checks import check_cache
from .functions import ACTIVATIONS
from .initialisers import glorot
from .unrolled import Unrolled


class RNN(Unrolled):
    """h_t = f(x_t W_xh + h_{t-1} W_hh + b_h) over a whole sequence.

    Parameters  W_xh (D, H), W_hh (H, H), b_h (H,), and h_0 (H,) with `learn_state`; activation: tanh, sigmoid, relu, linear
    Source      Elman 1990; the arrangement of the products: Appleyard, Kocisky and Blunsom 2016
    """

    def __init__(self, D, H, rng, activation="tanh", recurrent=glorot, learn_state=False, dtype=np.float64):
        super().__init__(RNNCell(D, H, rng, activation, recurrent, dtype), learn_state)

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """As Unrolled.forward: xs (T, B, D) -> hs (T, B, H), (h,), cache. `hs` may be a read-only view of the cache."""
        xs, (h_0,), mask = self.begin(xs, state, mask)
        (T, B, D), W_hh = xs.shape, self.params["W_hh"]
        f = ACTIVATIONS[self.cell.activation].f
        a = xs.reshape(T * B, D) @ self.params["W_xh"]  # no step of this product waits for another: one call for all
        a += self.params["b_h"]
        a = a.reshape(T, B, -1)
        hs = np.empty((T + 1, *h_0.shape), self.dtype)  # hs[0] is the initial state
        hs[0] = h_0
        padded = None if mask is None else ~mask[:, :, None]
        for t in range(T):
            h = hs[t + 1]
            np.dot(hs[t], W_hh, out=h)
            h += a[t]
            f(h, out=h)
            if padded is not None:
                np.copyto(h, hs[t], where=padded[t])
        shown = hs[1:] if mask is None else np.where(padded, 0, hs[1:])
        shown.flags.writeable = False
        return shown, (hs[-1].copy(),), (xs, hs, mask, state is None) if keep else None

    def backward(self, dhs, cache, dstate=None):
        """As Unrolled.backward: dhs (T, B, H) -> dxs (T, B, D), (dh_0,)."""
        xs, hs, mask, started_here = check_cache(cache)
        T, B, D = xs.shape
        dhs, (dh,) = self.begin_backward(dhs, dstate, T, B)
        dh = dh.copy()
        das = ACTIVATIONS[self.cell.activation].derivative(hs[1:])  # f'(a) of all steps; the loop makes it dL/da
        if mask is not None:
            padded = ~mask[:, :, None]
            das *= mask[:, :, None]
            dhs = dhs * mask[:, :, None]
        W_hhT = np.ascontiguousarray(self.params["W_hh"].T)
        for t in reversed(range(T)):
            dh += dhs[t]
            da = das[t]
            da *= dh
            if mask is None:
                np.dot(da, W_hhT, out=dh)
            else:
                dh *= padded[t]
                dh += da @ W_hhT
        das = das.reshape(T * B, -1)
        self.grads["W_xh"] += xs.reshape(T * B, D).T @ das  # the sum over the steps, as one product
        self.grads["W_hh"] += hs[:-1].reshape(T * B, -1).T @ das
        self.grads["b_h"] += das.sum(axis=0)
        self.finish_backward((dh,), started_here)
        return (das @ self.params["W_xh"].T).reshape(T, B, D), (dh,)
