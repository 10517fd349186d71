"""rnncore against the PyTorch that is installed, in float64: outputs, last states and all gradients, to 1e-12."""

import json
import zlib

import numpy as np
import pytest
import torch
from torch import nn

import rnncore as rc
from rnncore.convert import load_torch, state_to_torch, to_torch
from scripts import torch_values
from tests.rnncore import against_torch

TOLERANCE = 1e-12
T, B, D, H = 7, 4, 3, 5


@pytest.fixture
def rng(request):
    """Another seed for each test, the same every time."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


def assert_close(group, case):
    deviations = getattr(against_torch, group)(case)
    worst = max(deviations, key=deviations.get)
    assert deviations[worst] < TOLERANCE, f"{worst}: {deviations[worst]:.1e}"


@pytest.mark.parametrize("lengths", [None, [3, 7, 1, 5]], ids=["whole", "packed"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", torch_values.RECURRENT)
def test_recurrent(rng, kind, layers, bidirectional, lengths):
    how = {"layers": layers, "bidirectional": bidirectional, "lengths": lengths}
    assert_close("recurrent", torch_values.recurrent(rng, kind, T, B, D, H, **how))


@pytest.mark.parametrize("sizes", [(1, 4, 3, 5), (7, 1, 3, 5), (7, 4, 1, 5), (7, 4, 3, 1), (60, 8, 12, 33)], ids=str)
@pytest.mark.parametrize("kind", torch_values.RECURRENT)
def test_recurrent_of_other_sizes(rng, kind, sizes):
    assert_close("recurrent", torch_values.recurrent(rng, kind, *sizes))


@pytest.mark.parametrize("kind", torch_values.RECURRENT)
def test_recurrent_without_biases(rng, kind):
    case = torch_values.recurrent(rng, kind, T, B, D, H, layers=2, bias=False)
    assert not any("bias" in name for name in case["weights"])
    assert_close("recurrent", case)


@pytest.mark.parametrize("kind", torch_values.SINGLE)
def test_layers_of_single_steps(rng, kind):
    assert_close("single", torch_values.single(rng, kind))


@pytest.mark.parametrize("kind", torch_values.OPTIMISERS)
def test_ten_steps_of_an_optimiser(rng, kind):
    assert_close("optimiser", torch_values.optimiser(rng, kind))


@pytest.mark.parametrize("kind", torch_values.LOSSES)
def test_losses(rng, kind):
    assert_close("loss", torch_values.loss(rng, kind))


@pytest.mark.parametrize("limit", [0.1, 1.0, 100.0])
def test_clipping(rng, limit):
    assert_close("clipped", torch_values.clipped(rng, limit))


def test_the_stored_values_are_what_the_script_writes():
    """Texts may differ in a last digit from one processor to another; versions, names, inputs and shapes may not."""
    text = torch_values.written(torch_values.stored_cases())
    assert_same(json.loads(text), json.loads(torch_values.STORE.read_text()))


def assert_same(new, old):
    assert type(new) is type(old)
    if isinstance(new, dict):
        assert new.keys() == old.keys()
        for name in new:
            assert_same(new[name], old[name])
    elif isinstance(new, list):
        assert len(new) == len(old)
        for n, o in zip(new, old, strict=True):
            assert_same(n, o)
    else:
        assert new == (pytest.approx(old, rel=1e-13, abs=1e-13) if isinstance(new, float) else old)


# ---- the other way: from rnncore to torch, by the calls that convert's docstring gives ----


def both_ways(layer, module):
    """Put the layer's weights into the module, then load them from there into a layer with other weights."""
    module.load_state_dict({name: torch.from_numpy(a) for name, a in to_torch(layer).items()})
    again = layer.astype(layer.dtype)
    for p in again.params.values():
        p += 1
    load_torch(again, {name: p.numpy() for name, p in module.state_dict().items()})
    for name, p in again.params.items():
        assert np.array_equal(p, layer.params[name])
    return module


def test_into_a_module_with_dropout_and_batch_first(rng):
    layer = rc.Stack(rc.LSTM(D, H, rng), rc.Dropout(0.3), rc.LSTM(H, H, rng))
    module = both_ways(layer, nn.LSTM(D, H, num_layers=2, dropout=0.3, batch_first=True, dtype=torch.float64)).eval()
    xs = rng.normal(size=(B, T, D))
    hs, last, _ = layer.forward(xs.swapaxes(0, 1))
    wanted, end = module(torch.from_numpy(xs))
    np.testing.assert_allclose(hs.swapaxes(0, 1), wanted.detach(), rtol=0, atol=TOLERANCE)
    for s, w in zip(state_to_torch(layer, last), end, strict=True):
        np.testing.assert_allclose(s, w.detach(), rtol=0, atol=TOLERANCE)


def test_float32_is_what_torch_has_unless_asked(rng):
    layer = rc.Bidirectional(*(rc.GRU(D, H, rng, "after", dtype=np.float32) for _ in range(2)))
    module = both_ways(layer, nn.GRU(D, H, bidirectional=True))
    xs = rng.normal(size=(T, B, D)).astype("f")
    hs, _, _ = layer.forward(xs)
    np.testing.assert_allclose(hs, module(torch.from_numpy(xs))[0].detach(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_model_in_training(rng, frozen):
    """Ten steps of Adam lead both to the same weights, unless both of torch's biases learn: their sum moves twice as far."""
    V, K = 6, 2
    layers = [rc.Embedding(V, D, rng), rc.LSTM(D, H, rng), rc.Dense(H, K, rng)]
    modules = [nn.Embedding(V, D).double(), nn.LSTM(D, H).double(), nn.Linear(H, K).double()]
    for layer, module in zip(layers, modules, strict=True):
        both_ways(layer, module)
    embedding, lstm, linear = modules
    lstm.bias_hh_l0.requires_grad_(not frozen)
    ids, targets = rng.integers(V, size=(T, B)), rng.integers(K, size=(T, B))

    ours, optimiser = rc.Stack(*layers), rc.Adam(0.1)
    theirs = torch.optim.Adam([p for module in modules for p in module.parameters()], 0.1)
    for _ in range(10):
        ours.zero_grads()
        logits, _, cache = ours.forward(ids)
        _, dlogits = rc.softmax_cross_entropy(logits, targets)
        ours.backward(dlogits, cache)
        optimiser.step(ours.params, ours.grads)

        theirs.zero_grad()
        logits = linear(lstm(embedding(torch.from_numpy(ids)))[0])
        nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten()).backward()
        theirs.step()

    off = 0
    for layer, module in zip(layers, modules, strict=True):
        learned = layer.astype(layer.dtype)
        load_torch(learned, {name: p.numpy() for name, p in module.state_dict().items()})
        off = max(off, *(np.abs(p - layer.params[name]).max() for name, p in learned.params.items()))
    assert off < TOLERANCE if frozen else off > 0.1
