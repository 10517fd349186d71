"""What gated cells do when a part is added, taken away, or swapped."""

import numpy as np
import pytest

import rnncore as rc

T, B, D, H = 7, 3, 2, 4


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def drawn(layer, rng):
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape)
    return layer


def run(layer, xs, state=None):
    hs, last, cache = layer.forward(xs, state)
    layer.zero_grads()
    dxs, _ = layer.backward(np.cos(hs), cache)
    return [hs, *last, dxs, *(layer.grads[name] for name in ("W_x", "W_h", "b"))]


def test_variant_without_options_is_the_lstm(rng):
    plain, variant = rc.Unrolled(rc.LSTMCell(D, H, rng)), rc.Unrolled(rc.LSTMVariantCell(D, H, rng))
    for name, p in drawn(plain, rng).params.items():
        variant.params[name][...] = p
    xs = rng.normal(size=(T, B, D))
    for a, b in zip(run(plain, xs), run(variant, xs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-14)


def test_peepholes_of_zero_change_nothing_and_others_do(rng):
    plain, peephole = rc.LSTM(D, H, rng), rc.LSTM(D, H, rng, peephole=True)
    for name, p in drawn(plain, rng).params.items():
        peephole.params[name][...] = p
    xs = rng.normal(size=(T, B, D))
    np.testing.assert_allclose(peephole.forward(xs)[0], plain.forward(xs)[0], atol=1e-14)
    for k in range(3):
        peephole.params["p"][...] = 0
        peephole.params["p"][k] = 1
        assert np.abs(peephole.forward(xs)[0] - plain.forward(xs)[0]).max() > 1e-2


def test_a_gate_left_out_stands_open(rng):
    """The same as the whole cell with that gate's bias so large that it is 1."""
    for gate, row in (("input", 0), ("forget", 1), ("output", 2)):
        whole, without = drawn(rc.LSTM(D, H, rng), rng), rc.LSTM(D, H, rng, without=gate)
        for name in ("W_x", "W_h"):
            whole.params[name][row] = 0
        whole.params["b"][row] = 100
        for name, p in without.params.items():
            p[...] = np.delete(whole.params[name], row, axis=0)
        xs = rng.normal(size=(T, B, D))
        np.testing.assert_allclose(without.forward(xs)[0], whole.forward(xs)[0], atol=1e-14)
        assert without.parameter_count * 4 == whole.parameter_count * 3


def test_coupled_gates_keep_the_cell_within_its_candidates(rng):
    coupled = drawn(rc.LSTM(D, H, rng, coupled=True), rng)
    xs = 3 * rng.normal(size=(500, B, D))
    _, (_, c), _ = coupled.forward(xs)
    assert coupled.cell.gates == "io"
    assert np.abs(c).max() < 1  # a weighted mean of values in (-1, 1)
    free = drawn(rc.LSTM(D, H, rng), rng)
    free.params["b"][1] = 5
    _, (_, c), _ = free.forward(xs)
    assert np.abs(c).max() > 1


def test_swapping_z_for_its_complement(rng):
    """h = (1 - z) h_prev + z h~ is the same network with the update gate's weights negated."""
    layer = drawn(rc.GRU(D, H, rng), rng)
    x, h = rng.normal(size=(B, D)), rng.normal(size=(B, H))
    new, (_, _, z, _, _, candidate) = layer.cell.step(x, h)
    for name in ("W_x", "W_h", "b"):
        layer.params[name][0] *= -1
    _, (_, _, complement, _, _, _) = layer.cell.step(x, h)
    np.testing.assert_allclose(z + complement, 1, atol=1e-15)
    np.testing.assert_allclose((1 - complement) * h + complement * candidate, new, atol=1e-15)


def test_reset_before_and_after_differ_unless_the_candidate_is_diagonal(rng):
    before, after = drawn(rc.GRU(D, H, rng), rng), rc.GRU(D, H, rng, reset="after")
    xs = rng.normal(size=(T, B, D))
    for diagonal in (False, True):
        if diagonal:
            before.params["W_h"][2] = np.diag(rng.normal(size=H))
        for name, p in before.params.items():
            after.params[name][...] = p
        distance = np.abs(before.forward(xs)[0] - after.forward(xs)[0]).max()
        assert distance < 1e-14 if diagonal else distance > 1e-2


@pytest.mark.parametrize("without", ["input", "forget"])
def test_coupled_gates_cannot_be_left_out(rng, without):
    with pytest.raises(ValueError, match=f"without: expected None or 'output' where i and f are coupled, got '{without}'"):
        rc.LSTM(D, H, rng, without=without, coupled=True)


def test_bad_options(rng):
    with pytest.raises(ValueError, match="without: expected one of 'input', 'forget', 'output', got 'memory'"):
        rc.LSTM(D, H, rng, without="memory")
    with pytest.raises(ValueError, match="reset: expected one of 'before', 'after', got 'never'"):
        rc.GRU(D, H, rng, reset="never")
    with pytest.raises(ValueError, match=r"c_prev: expected \(3, 4\), got \(3, 5\)"):
        rc.LSTMCell(D, H, rng).step(np.zeros((B, D)), np.zeros((B, H)), np.zeros((B, H + 1)))
