"""Training: it learns, it can be interrupted, it says what blew up; truncation cuts what it should and nothing else."""

from itertools import islice

import numpy as np
import pytest

import rnncore as rc


def echo_model(rng, V=5, H=16):
    return rc.Stack(rc.Embedding(V, 4, rng), rc.RNN(4, H, rng), rc.Dense(H, V, rng))


def echo_batches(rng, V=5, T=8, B=16):
    """The target at t is the item at t - 1: it takes a memory of one step."""
    while True:
        ids = rng.integers(V, size=(T + 1, B))
        yield ids[1:], ids[:-1]


def test_fit_learns_a_task_that_needs_memory():
    rng = np.random.default_rng(0)
    model, data = echo_model(rng), echo_batches(rng)
    history = rc.fit(
        model,
        lambda: (rc.sequence_loss(model, xs, ys) for xs, ys in islice(data, 150)),
        rc.Adam(1e-2),
        epochs=2,
        clip=1.0,
        validate=lambda: 7,
        progress=False,
    )
    assert len(history.loss) == len(history.grad_norm) == 300
    assert history.validation == [7, 7]
    assert history.loss[0] == pytest.approx(np.log(5), abs=0.5)
    assert history.loss[-1] < np.log(5) / 8 + 0.05  # the first of the 8 targets came before the first input
    assert history.seconds > 0
    assert not history.interrupted


def test_interrupt_keeps_model_and_history_and_fit_goes_on():
    rng = np.random.default_rng(0)
    model, data = echo_model(rng), echo_batches(rng)
    start = {name: p.copy() for name, p in model.params.items()}

    def impatient():
        for k, (xs, ys) in enumerate(data):
            if k == 5:
                raise KeyboardInterrupt
            yield rc.sequence_loss(model, xs, ys)

    history = rc.fit(model, impatient, rc.SGD(0.1), progress=False)
    assert history.interrupted
    assert len(history.loss) == 5
    assert any(not np.array_equal(p, start[name]) for name, p in model.params.items())
    more = (rc.sequence_loss(model, xs, ys) for xs, ys in islice(data, 3))
    again = rc.fit(model, lambda: more, rc.SGD(0.1), progress=False, history=history)
    assert again is history
    assert not again.interrupted
    assert len(history.loss) == 8


def test_an_epoch_without_a_step_is_an_error():
    rng = np.random.default_rng(0)
    model, data = echo_model(rng), echo_batches(rng)
    used_up = (rc.sequence_loss(model, xs, ys) for xs, ys in islice(data, 3))
    with pytest.raises(ValueError, match="fresh iterator at every call, got an empty one for epoch 2"):
        rc.fit(model, lambda: used_up, rc.SGD(0.1), epochs=2, progress=False)


@pytest.mark.parametrize("loss", [rc.softmax_cross_entropy, rc.sigmoid_cross_entropy, rc.mean_squared_error])
def test_one_mask_serves_layers_and_loss(loss):
    rng = np.random.default_rng(0)
    model = rc.Stack(rc.RNN(3, 4, rng), rc.Dense(4, 2, rng))
    sequences = [rng.normal(size=(n, 3)) for n in (5, 2)]
    xs, mask = rc.pad(sequences)
    targets = rng.integers(2, size=mask.shape) if loss is rc.softmax_cross_entropy else rng.random((*mask.shape, 2))
    model.zero_grads()
    together = rc.sequence_loss(model, xs, targets, mask, loss=loss)
    padded = {name: g.copy() for name, g in model.grads.items()}
    model.zero_grads()
    alone = [
        rc.sequence_loss(model, s[:, None], targets[: len(s), b : b + 1], loss=lambda *a: loss(*a, reduction="sum"))
        for b, s in enumerate(sequences)
    ]
    entries = mask.sum() * (1 if loss is rc.softmax_cross_entropy else 2)
    assert together == pytest.approx(sum(alone) / entries, rel=1e-12)
    for name, g in model.grads.items():
        np.testing.assert_allclose(padded[name], g / entries, atol=1e-14)


def test_progress_is_shown(capsys):
    rng = np.random.default_rng(0)
    model, data = echo_model(rng), echo_batches(rng)
    rc.fit(model, lambda: (rc.sequence_loss(model, *pair) for pair in islice(data, 3)), rc.SGD(0.1), epochs=2)
    assert "epoch 2/2" in capsys.readouterr().err


def test_nan_stops_training_before_the_update_and_says_where():
    rng = np.random.default_rng(0)
    model, data = echo_model(rng), echo_batches(rng)

    def poisoned():
        for k, (xs, ys) in enumerate(data):
            loss = rc.sequence_loss(model, xs, ys)
            if k == 3:
                model.grads["1.W_hh"][0, 0] = np.nan
            yield loss

    with pytest.raises(FloatingPointError, match=r"step 3: .* not finite: the gradients of 1\.W_hh$"):
        rc.fit(model, poisoned, rc.SGD(0.1), progress=False)
    assert all(np.isfinite(p).all() for p in model.params.values())


