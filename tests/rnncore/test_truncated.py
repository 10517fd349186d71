"""Truncated backpropagation through time: it cuts what it should and nothing else, on streams of any kind and length."""

import gc
import inspect
import sys
import tracemalloc
from itertools import count, islice

import numpy as np
import pytest

import rnncore as rc
from rnncore.train import training_steps

V, D, H, T, B = 5, 4, 3, 12, 2

MODELS = {
    "RNN": lambda rng: [rc.RNN(D, H, rng)],
    "RNN-learned-state": lambda rng: [rc.RNN(D, H, rng, learn_state=True)],
    "LSTM": lambda rng: [rc.LSTM(D, H, rng)],
    "LSTM-peephole": lambda rng: [rc.LSTM(D, H, rng, peephole=True)],
    "GRU-before": lambda rng: [rc.GRU(D, H, rng)],
    "GRU-after": lambda rng: [rc.GRU(D, H, rng, reset="after")],
    "plain loop": lambda rng: [rc.Unrolled(rc.LSTMCell(D, H, rng))],
    "three layers": lambda rng: [rc.LSTM(D, 6, rng, learn_state=True), rc.RNN(6, 2, rng), rc.GRU(2, H, rng)],
}


def make(name, rng):
    """A model of ids, with every parameter drawn anew, biases and learned states included."""
    model = rc.Stack(rc.Embedding(V, D, rng), *MODELS[name](rng), rc.Dense(H, V, rng))
    for p in model.params.values():
        p[...] = 0.7 * rng.normal(size=p.shape)
    return model


def gradients(model, losses):
    """The losses of an iterator that updates nothing, and the gradients that it leaves."""
    model.zero_grads()
    losses = list(losses)
    return losses, {name: g.copy() for name, g in model.grads.items()}


def by_definition(model, xs, ys, k1, k2):
    """For each group: from the state k2 steps before its end, which is held fixed, forward; back from the last k1 losses."""
    model.zero_grads()
    for start in range(0, len(xs), k1):
        stop = min(start + k1, len(xs))
        begin = max(0, stop - k2)
        state = model.forward(xs[:begin])[1] if begin else None
        logits, _, cache = model.forward(xs[begin:stop], state)
        counts = np.zeros(logits.shape[:2], bool)
        counts[start - begin :] = True
        model.backward(rc.softmax_cross_entropy(logits, ys[begin:stop], counts)[1], cache)
    return {name: g.copy() for name, g in model.grads.items()}


