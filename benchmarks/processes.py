"""Worker processes, and comparing them: the same problem, turn by turn, and the median of the ratios of each round."""

import json
import os
import selectors
import signal
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1") | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}
PATIENCE = 120  # seconds for one answer


class Worker:
    """A process of worker.py for one implementation, started when it is first asked, and again after it died."""

    def __init__(self, spec, patience=PATIENCE):
        self.spec, self.patience, self.process = spec, patience, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed in stop)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", self.spec],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=os.environ | ONE_THREAD,
            cwd=ROOT,
        )

    def stop(self):
        """End the process, whatever it is doing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self.stderr):
                with suppress(BrokenPipeError):
                    stream.close()
            self.process = None

    def ask(self, **request):
        """Send a request, return the answer: {"error": ...} also if the process dies or does not answer in time."""
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return self.died()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(self.patience):
                self.stop()
                return {"error": f"no answer within {self.patience} seconds"}
        line = self.process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else self.died()

    def died(self):
        code = self.process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        self.stderr.seek(0)
        last = (self.stderr.read().decode(errors="replace").strip().splitlines() or [""])[-1]
        self.stop()
        return {"error": f"the process died ({how}) {last[:160]}".strip()}


def once(spec, **arguments):
    """What a function returns that runs in a process of its own: {"value": ...} or {"error": ...}."""
    with Worker(spec, patience=600) as worker:
        return worker.ask(value=arguments)


def compare(workers, problem, rounds, seconds, baseline="ours", small=None):
    """Time each worker on the problem, in turns; with `small`, only those that agree with the baseline on that.

    workers  a dict from name to Worker, in the order of the turns
    Returns  a dict from name to {"seconds": median, "ratio": median of the rounds' time / the baseline's} or {"error": ...};
    """
    results, times = {}, {}
    first = workers[baseline].ask(prepare=problem, seconds=seconds)
    for name, worker in workers.items():
        answer = first
        if name != baseline:
            answer = {"error": f"{baseline} failed"} if "error" in first else {}
            if small and not answer:
                answer = worker.ask(agree=small, **{"with": workers[baseline].spec})
            answer = answer if "error" in answer else worker.ask(prepare=problem, seconds=seconds)
        if "error" in answer:
            results[name] = answer
        else:
            times[name] = []
    for _ in range(rounds):
        for name in list(times):
            answer = workers[name].ask(time=True)
            if "error" in answer:
                results[name] = answer
                del times[name]
            else:
                times[name].append(answer["seconds"])
    for name, taken in times.items():
        if baseline in times:
            results[name] = {"seconds": statistics.median(taken), "ratio": median_ratio(taken, times[baseline])}
        else:
            results[name] = {"error": f"{baseline} failed"}
    return {name: results[name] for name in workers}


def median_ratio(times, baseline):
    """The median over the rounds of time / the baseline's time in the same round."""
    return statistics.median(t / b for t, b in zip(times, baseline, strict=True))
