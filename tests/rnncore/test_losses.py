"""Losses: known values, gradients, masks, and numbers that would overflow a careless formula."""

import numpy as np
import pytest

import rnncore as rc

rng = np.random.default_rng(2)
LOGITS = rng.normal(size=(4, 3, 5))
CLASSES = rng.integers(5, size=(4, 3))
FLOATS = rng.normal(size=(4, 3, 5))
FRACTIONS = rng.random(size=(4, 3, 5))
MASK = rng.random((4, 3)) < 0.6

CASES = [
    (rc.softmax_cross_entropy, LOGITS, CLASSES, MASK),
    (rc.sigmoid_cross_entropy, LOGITS, FRACTIONS, np.repeat(MASK[:, :, None], 5, axis=2)),
    (rc.mean_squared_error, LOGITS, FLOATS, np.repeat(MASK[:, :, None], 5, axis=2)),
]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("loss", "ys", "targets", "mask"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_gradient_agrees_with_central_differences(loss, ys, targets, mask, masked, reduction):
    ys, mask = ys.copy(), mask if masked else None
    _, dys = loss(ys, targets, mask, reduction)
    numeric = rc.central_difference(lambda: loss(ys, targets, mask, reduction)[0], ys)
    np.testing.assert_allclose(dys, numeric, rtol=1e-5, atol=1e-7)
    if masked:
        assert not dys[~mask].any()


@pytest.mark.parametrize(("loss", "ys", "targets", "mask"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_sum_is_mean_times_the_number_that_counts(loss, ys, targets, mask):
    mean, dmean = loss(ys, targets, mask)
    total, dtotal = loss(ys, targets, mask, reduction="sum")
    assert total == pytest.approx(mean * mask.sum(), rel=1e-12)
    np.testing.assert_allclose(dtotal, dmean * mask.sum(), rtol=1e-12)


def test_known_values():
    assert rc.softmax_cross_entropy(np.zeros((2, 3, 65)), np.zeros((2, 3), int))[0] == pytest.approx(np.log(65))
    assert rc.sigmoid_cross_entropy(np.zeros((2, 3)), np.ones((2, 3)))[0] == pytest.approx(np.log(2))
    assert rc.mean_squared_error(np.array([1.0, 2.0]), np.array([0.0, 4.0]))[0] == 2.5


def test_huge_logits_neither_overflow_nor_lose_the_answer():
    logits = np.array([[1e4, 0.0], [-1e4, 0.0]])
    loss, dlogits = rc.softmax_cross_entropy(logits, np.array([1, 1]), reduction="sum")
    assert loss == 1e4
    np.testing.assert_allclose(dlogits, [[1, -1], [0, 0]])
    loss, _ = rc.sigmoid_cross_entropy(np.array([1e4, -1e4]), np.array([0.0, 0.0]), reduction="sum")
    assert loss == 1e4
    np.testing.assert_allclose(rc.softmax(logits).sum(axis=-1), 1)
    np.testing.assert_allclose(np.exp(rc.log_softmax(logits)), rc.softmax(logits))


@pytest.mark.parametrize(("loss", "ys", "targets", "mask"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_nan_where_the_mask_is_false_never_counts(loss, ys, targets, mask):
    value, dys = loss(ys, targets, mask)
    spoilt, rubbish = ys.copy(), targets.copy()
    spoilt[~MASK] = np.nan
    rubbish[~MASK] = 99 if targets.dtype.kind == "i" else np.nan
    again, dspoilt = loss(spoilt, rubbish, mask)
    assert again == value
    assert np.array_equal(dspoilt, dys)


@pytest.mark.parametrize("loss", [rc.sigmoid_cross_entropy, rc.mean_squared_error])
def test_a_mask_of_steps_and_examples_counts_whole_rows(loss):
    rows, entries = loss(LOGITS, FRACTIONS, MASK), loss(LOGITS, FRACTIONS, np.repeat(MASK[:, :, None], 5, axis=2))
    assert rows[0] == entries[0]
    assert np.array_equal(rows[1], entries[1])


def test_what_is_masked_never_counts():
    targets = CLASSES.copy()
    targets[~MASK] = 99  # not even a class
    assert rc.softmax_cross_entropy(LOGITS, targets, MASK)[0] == rc.softmax_cross_entropy(LOGITS, CLASSES, MASK)[0]
    with pytest.raises(ValueError, match="classes from 0 to 4"):
        rc.softmax_cross_entropy(LOGITS, targets)


def test_float32_stays_float32():
    for loss, ys, targets, _ in CASES:
        targets = targets if targets.dtype.kind == "i" else targets.astype(np.float32)
        assert loss(ys.astype(np.float32), targets)[1].dtype == np.float32
