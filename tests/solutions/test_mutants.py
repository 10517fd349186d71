"""Small changes of the model answers lose points; those that cannot are argued, and the list of them is exact."""

import pytest

from scripts import mutants
from scripts.assignments import load, names
from scripts.mutants import complaints, judge

LEAST = 30  # mutants an assignment


@pytest.mark.parametrize("name", names())
def test_every_mutant_that_is_a_mistake_loses_points(name):
    row = judge(name)
    assert row.mutants >= LEAST
    assert row.mistakes_caught == row.mistakes
    assert list(complaints(row)) == []


def test_tests_that_pass_everything_let_every_mutant_through(monkeypatch):
    blind = load("ch04").without_tests()
    monkeypatch.setattr(mutants, "load", lambda name: blind)
    row = judge("ch04")
    assert row.mistakes_caught == 0
    assert sum(map(len, row.survivors.values())) == row.mutants == len(list(complaints(row)))


def test_a_reason_for_a_mutant_that_is_caught_is_found_out(monkeypatch):
    monkeypatch.setitem(load("ch04").equivalent, "ch04-ex1-step", {"sign: a -> b": "no such change"})
    [complaint] = complaints(mutants.Row("ch04", 5, 92, 92, 20, 105, {}))
    assert complaint == "ch04-ex1-step: a reason, but no such survivor: sign: a -> b"
