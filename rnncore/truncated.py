"""Truncated backpropagation through time: learning from a stream of any length, with the memory of a few steps.

    1 2 3 4 5 6 7 8 ...      the stream, whose state goes on for ever
          [---]              k1 = 2: the losses of two steps at a time ...
    [---------]              k2 = 5: ... go back over the last five

`truncated_bptt` reads as it computes: cut the stream into groups of k1 steps, go forward, go back.
"""

from collections import deque
from math import gcd

import numpy as np

from .checks import check_size
from .losses import softmax_cross_entropy


def truncated_bptt(model, xs, targets, k1, k2, state=None, loss=softmax_cross_entropy, rng=None):
    """Every k1 steps, the losses of those k1 steps go back k2 steps; the state goes on for ever, only its gradient is cut.

    A generator: each `next` adds the gradients of one group of k1 steps to `model.grads` and yields its loss; the caller
    updates in between. Memory is that of k1 + k2 steps, however many there are: groups are read one by one.

    xs       (T, B, ...), an array or anything else with a length and slices, such as np.memmap; a last group of fewer than
             k1 steps counts too, and reaches back less than k2
    targets  (T, B, ...), as xs; or None, if xs is an iterator of pairs (xs, targets) of k1 steps each, which need not end
    state    the one to start from, as in `model.forward`
    rng      None evaluates, a Generator trains (dropout)
    Raises   ValueError unless 1 <= k1 <= k2, and for a pair that is not of k1 steps
    Source   Williams and Peng 1990, BPTT(h; h')
    """
    k1, k2 = check_size("k1", k1), check_size("k2", k2)
    if k2 < k1:
        raise ValueError(f"k2: expected at least k1 = {k1}, or some losses never count, got {k2}")
    piece = gcd(k1, k2)  # caches come in pieces of this length: k1 and k2 are whole numbers of them
    caches = deque(maxlen=k2 // piece)
    for x, target in groups(xs, targets, k1):
        fresh, total = [], 0.0
        for a in range(0, len(x), piece):
            ys, state, cache = model.forward(x[a : a + piece], state, rng=rng)
            value, dys = loss(ys, target[a : a + piece])
            share = len(ys) / len(x)  # the loss of a group is the mean over its steps
            total += value * share
            fresh.append(dys * share)
            caches.append((cache, np.zeros_like(dys)))
        dstate = None
        for cache, silent in reversed(caches):
            dys = fresh.pop() if fresh else silent
            _, dstate = model.backward(dys, cache, dstate)
        yield total


def groups(xs, targets, k1):
    """Pairs (xs, targets) of k1 steps, the last perhaps of fewer; copies, so that a stream may fill its arrays anew."""
    pairs = xs
    if targets is not None:
        if len(xs) != len(targets) or len(xs) == 0:
            raise ValueError(f"targets: expected as many steps as xs, {len(xs)}, got {len(targets)} (none may be 0)")
        pairs = ((xs[k : k + k1], targets[k : k + k1]) for k in range(0, len(xs), k1))
    ended = False
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"xs: expected pairs (xs, targets), as targets is None, got {type(pair).__name__}")
        x, target = np.array(pair[0]), np.array(pair[1])
        if ended or not 0 < len(x) == len(target) <= k1:
            got = f"{len(x)} and {len(target)}" + (", after a shorter pair" if ended else "")
            raise ValueError(f"xs: expected pairs of {k1} steps, fewer only in the last, got {got}")
        ended = len(x) < k1
        yield x, target
