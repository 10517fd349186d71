"""The experiments that are too long for a chapter, in full, with several seeds; the chapters show what is stored here.

    make results                                            runs all of them and stores chapters/results/<name>.json
    python -m scripts.results character_model               runs one of them and stores it
    python -m scripts.results character_model --seeds 7     with other seeds: prints it and stores nothing

Each file says when it was made, with which seeds, in how many minutes, and by what criterion.
"""

import argparse
import importlib
import json
import pkgutil
import time
from datetime import date
from pathlib import Path

from . import experiments

STORE = Path(__file__).resolve().parent.parent / "chapters" / "results"
EXPERIMENTS = [module.name for module in pkgutil.iter_modules(experiments.__path__)]


def run(name, seeds, **sizes):
    """Do one experiment; its result with name, date, seeds and minutes."""
    began = time.perf_counter()
    found = importlib.import_module(f"{experiments.__name__}.{name}").run(seeds, **sizes)
    minutes = round((time.perf_counter() - began) / 60, 1)
    return {"experiment": name, "made": date.today().isoformat(), "seeds": seeds, "minutes": minutes} | found


def store(name, result):
    """Write a result as JSON, whole or not at all; return where."""
    STORE.mkdir(exist_ok=True)
    partial = STORE / f"{name}.json.partial"
    partial.write_text(json.dumps(result, indent=1) + "\n")
    return partial.replace(STORE / f"{name}.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *EXPERIMENTS], help="all, if none is named")
    parser.add_argument("--seeds", type=int, nargs="+", help="other seeds than 0 to 4; the result is printed and not stored")
    arguments = parser.parse_args()
    for name in arguments.names or EXPERIMENTS:
        result = run(name, arguments.seeds or list(range(5)))
        where = json.dumps(result, indent=1) if arguments.seeds else f"stored in {store(name, result)}"
        print(f"{name}: {result['minutes']} minutes, {where}")


if __name__ == "__main__":
    main()
