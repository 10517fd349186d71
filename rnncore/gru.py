"""The GRU layer, fast: the same numbers as Unrolled(GRUCell), with only what must wait inside the loops.

The two places of the reset gate make two loops. `past` is what the candidate sees of h_{t-1}: r h_{t-1} where the reset comes
before the product, h_{t-1} W_hh + b_hn where it comes after.
"""

import numpy as np

from .checks import check_cache
from .gated import GRUCell
from .gates import blocks, flat, gate_array, halved_sigmoids, project, recurrent_product, recurrent_product_backward
from .initialisers import glorot
from .unrolled import Unrolled


class GRU(Unrolled):
    """h_t = z h_{t-1} + (1 - z) h~ over a whole sequence.

    Parameters  as GRUCell: W_x (3, D, H), W_h (3, H, H), b (3, H), b_hn (H,) with reset="after", h_0 (H,) with `learn_state`
    Source      Cho et al. 2014; the arrangement of the products: Appleyard, Kocisky and Blunsom 2016
    """

    def __init__(self, D, H, rng, reset="before", recurrent=glorot, learn_state=False, dtype=np.float64):
        super().__init__(GRUCell(D, H, rng, reset, recurrent, dtype), learn_state)

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """As Unrolled.forward: xs (T, B, D) -> hs (T, B, H), (h,), cache. `hs` may be a read-only view of the cache."""
        xs, (h_0,), mask = self.begin(xs, state, mask)
        (T, B, _), H = xs.shape, h_0.shape[1]
        half = halved_sigmoids([True, True, False], self.dtype)
        W_x, W_h, b = (half * p for p in (self.params["W_x"], self.params["W_h"], self.params["b"][:, None]))

        gates = np.empty((T, 3, B, H), self.dtype)  # z, r, h~ of each step
        hs = np.empty((T + 1, B, H), self.dtype)  # hs[0] is the initial state
        hs[0] = h_0
        pasts = np.empty((T, B, H), self.dtype)
        project(xs, W_x, b, out=gates)  # no step of this product waits for another

        gate_and_propose = self.forward_before(W_h, B) if self.cell.reset == "before" else self.forward_after(W_h, B)
        padded = [None] * T if mask is None else ~mask[:, :, None]
        views = (gates[:, :2], gates[:, 0], gates[:, 1], gates[:, 2], pasts, hs[:T], hs[1:])
        for z_r, z, r, candidate, past, h_prev, h, hold in zip(*views, padded, strict=True):
            gate_and_propose(z_r, r, candidate, past, h_prev)
            np.subtract(h_prev, candidate, out=h)  # h = h~ + z (h_prev - h~)
            h *= z
            h += candidate
            if hold is not None:
                np.copyto(h, h_prev, where=hold)
        shown = hs[1:] if mask is None else np.where(padded, 0, hs[1:])
        shown.flags.writeable = False
        return shown, (hs[-1].copy(),), (xs, gates, hs, pasts, mask, state is None) if keep else None

    def forward_before(self, W_h, B):
        """One step up to h~ = tanh(a_h + (r h_prev) W_hh), as a function that fills its first four arguments."""
        W_hh, H = W_h[2], W_h.shape[2]
        recurrent, from_past = np.empty((2, B, H), self.dtype), np.empty((B, H), self.dtype)
        multiply, one_half = recurrent_product(W_h[:2], out=recurrent), np.array(0.5, self.dtype)

        def gate_and_propose(z_r, r, candidate, past, h_prev):
            multiply(h_prev)
            z_r += recurrent
            np.tanh(z_r, out=z_r)
            z_r *= one_half
            z_r += one_half
            np.multiply(r, h_prev, out=past)
            np.dot(past, W_hh, out=from_past)
            candidate += from_past
            np.tanh(candidate, out=candidate)

        return gate_and_propose

    def forward_after(self, W_h, B):
        """One step up to h~ = tanh(a_h + r (h_prev W_hh + b_hn)), as a function that fills its first four arguments."""
        b_hn, H = self.params["b_hn"], W_h.shape[2]
        recurrent, from_past = np.empty((3, B, H), self.dtype), np.empty((B, H), self.dtype)
        recurrent_z_r, recurrent_h = recurrent[:2], recurrent[2]
        multiply, one_half = recurrent_product(W_h, out=recurrent), np.array(0.5, self.dtype)

        def gate_and_propose(z_r, r, candidate, past, h_prev):
            multiply(h_prev)
            z_r += recurrent_z_r
            np.tanh(z_r, out=z_r)
            z_r *= one_half
            z_r += one_half
            np.add(recurrent_h, b_hn, out=past)
            np.multiply(r, past, out=from_past)
            candidate += from_past
            np.tanh(candidate, out=candidate)

        return gate_and_propose

    def backward(self, dhs, cache, dstate=None):
        """As Unrolled.backward: dhs (T, B, H) -> dxs (T, B, D), (dh_0,)."""
        xs, gates, hs, pasts, mask, started_here = check_cache(cache)
        T, B, D = xs.shape
        dhs, (dh,) = self.begin_backward(dhs, dstate, T, B)
        dh = dh.copy()
        before = self.cell.reset == "before"

        step_back = self.backward_before(B) if before else self.backward_after(B)
        order = [2, 0, 1] if before else [0, 1, 2]  # of the gates, in the rows that reach the input
        W_xT = self.params["W_x"][order].transpose(0, 2, 1)
        dxs = np.empty((T, B, D), self.dtype)  # not as xs lies in memory: its blocks must be views
        for block in blocks(T, dh.nbytes):
            above, h_prev, past = dhs[block], hs[block], pasts[block]
            local = self.local_derivatives(gates[block].transpose(1, 0, 2, 3), h_prev, past)
            if mask is not None:
                real = mask[block, :, None]
                local *= real
                np.copyto(local[0], 1, where=~real)  # a padded step hands h on
                above = above * real
            for dh_above, rows in zip(above[::-1], local.transpose(1, 0, 2, 3)[::-1], strict=True):
                dh += dh_above
                step_back(rows, dh)

            x, h_prev = xs[block].reshape(-1, D), h_prev.reshape(-1, dh.shape[1])
            if before:
                das = flat(local[1:4])
                self.grads["W_h"][:2] += h_prev.T @ das[1:]  # the sum over the block's steps, as one product
                self.grads["W_h"][2] += past.reshape(h_prev.shape).T @ das[0]
            else:
                das, dpasts = flat(local[2:]), flat(local[1:4])
                self.grads["W_h"][[2, 0, 1]] += h_prev.T @ dpasts
                self.grads["b_hn"] += dpasts[0].sum(axis=0)
            self.grads["W_x"][order] += x.T @ das
            self.grads["b"][order] += das.sum(axis=1)
            np.add.reduce(das @ W_xT, axis=0, out=dxs[block].reshape(-1, D))
        self.finish_backward((dh,), started_here)
        return dxs, (dh,)

    def local_derivatives(self, gates, h_prev, past):
        """(5, T, B, H): what the gradients of a step are multiplied by. Row 0: dh to h_prev, directly; row 2: dh to a_z; then

        before   1: dh to a_h     3: dpast to a_r   4: dpast to h_prev
        after    1: dh to past    3: dh to a_r      4: dh to a_h
        """
        z, r, candidate = gates
        local = gate_array(5, *past.shape, self.dtype)
        local[0] = z
        np.subtract(1, gates[:2], out=local[2:4])
        local[2:4] *= gates[:2]
        local[2] *= h_prev - candidate
        to_candidate = (1 - z) * (1 - candidate * candidate)
        if self.cell.reset == "before":
            local[1] = to_candidate
            local[3] *= h_prev
            local[4] = r
        else:
            np.multiply(to_candidate, r, out=local[1])
            local[3] *= past
            local[3] *= to_candidate
            local[4] = to_candidate
        return local

    def backward_before(self, B):
        """One step back, as a function that multiplies the rows by what reaches them and turns dh into dh_prev, in place."""
        W_h = self.params["W_h"]
        W_hhT, dpast = np.ascontiguousarray(W_h[2].T), np.empty((B, W_h.shape[2]), self.dtype)
        multiply = recurrent_product_backward(W_h[:2], B)

        def step_back(rows, dh):
            rows[:3] *= dh
            np.dot(rows[1], W_hhT, out=dpast)
            rows[3:] *= dpast
            multiply(rows[2:4], out=dh)
            dh += rows[0]
            dh += rows[4]

        return step_back

    def backward_after(self, B):
        """As backward_before, where the reset comes after the product."""
        multiply = recurrent_product_backward(self.params["W_h"][[2, 0, 1]], B)

        def step_back(rows, dh):
            rows *= dh
            multiply(rows[1:4], out=dh)
            dh += rows[0]

        return step_back
