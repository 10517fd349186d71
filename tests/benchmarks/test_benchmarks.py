"""The harness of `make bench`, on sizes that take milliseconds and without any peer: medians, failures, agreement, report."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from benchmarks import character, goals, imports, peers, picture, report, run
from benchmarks.agreement import Disagreement, agree
from benchmarks.installed import missing, requirements
from benchmarks.problems import GATES, columns, gates
from benchmarks.processes import Worker, compare, median_ratio, once
from benchmarks.worker import after

TINY = {"B": 2, "T": 3, "D": 4, "H": 5}
SMALL = TINY | {"dtype": "float64"}


# ---- correctness before speed ----


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("peer", ["naive", "unrolled"])
def test_numpy_implementations_agree_with_the_fast_layer(cell, peer):
    found, wanted = (after(build(cell, **SMALL)) for build in (getattr(peers, peer), peers.ours))
    assert set(wanted) == {"hs", "xs", "W_x", "W_h", "b"} | ({"b_hn"} if cell == "GRU after" else set())
    assert agree(found, wanted) < 1e-13


@pytest.mark.parametrize("name", run.CHARACTER_MODELS)
@pytest.mark.parametrize("optimiser", ["Adagrad", "Adam"])
def test_character_models_agree(name, optimiser):
    model = run.CHARACTER_MODELS[name] | run.SMALL_CHARACTER | {"optimiser": optimiser}
    found, wanted = (after(build(**model)) for build in (character.loop, character.ours))
    assert {"loss", "dW_x", "W_y", "dE" if model["embedding"] else "db_y"} <= wanted.keys()
    assert agree(found, wanted) < 1e-10


def broken(change):
    wanted = {"hs": np.arange(6.0).reshape(2, 3), "W": np.arange(9.0).reshape(3, 3) + 1}
    found = {name: a.copy() for name, a in wanted.items()}
    change(found)
    return found, wanted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f["W"].__imul__(1.00001), "W is off by 1.0e-05"),
        (lambda f: f.update(W=f["W"].T), "W is off"),
        (lambda f: f["W"].__setitem__((0, 0), np.nan), "W is off by nan"),
        (lambda f: f.update(W=f["W"][:2]), r"W: expected float64 \(3, 3\), got float64 \(2, 3\)"),
        (lambda f: f.update(W=f["W"].astype(np.float32)), "expected float64 .* got float32"),
        (lambda f: f.pop("W"), "expected hs, W; got hs"),
        (lambda f: f["hs"].__setitem__((0, 1), 1.001), "hs is off"),
    ],
)
def test_disagreement_is_seen(change, message):
    found, wanted = broken(change)
    with pytest.raises(Disagreement, match=message):
        agree(found, wanted)
    assert agree(wanted, wanted) == 0


@pytest.mark.parametrize("shape", [(4, 3, 2), (4, 2)])
def test_gates_side_by_side_and_back(shape):
    weights = np.random.default_rng(0).normal(size=shape)
    side_by_side = columns(weights)
    assert np.array_equal(side_by_side[..., :2], weights[0])
    assert np.array_equal(gates(side_by_side, 4), weights)


# ---- medians of ratios ----


def test_the_ratio_is_the_median_of_the_rounds_ratios():
    times, baseline = [6.0, 10.0, 20.0], [3.0, 20.0, 10.0]
    assert median_ratio(times, baseline) == 2
    assert np.median(times) / np.median(baseline) == 1  # what it is not: a machine that slows down hits both in turn


class Scripted:
    """Answers as a Worker does, with times from a list."""

    def __init__(self, times):
        self.spec, self.times = "", iter(times)

    def ask(self, **request):
        return {"seconds": next(self.times)} if "time" in request else {"calls": 1}


def test_compare_takes_turns_and_medians():
    workers = {"ours": Scripted([3.0, 20.0, 10.0]), "other": Scripted([6.0, 10.0, 20.0])}
    found = compare(workers, {}, 3, 0)
    assert found == {"ours": {"seconds": 10.0, "ratio": 1.0}, "other": {"seconds": 10.0, "ratio": 2.0}}


def test_whoever_breaks_is_named_and_the_others_are_measured():
    specs = {name: run.LAYERS[name] for name in ("ours", "products", "naive loop")}
    here = {"absent", "wrong", "wrong_columns", "dies_at_once", "dies_when_timed", "chatters"}
    specs |= {name: f"tests.benchmarks.implementations:{name}" for name in sorted(here)}
    workers = {name: Worker(spec) for name, spec in specs.items()}
    try:
        problem = {"cell": "LSTM", **TINY, "dtype": "float32"}
        found = compare(workers, problem, 3, 0.001, small={"cell": "LSTM", **SMALL})
        assert list(found) == list(specs)
        for name in ("ours", "products", "naive loop", "chatters"):
            assert found[name]["seconds"] > 0
        assert found["ours"]["ratio"] == 1
        assert found["naive loop"]["ratio"] > found["products"]["ratio"]
        assert "No module named 'no_such_library'" in found["absent"]["error"]
        assert "W_h is off by 1.0e-03" in found["wrong"]["error"]
        assert "W_x is off by" in found["wrong_columns"]["error"]
        assert "died (exit status 3)" in found["dies_at_once"]["error"]
        assert "died (SIGSEGV)" in found["dies_when_timed"]["error"]
        again = compare({k: workers[k] for k in ("ours", "dies_when_timed")}, problem | {"dtype": "float64"}, 2, 0.001)
        assert again["dies_when_timed"]["seconds"] > 0  # it is started anew
    finally:
        for worker in workers.values():
            worker.stop()


def test_without_ours_nothing_is_compared():
    with Worker("tests.benchmarks.implementations:absent") as ours, Worker(run.LAYERS["naive loop"]) as loop:
        found = compare({"ours": ours, "naive loop": loop}, {"cell": "RNN", **SMALL}, 1, 0.001)
    assert "no_such_library" in found["ours"]["error"]
    assert found["naive loop"] == {"error": "ours failed"}


def test_who_does_not_answer_is_named_and_ended():
    with Worker("tests.benchmarks.implementations:hangs", patience=0.5) as worker:
        assert worker.ask(value={}) == {"error": "no answer within 0.5 seconds"}
        assert worker.process is None


def test_a_function_is_called_in_a_process_of_one_thread_and_one_cpu():
    [found] = once("tests.benchmarks.implementations:surroundings", name="OPENBLAS_NUM_THREADS").values()
    assert found["value"] == "1"
    assert found["cpus"] in (1, None)
    assert found["process"] != os.getpid()


# ---- Ctrl-C ----


def in_session(leader):
    """The processes of a session that still run."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                state, _, _, session = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(session) == leader and state != "Z":
                found.append(int(entry))
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process(root, tmp_path, signal_number):
    command = [sys.executable, "-m", "benchmarks.run", "--runs", "1", "--store", str(tmp_path / "results")]
    process = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert "once" in process.stdout.readline()
    deadline = time.monotonic() + 20
    while len(in_session(process.pid)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal_number) if signal_number == signal.SIGINT else process.send_signal(signal_number)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.strip() == "Stopped; nothing was stored."
    assert in_session(process.pid) == []
    assert not (tmp_path / "results").exists()


