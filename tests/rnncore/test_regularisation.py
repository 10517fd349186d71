"""Dropout and layer normalisation do what their names say."""

import numpy as np
import pytest

import rnncore as rc

T, B, D = 50, 40, 30


@pytest.fixture
def rng():
    return np.random.default_rng(10)


def test_dropout_keeps_the_mean_and_drops_its_share(rng):
    xs = np.ones((T, B, D))
    ys, state, _ = rc.Dropout(0.3).forward(xs, rng=rng)
    assert state == ()
    assert set(np.unique(ys)) == {0, 1 / 0.7}
    np.testing.assert_allclose([(ys == 0).mean(), ys.mean()], [0.3, 1], atol=0.01)


def test_variational_dropout_holds_through_time_and_plain_does_not(rng):
    xs = np.ones((T, B, D))
    for variational in (True, False):
        ys, _, _ = rc.Dropout(0.5, variational).forward(xs, rng=rng)
        assert np.all(ys == ys[0]) == variational
        assert np.any(ys[0] != ys[0, 0])  # drawn for each example by itself


def test_without_rng_nothing_is_dropped(rng):
    xs = rng.normal(size=(4, 3, 2))
    layer = rc.Dropout(0.9)
    ys, _, cache = layer.forward(xs)
    assert np.array_equal(ys, xs)
    assert np.array_equal(layer.backward(xs, cache)[0], xs)


def test_the_gradient_is_dropped_where_the_number_was(rng):
    layer = rc.Dropout(0.4)
    xs = rng.normal(size=(T, B, D))
    ys, _, cache = layer.forward(xs, rng=rng)
    dxs, _ = layer.backward(np.ones_like(xs), cache)
    assert np.array_equal(dxs == 0, ys == 0)
    np.testing.assert_allclose(dxs * xs, ys)


def test_dropout_in_a_stack_needs_the_same_draw_for_a_gradient_check(rng):
    model = rc.Stack(rc.RNN(3, 4, rng), rc.Dropout(0.5), rc.Dense(4, 2, rng))
    assert set(rc.check_gradients(model, rng.normal(size=(5, 2, 3)), rng, seed=1)) == {*model.params, "xs"}
    one, other = (model.forward(np.ones((5, 2, 3)), rng=np.random.default_rng(s))[0] for s in (1, 2))
    assert np.abs(one - other).max() > 1e-3


def test_dropout_bad_use(rng):
    for p in (1, -0.1, np.nan, True, "half"):
        with pytest.raises(ValueError, match=r"p: expected a share in \[0, 1\)"):
            rc.Dropout(p)
    with pytest.raises(TypeError, match="xs: expected an array of floats, got int64"):
        rc.Dropout(0.5).forward(np.zeros((2, 2, 2), int))
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got int"):
        rc.Dropout(0.5).forward(np.zeros((2, 2, 2)), rng=3)


def test_layer_norm_gives_each_row_mean_and_variance(rng):
    xs = 5 + 3 * rng.normal(size=(6, 4, 200))
    layer = rc.LayerNorm(200)
    ys, _, _ = layer.forward(xs)
    np.testing.assert_allclose(ys.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(ys.var(axis=-1), 1, rtol=1e-4)
    np.testing.assert_allclose(layer.forward(7 * xs - 2)[0], ys, atol=1e-4)  # neither shift nor scale comes through
    alone, _, _ = layer.forward(xs[2:3, 1:2])
    np.testing.assert_allclose(alone[0, 0], ys[2, 1], atol=1e-15)  # no other step, no other example counts


@pytest.mark.parametrize("cls", [rc.LayerNormRNNCell, rc.LayerNormLSTMCell])
def test_a_normalised_cell_does_not_feel_the_scale_of_its_weights(rng, cls):
    """The plain cell's gates and units saturate when its weights grow tenfold; the normalised cell stays as it was."""
    xs = rng.normal(size=(20, 3, 4))

    def moved(cell, names):
        layer = rc.Unrolled(cell)
        before, _, _ = layer.forward(xs)
        for name in names:
            layer.params[name] *= 10
        return np.abs(layer.forward(xs)[0] - before).max()

    names = ("W_xh", "W_hh") if cls is rc.LayerNormRNNCell else ("W_x", "W_h")
    plain = rc.RNNCell if cls is rc.LayerNormRNNCell else rc.LSTMCell
    assert moved(cls(4, 16, rng), names) < 1e-3
    assert moved(plain(4, 16, rng), names) > 0.3
