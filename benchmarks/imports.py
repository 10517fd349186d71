"""What an import costs: the CPU time of a fresh process that imports a library, and takes one step of an LSTM with it."""

import os
import resource
import statistics
import subprocess
import sys

from .processes import median_ratio

PROGRAMS = {
    "import numpy": "import numpy",
    "rnncore, one LSTM step": """
import numpy as np
from rnncore import LSTM
LSTM(3, 4, np.random.default_rng(0)).forward(np.ones((1, 2, 3)))
""",
    "torch, one LSTM step": """
import torch
torch.nn.LSTM(3, 4)(torch.ones(1, 2, 3))
""",
}


def cpu_seconds(program):
    """User and system time of a process that runs a program; CalledProcessError if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def compare_imports(programs=PROGRAMS, rounds=5):
    """As processes.compare, in turns: each program's seconds, and the ratio to the first program's."""
    results, times = {}, {name: [] for name in programs}
    for k in range(rounds + 1):  # the first round only brings the files into memory
        for name in list(times):
            try:
                taken = cpu_seconds(programs[name])
            except subprocess.CalledProcessError as error:
                results[name] = {"error": error.stderr.strip().splitlines()[-1][:200]}
                del times[name]
                continue
            if k:
                times[name].append(taken)
    first = next(iter(programs))
    for name, taken in times.items():
        if first in times:
            results[name] = {"seconds": statistics.median(taken), "ratio": median_ratio(taken, times[first])}
        else:
            results[name] = {"error": f"{first} failed"}
    return {name: results[name] for name in programs}
