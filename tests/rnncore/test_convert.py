"""PyTorch's numbers, under PyTorch's names: those that scripts/torch_values.py has stored; tests/parity makes new ones."""

import numpy as np
import pytest

import rnncore as rc
from rnncore import bidirectional, convert, layer_norm
from rnncore.convert import load_torch, state_from_torch, state_to_torch, to_torch
from tests.rnncore import against_torch

TOLERANCE = 1e-12
STORED = against_torch.stored()
GROUPS = ["recurrent", "single", "optimiser", "loss", "clipped"]
T, B, D, H = 5, 4, 3, 2


def worst(group, case):
    """The largest deviation of a case."""
    return max(getattr(against_torch, group)(case).values())


@pytest.mark.parametrize(("group", "k"), [(group, k) for group in GROUPS for k in range(len(STORED[group]))])
def test_numbers_are_those_of_torch(group, k):
    assert worst(group, STORED[group][k]) < TOLERANCE


# ---- what these numbers must see ----


def rearranged(case, f):
    """The case with other weights: f takes a name and an array, and returns another name or another array."""
    return {**case, "weights": dict(f(name, a) for name, a in case["weights"].items())}


def not_added(name, a):
    return name, 0 * a if name.startswith("bias_hh") else a


def other_direction(name, a):
    return name.removesuffix("_reverse") if name.endswith("_reverse") else f"{name}_reverse", a


def not_transposed(name, a):
    blocks = a.reshape(-1, H, H) if name.startswith("weight_hh") else None
    return name, a if blocks is None else blocks.transpose(0, 2, 1).reshape(a.shape)


def b_hn_in_b_ih(case):
    weights = {name: a.copy() for name, a in case["weights"].items()}
    for name, b_hh in weights.items():
        if name.startswith("bias_hh"):
            weights[name.replace("hh", "ih")][-H:] += b_hh[-H:]
            b_hh[-H:] = 0
    return {**case, "weights": weights}


class RootOfBoth(rc.RMSProp):
    """RMSProp with eps under the root."""

    def update(self, name, g):
        self.s[name] = self.decay * self.s.get(name, 0) + (1 - self.decay) * g * g
        return self.lr * g / np.sqrt(self.s[name] + self.eps)


