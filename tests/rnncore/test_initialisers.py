"""Each initialiser has the property that it is named for."""

import numpy as np
import pytest

import rnncore as rc


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def test_glorot_keeps_the_size_of_signals(rng):
    W = rc.glorot(rng, 300, 500)
    assert np.abs(W).max() <= np.sqrt(6 / 800)
    np.testing.assert_allclose(W.var(), 2 / 800, rtol=0.02)


@pytest.mark.parametrize("shape", [(6, 6), (7, 4), (3, 8)])
def test_orthogonal_rows_or_columns(rng, shape):
    Q = rc.orthogonal(rng, *shape)
    n = min(shape)
    np.testing.assert_allclose(Q.T @ Q if shape[0] >= shape[1] else Q @ Q.T, np.eye(n), atol=1e-14)


def test_orthogonal_draws_evenly(rng):
    """Each entry of an even draw has mean 0; without the sign of R's diagonal the first would always be negative."""
    draws = np.array([rc.orthogonal(rng, 3, 3) for _ in range(2000)])
    assert np.abs(draws.mean(axis=0)).max() < 0.05
    assert 0.4 < (draws[:, 0, 0] > 0).mean() < 0.6


@pytest.mark.parametrize("radius", [0.5, 1, 1.9])
def test_spectral_radius(rng, radius):
    W = rc.spectral_radius(radius)(rng, 40, 40)
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(W)).max(), radius, rtol=1e-12)


def test_identity_keeps_a_relu_state_as_it_is(rng):
    layer = rc.RNN(3, 5, rng, "relu", recurrent=rc.identity)
    h = rng.random((2, 5))
    hs, _, _ = layer.forward(np.zeros((50, 2, 3)), (h,))
    assert np.array_equal(hs[-1], h)


def test_cells_take_an_initialiser_for_every_recurrent_block(rng):
    for cell in (rc.LSTM(3, 5, rng, recurrent=rc.orthogonal), rc.GRU(3, 5, rng, recurrent=rc.orthogonal)):
        for W in cell.params["W_h"]:
            np.testing.assert_allclose(W @ W.T, np.eye(5), atol=1e-14)
    assert not np.allclose(*cell.params["W_h"][:2])


def test_forget_bias(rng):
    assert np.array_equal(rc.LSTM(3, 2, rng).params["b"], [[0, 0], [1, 1], [0, 0], [0, 0]])
    assert np.array_equal(rc.LSTM(3, 2, rng, forget_bias=3).params["b"][1], [3, 3])
    variant = rc.LSTMVariantCell(3, 2, rng, without="input", forget_bias=2)
    assert variant.gates == "fo"
    assert np.array_equal(variant.params["b"], [[2, 2], [0, 0], [0, 0]])


@pytest.mark.parametrize("initialiser", [rc.glorot, rc.orthogonal, rc.identity, rc.spectral_radius(1.0)])
def test_bad_requests(rng, initialiser):
    assert initialiser(rng, 4, 4, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match=r"n_in: expected a whole number of at least 1, got 0"):
        initialiser(rng, 0, 4)
    with pytest.raises(ValueError, match="dtype: expected a type of floats, got int64"):
        initialiser(rng, 4, 4, int)
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator"):
        initialiser(3, 4, 4)


def test_square_ones_refuse_other_shapes(rng):
    for initialiser in (rc.identity, rc.spectral_radius(1.0)):
        with pytest.raises(ValueError, match=r"n_out: expected n_in = 4 \(the matrix must be square\), got 5"):
            initialiser(rng, 4, 5)
    for radius in (0, -1, np.inf, np.nan, True, "1"):
        with pytest.raises(ValueError, match="radius: expected a finite number above 0"):
            rc.spectral_radius(radius)
