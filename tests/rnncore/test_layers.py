"""The contract that every layer keeps."""

import numpy as np
import pytest

import rnncore as rc

T, B, D, H = 6, 3, 4, 5


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def gradients(layer, dys, cache):
    """What one backward call leaves in the gradients."""
    layer.zero_grads()
    layer.backward(dys, cache)
    return {name: g.copy() for name, g in layer.grads.items()}


def recurrent(rng):
    """One of each recurrent layer, from D inputs."""
    return [
        rc.RNN(D, H, rng),
        rc.RNN(D, H, rng, "relu", learn_state=True),
        rc.Unrolled(rc.RNNCell(D, H, rng, "sigmoid")),
        rc.Unrolled(rc.JordanCell(D, H, 2, rng)),
        rc.LSTM(D, H, rng, learn_state=True),
        rc.LSTM(D, H, rng, peephole=True, coupled=True),
        rc.GRU(D, H, rng),
        rc.GRU(D, H, rng, reset="after"),
        rc.Unrolled(rc.LayerNormLSTMCell(D, H, rng)),
        rc.Stack(
            rc.RNN(D, H, rng), rc.Dense(H, 2, rng), rc.LayerNorm(2), rc.LSTM(2, 4, rng), rc.Unrolled(rc.RNNCell(4, 3, rng))
        ),
        rc.Bidirectional(rc.LSTM(D, H, rng), rc.GRU(D, 3, rng)),
        rc.Stack(rc.GRU(D, H, rng), rc.Bidirectional(rc.RNN(H, 3, rng), rc.RNN(H, 3, rng), "add")),
    ]


CARRYING, ALL = range(10), range(12)  # the last two read from both ends


