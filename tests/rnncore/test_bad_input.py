"""Bad input: an error that names what was expected and what came, and nothing half-changed."""

import re

import numpy as np
import pytest

import rnncore as rc

rng = np.random.default_rng(0)
RNN, JORDAN = rc.RNN(3, 4, rng), rc.Unrolled(rc.JordanCell(3, 4, 2, rng))
DENSE, EMBEDDING = rc.Dense(3, 2, rng), rc.Embedding(5, 3, rng)
STACK = rc.Stack(EMBEDDING, RNN)
XS, IDS = np.zeros((6, 2, 3)), np.zeros((6, 2), int)
HS, _, CACHE = RNN.forward(XS)
DYS, _, DENSE_CACHE = DENSE.forward(XS)
_, _, EMBEDDING_CACHE = EMBEDDING.forward(IDS)
NAN = np.where(np.arange(36).reshape(6, 2, 3) == 7, np.nan, 0.0)
CELL = RNN.cell
H, Y = np.zeros((2, 4)), np.zeros((2, 2))

CASES = {
    # name: (call, message)
    "xs without time": (lambda: RNN.forward(XS[0]), "xs: expected (T, B, 3), got (2, 3)"),
    "xs of another width": (lambda: RNN.forward(XS[:, :, :2]), "xs: expected (T, B, 3), got (6, 2, 2)"),
    "no steps": (lambda: RNN.forward(XS[:0]), "xs: expected (T, B, 3), got (0, 2, 3) (no size may be 0)"),
    "empty batch": (lambda: RNN.forward(XS[:, :0]), "xs: expected (T, B, 3), got (6, 0, 3) (no size may be 0)"),
    "integers": (lambda: RNN.forward(XS.astype(int)), "xs: expected float64, got int64"),
    "float32": (lambda: RNN.forward(XS.astype("f")), "xs: expected float64, got float32"),
    "complex": (lambda: RNN.forward(XS.astype(complex)), "xs: expected float64, got complex128"),
    "list": (lambda: RNN.forward(XS.tolist()), "xs: expected a NumPy array of shape (T, B, 3), got list"),
    "NaN": (lambda: RNN.forward(NAN), "xs: expected finite numbers, got nan at (1, 0, 1)"),
    "state not a tuple": (lambda: RNN.forward(XS, H), "state: expected a tuple (h (B, 4)), got ndarray"),
    "state too long": (lambda: RNN.forward(XS, (H, H)), "state: expected a tuple (h (B, 4)), got 2 entries"),
    "state of another batch": (lambda: RNN.forward(XS, (H[:1],)), "state[0]: expected (2, 4), got (1, 4)"),
    "Jordan's state": (lambda: JORDAN.forward(XS, (H,)), "state[0]: expected (2, 2), got (2, 4)"),
    "mask of floats": (lambda: RNN.forward(XS, mask=np.ones((6, 2))), "mask: expected bool (6, 2), got float64 (6, 2)"),
    "mask turned round": (lambda: RNN.forward(XS, mask=np.ones((2, 6), bool)), "mask: expected bool (6, 2), got bool (2, 6)"),
    "mask as list": (lambda: RNN.forward(XS, mask=[[True]]), "mask: expected a bool array of shape (6, 2), got list"),
    "dhs of another width": (lambda: RNN.backward(HS[:, :, :3], CACHE), "dhs: expected (6, 2, 4), got (6, 2, 3)"),
    "dhs NaN": (lambda: RNN.backward(HS * np.nan, CACHE), "dhs: expected finite numbers, got nan at (0, 0, 0)"),
    "dstate": (lambda: RNN.backward(HS, CACHE, (H.T,)), "dstate[0]: expected (2, 4), got (4, 2)"),
    "cell's x": (lambda: CELL.step(XS, H), "x: expected (B, 3), got (6, 2, 3)"),
    "cell's state": (lambda: CELL.step(XS[0], Y), "h_prev: expected (2, 4), got (2, 2)"),
    "cell's dh": (lambda: CELL.step_backward(Y, (XS[0], H, H)), "dh: expected (2, 4), got (2, 2)"),
    "activation": (
        lambda: rc.RNN(3, 4, rng, "gelu"),
        "activation: expected one of 'tanh', 'sigmoid', 'relu', 'linear', got 'gelu'",
    ),
    "H = 0": (lambda: rc.RNN(3, 0, rng), "H: expected a whole number of at least 1, got 0"),
    "H a float": (lambda: rc.Dense(3, 2.0, rng), "K: expected a whole number of at least 1, got 2.0"),
    "a seed for rng": (lambda: rc.RNN(3, 4, 0), "rng: expected a numpy.random.Generator, got int"),
    "Dense": (lambda: DENSE.forward(XS[:, :, :2]), "xs: expected (T, B, 3), got (6, 2, 2)"),
    "Dense, one step": (lambda: DENSE.forward(XS[0, :, :2]), "xs: expected (B, 3), got (2, 2)"),
    "Dense with a state": (lambda: DENSE.forward(XS, (H,)), "state: expected () or None, for a layer without a state"),
    "ids as floats": (lambda: EMBEDDING.forward(XS[:, :, 0]), "ids: expected integers, got float64"),
    "ids too large": (lambda: EMBEDDING.forward(IDS + 5), "ids: expected integers from 0 to 4, got 5 to 5"),
    "ids negative": (lambda: EMBEDDING.forward(IDS - 1), "ids: expected integers from 0 to 4, got -1 to -1"),
    "Stack's state": (lambda: STACK.forward(IDS, (H,)), "state: expected a tuple of 2, one entry a layer, got 1 entries"),
    "weights of integers": (lambda: rc.RNN(3, 4, rng, dtype=int), "dtype: expected a type of floats, got int64"),
    "a size from NumPy": (lambda: rc.RNN(np.int64(3), np.int64(4), rng).forward(XS[:, :, :2]), "xs: expected (T, B, 3)"),
    "Dense's dstate": (lambda: DENSE.backward(DYS, DENSE_CACHE, (H,)), "dstate: expected () or None"),
    "Embedding's dstate": (lambda: EMBEDDING.backward(XS, EMBEDDING_CACHE, (H,)), "dstate: expected () or None"),
    "an array for no state": (lambda: DENSE.forward(XS, H), "for a layer without a state, got ndarray"),
    "one layer twice": (lambda: rc.Stack(RNN, RNN), "layers: expected each once, got layer 1 twice"),
    "items beyond V": (lambda: rc.NGram(IDS[:, 0] + 3, 1, 3), "ids: expected integers from 0 to 2, got 3 to 3"),
    "NaN target": (lambda: rc.mean_squared_error(XS, NAN), "targets: expected finite numbers, got nan at (1, 0, 1)"),
    "differences of float32": (lambda: rc.central_difference(float, XS.astype("f")), "x: expected float64, got float32"),
    "check of float32": (lambda: rc.check_gradients(rc.RNN(3, 4, rng, dtype="f"), XS, rng), "expected parameters of float64"),
    "rate in words": (lambda: rc.SGD("a"), "lr: expected a finite number above 0, got 'a'"),
    "no sequences": (lambda: next(rc.batches([], 1, rng)), "sequences: expected at least one, got none"),
    "decode floats": (lambda: rc.Characters("ab").decode([0.0]), "ids: expected integers, got float64"),
    "empty Stack": (lambda: rc.Stack(), "layers: expected at least one, got none"),
    "logits as integers": (lambda: rc.softmax_cross_entropy(IDS, IDS), "logits: expected a non-empty array of floats"),
    "targets' shape": (lambda: rc.softmax_cross_entropy(XS, IDS[:3]), "targets: expected (6, 2), got (3, 2)"),
    "targets as floats": (lambda: rc.softmax_cross_entropy(XS, XS[:, :, 0]), "targets: expected integers, got float64"),
    "no such class": (lambda: rc.softmax_cross_entropy(XS, IDS + 3), "targets: expected classes from 0 to 2, got 3 to 3"),
    "all masked": (lambda: rc.softmax_cross_entropy(XS, IDS, IDS > 0), "mask: expected at least one True, got none"),
    "reduction": (
        lambda: rc.softmax_cross_entropy(XS, IDS, None, "max"),
        "reduction: expected one of 'mean', 'sum', got 'max'",
    ),
    "targets above 1": (lambda: rc.sigmoid_cross_entropy(XS, XS + 2), "targets: expected numbers from 0 to 1, got 2.0 to 2.0"),
    "squared error": (lambda: rc.mean_squared_error(XS, XS[:, :1]), "targets: expected (6, 2, 3), got (6, 1, 3)"),
    "learning rate": (lambda: rc.SGD(-1), "lr: expected a finite number above 0, got -1"),
    "momentum": (lambda: rc.Momentum(0.1, 1.0), "momentum: expected a number in [0, 1), got 1.0"),
    "clip": (lambda: rc.clip_by_norm({}, 0), "limit: expected a finite number above 0, got 0"),
    "k2 below k1": (lambda: next(rc.truncated_bptt(STACK, IDS, IDS, 4, 2)), "k2: expected at least k1 = 4"),
    "targets too short": (lambda: next(rc.truncated_bptt(STACK, IDS, IDS[1:], 2, 4)), "as many steps as xs, 6, got 5"),
    "no epochs": (lambda: rc.fit(STACK, list, rc.SGD(1), epochs=0), "epochs: expected a whole number of at least 1, got 0"),
    "temperature": (lambda: rc.sample(STACK, IDS[:, 0], 3, rng, -1), "temperature: expected a number of at least 0, got -1"),
    "no start": (lambda: rc.sample(STACK, IDS[:0, 0], 3, rng), "start: expected (T,), got (0,) (no size may be 0)"),
    "empty text": (lambda: rc.Characters(""), "text: expected at least one character, got an empty string"),
    "one_hot": (lambda: rc.one_hot(np.array([3]), 3), "ids: expected integers from 0 to 2"),
    "pad nothing": (lambda: rc.pad([]), "sequences: expected at least one, got none"),
    "pad mixed": (
        lambda: rc.pad([np.ones(2), np.ones((2, 2))]),
        "expected arrays of one dtype and one shape after the first axis",
    ),
    "pad empty": (lambda: rc.pad([np.ones(2), np.ones(0)]), "none empty"),
    "labels": (lambda: next(rc.batches([XS], 1, rng, [1, 2])), "others: expected 1 entries each, got [2]"),
    "windows": (lambda: next(rc.windows(np.arange(5), 5, 1, rng)), "ids: expected more than T = 5 items, got 5"),
    "streams": (lambda: rc.streams(np.arange(4), 4), "ids: expected more than B = 4 items, got 4"),
    "ngram": (lambda: rc.NGram(np.arange(2), 3, 2), "ids: expected at least n = 3 items, got 2"),
}


@pytest.mark.parametrize("name", CASES)
def test_error_names_what_was_expected_and_what_came(name):
    call, message = CASES[name]
    modules = (RNN, JORDAN, DENSE, EMBEDDING)
    grads = [g.copy() for m in modules for g in m.grads.values()]
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        call()
    after = [g for m in modules for g in m.grads.values()]
    assert all(np.array_equal(a, b) for a, b in zip(after, grads, strict=True))