# ---- imports, memory ----


def test_imports_are_compared_and_failures_named():
    found = imports.compare_imports({"nothing": "pass", "some": "import decimal", "none": "import no_such_library"}, rounds=1)
    assert found["nothing"]["ratio"] == 1
    assert found["some"]["seconds"] > 0
    assert "no_such_library" in found["none"]["error"]


def test_what_a_layer_keeps():
    from benchmarks.memory import kept_by_rnncore

    assert kept_by_rnncore("RNN", 3, 4, 5, "float64") == pytest.approx(1, abs=0.1)
    assert kept_by_rnncore("LSTM", 3, 4, 50, "float64") == pytest.approx(7, abs=0.5)


# ---- the report ----


def made_up(failing=()):
    """The records of two runs, in which torch takes twice our time in one and four times in the other."""
    found = []
    for factor in (2.0, 4.0):
        for cell in GATES:
            for size in run.SIZES:
                ratios = {"ours": 1.0, "torch nn": factor, "products": 0.5, "JAX jit": 0.95, "naive loop": 3.0}
                for peer, ratio in ratios.items():
                    found.append({"section": "layers", "case": goals.case(cell, size), "peer": peer})
                    found[-1] |= {"error": "it broke"} if peer in failing else {"seconds": 0.002 * ratio, "ratio": ratio}
        for letter, (_, values) in run.SWEEPS.items():
            for value in values:
                for peer in ("ours", "torch nn"):
                    found.append({"section": letter, "case": str(value), "peer": peer, "seconds": value * 1e-5, "ratio": 1.0})
        for model in run.CHARACTER_MODELS:
            for peer in run.CHARACTER:
                found.append({"section": "character", "case": model, "peer": peer, "seconds": 0.001, "ratio": 8.0})
    found += [{"section": "truncated", "case": str(n), "peer": "ours", "value": n**0.01} for n in run.STREAMS]
    return found


MACHINE = {
    "date": "2026-11-20",
    "cpu": "a processor",
    "cores": 2,
    "load at the start": 0.0,
    "BLAS": "a BLAS",
    "versions": {"Python": "3.11"},
    "runs": 2,
    "minutes": 1.0,
}


