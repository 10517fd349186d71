"""The gradient on its way back: its norm at each step and layer, and the Jacobians."""

import numpy as np
import pytest

import rnncore as rc

T, B, D, H = 6, 3, 2, 4


@pytest.fixture
def rng():
    return np.random.default_rng(13)


def test_norms_are_those_of_the_total_derivative(rng):
    """dL/dh_t by central differences: the state after step t is moved, and the rest of the sequence runs on from there."""
    model = rc.Stack(rc.LSTM(D, H, rng), rc.GRU(H, 3, rng), rc.Dense(3, 2, rng))
    xs = rng.normal(size=(T, B, D))
    dys = rng.normal(size=(T, B, 2))
    norms = rc.gradient_flow(model, xs, dys)
    assert norms.shape == (T, 2)
    lstm, gru, dense = model.layers
    hs, _, _ = lstm.forward(xs)
    for t in range(T):
        _, (h, c), _ = lstm.forward(xs[: t + 1])
        start = None if t == 0 else gru.forward(hs[:t])[1]

        def loss(t=t, h=h, c=c, start=start):
            """What the loss has of h_t: through the layer above at t, and through all later steps."""
            later = lstm.forward(xs[t + 1 :], (h, c))[0] if t + 1 < T else np.empty((0, B, H))
            top, _, _ = gru.forward(np.concatenate([h[None], later]), start)
            return np.sum(dense.forward(top)[0] * dys[t:])

        np.testing.assert_allclose(norms[t, 0], np.linalg.norm(rc.central_difference(loss, h)), rtol=1e-6)


def test_only_recurrent_layers_have_a_column_and_gradients_stay(rng):
    model = rc.Stack(rc.Embedding(5, D, rng), rc.RNN(D, H, rng), rc.LayerNorm(H), rc.Dropout(0.5), rc.RNN(H, H, rng))
    ids = rng.integers(5, size=(T, B))
    for g in model.grads.values():
        g[...] = 7
    norms = rc.gradient_flow(model, ids, rng.normal(size=(T, B, H)))
    assert norms.shape == (T, 2)
    assert all((g == 7).all() for g in model.grads.values())


def test_a_small_recurrent_matrix_makes_the_gradient_vanish(rng):
    xs, dys = rng.normal(size=(40, B, D)), np.zeros((40, B, H))
    dys[-1] = 1
    small, large = (rc.RNN(D, H, rng, "linear", recurrent=rc.spectral_radius(r)) for r in (0.5, 1.5))
    flow = rc.gradient_flow(small, xs, dys)[:, 0]
    assert flow[0] < 1e-9 * flow[-1]
    flow = rc.gradient_flow(large, xs, dys)[:, 0]
    assert flow[0] > 1e5 * flow[-1]


def test_jacobian_of_the_basic_rnn_is_the_ordered_product(rng):
    layer = rc.RNN(D, H, rng)
    xs = rng.normal(size=(T, 1, D))
    state = (rng.normal(size=(1, H)),)
    hs, _, _ = layer.forward(xs, state)
    J, product = rc.jacobians(layer, xs, state), np.eye(H)
    assert J.shape == (T, H, H)
    for t in reversed(range(T)):
        product = product @ np.diag(1 - hs[t, 0] ** 2) @ layer.params["W_hh"].T
        np.testing.assert_allclose(J[t], product, atol=1e-14)
    wrong_order = layer.params["W_hh"].T @ np.diag(1 - hs[-1, 0] ** 2)
    assert np.abs(J[-1] - wrong_order).max() > 1e-2


@pytest.mark.parametrize("make", [lambda rng: rc.LSTM(D, H, rng), lambda rng: rc.GRU(D, H, rng, reset="after")])
def test_jacobian_by_differences(rng, make):
    layer = make(rng)
    for g in layer.grads.values():
        g[...] = 7
    xs = rng.normal(size=(T, 1, D))
    widths = list(layer.cell.state_sizes.values())
    s = rng.normal(size=(1, sum(widths)))

    def last(s):
        _, state, _ = layer.forward(xs, tuple(np.split(s, np.cumsum(widths)[:-1], axis=1)))
        return np.concatenate(state, axis=1)[0]

    eps = 1e-6
    columns = [(last(s + eps * e) - last(s - eps * e)) / (2 * eps) for e in np.eye(s.size)[:, None]]
    J = rc.jacobians(layer, xs, tuple(np.split(s, np.cumsum(widths)[:-1], axis=1)))
    np.testing.assert_allclose(J[0], np.stack(columns, axis=1), atol=1e-8)
    assert all((g == 7).all() for g in layer.grads.values())


def test_jacobians_take_one_example(rng):
    with pytest.raises(ValueError, match=r"xs: expected \(T, 1, D\), one example, got \(6, 3, 2\)"):
        rc.jacobians(rc.RNN(D, H, rng), np.zeros((T, B, D)))
