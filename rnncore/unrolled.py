"""The loop over time: any cell, applied to a whole sequence. Fast layers are tested against this one."""

import numpy as np

from .checks import check_array, check_cache, check_sequence
from .module import Module


class Unrolled(Module):
    """state_t = cell(x_t, state_{t-1}) for t = 1 ... T, with the same weights at each step.

    The layer's parameters are the cell's, the same arrays; with `learn_state=True` also the initial state, one row for all
    examples, under the names `h_0` (`y_0` for a JordanCell).
    """

    def __init__(self, cell, learn_state=False):
        learned = {f"{n}_0": np.zeros(size, cell.dtype) for n, size in cell.state_sizes.items() if learn_state}
        super().__init__(**learned)
        self.cell = cell
        self.params = {**cell.params, **self.params}
        self.grads = {**cell.grads, **self.grads}

    def reference(self):
        plain = Unrolled(self.cell)
        plain.params, plain.grads = self.params, self.grads
        return plain

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """Run the sequence.

        xs      (T, B, D), in the dtype of the parameters; the cache keeps it, so leave it as it is until `backward`
        state   a tuple of (B, H), one for each part of the cell's state; None starts from zeros, or the learned state
        mask    (T, B) bool, True where a step is real; at padded steps the state holds and hs is 0
        keep    False keeps nothing for a backward pass: cache is None
        Returns hs (T, B, H), the state after the last step, and the cache for `backward`
        """
        xs, start, mask = self.begin(xs, state, mask)
        hs, caches, now = [], [], start
        for t, x in enumerate(xs):
            *new, cache = self.cell.step(x, *now)
            shown = new[0]
            if mask is not None:
                real = mask[t][:, None]
                new = [np.where(real, s, held) for s, held in zip(new, now, strict=True)]
                shown = np.where(real, shown, 0)
            now = tuple(new)
            hs.append(shown)
            if keep:
                caches.append(cache)
        return np.stack(hs), tuple(s.copy() for s in now), (caches, mask, state is None) if keep else None

    def backward(self, dhs, cache, dstate=None):
        """Backpropagation through time; adds to `grads`.

        dhs     (T, B, H), the gradient that reaches each step from above; None if none does
        dstate  the gradient that reaches the state after the last step, a tuple like it; None is zeros
        Returns dxs (T, B, D) and the gradient with respect to the state before the first step
        """
        caches, mask, started_here = check_cache(cache)
        T, B = len(caches), len(caches[0][0])
        dhs, dstate = self.begin_backward(dhs, dstate, T, B)
        dxs = np.empty((T, B, self.cell.input_size), self.dtype)
        for t in reversed(range(T)):
            total = [dstate[0] + dhs[t], *dstate[1:]]
            if mask is None:
                dxs[t], *dstate = self.cell.step_backward(*total, caches[t])
            else:
                real = mask[t][:, None]
                through = [np.where(real, d, 0) for d in total]
                past = [np.where(real, 0, d) for d in dstate]  # a padded step hands the state on, and its gradient back
                dxs[t], *dstate = self.cell.step_backward(*through, caches[t])
                dstate = [d + p for d, p in zip(dstate, past, strict=True)]
        self.finish_backward(dstate, started_here)
        return dxs, tuple(dstate)

    # What every layer that wraps a cell does before and after its own loop.

    def begin(self, xs, state, mask):
        """Check the input; return xs with zeros at the padded steps, the state to start from, and the mask."""
        xs = check_sequence("xs", xs, ("T", "B", self.cell.input_size), self.dtype, mask)
        return xs, self.check_state("state", state, xs.shape[1], self.first_state), mask

    def first_state(self, B):
        """The state before the first step: zeros, or the learned one, as a tuple of (B, H)."""
        return tuple(
            np.tile(self.params[f"{name}_0"], (B, 1)) if f"{name}_0" in self.params else np.zeros((B, size), self.dtype)
            for name, size in self.cell.state_sizes.items()
        )

    def check_state(self, what, state, B, default):
        """Return a state, or its gradient, as a tuple of (B, H); None becomes `default(B)`."""
        if state is None:
            return default(B)
        sizes = self.cell.state_sizes
        if not isinstance(state, (tuple, list)) or len(state) != len(sizes):
            wanted = ", ".join(f"{name} (B, {size})" for name, size in sizes.items())
            got = f"{len(state)} entries" if isinstance(state, (tuple, list)) else type(state).__name__
            raise ValueError(f"{what}: expected a tuple ({wanted}), got {got}")
        return tuple(
            check_array(f"{what}[{k}]", s, (B, size), self.dtype)
            for k, (s, size) in enumerate(zip(state, sizes.values(), strict=True))
        )

    def begin_backward(self, dhs, dstate, T, B):
        """Check the gradients that arrive; None becomes zeros."""
        width = next(iter(self.cell.state_sizes.values()))
        if dhs is None:
            dhs = np.zeros((T, B, width), self.dtype)
        check_array("dhs", dhs, (T, B, width), self.dtype)
        zeros = tuple(np.zeros((B, size), self.dtype) for size in self.cell.state_sizes.values())
        return dhs, self.check_state("dstate", dstate, B, lambda _: zeros)

    def finish_backward(self, dstate, started_here):
        """The gradient of a learned initial state is the sum over the examples that started from it."""
        for name, d in zip(self.cell.state_sizes, dstate, strict=True):
            if started_here and f"{name}_0" in self.grads:
                self.grads[f"{name}_0"] += d.sum(axis=0)