def test_divergence_is_reported_with_its_step():
    rng = np.random.default_rng(0)
    model = rc.Stack(rc.RNN(2, 8, rng, "linear"), rc.Dense(8, 1, rng))
    model.params["0.W_hh"][...] = 40 * np.eye(8)
    xs = rng.normal(size=(60, 4, 2))

    def epoch():
        while True:
            yield rc.sequence_loss(model, xs, np.zeros((60, 4, 1)), loss=rc.mean_squared_error)

    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match=r"step \d+: (the loss is|.*: expected finite numbers)"),
    ):
        rc.fit(model, epoch, rc.SGD(1.0), progress=False)


def stream_loss_gradients(model, xs, ys, k1, k2):
    """The gradients that truncated BPTT leaves when nothing is updated, and the losses."""
    model.zero_grads()
    losses = list(rc.truncated_bptt(model, xs, ys, k1, k2))
    return losses, {name: g.copy() for name, g in model.grads.items()}


@pytest.mark.parametrize("k1", [1, 3, 4, 6, 12])
def test_truncation_as_long_as_the_sequence_is_the_full_gradient(k1):
    rng = np.random.default_rng(4)
    model = echo_model(rng)
    xs, ys = rng.integers(5, size=(2, 12, 3))
    model.zero_grads()
    full_loss = rc.sequence_loss(model, xs, ys)
    full = {name: g.copy() for name, g in model.grads.items()}
    losses, truncated = stream_loss_gradients(model, xs, ys, k1, 12)
    assert np.mean(losses) == pytest.approx(full_loss, rel=1e-12)
    groups = 12 // k1
    for name, g in truncated.items():
        np.testing.assert_allclose(g / groups, full[name], atol=1e-13)
    _, short = stream_loss_gradients(model, xs, ys, 1, 1)
    assert max(np.abs(short[name] / 12 - full[name]).max() for name in full) > 1e-3


def test_gradient_reaches_back_k2_steps_and_no_further_while_the_state_goes_on():
    rng = np.random.default_rng(4)
    D, H, T = 2, 4, 10
    model = rc.RNN(D, H, rng)
    xs = rng.normal(size=(T, 1, D))
    reached = []

    class Watched(rc.RNN):
        def backward(self, dhs, cache, dstate=None):
            dxs, dstate = super().backward(dhs, cache, dstate)
            reached.extend(np.abs(dxs).max(axis=(1, 2))[::-1] > 0)
            return dxs, dstate

    watched = Watched(D, H, rng)
    for name, p in watched.params.items():
        p[...] = model.params[name]
    states = []

    def last_step_only(hs, targets):
        states.append(hs.copy())
        dhs = np.zeros_like(hs)
        dhs[-1] = 1
        return 1.0, dhs

    for _ in rc.truncated_bptt(watched, xs, xs, 2, 6, loss=last_step_only):
        latest = list(reached)
        reached.clear()
    assert latest == [True] * 6  # the last call went back over exactly six steps
    np.testing.assert_allclose(np.concatenate(states), model.forward(xs)[0], atol=1e-15)


def test_a_last_short_group_counts():
    rng = np.random.default_rng(4)
    model = echo_model(rng)
    xs, ys = rng.integers(5, size=(2, 7, 3))
    losses, _ = stream_loss_gradients(model, xs, ys, 3, 6)
    assert len(losses) == 3
    whole = rc.sequence_loss(model, xs, ys)
    assert (3 * losses[0] + 3 * losses[1] + losses[2]) / 7 == pytest.approx(whole, rel=1e-12)


def test_sample_feeds_back_what_it_wrote():
    rng = np.random.default_rng(0)
    model = echo_model(rng)
    written = rc.sample(model, np.array([1, 2]), 6, np.random.default_rng(1))
    assert np.array_equal(written, rc.sample(model, np.array([1, 2]), 6, np.random.default_rng(1)))
    likeliest = rc.sample(model, np.array([1, 2]), 6, rng, temperature=0)
    ids = np.concatenate([[1, 2], likeliest])
    logits, _, _ = model.forward(ids[:-1, None])
    assert np.array_equal(logits[1:, 0].argmax(axis=-1), likeliest)


def test_temperature_sharpens_and_flattens():
    class Fixed:
        def forward(self, ids, state=None, keep=True):
            return np.broadcast_to(np.log([0.7, 0.2, 0.1]), (*ids.shape, 3)), (), None

    def share(temperature):
        return (rc.sample(Fixed(), np.array([0]), 4000, np.random.default_rng(0), temperature) == 0).mean()

    assert share(0) == 1
    assert share(1) == pytest.approx(0.7, abs=0.03)
    assert share(0.5) == pytest.approx(0.49 / 0.54, abs=0.03)
    assert share(100) == pytest.approx(1 / 3, abs=0.03)
