"""Dropout, between layers: in training some numbers are lost, so that no unit can lean on one other."""

import numpy as np

from .checks import check_array, check_cache, check_generator, check_sequence
from .layers import check_no_state
from .module import Module


class Dropout(Module):
    """y = x m / (1 - p), m drawn anew at each call: 0 with probability p, else 1. Without rng, y = x.

    p            the share that is dropped, in [0, 1)
    variational  draws m once for each example and unit and keeps it at all steps: (1, B, D) instead of (T, B, D)
    Source       Srivastava et al. 2014; variational: Gal and Ghahramani 2016. Between the layers of a recurrent net, not
                 from one step to the next: Zaremba, Sutskever and Vinyals 2014
    """

    def __init__(self, p, variational=False):
        if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0 <= p < 1:
            raise ValueError(f"p: expected a share in [0, 1), got {p!r}")
        super().__init__()
        self.p, self.variational = p, variational

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """xs (T, B, D) -> ys (T, B, D); `rng` None evaluates, a Generator trains; 0 where the mask is False."""
        state = check_no_state("state", state)
        if not isinstance(xs, np.ndarray) or xs.dtype.kind not in "fc":
            raise TypeError(f"xs: expected an array of floats, got {getattr(xs, 'dtype', type(xs).__name__)}")
        xs = check_sequence("xs", xs, ("T", "B", "D"), xs.dtype, mask)
        if rng is None:
            scale = np.ones((1, 1, 1), xs.dtype)
        else:
            check_generator("rng", rng)
            drawn = rng.random((1 if self.variational else len(xs), *xs.shape[1:])) >= self.p
            scale = drawn.astype(xs.dtype) / xs.dtype.type(1 - self.p)
        return xs * scale, state, (scale, mask, xs.shape, xs.dtype) if keep else None

    def backward(self, dys, cache, dstate=None):
        """dx = dy m / (1 - p), with the m of the forward pass; 0 where the mask is False."""
        scale, mask, shape, dtype = check_cache(cache)
        dstate = check_no_state("dstate", dstate)
        check_array("dys", dys, shape, dtype)
        if mask is not None:
            dys = np.where(mask[..., None], dys, 0)
        return dys * scale, dstate