def assert_same(gradients, expected):
    """To the last digits, by name."""
    assert gradients.keys() == expected.keys()
    for name, g in gradients.items():
        np.testing.assert_allclose(g, expected[name], rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("k1", [1, 3, 4, 6, 12])
def test_truncation_as_long_as_the_sequence_is_the_full_gradient(name, k1):
    rng = np.random.default_rng(4)
    model = make(name, rng)
    xs, ys = rng.integers(V, size=(2, T, B))
    (full_loss,), full = gradients(model, (rc.sequence_loss(model, xs, ys) for _ in range(1)))
    losses, truncated = gradients(model, rc.truncated_bptt(model, xs, ys, k1, T))
    assert np.mean(losses) == pytest.approx(full_loss, rel=1e-12)
    assert_same({n: g * k1 / T for n, g in truncated.items()}, full)
    _, short = gradients(model, rc.truncated_bptt(model, xs, ys, 1, 1))
    assert max(np.abs(short[n] / T - full[n]).max() for n in full) > 1e-3


WINDOWS = [(1, 1), (1, 5), (2, 6), (3, 3), (4, 6), (6, 8), (4, 20)]


@pytest.mark.parametrize("name", ["RNN-learned-state", "LSTM", "three layers"])
@pytest.mark.parametrize(("k1", "k2"), WINDOWS)
def test_gradient_is_that_of_the_definition(name, k1, k2):
    rng = np.random.default_rng([k1, k2])
    model = make(name, rng)
    xs, ys = rng.integers(V, size=(2, T, B))
    _, truncated = gradients(model, rc.truncated_bptt(model, xs, ys, k1, k2))
    assert_same(truncated, by_definition(model, xs, ys, k1, k2))


def broken(function, right, wrong):
    """The function with one piece of its source replaced."""
    source = inspect.getsource(function)
    assert source.count(right) == 1, f"{right!r} stands {source.count(right)} times in {function.__name__}"
    namespace = dict(vars(sys.modules[function.__module__]))
    exec(source.replace(right, wrong), namespace)
    return namespace[function.__name__]


FAULTS = {
    "state reset between pieces": ("(x[a : a + piece], state, rng=rng)", "(x[a : a + piece], None, rng=rng)"),
    "state reset between groups": ("fresh, total = [], 0.0", "fresh, total, state = [], 0.0, None"),
    "gradient cut at every piece": ("model.backward(dys, cache, dstate)", "model.backward(dys, cache)"),
    "gradient cut a piece too early": ("maxlen=k2 // piece", "maxlen=max(1, k2 // piece - 1)"),
    "gradient cut a piece too late": ("maxlen=k2 // piece", "maxlen=k2 // piece + 1"),
    "gradient never cut": ("maxlen=k2 // piece", "maxlen=None"),
    "pieces in the wrong order": ("reversed(caches)", "list(caches)"),
    "losses in the wrong order": ("fresh.pop()", "fresh.pop(0)"),
    "older losses counted again": ("(cache, np.zeros_like(dys))", "(cache, dys)"),
    "sum, not mean, over the pieces": ("fresh.append(dys * share)", "fresh.append(dys)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_caught(fault):
    rng = np.random.default_rng(1)
    model = make("LSTM", rng)
    xs, ys = rng.integers(V, size=(2, T, B))
    _, truncated = gradients(model, broken(rc.truncated_bptt, *FAULTS[fault])(model, xs, ys, 4, 6))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_same(truncated, by_definition(model, xs, ys, 4, 6))


def test_gradient_reaches_back_k2_steps_and_no_further_while_the_state_goes_on():
    rng = np.random.default_rng(4)
    xs = rng.normal(size=(10, 1, D))
    states, reached = [], []

    class Watched(rc.RNN):
        def backward(self, dhs, cache, dstate=None):
            dxs, dstate = super().backward(dhs, cache, dstate)
            reached.extend(np.abs(dxs).max(axis=(1, 2))[::-1] > 0)
            return dxs, dstate

    def last_step_only(hs, targets):
        states.append(hs.copy())
        dhs = np.zeros_like(hs)
        dhs[-1] = 1
        return 1.0, dhs

    model = Watched(D, H, rng)
    for _ in rc.truncated_bptt(model, xs, xs, 2, 6, loss=last_step_only):
        latest = list(reached)
        reached.clear()
    assert latest == [True] * 6  # the last call went back over exactly six steps
    np.testing.assert_allclose(np.concatenate(states), model.forward(xs)[0], atol=1e-15)


@pytest.mark.parametrize(("k1", "k2", "sizes"), [(3, 9, [3, 3, 1]), (4, 10, [4, 3]), (9, 9, [7])])
def test_a_last_short_group_counts(k1, k2, sizes):
    rng = np.random.default_rng(4)
    model = make("LSTM", rng)
    xs, ys = rng.integers(V, size=(2, 7, B))
    losses, truncated = gradients(model, rc.truncated_bptt(model, xs, ys, k1, k2))
    assert len(losses) == len(sizes)
    whole = rc.sequence_loss(model, xs, ys)
    assert np.dot(losses, sizes) / 7 == pytest.approx(whole, rel=1e-12)
    assert_same(truncated, by_definition(model, xs, ys, k1, k2))


class MadeOnDemand:
    """Something with a length and slices, and no array inside."""

    def __init__(self, array, read):
        self.array, self.read = array, read

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        self.read.append((rows.start, rows.stop))
        return self.array[rows].copy()


def refilled(xs, ys, k1):
    """Pairs in two arrays that are used again and again."""
    x, y = np.empty((k1, *xs.shape[1:]), xs.dtype), np.empty((k1, *ys.shape[1:]), ys.dtype)
    for k in range(0, len(xs), k1):
        n = len(xs[k : k + k1])
        x[:n], y[:n] = xs[k : k + k1], ys[k : k + k1]
        yield x[:n], y[:n]
        x[:n], y[:n] = 0, 0


@pytest.mark.parametrize("kind", ["memmap", "slices on demand", "pairs", "pairs in the same arrays"])
def test_other_streams_give_what_an_array_gives(kind, tmp_path):
    rng = np.random.default_rng(7)
    model = make("LSTM", rng)
    xs, ys = rng.integers(V, size=(2, 13, B))
    expected = gradients(model, rc.truncated_bptt(model, xs, ys, 4, 6))
    if kind == "memmap":
        np.save(tmp_path / "ids.npy", np.stack([xs, ys]))
        stream = np.load(tmp_path / "ids.npy", mmap_mode="r")
        assert isinstance(stream[0], np.memmap)
    elif kind == "slices on demand":
        stream = MadeOnDemand(xs, []), MadeOnDemand(ys, [])
    else:
        pairs = ((xs[k : k + 4], ys[k : k + 4]) for k in range(0, 13, 4))
        stream = (pairs if kind == "pairs" else refilled(xs, ys, 4)), None
    losses, found = gradients(model, rc.truncated_bptt(model, *stream, 4, 6))
    assert losses == expected[0]
    assert_same(found, expected[1])


def test_a_stream_that_is_not_copied_would_go_wrong():
    rng = np.random.default_rng(7)
    model = make("LSTM", rng)
    xs, ys = rng.integers(V, size=(2, 13, B))
    _, expected = gradients(model, rc.truncated_bptt(model, xs, ys, 4, 6))
    uncopied = {"groups": broken(rc.truncated.groups, "np.array(pair[0])", "pair[0]")}
    truncated_bptt = type(rc.truncated_bptt)(rc.truncated_bptt.__code__, vars(rc.truncated) | uncopied)
    truncated_bptt.__defaults__ = rc.truncated_bptt.__defaults__
    _, found = gradients(model, truncated_bptt(model, refilled(xs, ys, 4), None, 4, 6))
    with pytest.raises(AssertionError):
        assert_same(found, expected)


def test_steps_are_read_once_in_order_and_not_before_they_are_needed():
    rng = np.random.default_rng(7)
    model, read = make("RNN", rng), []
    stream = MadeOnDemand(rng.integers(V, size=(10, B)), read)
    losses = rc.truncated_bptt(model, stream, np.zeros((10, B), int), 4, 6)
    for group in [(0, 4)], [(0, 4), (4, 8)], [(0, 4), (4, 8), (8, 12)]:
        next(losses)
        assert read == group


def test_an_endless_stream_goes_on_through_the_epochs():
    def run(epochs, steps):
        rng = np.random.default_rng(3)
        model = make("GRU-before", rng)
        pairs = ((x, (x + 1) % V) for x in (rng.integers(V, size=(3, B)) for _ in count()))
        stream = rc.truncated_bptt(model, pairs, None, 3, 6)
        history = rc.fit(model, lambda: islice(stream, steps), rc.Momentum(0.1), epochs, clip=1.0, progress=False)
        return history.loss, model.params

    (losses, params), (at_once, same) = run(4, 5), run(1, 20)
    assert losses == at_once
    assert_same(params, same)


def test_the_generator_reaches_the_layers():
    seen = []

    class Watched(rc.RNN):
        def forward(self, xs, state=None, mask=None, rng=None, keep=True):
            seen.append(rng)
            return super().forward(xs, state, mask, rng, keep)

    rng = np.random.default_rng(0)
    model, xs = Watched(D, H, rng), rng.normal(size=(6, 1, D))
    targets = np.zeros((6, 1, H))
    list(rc.truncated_bptt(model, xs, targets, 3, 3, loss=rc.mean_squared_error))
    list(rc.truncated_bptt(model, xs, targets, 3, 3, loss=rc.mean_squared_error, rng=rng))
    assert seen == [None, None, rng, rng]


IDS = np.zeros((4, B), int)


@pytest.mark.parametrize(
    ("xs", "targets", "message"),
    [
        (IDS, IDS[:3], "targets: expected as many steps as xs, 4, got 3"),
        (IDS[:0], IDS[:0], r"targets: expected as many steps as xs, 0, got 0 \(none may be 0\)"),
        (IDS, None, r"xs: expected pairs \(xs, targets\), as targets is None, got ndarray"),
        ([(IDS, IDS, IDS)], None, r"xs: expected pairs \(xs, targets\), as targets is None, got tuple"),
        ([(IDS[:3], IDS[:3])], None, "xs: expected pairs of 2 steps, fewer only in the last, got 3 and 3"),
        ([(IDS[:2], IDS[:1])], None, "xs: expected pairs of 2 steps, fewer only in the last, got 2 and 1"),
        ([(IDS[:0], IDS[:0])], None, "xs: expected pairs of 2 steps, fewer only in the last, got 0 and 0"),
        ([(IDS[:1], IDS[:1]), (IDS[:2], IDS[:2])], None, "fewer only in the last, got 2 and 2, after a shorter pair"),
    ],
)
def test_bad_streams_are_refused(xs, targets, message):
    model = make("RNN", np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        list(rc.truncated_bptt(model, xs, targets, 2, 4))


def traced_peaks(model, *steps):
    """The traced peak, in bytes, after each number of steps of training on an endless stream, k1 = k2 = 25."""
    rng = np.random.default_rng(0)
    pairs = ((x, x[..., :1]) for x in (rng.normal(size=(25, 16, 2)) for _ in count()))
    stream = rc.truncated_bptt(model, pairs, None, 25, 25, loss=rc.mean_squared_error)
    training = training_steps(model, stream, rc.SGD(0.01), clip=1.0)
    gc.collect()
    gc.disable()  # nothing here may need it; and it would empty the interpreter's own free lists
    try:
        for _ in islice(training, 3_000):  # those lists, about 0.1 MB, are filled first: traced, they would hide small leaks
            pass
        tracemalloc.start()
        peaks, done = [], 0
        for n in steps:
            for _ in islice(training, (n - done) // 25):
                pass
            done = n
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
        gc.enable()
    return peaks


def test_a_model_that_keeps_something_of_each_call_is_seen():
    class Keeper(rc.RNN):
        kept = []

        def forward(self, *arguments, **named):
            hs, state, cache = super().forward(*arguments, **named)
            self.kept.append(state)
            return hs, state, cache

    rng = np.random.default_rng(0)
    early, late = traced_peaks(rc.Stack(Keeper(2, 32, rng), rc.Dense(32, 1, rng)), 1_000, 10_000)
    assert late > 1.5 * early


@pytest.mark.slow
def test_a_million_steps_take_the_memory_of_a_thousand():
    rng = np.random.default_rng(0)
    early, late = traced_peaks(rc.Stack(rc.RNN(2, 32, rng), rc.Dense(32, 1, rng)), 1_000, 1_000_000)
    assert late <= 1.02 * early
