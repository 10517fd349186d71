"""What `make results` stores says how it was found, and the code that finds it runs."""

import json

import pytest

from scripts import results


@pytest.mark.parametrize("name", results.EXPERIMENTS)
def test_stored_results_say_how_they_were_found(name):
    stored = json.loads((results.STORE / f"{name}.json").read_text())
    assert stored["experiment"] == name
    assert len(stored["seeds"]) >= 5
    assert [run["seed"] for run in stored["runs"]] == stored["seeds"]
    assert stored["minutes"] > 0
    assert stored["criterion"]
    assert stored["made"] >= "2026-11-01"
    check_claims(stored.get("claims", []), stored["seeds"])


SMALL = {  # sizes at which an experiment runs in seconds
    "connection_schemes": {"updates": 20, "passes": 10, "T": 64},
    "both_ends": {"updates": 30, "delays": (1, 5), "fewer": (2,), "letters": 30, "tests": 50},
    "dropout_places": {"epochs": 2, "updates": 20, "size": 1000, "tests": 100},
    "free_running": {"updates": 200, "sizes": (4, 8), "steps": 300},
    "associative_memory": {"sizes": (40, 60), "sets": 1, "loads": (0.05, 0.2, 0.6)},
    "fluent": {"steps": 5, "H": 8, "T": 8, "B": 4},
    "lstm_lag": {"lags": (10, 100), "bit_lags": (10,), "H": 4, "updates": 25},
    "lstm_ablations": {"T": 10, "H": 4, "updates": 50, "tests": 50},
    "lstm_benchmarks": {"p": 5, "limit": 100, "windows": 20, "updates": 50, "tests": 50},
    "gru_counting": {"updates": 100},
    "gru_lstm": {
        "Ts": (10,),
        "rates": (1e-2,),
        "limit": 50,
        "steps": 64,
        "reading_rates": (1e-2,),
        "characters": 9000,
        "held_out": 2000,
    },
    "phrase_vector": {"Hs": (4, 6, 8, 10), "steps": 30, "longest": 4, "looks": (1, 2, 4, 6), "tests": 20},
    "gradient_cures": {"T": 12, "H": 8, "updates": 20, "window": 5},
    "vanishing_gradients": {"lengths": (10, 12), "updates": 100, "guesses": 100, "searches": 3, "steps": 50},
    "stacked_layers": {"depths": (1, 2), "steps": 10, "held_out": 3000, "one_layer": 32},
    "truncation": {
        "updates": 40,
        "windows": {2: (1, 12)},
        "hold_windows": (1,),
        "mixed_windows": (1, 2),
        "rates": (5e-3,),
        "lag": 3,
        "tests": 200,
    },
}
VERDICTS = ("reproduced", "in part", "not reproduced")


def check_claims(claims, seeds):
    """Each claim is whole, and has one number a seed."""
    for claim in claims:
        assert claim.keys() == {"claim", "source", "criterion", "theirs", "ours", "unit", "verdict"}
        assert claim["verdict"] in VERDICTS
        assert len(claim["ours"]) == len(seeds)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_the_code_that_finds_it_runs(name):
    found = results.run(name, [0], **SMALL[name])
    stored = json.loads((results.STORE / f"{name}.json").read_text())
    assert found.keys() == stored.keys()
    assert found["runs"][0].keys() == stored["runs"][0].keys()
    check_claims(found["claims"], [0])


def test_every_experiment_runs_small():
    assert {*SMALL, "character_model"} == set(results.EXPERIMENTS)


@pytest.mark.slow
def test_the_character_model_runs_and_learns():
    found = results.run("character_model", [0], rounds=2, steps=60)
    assert found["ngrams"][5] < found["ngrams"][1] < 6.6
    first, last = found["runs"][0]["curve"]
    assert last["test"] < first["test"] < 4.6
    assert last["characters"] == 2 * first["characters"] == 2 * 60 * 64 * 32


def test_a_result_is_stored_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "STORE", tmp_path / "results")
    path = results.store("trial", {"a": 1})
    assert json.loads(path.read_text()) == {"a": 1}
    with pytest.raises(TypeError):
        results.store("trial", {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [f.name for f in path.parent.iterdir()] == ["trial.json"]
