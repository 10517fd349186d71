"""Implementations that are wrong, or missing, or die, or talk: what the harness must not let pass, nor stumble over."""

import os
import signal
import time

from benchmarks import peers
from benchmarks.peers import Task


def wrong(cell, **size):
    """The gradient of the recurrent weights is a thousandth too small."""
    right = peers.naive(cell, **size)

    def read(done):
        found = right.read(done)
        return found | {"W_h": found["W_h"] * 0.999}

    return Task(right.step, read)


def wrong_columns(cell, **size):
    """Gates in another order than the weights say."""
    right = peers.naive(cell, **size)

    def read(done):
        found = right.read(done)
        return found | {"W_x": found["W_x"][::-1]}

    return Task(right.step, read)


def absent(**_):
    """A library that is not installed."""
    import no_such_library  # noqa: F401


def dies_at_once(**_):
    os._exit(3)


def dies_when_timed(cell, **size):
    """Right, until it is timed a second time."""
    right, calls = peers.naive(cell, **size), []

    def step():
        calls.append(1)
        if size["dtype"] == "float32" and len(calls) > 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        return right.step()

    return Task(step, right.read)


def chatters(cell, **size):
    """Prints to stdout, where the replies go."""
    print("hello")
    os.system("echo hello again")
    return peers.naive(cell, **size)


def hangs(**_):
    time.sleep(60)


def surroundings(name):
    """Not broken: what a function finds that runs in a worker."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {"value": os.environ.get(name), "cpus": cpus, "process": os.getpid()}
