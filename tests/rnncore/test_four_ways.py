"""One gradient, four ways: backpropagation through time, real-time recurrent learning, the tape, numbers."""

import numpy as np
import pytest

import rnncore as rc

T, B, D, H = 5, 3, 2, 4


@pytest.fixture
def rng():
    return np.random.default_rng(12)


CELLS = {
    "RNN": lambda rng: rc.RNNCell(D, H, rng),
    "Jordan": lambda rng: rc.JordanCell(D, 3, H, rng),
    "LSTM": lambda rng: rc.LSTMCell(D, H, rng),
    "peephole": lambda rng: rc.LSTMVariantCell(D, H, rng, peephole=True),
    "GRU-before": lambda rng: rc.GRUCell(D, H, rng),
    "GRU-after": lambda rng: rc.GRUCell(D, H, rng, reset="after"),
    "LayerNormLSTM": lambda rng: rc.LayerNormLSTMCell(D, H, rng),
}


def problem(cell, rng):
    for p in cell.params.values():
        p[...] = 0.6 * rng.normal(size=p.shape)
    state = tuple(rng.normal(size=(B, n)) for n in cell.state_sizes.values())
    return rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H)), state


def bptt(cell, xs, dhs, state):
    layer = rc.Unrolled(cell)
    layer.zero_grads()
    _, _, cache = layer.forward(xs, state)
    layer.backward(dhs, cache)
    return {name: g.copy() for name, g in layer.grads.items()}


@pytest.mark.parametrize("name", CELLS)
def test_real_time_recurrent_learning_agrees(rng, name):
    cell = CELLS[name](rng)
    xs, dhs, state = problem(cell, rng)
    wanted = bptt(cell, xs, dhs, state)
    got = rc.rtrl(cell, xs, dhs, state)
    assert got.keys() == wanted.keys()
    for key, g in wanted.items():
        np.testing.assert_allclose(got[key], g, rtol=1e-11, atol=1e-13)
        assert np.array_equal(cell.grads[key], g)  # what stood in the cell's gradients stands there still


def test_rtrl_needs_the_path_through_the_state(rng):
    """The immediate parts alone, P_t without P_{t-1}, are another gradient: that of steps which know no past."""
    cell = CELLS["RNN"](rng)
    xs, dhs, state = problem(cell, rng)
    hs, _, _ = rc.Unrolled(cell).forward(xs, state)
    cut = sum(rc.rtrl(cell, x[None], dh[None], (h,))["W_hh"] for x, dh, h in zip(xs, dhs, [state[0], *hs[:-1]], strict=True))
    assert np.abs(cut - bptt(cell, xs, dhs, state)["W_hh"]).max() > 0.1


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def rnn_on_tape(p, xs, h):
    for x in xs:
        h = np.tanh(x @ p["W_xh"] + h @ p["W_hh"] + p["b_h"])
        yield h


def lstm_on_tape(p, xs, h, c):
    for x in xs:
        i, f, o = (sigmoid(x @ p["W_x", k] + h @ p["W_h", k] + p["b", k]) for k in range(3))
        c = f * c + i * np.tanh(x @ p["W_x", 3] + h @ p["W_h", 3] + p["b", 3])
        h = o * np.tanh(c)
        yield h


def gru_on_tape(p, xs, h):
    for x in xs:
        z, r = (sigmoid(x @ p["W_x", k] + h @ p["W_h", k] + p["b", k]) for k in range(2))
        h = z * h + (1 - z) * np.tanh(x @ p["W_x", 2] + (r * h) @ p["W_h", 2] + p["b", 2])
        yield h


@pytest.mark.parametrize(("name", "steps"), [("LSTM", lstm_on_tape), ("GRU-before", gru_on_tape)])
def test_the_tape_agrees_for_gated_cells(rng, name, steps):
    cell = CELLS[name](rng)
    xs, dhs, state = problem(cell, rng)
    p = {(key, k): rc.Variable(w) for key, W in cell.params.items() for k, w in enumerate(W)}
    loss = sum((h * dh).sum() for h, dh in zip(steps(p, xs, *state), dhs, strict=True))
    grads = dict(zip(p, rc.gradient(loss, p.values()), strict=True))
    for key, g in bptt(cell, xs, dhs, state).items():
        np.testing.assert_allclose(np.stack([grads[key, k] for k in range(len(g))]), g, rtol=1e-11, atol=1e-13)


