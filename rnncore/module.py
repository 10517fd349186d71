"""What every cell and layer is: parameters and their gradients, under the same names."""

import copy

import numpy as np


class Module:
    """`params` and `grads`: two dicts with the same keys, whose arrays are updated in place and never rebound."""

    def __init__(self, **params):
        self.params = params
        self.grads = {name: np.zeros_like(p) for name, p in params.items()}

    @property
    def dtype(self):
        """The dtype of the parameters, which is also the dtype of inputs and outputs."""
        return next(iter(self.params.values())).dtype

    @property
    def parameter_count(self):
        """How many numbers are learned."""
        return sum(p.size for p in self.params.values())

    def zero_grads(self):
        """Set every gradient to zero; backward passes add to what is there."""
        for g in self.grads.values():
            g[...] = 0

    def astype(self, dtype):
        """A deep copy with parameters and gradients of `dtype`; complex128 is what the complex step needs."""
        arrays = [*self.params.values(), *self.grads.values()]
        return copy.deepcopy(self, {id(a): a.astype(dtype) for a in arrays})

    def reference(self):
        """The same function of the same arrays, computed as the equations read; itself where there is no faster way."""
        return self

    def __repr__(self):
        shapes = ", ".join(f"{name} {p.shape}" for name, p in self.params.items())
        return f"{type(self).__name__}({shapes})"
