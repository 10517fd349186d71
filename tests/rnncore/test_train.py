"""Training: it learns, it can be interrupted, it says what blew up; truncation cuts what it should and nothing else."""

from itertools import islice

import numpy as np
import pytest

import rnncore as rc
from rnncore.train import draw


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


def validated(scores, patience, epochs=20, history=None, interrupt_at=None):
    """Train while `validate` returns the given scores; return the model, its parameters after each epoch, the history."""
    rng = np.random.default_rng(0)
    model, data = echo_model(rng), echo_batches(rng)
    scores, after = iter(scores), []

    def validate():
        if len(after) == interrupt_at:
            raise KeyboardInterrupt
        after.append({name: p.copy() for name, p in model.params.items()})
        return next(scores)

    history = rc.fit(
        model,
        lambda: (rc.sequence_loss(model, *pair) for pair in islice(data, 2)),
        rc.SGD(0.5),
        epochs,
        validate=validate,
        progress=False,
        history=history,
        patience=patience,
    )
    return model, after, history


def holds(model, params):
    return all(np.array_equal(p, params[name]) for name, p in model.params.items())


NAN = float("nan")


@pytest.mark.parametrize(
    ("scores", "patience", "epochs", "best"),
    [
        ([3, 2, 1, 1, 1, 0], 2, 5, 2),  # equal is no improvement
        ([3, 2, 2.5, 1, 4, 4, 4, 0], 3, 7, 3),  # an improvement starts the count anew
        ([5, 4, 3, 2, 1], 1, 5, 4),  # it never stops while it improves
        ([NAN, 3, NAN, NAN, 1], 2, 4, 1),  # NaN never counts
        ([NAN, 3, NAN, 2, 2, 2], 2, 6, 3),
        ([(2, 0), [1, 9], np.array([3, 0]), (3, 0), 0], 2, 4, 1),  # the first of several numbers
        ([np.float32(2), np.array(1), 2, 2], 2, 4, 1),
    ],
)
def test_early_stopping_puts_the_best_epoch_back(scores, patience, epochs, best):
    model, after, history = validated(scores, patience, len(scores))
    assert len(after) == len(history.validation) == epochs
    assert history.best_epoch == best
    assert holds(model, after[best])
    assert not any(holds(model, other) for k, other in enumerate(after) if k != best)


def test_early_stopping_keeps_the_arrays():
    rng = np.random.default_rng(0)
    model, data, scores = echo_model(rng), echo_batches(rng), iter([1, 2, 3])
    kept = dict(model.params)
    rc.fit(
        model,
        lambda: (rc.sequence_loss(model, *pair) for pair in islice(data, 2)),
        rc.SGD(0.5),
        3,
        validate=lambda: next(scores),
        patience=2,
        progress=False,
    )
    assert all(p is kept[name] for name, p in model.params.items())
    assert model.params["1.W_hh"] is model.layers[1].params["W_hh"]


def test_without_patience_the_last_epoch_stays():
    model, after, history = validated([1, 2, 3], None, 3)
    assert holds(model, after[-1])
    assert history.best_epoch is None
    assert history.best_params is None


def test_nothing_but_nan_keeps_the_last_epoch():
    model, after, history = validated([NAN] * 5, 3)
    assert len(after) == 3
    assert history.best_epoch is None
    assert holds(model, after[-1])


def test_interrupted_with_patience_the_best_epoch_is_put_back():
    model, after, history = validated([3, 1, 2, 2], 5, interrupt_at=3)
    assert history.interrupted
    assert history.best_epoch == 1
    assert holds(model, after[1])


