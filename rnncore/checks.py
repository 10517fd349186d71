"""Bad input gets one kind of error, here: the name, what was expected, what came.

xs: expected (T, B, 3), got (2, 3)
"""

import numpy as np


class NotFinite(ValueError):
    """NaN or inf where only finite numbers make sense."""


def check_array(name, array, shape, dtype=None, finite=True):
    """Return `array` if it is an array of the wanted shape and dtype, else raise.

    shape   a tuple: a number is that size, a letter any size of at least 1
    dtype   the exact NumPy dtype wanted; None takes any integer type
    Raises  TypeError for what is no array, ValueError for shape, dtype, NaN and inf.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array of shape {written(shape)}, got {type(array).__name__}")
    fits = len(array.shape) == len(shape) and all(
        size >= 1 if isinstance(wanted, str) else size == wanted for size, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        empty = " (no size may be 0)" if 0 in array.shape else ""
        raise ValueError(f"{name}: expected {written(shape)}, got {array.shape}{empty}")
    if dtype is None:
        if array.dtype.kind not in "iu":
            raise ValueError(f"{name}: expected integers, got {array.dtype}")
    elif array.dtype != dtype:
        raise ValueError(f"{name}: expected {np.dtype(dtype)}, got {array.dtype}")
    elif finite and not np.isfinite(array).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise NotFinite(f"{name}: expected finite numbers, got {array[place]} at {place}")
    return array


def check_sequence(name, xs, shape, dtype, mask):
    """Return xs, checked; with a mask, a copy with zeros at the padded places, where anything may stand, NaN included."""
    check_array(name, xs, shape, dtype, finite=mask is None)
    if mask is None:
        return xs
    check_mask(mask, xs.shape[:-1])
    return check_array(name, np.where(mask[..., None], xs, 0), xs.shape, dtype)


def check_cache(cache):
    """Return the cache, or say why there is none."""
    if cache is None:
        raise ValueError("cache: expected the one that forward returned, got None (forward ran with keep=False)")
    return cache


def check_mask(mask, shape):
    """Return the mask if it is a bool array of `shape`, with True where an entry is real."""
    if not isinstance(mask, np.ndarray):
        raise TypeError(f"mask: expected a bool array of shape {written(shape)}, got {type(mask).__name__}")
    if mask.dtype != bool or mask.shape != tuple(shape):
        raise ValueError(f"mask: expected bool {written(shape)}, got {mask.dtype} {mask.shape}")
    return mask


def check_choice(name, value, choices):
    """Return `value` if it is one of `choices`, else raise ValueError."""
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def check_size(name, value):
    """Return `value` if it is a whole number of at least 1, else raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
    return int(value)


def check_generator(name, rng):
    """Return `rng` if it is a numpy.random.Generator, else raise TypeError."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name}: expected a numpy.random.Generator, got {type(rng).__name__}")
    return rng


def written(shape):
    """A shape as the messages write it: ('T', 'B', 3) is (T, B, 3)."""
    inside = ", ".join(map(str, shape))
    return f"({inside},)" if len(shape) == 1 else f"({inside})"
