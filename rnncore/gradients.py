"""Numeric gradients, to check the hand-written ones against.

`central_difference` works for any function and is good to about seven digits. `complex_step` needs an analytic function and
is good to the last digit or two: f(x + ih) = f(x) + i h f'(x) + ..., so f'(x) is the imaginary part over h, and no two nearby
numbers are ever subtracted. Source: Squire and Trapp 1998.
"""

import numpy as np


class GradientError(AssertionError):
    """An analytic gradient that disagrees with the numeric one."""


def central_difference(f, x, eps=1e-6):
    """dL/dx_k = (L(x_k + eps) - L(x_k - eps)) / (2 eps), for every entry of x.

    f   takes no argument and returns a number; it reads x, which is changed in place and put back
    """
    if x.dtype != np.float64:
        raise ValueError(f"x: expected float64, got {x.dtype}: other types lose the digits that a difference needs")
    slope = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        kept = x[k]
        try:
            x[k] = kept + eps
            above = f()
            x[k] = kept - eps
            below = f()
        finally:
            x[k] = kept
        slope[k] = (above - below) / (2 * eps)
    return slope


def complex_step(f, x, eps=1e-30):
    """dL/dx_k = Im L(x_k + i eps) / eps, for every entry of the complex array x.

    f   takes no argument and returns a complex number; it must be analytic: no abs, no norm, no rounding
    """
    if not np.iscomplexobj(x):
        raise ValueError(f"x: expected a complex array, got {x.dtype}")
    slope = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        kept = x[k]
        try:
            x[k] = kept + 1j * eps
            slope[k] = np.imag(f()) / eps
        finally:
            x[k] = kept
    return slope


def compare(name, analytic, numeric, absolute=1e-13, relative=1e-11):
    """max |a - n| / (absolute + relative |n|), the error in units of what is allowed; above 1, or NaN: GradientError."""
    if np.shape(analytic) != np.shape(numeric):
        raise GradientError(f"{name}: expected a gradient of shape {np.shape(numeric)}, got {np.shape(analytic)}")
    excess = np.abs(analytic - numeric) / (absolute + relative * np.abs(numeric))
    place = np.unravel_index(np.argmax(np.where(np.isnan(excess), np.inf, excess)), excess.shape)
    if not excess[place] <= 1:
        where = ", ".join(map(str, place))
        raise GradientError(
            f"{name}[{where}]: analytic {analytic[place]:.12g}, numeric {numeric[place]:.12g}; "
            f"{np.sum(~(excess <= 1))} of {excess.size} entries are off"
        )
    return float(excess[place])


def check_gradients(layer, xs, rng, state=None, mask=None, seed=None):
    """Check every gradient of a layer by the complex step, for a random loss on every output and on the last state.

    The numeric side runs the definition (`layer.reference()`), never the fast code under test.
    The parameters' gradients are set to zero first and hold the checked ones afterwards. Backward runs twice, so that `=` for
    `+=` shows as well.

    xs, state, mask  as in `layer.forward`; float64
    seed             a number from which every forward pass draws the same dropout; None evaluates
    Returns          the largest error by name, in units of what is allowed (1e-13 + 1e-11 |numeric|)
    Raises           GradientError with the worst entry: name, place, analytic and numeric value
    """
    if any(p.dtype != np.float64 for p in layer.params.values()):
        raise ValueError(f"layer: expected parameters of float64, got {layer.dtype}")

    def dropout():
        return None if seed is None else np.random.default_rng(seed)

    layer.zero_grads()
    ys, last, cache = layer.forward(xs, state, mask, dropout())
    dys = rng.normal(size=ys.shape)
    dlast = map_state(lambda s: rng.normal(size=s.shape), last)
    layer.backward(dys, cache, dlast)
    dxs, dfirst = layer.backward(dys, cache, dlast)  # a second time: gradients add up, and the cache is still whole
    for g in layer.grads.values():
        g /= 2

    plain = layer.reference().astype(np.complex128)
    has_dxs = dxs is not None  # integers have no gradient
    inputs = xs.astype(np.complex128) if has_dxs else xs
    first = None if state is None else map_state(lambda s: s.astype(np.complex128), state)

    def loss():
        ys, last, _ = plain.forward(inputs, first, mask, dropout(), keep=False)
        ends = zip(leaves(last), leaves(dlast), strict=True)
        return np.sum(ys * dys) + sum(np.sum(s * d) for s, d in ends)

    errors = {name: compare(name, layer.grads[name], complex_step(loss, p)) for name, p in plain.params.items()}
    if has_dxs:
        errors["xs"] = compare("xs", dxs, complex_step(loss, inputs))
    if first is not None:
        for k, (s, d) in enumerate(zip(leaves(first), leaves(dfirst), strict=True)):
            errors[f"state[{k}]"] = compare(f"state[{k}]", d, complex_step(loss, s))
    return errors


def map_state(f, state):
    """Apply f to every array of a state, which may be a tuple of tuples."""
    return tuple(map_state(f, s) for s in state) if isinstance(state, (tuple, list)) else f(state)


def leaves(state):
    """The arrays of a state, from left to right."""
    if isinstance(state, (tuple, list)):
        for s in state:
            yield from leaves(s)
    else:
        yield state
