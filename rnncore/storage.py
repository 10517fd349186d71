"""Save a model's parameters to one .npz file, and load them into a model of the same shapes. No pickle."""

import io
import os
import zlib
from pathlib import Path

import numpy as np

FORMAT = 1  # a file of a later format is refused, not misread
FORMAT_KEY = "unrolled_format"


def save(model, path):
    """Write every parameter under its name; a crash half-way leaves an older file as it was."""
    for name, p in model.params.items():
        if not np.isfinite(p).all():
            raise ValueError(f"{name}: expected finite numbers to save, got NaN or inf")
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        np.savez(file, **{FORMAT_KEY: np.array(FORMAT)}, **model.params)
    os.replace(partial, path)


def load(model, path):
    """Read the parameters into the model's own arrays; either all of them, or, on any error, none.

    Raises  ValueError for a file that is no such archive, is cut off, has another format, other names, shapes, or NaN in it
    """
    import zipfile  # only here: importing rnncore stays light

    try:
        with open(path, "rb") as file, np.load(io.BytesIO(file.read()), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, KeyError, TypeError, NotImplementedError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole .npz archive of arrays, got {error}") from error
    found = arrays.pop(FORMAT_KEY, None)
    if found is None or found.shape != () or found != FORMAT:
        raise ValueError(f"{path}: expected {FORMAT_KEY} = {FORMAT}, got {found}")
    missing = [name for name in model.params if name not in arrays]
    unknown = [name for name in arrays if name not in model.params]
    if missing or unknown:
        raise ValueError(f"{path}: expected the model's names; missing {missing}, unknown {unknown}")
    for name, p in model.params.items():
        a = arrays[name]
        if a.shape != p.shape or a.dtype != p.dtype:
            raise ValueError(f"{path}: {name}: expected {p.dtype} {p.shape}, got {a.dtype} {a.shape}")
        if not np.isfinite(a).all():
            raise ValueError(f"{path}: {name}: expected finite numbers, got NaN or inf")
    for name, p in model.params.items():
        p[...] = arrays[name]