def test_the_tape_agrees_for_the_basic_rnn_and_with_both_differences(rng):
    cell = CELLS["RNN"](rng)
    xs, dhs, state = problem(cell, rng)
    p = {name: rc.Variable(value) for name, value in cell.params.items()}
    loss = sum((h * dh).sum() for h, dh in zip(rnn_on_tape(p, xs, *state), dhs, strict=True))
    wanted = bptt(cell, xs, dhs, state)

    def value():
        return sum(np.sum(h * dh) for h, dh in zip(rnn_on_tape(cell.params, xs, *state), dhs, strict=True))

    for (name, g), on_tape in zip(wanted.items(), rc.gradient(loss, p.values()), strict=True):
        np.testing.assert_allclose(on_tape, g, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(rc.central_difference(value, cell.params[name]), g, rtol=1e-6, atol=1e-8)
    cell.params = {name: w.astype(complex) for name, w in cell.params.items()}
    for name, g in wanted.items():
        np.testing.assert_allclose(rc.complex_step(value, cell.params[name]), g, rtol=1e-11, atol=1e-13)


def test_every_operation_of_the_tape(rng):
    """Each rule, with broadcasting, against central differences; and a variable used twice."""
    a, b = rng.uniform(0.5, 2, (3, 2)), rng.uniform(0.5, 2, 2)
    functions = [
        lambda a, b: (a + b) * (a - b),
        lambda a, b: a / b + b / a,
        lambda a, b: np.log(a) * np.exp(-b),
        lambda a, b: 3 - 2 * a * a * b,
    ]
    for f in functions:
        A, C = rc.Variable(a), rc.Variable(b)
        da, db = rc.gradient(f(A, C).sum(), [A, C])
        np.testing.assert_allclose(da, rc.central_difference(lambda f=f: f(a, b).sum(), a), rtol=1e-6)
        np.testing.assert_allclose(db, rc.central_difference(lambda f=f: f(a, b).sum(), b), rtol=1e-6)


def test_a_fault_in_a_rule_of_the_tape_shows(rng, monkeypatch):
    monkeypatch.setitem(rc.tape.RULES, np.tanh, lambda g, y, a: (g * (1 - y),))
    a = rng.normal(size=(2, 3))
    A = rc.Variable(a)
    (da,) = rc.gradient(np.tanh(A).sum(), [A])
    assert np.abs(da - rc.central_difference(lambda: np.tanh(a).sum(), a)).max() > 0.1


def test_the_tape_says_what_it_cannot_do(rng):
    A = rc.Variable(np.ones((2, 2)))
    with pytest.raises(TypeError, match="sqrt: expected one of add, subtract"):
        np.sqrt(A)
    with pytest.raises(TypeError, match="expected one of add"):
        np.add.reduce(A)
    with pytest.raises(ValueError, match="loss: expected a Variable with a single number"):
        rc.gradient(A * A, [A])
    with pytest.raises(ValueError, match=r"loss: expected a Variable with a single number, got 3\.0"):
        rc.gradient(3.0, [A])
    (unused,) = rc.gradient((A * A).sum(), [rc.Variable(np.ones(3))])
    assert np.array_equal(unused, np.zeros(3))


def test_rtrl_checks_its_input(rng):
    cell = CELLS["LSTM"](rng)
    with pytest.raises(ValueError, match=r"xs: expected \(T, B, 2\), got \(5, 3, 3\)"):
        rc.rtrl(cell, np.zeros((5, 3, 3)), np.zeros((5, 3, H)))
    with pytest.raises(ValueError, match=r"dhs: expected \(5, 3, 4\), got \(5, 3, 2\)"):
        rc.rtrl(cell, np.zeros((5, 3, D)), np.zeros((5, 3, 2)))
