"""Measure everything, print the tables, store them: `make bench`, or `make bench BENCH_OPTIONS="--runs 1"` for a quick look.

Every run starts its processes anew and measures all that takes time; results are medians over the runs. Memory and errors do
not change from run to run and are measured once. A record is one finding about one implementation:

    {"section": "layers", "case": "LSTM 16,50,64,128", "peer": "torch nn", "seconds": ..., "ratio": ...}
    or "value" in the place of time, or "error", a text, where it could not be measured
"""

import argparse
import json
import re
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from . import picture, report
from .goals import case
from .imports import compare_imports
from .machine import machine
from .problems import GATES, SIZES
from .processes import Worker, compare, once

STORE = Path(__file__).resolve().parent / "results"

LAYERS = {
    "ours": "benchmarks.peers:ours",
    "products": "benchmarks.peers:products",
    "naive loop": "benchmarks.peers:naive",
    "Unrolled": "benchmarks.peers:unrolled",
    "torch nn": "benchmarks.peers:torch_nn",
    "torch cells": "benchmarks.peers:torch_cell",
    "JAX jit": "benchmarks.peers:jax_scan",
    "autograd": "benchmarks.peers:autograd",
}
NOT_OFFERED = {("GRU before", "torch nn"), ("GRU before", "torch cells")}  # torch has the other GRU only
CHARACTER = {
    "ours": "benchmarks.character:ours",
    "torch nn": "benchmarks.character:torch_nn",
    "NumPy loop": "benchmarks.character:loop",
}
CHARACTER_MODELS = {
    "RNN": {"cell": "RNN", "embedding": None, "optimiser": "Adagrad", "B": 1, "T": 100, "V": 65, "H": 128},
    "LSTM": {"cell": "LSTM", "embedding": 64, "optimiser": "Adam", "B": 32, "T": 100, "V": 65, "H": 128},
}
GRADIENTS = {"ours": "benchmarks.gradient_check:complex_step", "central loop": "benchmarks.gradient_check:central_loop"}
SMALL_LSTM = {"D": 5, "H": 6, "T": 8, "B": 3}
SWEEPS = {
    "T": ({"B": 1, "D": 30, "H": 64}, [100, 200, 400, 800, 1600, 3200, 6400]),
    "H": ({"B": 16, "T": 50, "D": 64}, [32, 64, 128, 256, 512]),
    "B": ({"T": 50, "D": 64, "H": 128}, [1, 2, 4, 8, 16, 32, 64]),
}
STREAMS = [1_000, 10_000, 100_000]
KEPT = {"B": 16, "D": 64, "H": 128, "dtype": "float32"}
SMALL = {"B": 3, "T": 5, "D": 4, "H": 6, "dtype": "float64"}  # where the implementations are compared before they are timed
SMALL_CHARACTER = {"B": 3, "T": 5, "V": 7, "H": 6, "dtype": "float64"}


def records(section, name, results):
    """Results by name as records; the progress of the run is what this prints."""
    for peer, result in results.items():
        if "error" in result:
            result["error"] = re.sub(r"(?<!\S)\(?/\S*", "", result["error"]).strip()  # no paths of this machine
        yield {"section": section, "case": name, "peer": peer, **result}
    print(f"  {section}, {name}: " + ", ".join(f"{peer} {short(result)}" for peer, result in results.items()), flush=True)


def short(result):
    if "error" in result:
        return f"failed ({result['error']})"
    if "value" in result:
        return f"{result['value']:.4g}"
    return f"{result['seconds'] * 1e3:.3g} ms ({result['ratio']:.2f})"


def timed(rounds=9, seconds=0.04):
    """The records of one run, of all that takes time."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(spec)) for name, spec in LAYERS.items()}
        for cell in GATES:
            offered = {name: w for name, w in workers.items() if (cell, name) not in NOT_OFFERED}
            for B, T, D, H in SIZES:
                problem = {"cell": cell, "B": B, "T": T, "D": D, "H": H, "dtype": "float32"}
                results = compare(offered, problem, rounds, seconds, small={"cell": cell} | SMALL)
                yield from records("layers", case(cell, (B, T, D, H)), results)
        two = {name: workers[name] for name in ("ours", "torch nn")}
        for letter, (fixed, values) in SWEEPS.items():
            for value in values:
                problem = {"cell": "LSTM", **fixed, letter: value, "dtype": "float32"}
                yield from records(letter, str(value), compare(two, problem, 3, seconds))
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(spec)) for name, spec in CHARACTER.items()}
        for name, model in CHARACTER_MODELS.items():
            small = model | SMALL_CHARACTER | ({"embedding": 4} if model["embedding"] else {})
            results = compare(workers, model | {"dtype": "float32"}, rounds, 2 * seconds, small=small)
            yield from records("character", name, results)
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(spec)) for name, spec in GRADIENTS.items()}
        yield from records("gradients", "LSTM", compare(workers, SMALL_LSTM, 3, seconds))
    yield from records("imports", "import", compare_imports())


def untimed(streams):
    """The records of what is measured once: memory, and the errors of the gradient checks."""
    for cell in GATES:
        offered = ["rnncore", "torch"] if (cell, "torch nn") not in NOT_OFFERED else ["rnncore"]
        names = {"rnncore": "ours", "torch": "torch nn"}
        results = {names[p]: once(f"benchmarks.memory:kept_by_{p}", cell=cell, **KEPT) for p in offered}
        yield from records("memory", cell, results)
    for steps in streams:
        yield from records("truncated", str(steps), {"ours": once("benchmarks.memory:truncated_peak", steps=steps, k=25)})
    found = once("benchmarks.gradient_check:findings", **SMALL_LSTM)
    errors = {name: {"value": v} for name, v in found["value"].items()} if "value" in found else {"ours": found}
    yield from records("gradient errors", "LSTM", errors)


def store(folder, found):
    """results.json, results.md and results.png, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = report.summarise(found["records"])
    for name, write in {
        "results.json": lambda path: path.write_text(json.dumps(found, indent=1) + "\n"),
        "results.md": lambda path: path.write_text(report.markdown(found["machine"], summary)),
        "results.png": lambda path: picture.draw(summary, path),
    }.items():
        partial = folder / f"{name}.partial"
        write(partial)
        partial.replace(folder / name)


def main():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="independent repetitions (5); fewer are printed and not stored")
    parser.add_argument("--million", action="store_true", help="follow the memory of truncated BPTT up to a million steps")
    parser.add_argument("--report", action="store_true", help="measure nothing; make report and picture of what is stored")
    parser.add_argument("--store", type=Path, help="the folder for the results, instead of benchmarks/results")
    arguments = parser.parse_args()
    if arguments.report:
        folder = arguments.store or STORE
        store(folder, json.loads((folder / "results.json").read_text()))
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    began = time.perf_counter()
    found = {"machine": machine() | {"runs": arguments.runs}, "records": []}
    try:
        print("Memory and errors, once", flush=True)
        found["records"] += untimed(STREAMS + [1_000_000] * arguments.million)
        for k in range(arguments.runs):
            print(f"Run {k + 1} of {arguments.runs}: CPU time (and its ratio to ours), one thread", flush=True)
            found["records"] += timed()
    except KeyboardInterrupt:
        print("Stopped; nothing was stored.", file=sys.stderr)
        return 130
    found["machine"]["minutes"] = round((time.perf_counter() - began) / 60, 1)
    print("\n" + report.markdown(found["machine"], report.summarise(found["records"])))
    folder = arguments.store or (STORE if arguments.runs >= 5 else None)
    if folder:
        store(folder, found)
        print(f"Stored in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
