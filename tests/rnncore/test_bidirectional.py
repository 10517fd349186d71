"""Two readers: who sees what, and what cannot be asked of them."""

import numpy as np
import pytest

import rnncore as rc

T, B, D, H = 6, 3, 2, 4


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def test_outputs_are_those_of_two_separate_readers(rng):
    f, b = rc.LSTM(D, H, rng), rc.GRU(D, H, rng)
    xs = rng.normal(size=(T, B, D))
    hs, (end_f, end_b), _ = rc.Bidirectional(f, b).forward(xs)
    fs, last_f, _ = f.forward(xs)
    bs, last_b, _ = b.forward(np.ascontiguousarray(xs[::-1]))
    np.testing.assert_array_equal(hs, np.concatenate([fs, bs[::-1]], axis=-1))
    np.testing.assert_array_equal(rc.Bidirectional(f, b, "add").forward(xs)[0], fs + bs[::-1])
    for got, wanted in zip((*end_f, *end_b), (*last_f, *last_b), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_one_input_reaches_the_past_of_one_reader_and_the_future_of_the_other(rng):
    layer = rc.Bidirectional(rc.RNN(D, H, rng), rc.RNN(D, H, rng))
    xs = rng.normal(size=(T, B, D))
    moved = xs.copy()
    moved[2] += 1
    changed = np.abs(layer.forward(moved)[0] - layer.forward(xs)[0]).max(axis=1) > 0
    assert np.array_equal(changed[:, :H].all(axis=1), np.arange(T) >= 2)
    assert np.array_equal(changed[:, H:].all(axis=1), np.arange(T) <= 2)


@pytest.mark.parametrize("merge", ["concat", "add"])
def test_padding_does_not_delay_the_backward_reader(rng, merge):
    """With a mask, each sequence is read from its own end; without one, padding at the end would be read first."""
    layer = rc.Bidirectional(rc.GRU(D, H, rng), rc.LSTM(D, H, rng), merge)
    long, short = rng.normal(size=(T, D)), rng.normal(size=(3, D))
    xs, mask = rc.pad([long, short])
    alone, _, _ = layer.forward(short[:, None])
    np.testing.assert_allclose(layer.forward(xs, mask=mask)[0][:3, 1], alone[:, 0], atol=1e-15)
    layer.params["backward.b"][...] = 1  # else zeros in would leave the state at zero
    assert np.abs(layer.forward(xs)[0][:3, 1] - layer.forward(xs, mask=mask)[0][:3, 1]).max() > 1e-3


def test_a_returned_state_cannot_be_carried_on(rng):
    layer = rc.Bidirectional(rc.RNN(D, H, rng), rc.RNN(D, H, rng))
    stack = rc.Stack(layer, rc.Dense(2 * H, 3, rng))
    xs = rng.normal(size=(T, B, D))
    _, state, _ = layer.forward(xs)
    with pytest.raises(ValueError, match="a bidirectional layer needs the whole sequence at once"):
        layer.forward(xs, state)
    _, state, _ = stack.forward(xs)
    with pytest.raises(ValueError, match="cannot carry its state on"):
        stack.forward(xs, state)
    targets = np.zeros((T, B), int)
    with pytest.raises(ValueError, match="cannot carry its state on"):
        list(rc.truncated_bptt(stack, xs, targets, k1=2, k2=2))
    given = ((np.ones((B, H)),), (np.ones((B, H)),))  # a state to start from is another thing
    assert np.abs(layer.forward(xs, given)[0] - layer.forward(xs)[0]).max() > 1e-3


def test_parameters_are_the_readers_own(rng):
    f, b = rc.RNN(D, H, rng), rc.RNN(D, H, rng)
    layer = rc.Stack(rc.Bidirectional(f, b))
    assert list(layer.params) == [f"0.{side}.{name}" for side in ("forward", "backward") for name in ("W_xh", "W_hh", "b_h")]
    assert layer.params["0.backward.W_hh"] is b.params["W_hh"]
    assert layer.grads["0.forward.b_h"] is f.grads["b_h"]


def test_bad_use(rng):
    f, b = rc.RNN(D, H, rng), rc.RNN(D, H, rng)
    with pytest.raises(ValueError, match="merge: expected one of 'concat', 'add', got 'sum'"):
        rc.Bidirectional(f, b, "sum")
    with pytest.raises(ValueError, match="backward: expected a layer of its own"):
        rc.Bidirectional(f, f)
    with pytest.raises(ValueError, match="backward: expected states of width 4 to add, got 5"):
        rc.Bidirectional(f, rc.RNN(D, 5, rng), "add").forward(np.zeros((T, B, D)))
    layer = rc.Bidirectional(f, b)
    with pytest.raises(ValueError, match=r"state: expected \(forward reader's, backward reader's\), got 1 entries"):
        layer.forward(np.zeros((T, B, D)), (None,))
    _, _, cache = layer.forward(np.zeros((T, B, D)))
    with pytest.raises(ValueError, match=r"dhs: expected \(6, 3, 8\), got \(6, 3, 4\)"):
        layer.backward(np.zeros((T, B, H)), cache)
