"""Two readers of one sequence, one from each end."""

import numpy as np

from .checks import check_array, check_cache, check_choice
from .module import Module


class Ends(tuple):
    """The states that the two readers of a Bidirectional end with: (after the last step, after the first step).

    A tuple like any other, but no state to go on from: the backward reader's is the past of nothing.
    """


class Bidirectional(Module):
    """h_t = [f_t, b_t] (or f_t + b_t): f_t has read x_1 ... x_t, b_t has read x_T ... x_t.

    forward, backward   two recurrent layers, of equal input size
    merge               "concat" puts f_t and b_t side by side, (T, B, 2H); "add" sums them, (T, B, H)
    Parameters          those of both, as "forward.W_xh", "backward.W_xh"; the same arrays
    State               (state of the forward reader, state of the backward reader). One may be given to start from; the one
                        that a call returns may not: a chunk's backward reader would need the chunks to come. ValueError
    Source              Schuster and Paliwal 1997
    """

    def __init__(self, forward, backward, merge="concat"):
        check_choice("merge", merge, ("concat", "add"))
        if forward is backward:
            raise ValueError("backward: expected a layer of its own, got the forward one: its gradients would be applied twice")
        super().__init__()
        self.readers, self.merge = {"forward": forward, "backward": backward}, merge
        for name, layer in self.readers.items():
            self.params |= {f"{name}.{key}": p for key, p in layer.params.items()}
            self.grads |= {f"{name}.{key}": g for key, g in layer.grads.items()}

    def reference(self):
        return Bidirectional(*(layer.reference() for layer in self.readers.values()), self.merge)

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """xs (T, B, D) -> hs (T, B, 2H or H), the states at both ends, cache. Both readers pass over the padding."""
        if isinstance(state, Ends):
            raise ValueError(
                "state: expected None or a state to start from, got the one that an earlier call returned: "
                "a bidirectional layer needs the whole sequence at once and cannot carry its state on"
            )
        first, second = self.readers.values()
        start_f, start_b = self.one_each("state", state)
        fs, end_f, cache_f = first.forward(xs, start_f, mask, rng, keep)
        bs, end_b, cache_b = second.forward(reversed_in_time(xs), start_b, reversed_in_time(mask), rng, keep)
        bs = reversed_in_time(bs)
        if self.merge == "add":
            if fs.shape != bs.shape:
                raise ValueError(f"backward: expected states of width {fs.shape[-1]} to add, got {bs.shape[-1]}")
            hs = fs + bs
        else:
            hs = np.concatenate([fs, bs], axis=-1)
        return hs, Ends((end_f, end_b)), (cache_f, cache_b, fs.shape, bs.shape) if keep else None

    def backward(self, dhs, cache, dstate=None):
        """dhs (T, B, 2H or H) -> dxs (T, B, D), the gradients of both starts; both readers add to x's gradient."""
        cache_f, cache_b, shape_f, shape_b = check_cache(cache)
        T, B, H = shape_f
        dend_f, dend_b = self.one_each("dstate", dstate)
        dfs = dbs = dhs
        if dhs is not None:
            check_array("dhs", dhs, (T, B, H if self.merge == "add" else H + shape_b[-1]), self.dtype)
            if self.merge == "concat":
                dfs, dbs = dhs[..., :H], dhs[..., H:]
            dbs = reversed_in_time(dbs)
        first, second = self.readers.values()
        dxs_f, dstart_f = first.backward(dfs, cache_f, dend_f)
        dxs_b, dstart_b = second.backward(dbs, cache_b, dend_b)
        return dxs_f + reversed_in_time(dxs_b), (dstart_f, dstart_b)

    def one_each(self, what, state):
        """Return a state, or its gradient, as one entry a reader; None is None for both."""
        if state is None:
            return None, None
        if not isinstance(state, (tuple, list)) or len(state) != 2:
            got = f"{len(state)} entries" if isinstance(state, (tuple, list)) else type(state).__name__
            raise ValueError(f"{what}: expected (forward reader's, backward reader's), got {got}")
        return state


def reversed_in_time(xs):
    """The last step first; None stays None."""
    return None if xs is None else xs[::-1]