@pytest.mark.parametrize("k", CARRYING)
def test_two_calls_with_carried_state_equal_one(rng, k):
    layer = recurrent(rng)[k]
    xs = rng.normal(size=(T, B, D))
    whole, last, _ = layer.forward(xs)
    first, state, _ = layer.forward(xs[:2])
    second, end, _ = layer.forward(xs[2:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-15)
    for a, b in zip(rc.gradients.leaves(end), rc.gradients.leaves(last), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-15)
    forgot, _, _ = layer.forward(xs[2:])
    assert np.abs(forgot - whole[2:]).max() > 1e-3


@pytest.mark.parametrize("k", CARRYING)
def test_two_backward_calls_with_carried_gradient_equal_one(rng, k):
    layer = recurrent(rng)[k]
    xs = rng.normal(size=(T, B, D))
    ys, _, cache = layer.forward(xs)
    dys = rng.normal(size=ys.shape)
    layer.zero_grads()
    dxs, _ = layer.backward(dys, cache)
    whole = {name: g.copy() for name, g in layer.grads.items()}
    _, state, early = layer.forward(xs[:2])
    _, _, late = layer.forward(xs[2:], state)
    layer.zero_grads()
    dlate, dstate = layer.backward(dys[2:], late)
    dearly, _ = layer.backward(dys[:2], early, dstate)
    np.testing.assert_allclose(np.concatenate([dearly, dlate]), dxs, atol=1e-14)
    for name, g in layer.grads.items():
        np.testing.assert_allclose(g, whole[name], atol=1e-13)


@pytest.mark.parametrize("k", ALL)
def test_permuting_the_batch_permutes_the_output(rng, k):
    layer = recurrent(rng)[k]
    xs = rng.normal(size=(T, B, D))
    order = np.array([2, 0, 1])
    np.testing.assert_allclose(layer.forward(xs[:, order])[0], layer.forward(xs)[0][:, order], atol=1e-15)


@pytest.mark.parametrize("k", ALL)
def test_mask_gives_what_each_sequence_alone_gives(rng, k):
    layer = recurrent(rng)[k]
    sequences = [rng.normal(size=(n, D)) for n in (T, 2, 4)]
    xs, mask = rc.pad(sequences)
    xs[~mask] = np.nan  # what stands at a padded place must not matter
    ys, last, cache = layer.forward(xs, mask=mask)
    dys = rng.normal(size=ys.shape)
    layer.zero_grads()
    dxs, _ = layer.backward(dys, cache)
    padded = {name: g.copy() for name, g in layer.grads.items()}
    layer.zero_grads()
    for b, s in enumerate(sequences):
        alone, end, cache = layer.forward(s[:, None])
        np.testing.assert_allclose(ys[: len(s), b], alone[:, 0], atol=1e-14)
        assert not ys[len(s) :, b].any()
        for together, single in zip(rc.gradients.leaves(last), rc.gradients.leaves(end), strict=True):
            np.testing.assert_allclose(together[b], single[0], atol=1e-14)
        d, _ = layer.backward(dys[: len(s), b : b + 1], cache)
        np.testing.assert_allclose(dxs[: len(s), b], d[:, 0], atol=1e-14)
        assert not dxs[len(s) :, b].any()
    for name, g in layer.grads.items():
        np.testing.assert_allclose(padded[name], g, atol=1e-13)


@pytest.mark.parametrize("k", ALL)
def test_forward_is_pure_and_backward_adds_up(rng, k):
    layer = recurrent(rng)[k]
    xs = rng.normal(size=(T, B, D))
    kept, params = xs.copy(), {name: p.copy() for name, p in layer.params.items()}
    ys, _, cache = layer.forward(xs)
    again, _, _ = layer.forward(2 * xs)  # a second call must not disturb the first one's cache
    assert not np.array_equal(ys, again)
    dys = rng.normal(size=ys.shape)
    layer.zero_grads()
    layer.backward(dys, cache)
    once = {name: g.copy() for name, g in layer.grads.items()}
    layer.backward(dys, cache)
    assert np.array_equal(xs, kept)
    for name, g in layer.grads.items():
        np.testing.assert_allclose(g, 2 * once[name], rtol=1e-12)
        assert np.array_equal(layer.params[name], params[name])
    layer.zero_grads()
    assert not any(g.any() for g in layer.grads.values())


@pytest.mark.parametrize("k", [0, 1, 2, 3, 4, 5, 6, 7, 8, 10])
def test_no_gradient_from_above_is_a_zero_gradient(rng, k):
    layer = recurrent(rng)[k]
    ys, last, cache = layer.forward(rng.normal(size=(T, B, D)))
    dlast = rc.gradients.map_state(lambda s: rng.normal(size=s.shape), last)
    none, _ = layer.backward(None, cache, dlast)
    zero, _ = layer.backward(np.zeros_like(ys), cache, dlast)
    assert np.array_equal(none, zero)
    assert none.any()


@pytest.mark.parametrize("k", ALL)
def test_keep_false_computes_the_same_and_keeps_nothing(rng, k):
    layer = recurrent(rng)[k]
    xs = rng.normal(size=(T, B, D))
    ys, _, cache = layer.forward(xs, keep=False)
    assert cache is None
    assert np.array_equal(ys, layer.forward(xs)[0])
    with pytest.raises(ValueError, match="keep=False"):
        layer.backward(ys, cache)


def test_learned_initial_state_is_used_and_learned(rng):
    layer = rc.RNN(D, H, rng, learn_state=True)
    layer.params["h_0"][:] = rng.normal(size=H)
    xs = rng.normal(size=(T, B, D))
    given = (np.tile(layer.params["h_0"], (B, 1)),)
    assert np.array_equal(layer.forward(xs)[0], layer.forward(xs, given)[0])
    hs, _, cache = layer.forward(xs)
    _, (dh_0,) = layer.backward(hs, cache)
    np.testing.assert_allclose(layer.grads["h_0"], dh_0.sum(axis=0))
    layer.zero_grads()
    _, _, cache = layer.forward(xs, given)  # a state that was given is not the learned one
    layer.backward(hs, cache)
    assert not layer.grads["h_0"].any()


def test_stack_shares_its_layers_arrays(rng):
    rnn, dense = rc.RNN(D, H, rng), rc.Dense(H, 2, rng)
    model = rc.Stack(rnn, dense)
    assert list(model.params) == ["0.W_xh", "0.W_hh", "0.b_h", "1.W", "1.b"] == list(model.grads)
    assert model.params["0.W_hh"] is rnn.params["W_hh"]
    assert model.grads["1.b"] is dense.grads["b"]
    assert model.parameter_count == D * H + H * H + H + H * 2 + 2
    ys, _, cache = model.forward(rng.normal(size=(T, B, D)))
    model.backward(ys, cache)
    assert model.grads["0.W_hh"] is rnn.grads["W_hh"]
    assert rnn.grads["W_hh"].any()


def test_embedding_is_a_product_with_one_hot_rows(rng):
    layer = rc.Embedding(7, D, rng)
    ids = rng.integers(7, size=(T, B))
    xs, state, cache = layer.forward(ids)
    assert state == ()
    np.testing.assert_allclose(xs, rc.one_hot(ids, 7) @ layer.params["W"])
    dxs = rng.normal(size=xs.shape)
    nothing, _ = layer.backward(dxs, cache)
    assert nothing is None
    np.testing.assert_allclose(layer.grads["W"], np.einsum("tbv,tbd->vd", rc.one_hot(ids, 7), dxs))


def test_dense_takes_the_last_state_alone(rng):
    layer = rc.Dense(H, 2, rng)
    h = rng.normal(size=(B, H))
    y, _, cache = layer.forward(h)
    np.testing.assert_allclose(y, layer.forward(h[None])[0][0])
    dh, _ = layer.backward(y, cache)
    np.testing.assert_allclose(dh, y @ layer.params["W"].T)


def test_jordan_teacher_forcing_is_one_step_on_all_times(rng):
    cell = rc.JordanCell(D, H, 2, rng)
    xs, targets = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, 2))
    before = np.concatenate([np.zeros((1, B, 2)), targets[:-1]])
    at_once, _ = cell.step(xs.reshape(T * B, D), before.reshape(T * B, 2))
    one_by_one = [cell.step(x, y)[0] for x, y in zip(xs, before, strict=True)]
    np.testing.assert_allclose(at_once.reshape(T, B, 2), one_by_one, atol=1e-15)
    free, _, _ = rc.Unrolled(cell).forward(xs)
    assert np.abs(free - one_by_one).max() > 1e-2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_keeps_the_dtype(rng, dtype):
    model = rc.Stack(
        rc.RNN(D, H, rng, learn_state=True, dtype=dtype),
        rc.Unrolled(rc.JordanCell(H, 3, 2, rng, dtype=dtype)),
        rc.Dense(2, 4, rng, dtype=dtype),
    )
    ys, state, cache = model.forward(rng.normal(size=(T, B, D)).astype(dtype), mask=np.ones((T, B), bool))
    dxs, dstate = model.backward(ys, cache)
    arrays = [ys, dxs, *rc.gradients.leaves(state), *rc.gradients.leaves(dstate), *model.grads.values()]
    assert {a.dtype for a in arrays} == {np.dtype(dtype)}


@pytest.mark.parametrize("k", ALL)
def test_changing_what_forward_returned_does_not_change_the_gradient(rng, k):
    layer = recurrent(rng)[k]
    xs = rng.normal(size=(T, B, D))
    ys, last, cache = layer.forward(xs)
    dys = rng.normal(size=ys.shape)
    before = gradients(layer, dys, cache)
    ys, last, cache = layer.forward(xs)
    for s in rc.gradients.leaves(last):
        s += 1
    after = gradients(layer, dys, cache)
    assert all(np.array_equal(after[name], g) for name, g in before.items())


def test_the_shown_states_cannot_damage_the_cache(rng):
    hs, (h,), _ = rc.RNN(D, H, rng).forward(rng.normal(size=(T, B, D)))
    with pytest.raises(ValueError, match="read-only"):
        hs += 1
    h += 1  # the state is the caller's own
    assert not np.array_equal(h, hs[-1])
