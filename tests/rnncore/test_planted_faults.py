"""The gradient check notices every fault planted in a backward pass, but for those that change nothing; and it could fail."""

import numpy as np
import pytest

import rnncore as rc
from scripts import planted_faults
from scripts.faults import Fault, faults, planted
from scripts.planted_faults import Case, Row, backward_passes, cases, complaints, functions, judge, outcome


@pytest.mark.parametrize("name", backward_passes())
def test_every_fault_in_a_backward_pass_is_caught(name):
    row = judge(name)
    assert row.planted.total() > 0
    assert list(complaints(row)) == []


def test_every_fault_in_what_backward_passes_call_is_caught():
    helpers = functions().keys() - set(backward_passes())
    assert {"Unrolled.finish_backward", "gated.affine_backward", "functions.lambda h: 1 - h * h"} <= helpers
    assert [line for name in helpers for line in complaints(judge(name))] == []


def test_reasons_belong_to_functions():
    assert planted_faults.EQUIVALENT.keys() <= functions().keys()


def test_right_code_passes_in_every_case():
    backward = rc.Unrolled.finish_backward
    nothing = Fault("nothing", "", "", backward, backward.__code__)
    assert [case for case in cases() if outcome(nothing, case)] == []


# ---- the same, where it has to fail ----


def test_one_step_alone_lets_errors_in_time_through():
    row = judge("RNN.backward", [Case("RNN tanh", steps=1)])
    lost = [fault for fault in row.survivors if fault.startswith("index: ")]
    assert len(lost) > 2
    assert {f"RNN.backward: not caught: {fault}" for fault in lost} <= set(complaints(row))
    assert row.caught["value"] > 0


def test_without_a_gradient_from_above_no_wrong_sign_shows(monkeypatch):
    class Silent:
        def normal(self, size):
            return np.zeros(size)

    inputs = Case.inputs
    monkeypatch.setattr(Case, "inputs", lambda case: inputs(case) | {"rng": Silent()})
    row = judge("RNNCell.step_backward", [Case("RNNCell tanh", width=4)])
    assert sum(fault.startswith("sign: ") for fault in row.survivors) == row.planted["sign"] > 5


def test_one_backward_pass_alone_does_not_tell_adding_from_overwriting():
    rng = np.random.default_rng(0)
    layer, xs = rc.Dense(3, 2, rng), rng.normal(size=(4, 3, 3))
    dys, cache = layer.forward(xs)[::2]

    def gradients_after(passes):
        layer.zero_grads()
        for _ in range(passes):
            layer.backward(dys, cache)
        return [g.copy() for g in layer.grads.values()]

    once, twice = gradients_after(1), gradients_after(2)
    [fault] = [f for f in faults(rc.Dense.backward) if f.kind == "overwrite" and "['W'][...] =" in f.after]
    with planted(fault):
        assert all(map(np.array_equal, gradients_after(1), once))
        assert not np.array_equal(gradients_after(2)[0], twice[0])
        with pytest.raises(rc.GradientError, match=r"W\["):
            rc.check_gradients(layer, xs, rng)


def test_a_survivor_needs_a_reason_and_a_reason_a_survivor(monkeypatch):
    row = Row("Cell.step_backward", survivors=["sign: a -> -a"])
    assert list(complaints(row)) == ["Cell.step_backward: not caught: sign: a -> -a"]
    monkeypatch.setattr(
        planted_faults, "EQUIVALENT", {"Cell.step_backward": {"sign: a -> -a": "a is 0", "sign: b -> -b": "b is 0"}}
    )
    assert list(complaints(row)) == ["Cell.step_backward: has a reason, but was caught or not planted: sign: b -> -b"]


def test_a_new_class_needs_a_layer_to_run_it(tmp_path):
    (tmp_path / "new.py").write_text("class NewCell(Cell):\n    def step_backward(self, dh, cache):\n        return dh\n")
    [name] = backward_passes(tmp_path)
    with pytest.raises(LookupError, match=r"NewCell\.step_backward: expected a layer in LAYERS that runs it"):
        judge(name)


# ---- the faults themselves ----


def example(xs, W, cache, grads):
    """A function with one of each."""
    h, h_prev = cache
    for t in reversed(range(len(xs))):
        grads["W"] += h_prev.T @ (xs[t] * (1 - h))
    return grads["W"].sum(axis=0), -h


def test_faults_of_an_example():
    found = {}
    for fault in faults(example):
        found.setdefault(fault.kind, set()).add(fault.after)
    line = "grads['W'] {} h_prev.T @ (xs[t] * (1 - h))"
    assert found == {
        "sign": {
            line.format("-="),
            "grads['W'] += h_prev.T @ -(xs[t] * (1 - h))",
            "grads['W'] += h_prev.T @ (xs[t] * (1 + h))",
            "return (grads['W'].sum(axis=0), h)",
        },
        "transpose": {
            "grads['W'] += h_prev @ (xs[t] * (1 - h))",
            "grads['W'] += h_prev.T.mT @ (xs[t] * (1 - h))",
            "grads['W'] += h_prev.T @ (xs[t] * (1 - h)).mT",
        },
        "dropped": {
            "pass",
            "grads['W'] += h_prev.T",
            "grads['W'] += xs[t] * (1 - h)",
            "grads['W'] += h_prev.T @ xs[t]",
            "grads['W'] += h_prev.T @ (1 - h)",
            "grads['W'] += h_prev.T @ (xs[t] * 1)",
            "grads['W'] += h_prev.T @ (xs[t] * h)",
        },
        "index": {
            "for t in range(len(xs)):",
            "grads['W'] += h_prev.T @ (xs[t - 1] * (1 - h))",
            "grads['W'] += h_prev.T @ (xs[t + 1] * (1 - h))",
        },
        "overwrite": {line.format("="), line.replace("'W']", "'W'][...]").format("=")},
        "operand": {
            "grads['W'] += h.T @ (xs[t] * (1 - h))",
            "grads['W'] += h_prev.T @ (xs[t] * (1 - h_prev))",
            "return (grads['W'].sum(axis=0), -h_prev)",
            "return (-h, grads['W'].sum(axis=0))",
        },
        "batch": {"return (grads['W'].mean(axis=0), -h)", "return (grads['W'].take(0, axis=0), -h)"},
    }


def test_a_fault_runs_while_it_is_planted_and_no_longer():
    rng = np.random.default_rng(0)
    arguments = rng.normal(size=(2, 3)), None, rng.normal(size=(2, 1, 3))

    def run():
        return example(*arguments, {"W": np.zeros((3, 3))})

    right = run()
    [fault] = [f for f in faults(example) if f.after == "return (grads['W'].sum(axis=0), h)"]
    with planted(fault):
        np.testing.assert_array_equal(run()[1], -right[1])
    np.testing.assert_array_equal(run()[1], right[1])
