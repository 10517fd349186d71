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
