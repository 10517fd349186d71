"""Layers without a memory, Dense and Embedding, and Stack, which puts layers on top of each other.

They keep the contract of the recurrent layers (state in, state out, cache in the open), with the empty tuple for a state.
"""

import numpy as np

from .checks import check_array, check_cache, check_mask, check_sequence, check_size
from .initialisers import glorot
from .module import Module


def check_no_state(what, state):
    """Return (), the state of a layer that has none, or raise ValueError."""
    if state is not None and not (isinstance(state, (tuple, list)) and len(state) == 0):
        got = f"{len(state)} entries" if isinstance(state, (tuple, list)) else type(state).__name__
        raise ValueError(f"{what}: expected () or None, for a layer without a state, got {got}")
    return ()


class Dense(Module):
    """y = x W + b at every step; on top of a recurrent layer W and b are the book's W_hy and b_y.

    Parameters  W (D, K), b (K,)
    Shapes      xs (T, B, D) -> ys (T, B, K), or (B, D) -> (B, K) for the last state alone
    """

    def __init__(self, D, K, rng, dtype=np.float64):
        D, K = check_size("D", D), check_size("K", K)
        super().__init__(W=glorot(rng, D, K, dtype), b=np.zeros(K, dtype))

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """ys = xs W + b; 0 where the mask is False."""
        state = check_no_state("state", state)
        W, b = self.params["W"], self.params["b"]
        leading = ("B",) if isinstance(xs, np.ndarray) and xs.ndim == 2 else ("T", "B")
        xs = check_sequence("xs", xs, (*leading, len(W)), self.dtype, mask)
        ys = xs @ W + b
        if mask is not None:
            ys = np.where(mask[..., None], ys, 0)
        return ys, state, (xs, mask) if keep else None

    def backward(self, dys, cache, dstate=None):
        """dxs = dys W^T; adds xs^T dys and the sum of dys to the gradients."""
        xs, mask = check_cache(cache)
        dstate = check_no_state("dstate", dstate)
        W = self.params["W"]
        check_array("dys", dys, (*xs.shape[:-1], W.shape[1]), self.dtype)
        if mask is not None:
            dys = np.where(mask[..., None], dys, 0)
        rows = dys.reshape(-1, W.shape[1])
        self.grads["W"] += xs.reshape(-1, len(W)).T @ rows
        self.grads["b"] += rows.sum(axis=0)
        return dys @ W.T, dstate


class Embedding(Module):
    """x = W[k], row k of a table: the same as a one-hot row times W, without the multiplication.

    Parameters  W (V, D)
    Shapes      ids (T, B), integers in [0, V) -> xs (T, B, D)
    """

    def __init__(self, V, D, rng, dtype=np.float64):
        V, D = check_size("V", V), check_size("D", D)
        super().__init__(W=glorot(rng, V, D, dtype))

    def forward(self, ids, state=None, mask=None, rng=None, keep=True):
        """xs = W[ids]; 0 where the mask is False."""
        state = check_no_state("state", state)
        W = self.params["W"]
        check_array("ids", ids, ("T", "B"))
        if mask is not None:
            ids = np.where(check_mask(mask, ids.shape), ids, 0)
        if ids.min() < 0 or ids.max() >= len(W):
            raise ValueError(f"ids: expected integers from 0 to {len(W) - 1}, got {ids.min()} to {ids.max()}")
        xs = W[ids]
        if mask is not None:
            xs[~mask] = 0
        return xs, state, (ids, mask) if keep else None

    def backward(self, dxs, cache, dstate=None):
        """Row k of dW is the sum of dxs over the places where k stood. Integers have no gradient: returns None for theirs."""
        ids, mask = check_cache(cache)
        dstate = check_no_state("dstate", dstate)
        check_array("dxs", dxs, (*ids.shape, self.params["W"].shape[1]), self.dtype)
        if mask is not None:
            dxs = np.where(mask[..., None], dxs, 0)
        np.add.at(self.grads["W"], ids, dxs)
        return None, dstate


class Stack(Module):
    """Layers on top of each other: the output of each is the input of the next.

    The state is a tuple with one entry a layer. Parameters carry the layer's number: "0.W_xh", "1.W"; the same arrays.
    """

    def __init__(self, *layers):
        if not layers:
            raise ValueError("layers: expected at least one, got none")
        for k, layer in enumerate(layers):
            if any(layer is other for other in layers[:k]):
                raise ValueError(f"layers: expected each once, got layer {k} twice: its gradients would be applied twice")
        super().__init__()
        self.layers = layers
        for k, layer in enumerate(layers):
            self.params |= {f"{k}.{name}": p for name, p in layer.params.items()}
            self.grads |= {f"{k}.{name}": g for name, g in layer.grads.items()}

    def reference(self):
        return Stack(*(layer.reference() for layer in self.layers))

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        """Through the layers from below: xs -> ys, (state of layer 0, state of layer 1, ...), cache."""
        states, caches = [], []
        for layer, s in zip(self.layers, self.one_a_layer("state", state), strict=True):
            xs, s, cache = layer.forward(xs, s, mask, rng, keep)
            states.append(s)
            caches.append(cache)
        return xs, tuple(states), caches if keep else None

    def backward(self, dys, cache, dstate=None):
        """Through the layers from above: dys -> dxs, gradient of the state."""
        dstates = self.one_a_layer("dstate", dstate)
        before = []
        for layer, c, d in reversed(list(zip(self.layers, check_cache(cache), dstates, strict=True))):
            dys, d = layer.backward(dys, c, d)
            before.append(d)
        return dys, tuple(reversed(before))

    def one_a_layer(self, what, state):
        """Return a state, or its gradient, as one entry a layer; None is None for each."""
        if state is None:
            return [None] * len(self.layers)
        if not isinstance(state, (tuple, list)) or len(state) != len(self.layers):
            got = f"{len(state)} entries" if isinstance(state, (tuple, list)) else type(state).__name__
            raise ValueError(f"{what}: expected a tuple of {len(self.layers)}, one entry a layer, got {got}")
        return state
