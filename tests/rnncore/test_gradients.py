"""Every backward pass against the complex step; that the check would notice a fault stands in test_planted_faults.py."""

import numpy as np
import pytest

import rnncore as rc
from rnncore import gates
from rnncore.functions import ACTIVATIONS
from rnncore.gradients import compare, leaves, map_state
from scripts.faults import faults, planted

SIZES = [(1, 1, 1, 1), (1, 3, 4, 2), (6, 1, 2, 5), (5, 4, 3, 7), (9, 2, 6, 4)]  # T, B, D, H


def randomised(layer, rng):
    """The layer with every parameter drawn anew, biases and initial states included."""
    for p in layer.params.values():
        p[...] = 0.6 * rng.normal(size=p.shape)
    return layer


def ragged_mask(T, B, rng):
    """Sequences of lengths 1 to T, one of them whole, and a hole in the middle of one."""
    lengths = rng.integers(1, T + 1, size=B)
    lengths[rng.integers(B)] = T
    mask = np.arange(T)[:, None] < lengths
    if T > 2:
        mask[1, lengths.argmax()] = False
    return mask


CELLS = {
    **{f"RNN-{a}": lambda D, H, rng, a=a: rc.RNNCell(D, H, rng, a) for a in ACTIVATIONS},
    "Jordan": lambda D, H, rng: rc.JordanCell(D, H + 1, H, rng, "sigmoid"),
    "LSTM": lambda D, H, rng: rc.LSTMCell(D, H, rng),
    "LSTM-peephole": lambda D, H, rng: rc.LSTMVariantCell(D, H, rng, peephole=True),
    **{
        f"LSTM-no-{gate}-gate": lambda D, H, rng, gate=gate: rc.LSTMVariantCell(D, H, rng, peephole=True, without=gate)
        for gate in ("input", "forget", "output")
    },
    "LSTM-coupled": lambda D, H, rng: rc.LSTMVariantCell(D, H, rng, coupled=True),
    "LSTM-coupled-peephole": lambda D, H, rng: rc.LSTMVariantCell(D, H, rng, peephole=True, coupled=True, without="output"),
    "GRU-before": lambda D, H, rng: rc.GRUCell(D, H, rng, "before"),
    "GRU-after": lambda D, H, rng: rc.GRUCell(D, H, rng, "after"),
    "LayerNormRNN": lambda D, H, rng: rc.LayerNormRNNCell(D, H, rng),
    "LayerNormLSTM": lambda D, H, rng: rc.LayerNormLSTMCell(D, H, rng),
}
FAST = {
    **{f"RNN-{a}": lambda D, H, rng, a=a: rc.RNN(D, H, rng, a, learn_state=True) for a in ACTIVATIONS},
    "LSTM": lambda D, H, rng: rc.LSTM(D, H, rng, learn_state=True),
    "LSTM-peephole": lambda D, H, rng: rc.LSTM(D, H, rng, peephole=True, learn_state=True),
    "GRU-before": lambda D, H, rng: rc.GRU(D, H, rng, learn_state=True),
    "GRU-after": lambda D, H, rng: rc.GRU(D, H, rng, reset="after", learn_state=True),
}
LAYERS = {
    **{f"Unrolled-{name}": lambda D, H, rng, c=c: rc.Unrolled(c(D, H, rng)) for name, c in CELLS.items()},
    **{f"fast-{name}": make for name, make in FAST.items()},
}
ARRANGEMENTS = {
    "alone": lambda make, D, H, rng: make(D, H, rng),
    "concat": lambda make, D, H, rng: rc.Bidirectional(make(D, H, rng), make(D, H, rng)),
    "add": lambda make, D, H, rng: rc.Bidirectional(make(D, H, rng), make(D, H, rng), "add"),
    "three": lambda make, D, H, rng: rc.Stack(make(D, H, rng), make(H, D, rng), make(D, H, rng)),
}


def check(layer, size, given, masked):
    """Check the gradients of a layer with everything drawn anew; which arrays were checked is asserted, too."""
    T, B, D, H = size
    rng = np.random.default_rng([T, B, D, H])
    randomised(layer, rng)
    xs = rng.normal(size=(T, B, D))
    mask = ragged_mask(T, B, rng) if masked else None
    _, last, _ = layer.forward(xs)
    state = map_state(lambda s: rng.normal(size=s.shape), last) if given else None
    errors = rc.check_gradients(layer, xs, rng, state, mask, seed=T)
    states = len(list(leaves(last))) if given else 0
    assert set(errors) == {*layer.params, "xs", *(f"state[{k}]" for k in range(states))}


masks = pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
states = pytest.mark.parametrize("given", [False, True], ids=["no-state", "state"])


