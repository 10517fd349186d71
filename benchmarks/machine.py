"""What was measured on: processor, BLAS and its kernels, versions, date."""

import ctypes
import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np


def machine():
    """What a report must say about the place where its numbers come from."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    kernels, asked = blas_kernels(), ", as OPENBLAS_CORETYPE asks" if "OPENBLAS_CORETYPE" in os.environ else ""
    return {
        "date": date.today().isoformat(),
        "cpu": cpu("model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load at the start": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "BLAS": f"{blas['name']} {blas['version']}, kernels for {kernels}{asked}",
        "versions": {"Python": platform.python_version()} | {n: version_of(n) for n in ("numpy", "torch", "jax", "autograd")},
    }


def version_of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def cpu(field):
    """A field of the first processor in /proc/cpuinfo, or "" where there is none."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(field)), "")


def blas_kernels():
    """Which processor's kernels NumPy's OpenBLAS has chosen, such as Haswell or SkylakeX; "unknown" for another BLAS."""
    library = ctypes.CDLL(np._core._multiarray_umath.__file__)
    for name in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename"):
        if hasattr(library, name):
            function = getattr(library, name)
            function.restype = ctypes.c_char_p
            return function().decode()
    return "unknown"
