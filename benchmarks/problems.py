"""What every implementation is given: the same inputs, weights and gradients from above, drawn from one seed.

Weights come gates first: W_x (G, D, H), W_h (G, H, H), b (G, H); in rnncore's order, i, f, o, c~ (LSTM) and z, r, h~ (GRU).
Each implementation brings them into its own layout, and its gradients back into this one.
"""

import numpy as np

GATES = {"RNN": 1, "GRU after": 3, "GRU before": 3, "LSTM": 4}
SIZES = [(1, 25, 30, 64), (16, 50, 64, 128), (32, 100, 64, 256)]  # B, T, D, H


def layer_arrays(cell, B, T, D, H, dtype):
    """xs (T, B, D), dhs (T, B, H), and the weights by name; GRU "after" has the candidate's second bias b_hn (H,)."""
    rng, G = np.random.default_rng(0), GATES[cell]
    shapes = {"W_x": (G, D, H), "W_h": (G, H, H), "b": (G, H)} | ({"b_hn": (H,)} if cell == "GRU after" else {})
    weights = {name: rng.uniform(-(H**-0.5), H**-0.5, shape).astype(dtype) for name, shape in shapes.items()}
    return rng.normal(size=(T, B, D)).astype(dtype), rng.normal(size=(T, B, H)).astype(dtype), weights


def columns(weights):
    """The gates side by side in one matrix, as most libraries keep them: (G, n, H) -> (n, G * H), (G, H) -> (G * H,)."""
    return np.ascontiguousarray(np.moveaxis(weights, 0, -2)).reshape(*weights.shape[1:-1], -1)


def gates(matrix, G):
    """The gates one after the other again: (n, G * H) -> (G, n, H), (G * H,) -> (G, H)."""
    return np.moveaxis(np.reshape(matrix, (*np.shape(matrix)[:-1], G, -1)), -2, 0)
