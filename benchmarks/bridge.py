"""How long a call takes from a test to a student's function, which runs behind walls: `python -m benchmarks.bridge`."""

import json

from nbformat.v4 import new_code_cell, new_notebook

from gradecore.execute import TwoKernelExecute

STUDENT = "def same(x): return x"
TEST = """
import json, statistics, time
import numpy as np

def seconds(x, calls=300, rounds=9):
    same(x)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(calls):
            same(x)
        times.append((time.perf_counter() - began) / calls)
    return statistics.median(times)

print(json.dumps({"a float": seconds(0.5), "an array of 16 KB": seconds(np.zeros(2048))}))
"""


def measure(sandbox="bwrap"):
    """Seconds of a call, there and back, by what is handed over and returned: medians of rounds."""
    about = {"grade": True, "solution": False, "locked": True, "grade_id": "times", "points": 1}
    notebook = new_notebook(cells=[new_code_cell(STUDENT), new_code_cell(TEST, metadata={"nbgrader": about})])
    resources = {"nbgrader": {"assignment": "times"}, "metadata": {"path": "/nonexistent"}}
    TwoKernelExecute(sandbox=sandbox).preprocess(notebook, resources)
    return json.loads(notebook.cells[1].outputs[0].text)


if __name__ == "__main__":
    for what, seconds in measure().items():
        print(f"{what}: {seconds * 1e3:.3f} ms")
