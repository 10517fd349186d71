"""One implementation in one process: `python -m benchmarks.worker package.module:function`.

It reads one request a line from stdin and answers each with one line, both JSON, until stdin ends:

    {"agree": problem, "with": "package.module:function"}   build both, compare their numbers    -> {"error_of": 1e-16}
    {"prepare": problem, "seconds": 0.05}                   build, find out how many calls last so long -> {"calls": 40}
    {"time": true}                                          make so many calls       -> {"seconds": CPU time, median of them}
    {"value": arguments}                                    call the function itself             -> {"value": what it returns}

What fails is answered with {"error": "..."}; the process goes on.
"""

import json
import os
import signal
import statistics
import sys
import time
from importlib import import_module

from .agreement import agree


def load(spec):
    module, name = spec.split(":")
    return getattr(import_module(module), name)


def after(task, steps=3):
    """What a task reads after some steps: more than one, so that what an optimiser remembers counts."""
    for _ in range(steps):
        done = task.step()
    return task.read(done)


class Bench:
    """The implementation, what it was last built for, and how often that is called for one measurement."""

    def __init__(self, spec):
        self.spec, self.task, self.calls = spec, None, 1

    def agree(self, problem, other):
        found = load(self.spec)(**problem)
        if found.read is None:
            return {"error_of": None}
        return {"error_of": agree(after(found), after(load(other)(**problem)))}

    def prepare(self, problem, seconds):
        self.task = load(self.spec)(**problem)
        self.task.step()  # whatever is done at the first call alone, such as compiling
        began = time.perf_counter()
        self.task.step()
        self.calls = max(1, int(seconds / (time.perf_counter() - began)))
        return {"calls": self.calls}

    def time(self):
        if self.calls > 1:
            self.task.step()  # brings the caches back, after the others' turn
        taken = []
        for _ in range(self.calls):
            began = time.process_time()
            self.task.step()
            taken.append(time.process_time() - began)
        return {"seconds": statistics.median(taken)}

    def answer(self, request):
        if "agree" in request:
            return self.agree(request["agree"], request["with"])
        if "prepare" in request:
            return self.prepare(request["prepare"], request["seconds"])
        if "time" in request:
            return self.time()
        return {"value": load(self.spec)(**request["value"])}


def one_cpu():
    """Keep to one CPU, where the system lets a process choose: libraries count them to decide how many threads to start."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is run.py's, which ends this process
    one_cpu()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an implementation prints is no reply
    bench = Bench(sys.argv[1])
    for line in sys.stdin:
        try:
            reply = bench.answer(json.loads(line))
        except Exception as error:
            bench.task = None
            reply = {"error": f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