MISTAKES = {
    # name: (group, which cases, what makes of a case another one, or patches the library)
    "i, f, g, o read as i, f, o, c~": (
        "recurrent",
        {"kind": "LSTM"},
        lambda case, patch: patch.setitem(convert.ORDER, rc.LSTMCell, [0, 1, 2, 3]),
    ),
    "r, z, n read as z, r, h~": (
        "recurrent",
        {"kind": "GRU"},
        lambda case, patch: patch.setitem(convert.ORDER, rc.GRUCell, [0, 1, 2]),
    ),
    "biases not added": ("recurrent", {}, lambda case, patch: rearranged(case, not_added)),
    "b_hn added as well": ("recurrent", {"kind": "GRU"}, lambda case, patch: b_hn_in_b_ih(case)),
    "gates of W_h not transposed": ("recurrent", {}, lambda case, patch: rearranged(case, not_transposed)),
    "h and c exchanged": ("recurrent", {"kind": "LSTM"}, lambda case, patch: {**case, "first": case["first"][::-1]}),
    "backward direction reads forwards": (
        "recurrent",
        {"bidirectional": True},
        lambda case, patch: patch.setattr(bidirectional, "reversed_in_time", lambda xs: xs),
    ),
    "directions exchanged": ("recurrent", {"bidirectional": True}, lambda case, patch: rearranged(case, other_direction)),
    "padding read": ("recurrent", {"layers": 2}, lambda case, patch: {**case, "lengths": np.full(B, T)}),
    "gradient of b_hh left out": (
        "recurrent",
        {},
        lambda case, patch: patch.setattr(
            against_torch, "to_torch", lambda layer, grads: dict(not_added(*pair) for pair in to_torch(layer, grads).items())
        ),
    ),
    "another eps": ("single", {"kind": "LayerNorm"}, lambda case, patch: patch.setattr(layer_norm, "EPS", 1e-6)),
    "eps under the root": (
        "optimiser",
        {"kind": "RMSProp"},
        lambda case, patch: patch.setitem(
            against_torch.OPTIMISERS, "RMSProp", lambda lr, alpha, eps: RootOfBoth(lr, alpha, eps)
        ),
    ),
    "mask ignored": ("loss", {}, lambda case, patch: {**case, "mask": np.ones_like(case["mask"])}),
    "another limit": ("clipped", {"limit": 1.0}, lambda case, patch: {**case, "limit": 1.00001}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_shows(mistake, monkeypatch):
    group, which, make = MISTAKES[mistake]
    cases = [case for case in STORED[group] if all(case[name] == value for name, value in which.items())]
    assert cases
    for case in cases:
        assert worst(group, make(case, monkeypatch) or case) > 1e6 * TOLERANCE


# ---- there and back ----


def rng():
    return np.random.default_rng(5)


LAYERS = {
    "RNN": lambda: rc.RNN(D, H, rng(), "relu"),
    "LSTM": lambda: rc.LSTM(D, H, rng()),
    "GRU": lambda: rc.GRU(D, H, rng(), reset="after"),
    "Unrolled": lambda: rc.Unrolled(rc.LSTMCell(D, H, rng())),
    "Bidirectional": lambda: rc.Bidirectional(rc.GRU(D, H, rng(), "after"), rc.GRU(D, H, rng(), "after")),
    "Stack": lambda: rc.Stack(rc.LSTM(D, H, rng()), rc.Dropout(0.5), rc.LSTM(H, H, rng())),
    "Dense": lambda: rc.Dense(D, H, rng()),
    "Embedding": lambda: rc.Embedding(D, H, rng()),
    "LayerNorm": lambda: rc.LayerNorm(H),
}


def filled(layer, seed):
    """The layer with random numbers in all parameters and gradients."""
    random = np.random.default_rng(seed)
    for a in (*layer.params.values(), *layer.grads.values()):
        a[...] = random.normal(size=a.shape)
    return layer


@pytest.mark.parametrize("name", LAYERS)
def test_there_and_back_in_place(name):
    first, second = filled(LAYERS[name](), 1), filled(LAYERS[name](), 2)
    kept = dict(second.params)
    load_torch(second, to_torch(first))
    for key, p in second.params.items():
        assert p is kept[key]
        assert np.array_equal(p, first.params[key])
    for grads in (False, True):
        arrays = to_torch(first, grads)
        for a in arrays.values():
            assert a.flags.c_contiguous
            assert not any(np.shares_memory(a, ours) for ours in (*first.params.values(), *first.grads.values()))


def test_names_and_shapes_of_two_bidirectional_layers():
    pair = [rc.Bidirectional(rc.LSTM(d, H, rng()), rc.LSTM(d, H, rng())) for d in (D, 2 * H)]
    shapes = {name: a.shape for name, a in to_torch(rc.Stack(pair[0], rc.Dropout(0.1), pair[1])).items()}
    assert shapes == {
        f"{name}_l{k}{direction}": shape
        for k, width in enumerate([D, 2 * H])
        for direction in ("", "_reverse")
        for name, shape in {
            "weight_ih": (4 * H, width),
            "weight_hh": (4 * H, H),
            "bias_ih": (4 * H,),
            "bias_hh": (4 * H,),
        }.items()
    }


def test_the_sum_of_the_biases_comes_back_in_b_ih():
    layer = rc.GRU(D, H, rng(), reset="after")
    arrays = to_torch(filled(layer, 1))
    arrays["bias_hh_l0"][: 2 * H] = 10
    load_torch(layer, arrays)
    back = to_torch(layer)
    np.testing.assert_allclose(back["bias_ih_l0"][: 2 * H], arrays["bias_ih_l0"][: 2 * H] + 10)
    assert np.array_equal(back["bias_ih_l0"][2 * H :], arrays["bias_ih_l0"][2 * H :])
    assert not back["bias_hh_l0"][: 2 * H].any()
    assert np.array_equal(back["bias_hh_l0"][2 * H :], layer.params["b_hn"])


@pytest.mark.parametrize("name", ["GRU", "Bidirectional", "Dense"])
def test_without_any_bias_they_are_zero(name):
    layer = filled(LAYERS[name](), 1)
    arrays = {key: a for key, a in to_torch(layer).items() if "bias" not in key}
    load_torch(layer, arrays)
    biases = [p for key, p in layer.params.items() if key.split(".")[-1].startswith("b")]
    assert biases
    assert not any(b.any() for b in biases)


def test_arrays_may_share_memory_with_the_layer():
    layer = filled(rc.Dense(D, H, rng()), 1)
    W = layer.params["W"].copy()
    load_torch(layer, {"weight": layer.params["W"].T, "bias": layer.params["b"]})
    assert np.array_equal(layer.params["W"], W)


def test_float32_stays_float32():
    layer = rc.LSTM(D, H, rng(), dtype=np.float32)
    arrays = to_torch(layer)
    assert {a.dtype for a in arrays.values()} == {np.dtype("f")}
    load_torch(layer, arrays)
    with pytest.raises(ValueError, match="weight_ih_l0: expected float32, got float64"):
        load_torch(layer, {name: a.astype(float) for name, a in arrays.items()})


def test_batch_first_is_one_call_away():
    layer, xs = rc.LSTM(D, H, rng()), rng().normal(size=(B, T, D))
    dhs = rng().normal(size=(B, T, H))
    swapped, _, cache = layer.forward(xs.swapaxes(0, 1))
    dxs, _ = layer.backward(dhs.swapaxes(0, 1), cache)
    for b in range(B):
        alone, _, cache = layer.forward(xs[b][:, None])
        np.testing.assert_allclose(swapped.swapaxes(0, 1)[b], alone[:, 0], rtol=0, atol=1e-15)
        np.testing.assert_allclose(dxs.swapaxes(0, 1)[b], layer.backward(dhs[b][:, None], cache)[0][:, 0], rtol=0, atol=1e-15)


def test_states_there_and_back():
    def pair(D):
        return rc.Bidirectional(rc.LSTM(D, H, rng()), rc.LSTM(D, H, rng()))

    layer = rc.Stack(pair(D), rc.Dropout(0.1), pair(2 * H))
    h, c = rng().normal(size=(2, 4, B, H))
    state = state_from_torch(layer, (h, c))
    (forward_0, backward_0), nothing, (forward_1, backward_1) = state
    assert nothing == ()
    for k, (h_k, c_k) in enumerate([forward_0, backward_0, forward_1, backward_1]):  # torch's order
        assert np.array_equal(h_k, h[k])
        assert np.array_equal(c_k, c[k])
    back = state_to_torch(layer, state)
    assert np.array_equal(back, (h, c))
    state[0][0][0][...] = 0
    assert h[0].any()
    (h_n,) = state_to_torch(rc.RNN(D, H, rng()), (h[0],))
    assert np.array_equal(h_n, h[:1])


# ---- what is refused ----


def jordan():
    return rc.Unrolled(rc.JordanCell(D, H, H, rng()))


REFUSED = {
    "GRU before": (lambda: rc.GRU(D, H, rng()), "layer: expected GRU with reset='after', got 'before': .* another function"),
    "GRU before, inside": (lambda: rc.Stack(rc.Bidirectional(rc.GRU(D, H, rng()), rc.GRU(D, H, rng()))), "reset='after'"),
    "sigmoid": (lambda: rc.RNN(D, H, rng(), "sigmoid"), "layer: expected activation 'tanh' or 'relu', .* got 'sigmoid'"),
    "peephole": (lambda: rc.LSTM(D, H, rng(), peephole=True), "layer: expected RNN, LSTM or GRU, .* got LSTMVariantCell"),
    "normalised": (lambda: rc.Unrolled(rc.LayerNormLSTMCell(D, H, rng())), "got LayerNormLSTMCell"),
    "Jordan": (jordan, "got JordanCell"),
    "a cell": (lambda: rc.LSTMCell(D, H, rng()), "got LSTMCell"),
    "learned state": (lambda: rc.LSTM(D, H, rng(), learn_state=True), "layer: expected learn_state=False"),
    "added": (
        lambda: rc.Bidirectional(rc.RNN(D, H, rng()), rc.RNN(D, H, rng()), merge="add"),
        "layer: expected Bidirectional with merge='concat', got 'add'",
    ),
    "two kinds": (
        lambda: rc.Stack(rc.LSTM(D, H, rng()), rc.RNN(H, H, rng())),
        r"layers of one kind and width, got LSTM \(2 units\), RNN tanh \(2 units\)",
    ),
    "two widths": (lambda: rc.Stack(rc.RNN(D, 4, rng()), rc.RNN(4, H, rng())), r"RNN tanh \(2 units\), RNN tanh \(4 units\)"),
    "two activations": (lambda: rc.Bidirectional(rc.RNN(D, H, rng()), rc.RNN(D, H, rng(), "relu")), "RNN relu .* RNN tanh"),
    "one and two directions": (
        lambda: rc.Stack(rc.Bidirectional(rc.RNN(D, H, rng()), rc.RNN(D, H, rng())), rc.RNN(2 * H, H, rng())),
        r"got RNN tanh \(2 units\), bidirectional RNN tanh \(2 units\)",
    ),
    "with Dense": (lambda: rc.Stack(rc.RNN(D, H, rng()), rc.Dense(H, H, rng())), "in a Stack, got Dense"),
    "Dropout alone": (lambda: rc.Dropout(0.1), "layers of one kind and width, got none"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_layers_that_torch_has_not_are_refused(name):
    make, message = REFUSED[name]
    for convert_it in (to_torch, lambda layer: load_torch(layer, {})):
        with pytest.raises(ValueError, match=message):
            convert_it(make())


DAMAGE = {
    "no dict": (lambda arrays: list(arrays.values()), TypeError, "arrays: expected a dict of arrays by name, got list"),
    "missing": (lambda arrays: drop(arrays, "weight_hh_l1"), ValueError, r"missing \['weight_hh_l1'\], unknown \[\]"),
    "one bias missing": (lambda arrays: drop(arrays, "bias_hh_l0"), ValueError, r"missing \['bias_hh_l0'\]"),
    "unknown": (lambda arrays: {**arrays, "weight_hr_l0": np.ones(2)}, ValueError, r"missing \[\], unknown \['weight_hr_l0'\]"),
    "a model's": (lambda arrays: {f"rnn.{n}": a for n, a in arrays.items()}, ValueError, r"unknown \['rnn.weight_ih_l0'"),
    "shape": (
        lambda arrays: {**arrays, "weight_hh_l1": np.ones((8, 3))},
        ValueError,
        r"weight_hh_l1: expected \(8, 2\), got \(8, 3\)",
    ),
    "dtype": (
        lambda arrays: {**arrays, "bias_hh_l1": np.ones(8, "f")},
        ValueError,
        "bias_hh_l1: expected float64, got float32",
    ),
    "NaN": (lambda arrays: {**arrays, "bias_hh_l1": np.full(8, np.nan)}, ValueError, "bias_hh_l1: expected finite numbers"),
    "no array": (lambda arrays: {**arrays, "bias_hh_l1": [0.0] * 8}, TypeError, "bias_hh_l1: expected a NumPy array"),
}


def drop(arrays, name):
    return {n: a for n, a in arrays.items() if n != name}


@pytest.mark.parametrize("name", DAMAGE)
def test_arrays_that_do_not_fit_change_nothing(name):
    damage, error, message = DAMAGE[name]
    layer = filled(LAYERS["Stack"](), 1)
    arrays = to_torch(filled(LAYERS["Stack"](), 2))
    kept = {key: p.copy() for key, p in layer.params.items()}
    with pytest.raises(error, match=message):
        load_torch(layer, damage(arrays))
    assert all(np.array_equal(p, kept[key]) for key, p in layer.params.items())


def test_states_that_do_not_fit():
    layer, h = LAYERS["Stack"](), np.ones((2, B, H))
    for arrays, message in [
        (h, r"arrays: expected a tuple \(h, c\), got ndarray"),
        ((h,), r"arrays: expected a tuple \(h, c\), got 1 entries"),
        ((h, h[:1]), r"c: expected \(2, 4, 2\), got \(1, 4, 2\)"),
        ((h, h[:, :3]), r"c: expected \(2, 4, 2\), got \(2, 3, 2\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            state_from_torch(layer, arrays)
    with pytest.raises(ValueError, match=r"state: expected 2 times \(h, c\), got 2 arrays"):
        state_to_torch(layer, ((h[0], h[0]),))
    with pytest.raises(ValueError, match="layer: expected a recurrent one, got Dense"):
        state_to_torch(LAYERS["Dense"](), ())