@masks
@states
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_agree_with_the_complex_step(name, size, given, masked):
    check(LAYERS[name](*size[2:], np.random.default_rng(1)), size, given, masked)


@masks
@states
@pytest.mark.parametrize("arrangement", list(ARRANGEMENTS)[1:])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_arrangements(name, arrangement, given, masked):
    size = (4, 3, 2, 5)
    check(ARRANGEMENTS[arrangement](LAYERS[name], *size[2:], np.random.default_rng(1)), size, given, masked)


@masks
@states
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gradients_of_layers_without_a_state(size, given, masked):
    D, H = size[2:]
    rng = np.random.default_rng(1)
    for layer in (rc.Dense(D, H, rng), rc.LayerNorm(D)):
        check(layer, size, given, masked)


@masks
def test_mixed_stack(masked):
    """Everything at once: ids below, kinds mixed, dropout of both kinds, a normalisation, readers from both ends."""
    rng = np.random.default_rng(3)
    model = rc.Stack(
        rc.Embedding(7, 3, rng),
        rc.RNN(3, 4, rng, "sigmoid"),
        rc.Dropout(0.3),
        rc.Bidirectional(rc.LSTM(4, 3, rng), rc.GRU(4, 2, rng)),
        rc.LayerNorm(5),
        rc.Dropout(0.4, variational=True),
        rc.GRU(5, 3, rng, reset="after", learn_state=True),
        rc.Dense(3, 2, rng),
    )
    ids = rng.integers(7, size=(6, 3))
    mask = ragged_mask(6, 3, rng) if masked else None
    _, last, _ = model.forward(ids)
    state = map_state(lambda s: rng.normal(size=s.shape), last)
    errors = rc.check_gradients(randomised(model, rng), ids, rng, state, mask, seed=5)
    assert set(errors) == {*model.params, *(f"state[{k}]" for k in range(5))}


@masks
@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("steps", [1, 2, 100], ids=lambda n: f"blocks-of-{n}")
def test_fast_layer_equals_the_plain_loop(steps, size, name, masked, monkeypatch):
    T, B, D, H = size
    monkeypatch.setattr(gates, "BLOCK", steps * 8 * B * H)
    rng = np.random.default_rng([T, B, D, H, 1])
    fast = randomised(FAST[name](D, H, rng), rng)
    plain = fast.reference().astype(np.float64)
    xs, dhs = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    dstate = tuple(rng.normal(size=(B, H)) for _ in fast.cell.state_sizes)
    mask = ragged_mask(T, B, rng) if masked else None
    results = []
    for layer in (fast, plain):
        layer.zero_grads()
        hs, state, cache = layer.forward(xs, None, mask)
        dxs, dfirst = layer.backward(dhs, cache, dstate)
        results.append([hs, *state, dxs, *dfirst, *layer.grads.values()])
    assert len(results[0]) == len(results[1]) == 2 + 2 * len(dstate) + len(fast.params)
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_error_names_the_place_and_both_values():
    rng = np.random.default_rng(0)
    layer = rc.Unrolled(rc.RNNCell(2, 3, rng))
    [fault] = [f for f in faults(rc.RNNCell.step_backward) if f.after == "self.grads['W_xh'] -= x.T @ da"]
    with (
        planted(fault),
        pytest.raises(rc.GradientError, match=r"W_xh\[\d, \d\]: analytic \S+, numeric \S+; 6 of 6 entries are off"),
    ):
        rc.check_gradients(layer, rng.normal(size=(4, 2, 2)), rng)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1.0 + 1e-10])
def test_compare_never_passes_nan_inf_or_a_small_error(wrong):
    numeric = np.ones(4)
    analytic = numeric.copy()
    assert compare("p", analytic, numeric) == 0
    analytic[2] = wrong
    with pytest.raises(rc.GradientError, match=r"p\[2\]"):
        compare("p", analytic, numeric)
    with pytest.raises(rc.GradientError, match=r"shape \(4,\)"):
        compare("p", analytic[:3], numeric)


def test_numeric_gradients_of_a_known_function():
    x = np.array([[0.3, -1.2], [2.0, 0.1]])
    kept = x.copy()
    np.testing.assert_allclose(rc.central_difference(lambda: np.sum(np.sin(x) ** 2), x), np.sin(2 * x), rtol=1e-8)
    assert np.array_equal(x, kept)
    z = x.astype(complex)
    np.testing.assert_allclose(rc.complex_step(lambda: np.sum(np.sin(z) ** 2), z), np.sin(2 * x), rtol=1e-15)
    assert np.array_equal(z, kept)
    with pytest.raises(ValueError, match="complex array"):
        rc.complex_step(lambda: 0, x)
