"""Automatic differentiation in about thirty lines, to see that nothing about it is magic.

A `Variable` holds a value. A NumPy operation on it is computed as usual and written on the tape: the result remembers its
inputs, and how a gradient goes back to them. `gradient` walks the tape from its end.

    W = Variable(np.ones((2, 3)))
    loss = np.tanh(x @ W).sum()
    (dW,) = gradient(loss, [W])

Source: reverse mode, Linnainmaa 1970; as a list of operations, Wengert 1964.
"""

from itertools import count

import numpy as np

# For each operation y = f(a, b): the gradients of its inputs, from the gradient g of y.
RULES = {
    np.add: lambda g, y, a, b: (g, g),
    np.subtract: lambda g, y, a, b: (g, -g),
    np.negative: lambda g, y, a: (-g,),
    np.multiply: lambda g, y, a, b: (g * b, g * a),
    np.divide: lambda g, y, a, b: (g / b, -g * y / b),
    np.matmul: lambda g, y, a, b: (g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g),
    np.tanh: lambda g, y, a: (g * (1 - y * y),),
    np.exp: lambda g, y, a: (g * y,),
    np.log: lambda g, y, a: (g / a,),
}
numbers = count()  # the order of writing


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """An array whose operations are written on the tape: + - * / @ and np.tanh, np.exp, np.log give Variables."""

    def __init__(self, value, inputs=(), rule=None):
        self.value, self.inputs, self.rule, self.number = np.asarray(value), inputs, rule, next(numbers)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if ufunc not in RULES or method != "__call__" or options:
            raise TypeError(f"{ufunc.__name__}: expected one of {', '.join(f.__name__ for f in RULES)}, without options")
        inputs = [v if isinstance(v, Variable) else Variable(v) for v in inputs]
        return Variable(ufunc(*(v.value for v in inputs)), inputs, RULES[ufunc])

    def sum(self):
        """The sum of all entries, a single number."""
        return Variable(self.value.sum(), [self], lambda g, y, a: (np.broadcast_to(g, a.shape),))


def gradient(loss, variables):
    """dL/dv for each Variable v, of v's shape; zeros where L does not depend on it.

    Raises  ValueError unless loss is a Variable with a single number
    """
    if not isinstance(loss, Variable) or loss.value.size != 1:
        raise ValueError(f"loss: expected a Variable with a single number, got {getattr(loss, 'value', loss)!r}")
    tape, todo = {}, [loss]
    while todo:
        v = todo.pop()
        if v.number not in tape:
            tape[v.number] = v
            todo += v.inputs
    grads = {loss.number: np.ones(loss.value.shape)}
    for number in sorted(tape, reverse=True):  # whatever uses v was written after v: its gradient is whole by now
        v = tape[number]
        if v.inputs:
            for u, g in zip(v.inputs, v.rule(grads[number], v.value, *(u.value for u in v.inputs)), strict=True):
                grads[u.number] = grads.get(u.number, 0) + summed_to(u.value.shape, g)
    return [grads.get(v.number, np.zeros(v.value.shape)) for v in variables]


def summed_to(shape, g):
    """g, summed over the axes along which NumPy repeated an array of `shape`."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)
