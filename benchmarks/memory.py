"""Memory: what a forward pass keeps for the backward pass, and the peak of truncated backpropagation through time."""

import tracemalloc

import numpy as np

from .peers import rnncore_of


def units_per_step(kept, B, H, itemsize, short=50, long=150):
    """From bytes kept after T steps, a function of T, to arrays of (B, H) a step: the slope, so that constants drop out."""
    return (kept(long) - kept(short)) / (long - short) / (B * H * itemsize)


def kept_by_rnncore(cell, B, D, H, dtype):
    """Outputs, state and cache, as tracemalloc counts them: arrays of (B, H) a step."""
    layer = rnncore_of(cell, "", D=D, H=H, dtype=dtype)

    def kept(T):
        xs = np.ones((T, B, D), dtype)
        layer.forward(xs)
        tracemalloc.start()
        held = layer.forward(xs)
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del held
        return size

    return units_per_step(kept, B, H, np.dtype(dtype).itemsize)


def kept_by_torch(cell, B, D, H, dtype):
    """Outputs and what autograd saves, each block of memory once, without inputs and weights: arrays of (B, H) a step."""
    import torch

    module = getattr(torch.nn, cell.split()[0])(D, H, dtype=getattr(torch, dtype))

    def kept(T):
        xs = torch.ones(T, B, D, dtype=getattr(torch, dtype), requires_grad=True)
        blocks = {}

        def note(tensor):
            blocks[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            hs, _ = module(xs)
        note(hs.detach())
        given = {p.untyped_storage().data_ptr() for p in (xs.detach(), *module.parameters())}
        return sum(size for place, size in blocks.items() if place not in given)

    return units_per_step(kept, B, H, np.dtype(dtype).itemsize)


def truncated_peak(steps, k, V=65, D=16, H=64, B=4):
    """The traced peak, in bytes, of training by truncated BPTT with k1 = k2 = k on a stream of so many steps."""
    from rnncore import RNN, Adagrad, Dense, Embedding, Stack, truncated_bptt

    rng = np.random.default_rng(0)
    model, update = Stack(Embedding(V, D, rng), RNN(D, H, rng), Dense(H, V, rng)), Adagrad(0.01)
    ids = rng.integers(V, size=(max(steps, 1200 * k) + 1, B))

    def train(ids):
        model.zero_grads()
        for _ in truncated_bptt(model, ids[:-1], ids[1:], k, k):
            update.step(model.params, model.grads)
            model.zero_grads()

    # What is allocated once: the optimiser's arrays, and 2,000 small tuples that Python keeps for reuse, two a group.
    train(ids[: 1200 * k + 1])
    tracemalloc.start()
    train(ids[: steps + 1])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