def test_the_best_epoch_is_remembered_through_a_continued_history():
    _, before, history = validated([3, 1, 2], 5, 3)
    model, after, again = validated([2, 1.5, 4, 4], 3, history=history)
    assert again is history
    assert len(after) == 3  # none of them better than the 1 of the first call
    assert history.best_epoch == 1
    assert holds(model, before[1])
    model, after, _ = validated([2, 0.5, 4, 4, 4], 3, history=history)
    assert history.best_epoch == 7
    assert holds(model, after[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patience": 2}, "validate: expected a function, whose first number patience watches, got None"),
        ({"patience": 0, "validate": int}, "patience: expected a whole number of at least 1, got 0"),
        ({"patience": 1, "validate": lambda: "low"}, "validate: expected a number, or several whose first counts, got 'low'"),
        ({"patience": 1, "validate": lambda: ()}, r"validate: expected a number, or several whose first counts, got \(\)"),
        ({"patience": 1, "validate": lambda: None}, "validate: expected a number, or several whose first counts, got None"),
    ],
)
def test_early_stopping_needs_a_number(arguments, message):
    rng = np.random.default_rng(0)
    model, pair = echo_model(rng), next(echo_batches(rng))
    with pytest.raises(ValueError, match=message):
        rc.fit(model, lambda: iter([rc.sequence_loss(model, *pair)]), rc.SGD(0.1), progress=False, **arguments)


WRITERS = {
    "RNN": lambda rng: [rc.RNN(4, 6, rng)],
    "LSTM": lambda rng: [rc.LSTM(4, 6, rng)],
    "GRU": lambda rng: [rc.GRU(4, 6, rng)],
    "learned state": lambda rng: [rc.LSTM(4, 6, rng, learn_state=True)],
    "dropout": lambda rng: [rc.Dropout(0.5), rc.LSTM(4, 5, rng), rc.Dropout(0.5, variational=True), rc.GRU(5, 6, rng)],
}


@pytest.mark.parametrize("name", WRITERS)
def test_sample_feeds_back_what_it_wrote(name):
    rng = np.random.default_rng(0)
    model = rc.Stack(rc.Embedding(5, 4, rng), *WRITERS[name](rng), rc.Dense(6, 5, rng))
    for p in model.params.values():
        p[...] = rng.normal(size=p.shape)
    written = rc.sample(model, np.array([1, 2]), 20, np.random.default_rng(1))
    assert np.array_equal(written, rc.sample(model, np.array([1, 2]), 20, np.random.default_rng(1)))
    likeliest = rc.sample(model, np.array([1, 2]), 20, rng, temperature=0)
    ids = np.concatenate([[1, 2], likeliest])
    logits, _, _ = model.forward(ids[:-1, None])  # without a generator: dropout lets everything through
    assert np.array_equal(logits[1:, 0].argmax(axis=-1), likeliest)
    assert not np.array_equal(written, likeliest)


def test_sample_and_truncated_bptt_refuse_a_model_that_reads_backwards():
    rng = np.random.default_rng(0)
    both = rc.Bidirectional(rc.RNN(4, 6, rng), rc.RNN(4, 6, rng), "add")
    model = rc.Stack(rc.Embedding(5, 4, rng), both, rc.Dense(6, 5, rng))
    with pytest.raises(ValueError, match="cannot carry its state on"):
        rc.sample(model, np.array([1, 2]), 6, rng)
    with pytest.raises(ValueError, match="cannot carry its state on"):
        list(rc.truncated_bptt(model, *rng.integers(5, size=(2, 6, 3)), 3, 3))


@pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-3])
def test_a_tiny_temperature_leaves_the_likeliest(temperature):
    rng = np.random.default_rng(0)
    model = echo_model(rng)
    expected = rc.sample(model, np.array([1, 2]), 50, rng, temperature=0)
    assert np.array_equal(rc.sample(model, np.array([1, 2]), 50, rng, temperature), expected)


def test_draw_follows_the_probabilities_of_each_row():
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], np.float32))
    ids = draw(np.tile(logits, (4000, 1)), np.random.default_rng(0)).reshape(4000, 2)
    for b, p in enumerate(np.exp(logits)):
        np.testing.assert_allclose(np.bincount(ids[:, b]) / 4000, p, atol=0.03)
    assert draw(np.array([[-1e9, 0.0, -1e9]]), np.random.default_rng(0)).tolist() == [1]
    with pytest.raises(ValueError, match="logits: expected finite numbers, got nan"):
        draw(np.array([[0.0, np.nan]]), np.random.default_rng(0), temperature=0)


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