def goal_rows(summary):
    return {tuple(row[:2]): row for row in (goal.row(summary) for goal in goals.goals())}


def test_runs_are_joined_by_their_median_with_lowest_and_highest():
    summary = report.summarise(made_up())
    assert summary["layers", "LSTM 1,25,30,64", "torch nn"] == {"seconds": 0.006, "ratio": 3.0, "low": 2.0, "high": 4.0}


def test_goals_are_met_missed_or_not_measured():
    rows = goal_rows(report.summarise(made_up()))
    assert rows["torch nn / ours, LSTM 1,25,30,64", "goal"][2:] == ("≥ 1.00", "3.00 (2.00 to 4.00)", "met")
    assert rows["torch nn / ours, RNN 1,25,30,64", "goal"][-1] == "**missed**"
    assert rows["torch nn / ours, RNN 1,25,30,64", "floor"][-1] == "met"
    assert rows["ours / bare products, LSTM 32,100,64,256", "goal"][2:] == ("≤ 1.25", "2.00", "**missed**")
    assert rows["cost ~ T^p, LSTM, T = 100 to 6,400: p", "goal"][2:] == ("≤ 1.050", "1.000", "met")
    assert rows["truncated BPTT: growth of the traced peak", "floor"][2:] == ("≤ 2.0%", "4.7%", "**missed**")
    assert rows["characters/s, LSTM", "goal"][2:] == ("≥ 100,000", "3,200,000", "met")
    assert rows["import rnncore and one LSTM step / import numpy", "goal"][2:] == ("≤ 1.30", "", "not measured")


def test_a_failure_in_one_run_stands_in_the_report():
    records = made_up()
    records[1] = {k: records[1][k] for k in ("section", "case", "peer")} | {"error": "it broke"}
    text = report.markdown(MACHINE, report.summarise(records))
    assert records[1]["peer"] == "torch nn"
    assert re.search(r"\| RNN \| 1, 25, 30, 64 \| 2.00 \| 0.50 \| 3.0 \| – \| failed \| – \| 0.95 \| – \|", text)
    assert "- torch nn: it broke (layers RNN 1,25,30,64)" in text
    assert "torch nn / ours, RNN 1,25,30,64 | floor | ≥ 1.00 |  | not measured" in text
    assert "could not be measured" not in report.markdown(MACHINE, report.summarise(made_up()))


@pytest.mark.parametrize("failing", [(), ("torch nn",), ("ours", "torch nn", "products", "JAX jit", "naive loop")])
def test_report_and_picture_are_made_whatever_failed(tmp_path, failing):
    found = {"machine": MACHINE, "records": made_up(failing)}
    run.store(tmp_path, found)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["results.json", "results.md", "results.png"]
    assert (tmp_path / "results.png").stat().st_size > 20_000
    assert ("What could not be measured" in (tmp_path / "results.md").read_text()) == bool(failing)


def test_what_is_stored_is_five_runs_of_everything_and_their_report():
    found = json.loads((run.STORE / "results.json").read_text())
    assert found["machine"]["runs"] >= 5
    layers = {(r["case"], r["peer"]) for r in found["records"] if r["section"] == "layers"}
    assert layers == {
        (goals.case(cell, size), peer)
        for cell in GATES
        for size in run.SIZES
        for peer in run.LAYERS
        if (cell, peer) not in run.NOT_OFFERED
    }
    text = report.markdown(found["machine"], report.summarise(found["records"]))
    assert (run.STORE / "results.md").read_text() == text, "make bench BENCH_OPTIONS=--report writes it anew"


def test_an_empty_report_is_still_one():
    assert "0 of 39 met, 0 missed, 39 not measured" in report.markdown(MACHINE, {})


def test_errors_carry_no_path(capsys):
    text = "ImportError: cannot import name 'LSTM' from 'rnncore' (/somewhere/rnncore/__init__.py)"
    [record] = run.records("layers", "RNN", {"ours": {"error": text}})
    assert record["error"] == "ImportError: cannot import name 'LSTM' from 'rnncore'"
    assert "failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.10633, "0.106"), (1.5, "1.50"), (20.53, "20.5"), (167.4, "167"), (1234.5, "1,234"), (0.99951, "1.00")],
)
def test_significant_digits(number, text):
    assert report.significant(number) == text


def test_what_is_installed_is_found():
    assert {r.name for r in requirements("bench")} == {"torch", "autograd", "jax"}
    assert [r.name for r in missing([Requirement("numpy>=2"), Requirement("numpy<1"), Requirement("no-such-thing")])] == [
        "numpy",
        "no-such-thing",
    ]


def test_the_picture_fails_loudly_without_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        picture.draw(report.summarise(made_up()), tmp_path / "absent" / "results.png")
