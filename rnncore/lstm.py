"""The LSTM layer, fast: the same numbers as Unrolled(LSTMCell), with only what must wait inside the loops.

Inside a call c_{t-1} stands behind i, f, o, c~: the pairs (i, f) and (c~, c_{t-1}) are neighbours then, and their product
holds both terms of c_t.
"""

import numpy as np

from .checks import check_cache
from .gated import LSTMCell
from .gates import blocks, flat, gate_array, halved_sigmoids, project, recurrent_product, recurrent_product_backward
from .initialisers import glorot
from .unrolled import Unrolled
from .variants import LSTMVariantCell


class LSTM(Unrolled):
    """c_t = f c_{t-1} + i c~, h_t = o tanh(c_t) over a whole sequence.

    Parameters  as LSTMCell: W_x (4, D, H), W_h (4, H, H), b (4, H), and h_0, c_0 (H,) with `learn_state`.
                With `peephole`, `without` or `coupled` as LSTMVariantCell, whose steps the plain loop takes
    Source      Hochreiter and Schmidhuber 1997; the arrangement of the products: Appleyard, Kocisky and Blunsom 2016
    """

    def __init__(
        self,
        D,
        H,
        rng,
        peephole=False,
        without=None,
        coupled=False,
        forget_bias=1.0,
        recurrent=glorot,
        learn_state=False,
        dtype=np.float64,
    ):
        if peephole or without is not None or coupled:
            cell = LSTMVariantCell(D, H, rng, peephole, without, coupled, forget_bias, recurrent, dtype)
        else:
            cell = LSTMCell(D, H, rng, forget_bias, recurrent, dtype)
        super().__init__(cell, learn_state)

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """As Unrolled.forward: xs (T, B, D) -> hs (T, B, H), (h, c), cache. `hs` may be a read-only view of the cache."""
        if isinstance(self.cell, LSTMVariantCell):
            return super().forward(xs, state, mask, rng, keep)
        xs, (h_0, c_0), mask = self.begin(xs, state, mask)
        (T, B, _), H = xs.shape, h_0.shape[1]
        half = halved_sigmoids([True, True, True, False], self.dtype)
        W_x, W_h, b = (half * p for p in (self.params["W_x"], self.params["W_h"], self.params["b"][:, None]))

        steps = np.empty((T + 1, 5, B, H), self.dtype)  # i, f, o, c~, c_{t-1}; the last row holds c_T alone
        steps[0, 4] = c_0
        hs = np.empty((T + 1, B, H), self.dtype)  # hs[0] is the initial state
        hs[0] = h_0
        tanh_cs = np.empty((T, B, H), self.dtype)
        project(xs, W_x, b, out=steps[:T, :4])  # no step of this product waits for another

        recurrent = np.empty((4, B, H), self.dtype)
        multiply = recurrent_product(W_h, out=recurrent)
        terms = np.empty((2, B, H), self.dtype)
        written, kept = terms
        one_half = np.array(0.5, self.dtype)  # a Python number would be converted at every use
        now, after = steps[:T], steps[1:]
        views = (now[:, :4], now[:, :3], now[:, :2], now[:, 3:], now[:, 2], after[:, 4], tanh_cs, hs[:T], hs[1:])
        padded = [None] * T if mask is None else ~mask[:, :, None]
        for a, gates, i_f, candidate_c, o, c, tanh_c, h_prev, h, hold in zip(*views, padded, strict=True):
            multiply(h_prev)
            a += recurrent
            np.tanh(a, out=a)
            gates *= one_half
            gates += one_half
            np.multiply(i_f, candidate_c, out=terms)
            np.add(written, kept, out=c)
            np.tanh(c, out=tanh_c)
            np.multiply(o, tanh_c, out=h)
            if hold is not None:
                np.copyto(h, h_prev, where=hold)
                np.copyto(c, candidate_c[1], where=hold)
        shown = hs[1:] if mask is None else np.where(padded, 0, hs[1:])
        shown.flags.writeable = False
        cache = (xs, steps, hs, tanh_cs, mask, state is None) if keep else None
        return shown, (hs[-1].copy(), steps[-1, 4].copy()), cache

    def backward(self, dhs, cache, dstate=None):
        """As Unrolled.backward: dhs (T, B, H) -> dxs (T, B, D), (dh_0, dc_0)."""
        if isinstance(self.cell, LSTMVariantCell):
            return super().backward(dhs, cache, dstate)
        xs, steps, hs, tanh_cs, mask, started_here = check_cache(cache)
        T, B, D = xs.shape
        dhs, (dh, dc) = self.begin_backward(dhs, dstate, T, B)
        dh, dc = dh.copy(), dc.copy()

        multiply = recurrent_product_backward(self.params["W_h"], B)
        W_xT, back = self.params["W_x"].transpose(0, 2, 1), np.empty_like(dh)
        dxs = np.empty((T, B, D), self.dtype)  # not as xs lies in memory: its blocks must be views
        for block in blocks(T, dh.nbytes):
            above, gates = dhs[block], steps[block].transpose(1, 0, 2, 3)
            local, f = self.local_derivatives(gates, tanh_cs[block]), gates[1]
            padded = [None] * len(above)
            if mask is not None:
                real = mask[block, :, None]
                padded = ~real
                above, local = above * real, local * real
                f = np.where(padded, 1, f)  # a padded step hands c on
            das = local[1:]
            views = (above, *local, f, das.transpose(1, 0, 2, 3), padded)
            for dh_above, to_c, a_i, a_f, a_o, a_c, to_c_prev, da, hold in zip(*(v[::-1] for v in views), strict=True):
                dh += dh_above
                to_c *= dh
                a_o *= dh
                dc += to_c
                a_i *= dc
                a_f *= dc
                a_c *= dc
                dc *= to_c_prev
                if hold is None:
                    multiply(da, out=dh)
                else:
                    multiply(da, out=back)
                    dh *= hold
                    dh += back

            das = flat(das)
            seen = np.concatenate([xs[block], hs[block], np.ones((len(above), B, 1), self.dtype)], axis=2)  # by W_x, W_h and b
            grads = seen.reshape(das.shape[1], -1).T @ das  # the sum over the block's steps, as one product
            self.grads["W_x"] += grads[:, :D]
            self.grads["W_h"] += grads[:, D:-1]
            self.grads["b"] += grads[:, -1]
            np.add.reduce(das @ W_xT, axis=0, out=dxs[block].reshape(-1, D))
        self.finish_backward((dh, dc), started_here)
        return dxs, (dh, dc)

    def local_derivatives(self, gates, tanh_c):
        """(5, T, B, H): what dh is multiplied by on its way to c (row 0) and to a_o (3), and dc to a_i, a_f, a_c (1, 2, 4)."""
        i, _, o, candidate, c_prev = gates
        local = gate_array(5, *tanh_c.shape, self.dtype)
        np.multiply(tanh_c, tanh_c, out=local[0])
        np.subtract(1, local[0], out=local[0])
        local[0] *= o
        np.subtract(1, gates[:3], out=local[1:4])
        local[1:4] *= gates[:3]
        local[1] *= candidate
        local[2] *= c_prev
        local[3] *= tanh_c
        np.multiply(candidate, candidate, out=local[4])
        np.subtract(1, local[4], out=local[4])
        local[4] *= i
        return local
