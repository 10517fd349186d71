"""What the fast gated layers, LSTM and GRU, share: arrays of gates, and products with the weights of all gates at once.

Arrays of gates are (G, T, B, H) to those who use them. In memory a single example's gates lie side by side at each step,
so that one vector times one wide matrix does what G small products would; with more examples each gate has its own block,
and one call multiplies them all.
"""

import numpy as np

BLOCK = 1 << 19  # bytes


def blocks(T, step):
    """Slices of time, the last first, in each of which an array with `step` bytes a step takes half a megabyte.

    What a backward pass makes of a block is still in the cache when the block's gradients are computed from it.
    """
    n = max(1, BLOCK // step)
    return [slice(first, min(first + n, T)) for first in reversed(range(0, T, n))]


def gate_array(G, T, B, H, dtype):
    """An empty (G, T, B, H)."""
    if B == 1:
        return np.empty((T, G, B, H), dtype).transpose(1, 0, 2, 3)
    return np.empty((G, T, B, H), dtype)


def halved_sigmoids(sigmoids, dtype):
    """Factors (G, 1, 1): 1/2 for each sigmoid, else 1. As sigmoid(a) = (1 + tanh(a / 2)) / 2, one tanh serves all gates."""
    return np.where(sigmoids, 0.5, 1.0).astype(dtype)[:, None, None]


def project(xs, W_x, b, out):
    """out[k] = xs W_x[k] + b[k] for each gate k: xs (T, B, D), W_x (G, D, H), b (G, 1, H), out (T, G, B, H)."""
    T, B, D = xs.shape
    if B == 1:
        np.matmul(xs.reshape(T, D), W_x, out=out.transpose(1, 0, 2, 3).reshape(len(W_x), T, -1))
    else:
        np.matmul(xs[:, None], W_x, out=out)
    out += b


def recurrent_product(W, out):
    """A function of h (B, H) that writes h W[k] into out[k] for each gate k; out (G, B, H)."""
    if out.shape[1] > 1:
        return lambda h: np.matmul(h, W, out=out)
    side_by_side, row = W.transpose(1, 0, 2).reshape(W.shape[1], -1), out.reshape(1, -1)
    return lambda h: h.dot(side_by_side, row)


def recurrent_product_backward(W, B):
    """A function of da (G, B, H) and out (B, H) that writes the sum over k of da[k] W[k]^T into out."""
    transposed = np.ascontiguousarray(W.transpose(0, 2, 1))
    if B == 1:
        below_each_other = transposed.reshape(-1, W.shape[1])
        return lambda da, out: da.reshape(1, -1).dot(below_each_other, out)
    each = np.empty((len(W), B, W.shape[1]), W.dtype)

    def product(da, out):
        np.matmul(da, transposed, out=each)
        np.add.reduce(each, axis=0, out=out)

    return product


def flat(gates):
    """(G, T, B, H) as (G, T B, H): all steps of all examples, one below the other, for one product per gate."""
    return gates.reshape(len(gates), -1, gates.shape[-1])
