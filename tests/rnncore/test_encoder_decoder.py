"""Encoder and decoder: gradients through the state between them, teacher forcing, writing until the stop symbol."""

import inspect
import re
import sys
import textwrap

import numpy as np
import pytest

import rnncore as rc
from rnncore.encoder_decoder import EncoderDecoder, sequence_to_sequence_loss

S, U, B, D, H, K = 5, 4, 3, 3, 4, 6  # steps of source and target, examples, inputs, hidden units, symbols

# name: the recurrent layers of the encoder and of the decoder, on D inputs, the last of the decoder's with H outputs
RECURRENT = {
    "RNN": lambda rng: ([rc.RNN(D, H, rng)], [rc.RNN(D, H, rng)]),
    "LSTM": lambda rng: ([rc.LSTM(D, H, rng)], [rc.LSTM(D, H, rng)]),
    "GRU": lambda rng: ([rc.GRU(D, H, rng)], [rc.GRU(D, H, rng, reset="after")]),
    "RNN to GRU": lambda rng: ([rc.RNN(D, H, rng, learn_state=True)], [rc.GRU(D, H, rng)]),
    "two layers": lambda rng: ([rc.LSTM(D, 2, rng), rc.RNN(2, H, rng)], [rc.LSTM(D, 2, rng), rc.RNN(2, H, rng)]),
    "two alike": lambda rng: ([rc.RNN(D, H, rng), rc.RNN(H, H, rng)], [rc.RNN(D, H, rng), rc.RNN(H, H, rng)]),
    "others between": lambda rng: (
        [rc.LayerNorm(D), rc.LSTM(D, H, rng), rc.Dropout(0.5), rc.Dense(H, 2, rng)],
        [rc.Dense(D, 2, rng), rc.LSTM(2, H, rng), rc.LayerNorm(H)],
    ),
    "Stack in a Stack": lambda rng: ([rc.Stack(rc.RNN(D, 2, rng), rc.GRU(2, H, rng))], [rc.RNN(D, 2, rng), rc.GRU(2, H, rng)]),
    "Bidirectional": lambda rng: ([rc.Bidirectional(rc.LSTM(D, 1, rng), rc.LSTM(D, 3, rng))], [rc.LSTM(D, H, rng)]),
    "two Bidirectional": lambda rng: (
        [rc.Bidirectional(rc.GRU(D, 2, rng), rc.GRU(D, 3, rng)), rc.Bidirectional(rc.RNN(5, 2, rng), rc.RNN(5, 2, rng), "add")],
        [rc.GRU(D, 5, rng), rc.RNN(5, H, rng)],
    ),
}


def make(name, rng, cls=EncoderDecoder, ids=True):
    """An encoder with a decoder, on ids or on vectors, with every parameter drawn anew, biases and learned states included."""
    read, write = RECURRENT[name](rng)
    if ids:
        read, write = [rc.Embedding(K, D, rng), *read], [rc.Embedding(K, D, rng), *write]
    model = cls(rc.Stack(*read), rc.Stack(*write, rc.Dense(H, K, rng)))
    for p in model.params.values():
        p[...] = 0.6 * rng.normal(size=p.shape)
    return model


def lengths_to_masks():
    """Sources and targets of unequal lengths, each example's two lengths different."""
    return np.arange(S)[:, None] < np.array([5, 2, 4]), np.arange(U)[:, None] < np.array([1, 4, 3])


class OneInput(rc.Module):
    """The model as `check_gradients` wants it, a layer with one input: the source, and below it the target, (S + U, B, ...)."""

    def __init__(self, model):
        super().__init__()
        self.model, self.params, self.grads = model, model.params, model.grads

    def reference(self):
        return OneInput(self.model.reference())

    def forward(self, xs, state=None, mask=None, rng=None, keep=True):
        source_mask, target_mask = (None, None) if mask is None else (mask[:S], mask[S:])
        return self.model.forward(xs[:S], xs[S:], source_mask, target_mask, rng, keep)

    def backward(self, dys, cache, dstate=None):
        dsource, dtarget_in = self.model.backward(dys, cache, dstate)
        return None if dsource is None else np.concatenate([dsource, dtarget_in]), ()


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("ids", [False, True], ids=["vectors", "ids"])
@pytest.mark.parametrize("name", RECURRENT)
def test_gradients_agree_with_the_complex_step(name, ids, masked):
    rng = np.random.default_rng(3)
    model = make(name, rng, ids=ids)
    xs = rng.integers(K, size=(S + U, B)) if ids else rng.normal(size=(S + U, B, D))
    errors = rc.check_gradients(OneInput(model), xs, rng, None, np.concatenate(lengths_to_masks()) if masked else None)
    assert set(errors) == {*model.params} | (set() if ids else {"xs"})


