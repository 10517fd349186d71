"""The baseline that a language model has to beat: count what followed the last few items."""

from collections import Counter, defaultdict

import numpy as np

from .checks import check_array, check_size


class NGram:
    """p(item | last n-1 items), by counts, interpolated with the shorter contexts by Witten and Bell's rule:

        p_n(x | c) = (count(c x) + kinds(c) p_{n-1}(x | shorter c)) / (count(c) + kinds(c))

    kinds(c) is how many different items followed c; p_0 is 1/V. Source: Witten and Bell 1991, method C.
    """

    def __init__(self, ids, n, V):
        self.n, self.V = check_size("n", n), check_size("V", V)
        if len(ids) < n:
            raise ValueError(f"ids: expected at least n = {n} items, got {len(ids)}")
        items = self.checked(ids)
        self.followers = [defaultdict(Counter) for _ in range(n)]
        for length, table in enumerate(self.followers):
            for k in range(length, len(items)):
                table[tuple(items[k - length : k])][items[k]] += 1

    def checked(self, ids):
        """The items as a list, if all are in [0, V)."""
        check_array("ids", ids, ("N",))
        if ids.min() < 0 or ids.max() >= self.V:
            raise ValueError(f"ids: expected integers from 0 to {self.V - 1}, got {ids.min()} to {ids.max()}")
        return ids.tolist()

    def probabilities(self, context):
        """The distribution (V,) of the item after `context`, a sequence of integers of any length."""
        context = tuple(int(k) for k in context)
        p = np.full(self.V, 1 / self.V)
        for length, table in enumerate(self.followers[: len(context) + 1]):
            counts = table.get(context[len(context) - length :])
            if counts is None:  # never seen: no longer context was either
                break
            p *= len(counts)
            for item, count in counts.items():
                p[item] += count
            p /= len(counts) + counts.total()
        return p

    def bits(self, ids):
        """The mean of -log2 p over the items of `ids` (N,), each given those before it: bits an item."""
        items = self.checked(ids)
        total = 0.0
        for k, item in enumerate(items):
            p = 1 / self.V
            for length in range(min(self.n - 1, k) + 1):
                counts = self.followers[length].get(tuple(items[k - length : k]))
                if counts is None:
                    break
                p = (counts[item] + len(counts) * p) / (counts.total() + len(counts))
            total -= np.log2(p)
        return total / len(items)
