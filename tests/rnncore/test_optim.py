"""Optimisers against steps worked out by hand, and clipping."""

import numpy as np
import pytest

import rnncore as rc

G1, G2 = np.array([3.0, -4.0]), np.array([1.0, 2.0])


def two_steps(optimiser):
    """What two steps with the gradients G1 and G2 take away from a parameter."""
    p = np.zeros(2)
    for g in (G1, G2):
        optimiser.step({"p": p}, {"p": g})
    return -p


@pytest.mark.parametrize(
    ("optimiser", "expected"),
    [
        (rc.SGD(0.1), 0.1 * (G1 + G2)),
        (rc.Momentum(0.1, 0.9), 0.1 * (G1 + (0.9 * G1 + G2))),
        (rc.Adagrad(0.1), 0.1 * (G1 / np.abs(G1) + G2 / np.sqrt(G1**2 + G2**2))),
        (
            rc.RMSProp(0.1, 0.8),
            0.1 * (G1 / np.sqrt(0.2 * G1**2) + G2 / np.sqrt(0.16 * G1**2 + 0.2 * G2**2)),
        ),
        (
            rc.Adam(0.1, 0.9, 0.99),
            0.1
            * (
                G1 / np.abs(G1)
                + ((0.09 * G1 + 0.1 * G2) / (1 - 0.81)) / np.sqrt((0.0099 * G1**2 + 0.01 * G2**2) / (1 - 0.9801))
            ),
        ),
    ],
    ids=lambda v: type(v).__name__,
)
def test_two_steps_by_hand(optimiser, expected):
    np.testing.assert_allclose(two_steps(optimiser), expected, rtol=1e-6)


@pytest.mark.parametrize("make", [rc.SGD, rc.Momentum, rc.Adagrad, rc.RMSProp, rc.Adam])
def test_finds_the_bottom_of_a_bowl_in_place(make):
    params = {"a": np.array([3.0]), "b": np.array([[-2.0, 1.0]])}
    kept = dict(params)
    optimiser = make(0.5 if make is rc.Adagrad else 0.02)  # its steps shrink as they add up
    for _ in range(4000):
        optimiser.step(params, {name: 2 * (p - 0.5) for name, p in params.items()})
    for name, p in params.items():
        assert p is kept[name]
        np.testing.assert_allclose(p, 0.5, atol=0.03)


def test_clip_by_norm_keeps_the_direction():
    grads = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    assert rc.clip_by_norm(grads, 1.0) == 5.0
    np.testing.assert_allclose(grads["a"], [0.6, 0])
    np.testing.assert_allclose(grads["b"], [[0.8]])
    assert rc.clip_by_norm(grads, 2.0) == pytest.approx(1.0)
    np.testing.assert_allclose(grads["a"], [0.6, 0])


@pytest.mark.parametrize(("dtype", "huge"), [(np.float64, 1e200), (np.float32, 3e19)])
def test_clipping_survives_gradients_whose_squares_overflow(dtype, huge):
    grads = {"a": np.array([huge, -huge], dtype), "b": np.zeros(2, dtype)}
    assert rc.clip_by_norm(grads, 1.0) == pytest.approx(huge * np.sqrt(2), rel=1e-6)
    np.testing.assert_allclose(grads["a"], np.array([1, -1]) / np.sqrt(2), rtol=1e-6)
    assert rc.global_norm({"a": np.array([1.0, np.nan])}) != 0
    assert not np.isfinite(rc.global_norm({"a": np.array([1.0, np.nan])}))
    assert rc.global_norm({"a": np.zeros(3)}) == 0


def test_clip_by_value_cuts_each_entry():
    grads = {"a": np.array([3.0, -0.5]), "b": np.array([[-4.0]])}
    rc.clip_by_value(grads, 1.0)
    assert grads["a"].tolist() == [1.0, -0.5]
    assert grads["b"].tolist() == [[-1.0]]