def broken(cls, method, right, wrong):
    """The class with one piece of one method's source replaced."""
    source = textwrap.dedent(inspect.getsource(getattr(cls, method)))
    assert source.count(right) == 1, f"{right!r} stands {source.count(right)} times in {cls.__name__}.{method}"
    namespace = dict(vars(sys.modules[cls.__module__]))
    exec(source.replace(right, wrong), namespace)
    return type(f"Broken{cls.__name__}", (cls,), {method: namespace[method]})


FAULTS = {
    "the encoder hears nothing": ("backward", "self.hand_back(dstart)", "None"),
    "a gradient for the encoder's outputs": ("backward", "np.zeros_like(read)", "np.ones_like(read)"),
    "the last state's gradient lost": ("backward", "target_cache, dstate)", "target_cache)"),
    "nothing handed over": ("forward", "self.hand_over(state)", "None"),
    "source mask lost": ("forward", "mask=source_mask", "mask=None"),
    "target mask lost": ("forward", "target_mask, rng, keep", "None, rng, keep"),
    "ranks exchanged forwards": ("hand_over", "gather(self.encoder, state)", "gather(self.encoder, state)[::-1]"),
    "ranks exchanged backwards": ("hand_back", "gather(self.decoder, dstate)", "gather(self.decoder, dstate)[::-1]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_caught(fault):
    rng = np.random.default_rng(5)
    model = make("two alike", rng, broken(EncoderDecoder, *FAULTS[fault]), ids=False)
    xs = rng.normal(size=(S + U, B, D))
    with pytest.raises(rc.GradientError):
        rc.check_gradients(OneInput(model), xs, rng, None, np.concatenate(lengths_to_masks()))


def test_a_bidirectional_encoder_hands_over_both_readers_side_by_side():
    rng = np.random.default_rng(0)
    model = make("Bidirectional", rng, ids=False)
    source = rng.normal(size=(S, B, D))
    _, (((h_f, c_f), (h_b, c_b)),), _ = model.encoder.forward(source)
    _, (h, c), _ = model.decoder.layers[0].forward(source, (np.hstack([h_f, h_b]), np.hstack([c_f, c_b])))
    _, ((h_found, c_found), _), _ = model.forward(source, source)
    assert np.array_equal(h, h_found)
    assert np.array_equal(c, c_found)


def test_parameters_are_the_parts_own_arrays_and_survive_a_file(tmp_path):
    rng = np.random.default_rng(0)
    model, other = make("RNN", rng), make("RNN", rng)
    assert list(model.params) == list(model.grads)
    assert list(model.params)[:2] == ["encoder.0.W", "encoder.1.W_xh"]
    assert list(model.params)[-1] == "decoder.2.b"
    assert model.params["decoder.1.W_hh"] is model.decoder.layers[1].params["W_hh"]
    assert model.grads["encoder.0.W"] is model.encoder.layers[0].grads["W"]
    rc.save(model, tmp_path / "model.npz")
    rc.load(other, tmp_path / "model.npz")
    source, target_in = rng.integers(K, size=(S, B)), rng.integers(K, size=(U, B))
    logits, _, cache = model.forward(source, target_in, keep=False)
    assert cache is None
    assert np.array_equal(logits, other.forward(source, target_in)[0])


def test_teacher_forcing_asks_for_each_target_after_those_before_it():
    rng = np.random.default_rng(0)
    model = make("GRU", rng)
    sources, answers = [rng.integers(K, size=n) for n in (5, 2, 4)], [rng.integers(K, size=n) for n in (1, 4, 3)]
    (source, source_mask), (targets, target_mask) = rc.pad(sources), rc.pad(answers)
    model.zero_grads()
    loss = sequence_to_sequence_loss(model, source, targets, 5, source_mask, target_mask)
    together = {name: g.copy() for name, g in model.grads.items()}
    model.zero_grads()
    alone = 0
    for question, answer in zip(sources, answers, strict=True):
        before = np.array([5, *answer[:-1]])
        logits, _, cache = model.forward(question[:, None], before[:, None])
        value, dlogits = rc.softmax_cross_entropy(logits, answer[:, None], reduction="sum")
        model.backward(dlogits, cache)
        alone += value
    assert loss == pytest.approx(alone / 8, rel=1e-12)
    for name, g in model.grads.items():
        np.testing.assert_allclose(together[name], g / 8, atol=1e-14)
    shown = sequence_to_sequence_loss(model, source, targets, 4, source_mask, target_mask)  # another start symbol
    assert abs(shown - loss) > 1e-3


def test_the_generator_reaches_both_sides_in_training_and_neither_in_writing():
    rng = np.random.default_rng(0)
    sides = [rc.Stack(rc.Embedding(K, D, rng), rc.Dropout(0.5), rc.RNN(D, H, rng)) for _ in range(2)]
    model = EncoderDecoder(sides[0], rc.Stack(*sides[1].layers, rc.Dropout(0.5), rc.Dense(H, K, rng)))
    source, targets = rng.integers(K, size=(S, B)), rng.integers(K, size=(U, B))
    losses = {sequence_to_sequence_loss(model, source, targets, 0, rng=rng) for _ in range(5)}
    assert len(losses) == 5
    assert len({sequence_to_sequence_loss(model, source, targets, 0) for _ in range(5)}) == 1
    written = [np.concatenate(model.decode(source, 0, K, 7)).tolist() for _ in range(5)]
    assert written == 5 * written[:1]


@pytest.mark.parametrize("name", RECURRENT)
def test_decode_writes_the_likeliest_until_the_stop_symbol_whatever_the_company(name):
    rng = np.random.default_rng(8)
    model, start, stop = make(name, rng), 0, 1
    source, source_mask = rng.integers(K, size=(S, 20)), np.arange(S)[:, None] < rng.integers(1, S + 1, size=20)
    answers = model.decode(source, start, stop, 9, source_mask)
    for b, answer in enumerate(answers):
        own = source[source_mask[:, b], b][:, None]
        assert np.array_equal(model.decode(own, start, stop, 9)[0], answer)
        likeliest = model.forward(own, np.array([start, *answer])[:, None])[0][:, 0].argmax(axis=-1)
        assert stop not in answer
        assert np.array_equal(likeliest[:-1], answer)
        assert len(answer) == 9 or likeliest[-1] == stop


def test_decode_stops_each_example_by_itself():
    rng = np.random.default_rng(0)
    model, source = make("RNN", rng), np.arange(K)[None]
    lengths = {len(a) for k in range(30) for a in make("RNN", np.random.default_rng(k)).decode(source, 0, 1, 9)}
    assert {0, 1, 2, 9} <= lengths
    model.decoder.params["2.b"][...] = [0, 99, 0, 0, 0, 0]
    assert [len(a) for a in model.decode(source, 0, 1, 9)] == [0] * K
    model.decoder.params["2.b"][...] = [0, -99, 0, 0, 0, 0]
    assert [len(a) for a in model.decode(source, 0, 1, 9)] == [9] * K


def test_decode_ends_when_the_last_example_has_stopped():
    calls = []

    class Counted(rc.Dense):
        def forward(self, *arguments, **named):
            calls.append(1)
            return super().forward(*arguments, **named)

    for seed in range(60):
        rng = np.random.default_rng(seed)
        model = make("RNN", rng)
        model.decoder.layers[2].__class__ = Counted
        answers = model.decode(np.arange(K)[None], 0, 1, 9)
        assert len(calls) == min(9, max(len(a) for a in answers) + 1)
        calls.clear()


def test_decode_draws_by_temperature():
    rng = np.random.default_rng(0)
    model = make("RNN", rng)
    for p in model.params.values():
        p[...] = 0
    model.decoder.params["2.b"][...] = np.log([0.5, 0.2, 0.1, 0.1, 0.06, 0.04])
    source = np.zeros((1, 4000), int)

    def shares(temperature):
        answers = model.decode(source, 0, 1, 1, temperature=temperature, rng=np.random.default_rng(1))
        return np.bincount([a[0] if len(a) else 1 for a in answers], minlength=K) / 4000

    np.testing.assert_allclose(shares(1.0), [0.5, 0.2, 0.1, 0.1, 0.06, 0.04], atol=0.03)
    assert shares(0.5)[0] == pytest.approx(0.25 / 0.3152, abs=0.03)
    assert shares(0)[0] == 1
    with pytest.raises(TypeError, match=re.escape("rng: expected a numpy.random.Generator, got NoneType")):
        model.decode(source, 0, 1, 1, temperature=1.0)


def trained(cls, seed):
    """Learn to turn 1 to 4 of K symbols round; return the share of right answers to new sequences of 4."""
    rng, stop = np.random.default_rng(seed), K

    def examples(B):
        return [rng.integers(K, size=n) for n in rng.integers(1, 5, size=B)]

    model = cls(
        rc.Stack(rc.Embedding(K, 8, rng), rc.RNN(8, 32, rng)),
        rc.Stack(rc.Embedding(K + 1, 8, rng), rc.RNN(8, 32, rng), rc.Dense(32, K + 1, rng)),
    )

    def loss():
        sources = examples(32)
        source, source_mask = rc.pad(sources)
        targets, target_mask = rc.pad([np.append(s[::-1], stop) for s in sources])
        return sequence_to_sequence_loss(model, source, targets, stop, source_mask, target_mask)

    rc.fit(model, lambda: (loss() for _ in range(800)), rc.Adam(5e-3), clip=1.0, progress=False)
    sources = examples(300)
    source, source_mask = rc.pad(sources)
    answers = model.decode(source, stop, stop, 6, source_mask)
    right = [np.array_equal(a, s[::-1]) for a, s in zip(answers, sources, strict=True)]
    return np.mean([r for r, s in zip(right, sources, strict=True) if len(s) == 4])


def test_it_learns_to_turn_four_symbols_round_and_not_without_the_state():
    class Cut(EncoderDecoder):
        def hand_over(self, state):
            return None

    assert trained(EncoderDecoder, 0) > 0.9
    assert trained(Cut, 0) < 0.05


def layers(*recurrent, dtype=np.float64):
    """An embedding and recurrent layers, with a Dense on top."""
    rng = np.random.default_rng(0)
    return rc.Stack(rc.Embedding(K, D, rng, dtype), *recurrent, rc.Dense(H, K, rng, dtype))


def refused():
    rng = np.random.default_rng(0)
    rnn, lstm, both = rc.RNN(D, H, rng), rc.LSTM(D, H, rng), rc.Bidirectional(rc.RNN(D, H, rng), rc.RNN(D, H, rng))
    shared = rc.Dense(H, K, rng)
    return {
        "no memory": (rc.Dense(D, H, rng), rnn, "encoder: expected at least one recurrent layer, whose state is handed over"),
        "one rank too few": (
            layers(rnn),
            layers(lstm, rc.RNN(H, H, rng)),
            "decoder: expected as many recurrent layers as in the",
        ),
        "other parts": (rnn, layers(lstm), "recurrent layer 0 with the encoder's state, h (B, 4), got h (B, 4), c (B, 4)"),
        "other width": (lstm, rc.LSTM(D, 5, rng), "with the encoder's state, h (B, 4), c (B, 4), got h (B, 5), c (B, 5)"),
        "second rank": (
            rc.Stack(rnn, rc.RNN(H, 2, rng)),
            rc.Stack(rc.RNN(D, H, rng), rc.RNN(H, 3, rng)),
            "decoder: expected recurrent layer 1 with the encoder's state, h (B, 2), got h (B, 3)",
        ),
        "half of both": (both, rc.RNN(D, H, rng), "h (B, 8), both readers side by side, got h (B, 4)"),
        "two kinds": (rc.Bidirectional(rnn, lstm), rc.RNN(D, 8, rng), "encoder: expected two recurrent layers of one kind"),
        "readers of layers": (
            rc.Bidirectional(rc.Stack(rnn), rc.RNN(D, H, rng)),
            lstm,
            "encoder: expected two recurrent layers",
        ),
        "from both ends": (lstm, layers(both), "decoder: expected layers that read forwards, got a Bidirectional"),
        "learned state": (rnn, rc.RNN(D, H, rng, learn_state=True), "decoder: expected no learned state in recurrent layer 0"),
        "dtype": (rc.RNN(D, H, rng, dtype="f"), rnn, "decoder: expected parameters of float32, as the encoder's, got float64"),
        "shared": (rc.Stack(rnn, shared), rc.Stack(rc.RNN(D, H, rng), shared), "got the encoder's as 1.W, 1.b"),
    }


@pytest.mark.parametrize("case", refused())
def test_parts_that_do_not_fit_are_refused(case):
    encoder, decoder, message = refused()[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        EncoderDecoder(encoder, decoder)


MODEL, IDS = make("RNN", np.random.default_rng(0)), np.zeros((4, 2), int)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MODEL.forward(IDS, IDS[:, :1]), "target_in: expected 2 examples, as in source, got shape (4, 1)"),
        (lambda: MODEL.backward(None, None), "cache: expected the one that forward returned, got None"),
        (lambda: MODEL.decode(IDS, 9, 1, 3), "ids: expected integers from 0 to 5, got 9 to 9"),
        (lambda: MODEL.decode(IDS, 0, 1.5, 3), "stop: expected integers, got float64"),
        (lambda: MODEL.decode(IDS, 0, [1, 2], 3), "stop: expected (), got (2,)"),
        (lambda: MODEL.decode(IDS, 0, 1, 0), "max_length: expected a whole number of at least 1, got 0"),
        (lambda: MODEL.decode(IDS, 0, 1, 3, temperature=-1), "temperature: expected a number of at least 0, got -1"),
        (lambda: sequence_to_sequence_loss(MODEL, IDS, IDS[0], 0), "targets: expected (U, B), got (2,)"),
        (lambda: sequence_to_sequence_loss(MODEL, IDS, IDS / 2, 0), "targets: expected integers, got float64"),
        (lambda: sequence_to_sequence_loss(MODEL, IDS, IDS + 7, 0), "ids: expected integers from 0 to 5, got 0 to 7"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
