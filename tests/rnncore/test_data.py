"""Text as numbers, padding, batches, windows, streams, and the n-gram baseline."""

from itertools import islice

import numpy as np
import pytest

import rnncore as rc


def test_characters_there_and_back():
    chars = rc.Characters("please stay at home")
    ids = chars.encode("stay")
    assert len(chars) == len(set("please stay at home"))
    assert chars.decode(ids) == "stay"
    assert chars.encode("").shape == (0,)
    with pytest.raises(ValueError, match="got 'XZ'"):
        chars.encode("ZX stay")
    with pytest.raises(ValueError, match="from 0 to 10, got 3 to 99"):
        chars.decode([3, 99])


def test_one_hot():
    assert rc.one_hot(np.array([[2], [0]]), 3).tolist() == [[[0, 0, 1]], [[1, 0, 0]]]


def test_pad_marks_what_is_real():
    xs, mask = rc.pad([np.array([1, 2, 3]), np.array([4])])
    assert xs.T.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert mask.T.tolist() == [[True, True, True], [True, False, False]]
    xs, mask = rc.pad([np.ones((2, 4)), np.ones((5, 4))])
    assert xs.shape == (5, 2, 4)
    assert xs.sum() == 7 * 4


def test_batches_pass_over_everything_once_with_its_labels():
    rng = np.random.default_rng(0)
    sequences = [np.full(n, n) for n in range(1, 12)]
    labels = [10 * n for n in range(1, 12)]
    seen = []
    for xs, mask, y in rc.batches(sequences, 4, rng, labels):
        assert xs.shape == mask.shape
        assert len(y) == xs.shape[1] <= 4
        assert np.array_equal(mask.sum(axis=0) * 10, y)
        seen.extend(y.tolist())
    assert sorted(seen) == labels
    assert seen != labels


def test_windows_are_one_item_apart():
    ids = np.arange(50)
    for xs, ys in islice(rc.windows(ids, 7, 3, np.random.default_rng(0)), 200):
        assert xs.shape == ys.shape == (7, 3)
        assert np.array_equal(xs + 1, ys)
    starts = {int(xs[0, 0]) for xs, _ in islice(rc.windows(ids, 7, 1, np.random.default_rng(0)), 2000)}
    assert starts == set(range(43))  # the last possible window, too


def test_streams_go_on_from_row_to_row():
    xs, ys = rc.streams(np.arange(25), 3)
    assert xs.shape == ys.shape == (8, 3)
    assert xs[:, 1].tolist() == list(range(8, 16))
    assert np.array_equal(xs + 1, ys)


def test_python_docs_is_fixed_plain_english():
    text = rc.python_docs()
    assert text.isascii()
    assert 200_000 < len(text) < 400_000
    assert "garbage" in text
    assert len(set(text)) < 100


def test_ngram_against_counts_by_hand():
    ids = np.array([0, 1, 0, 1, 0, 2])
    unigram, bigram = rc.NGram(ids, 1, 3), rc.NGram(ids, 2, 3)
    p1 = (np.array([3, 2, 1]) + 3 * np.ones(3) / 3) / (6 + 3)
    np.testing.assert_allclose(unigram.probabilities([]), p1)
    p2 = (np.array([0, 2, 1]) + 2 * p1) / (3 + 2)
    np.testing.assert_allclose(bigram.probabilities([0]), p2)
    np.testing.assert_allclose(bigram.probabilities([2]), p1)  # nothing ever followed 2
    expected = -np.mean(np.log2([p1[0], p2[1], bigram.probabilities([1])[0]]))
    assert bigram.bits(np.array([0, 1, 0])) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_ngram_probabilities_sum_to_one_and_agree_with_bits(n):
    rng = np.random.default_rng(n)
    train, test = rng.integers(6, size=300), rng.integers(6, size=40)
    model = rc.NGram(train, n, 6)
    each = [model.probabilities(test[:k]) for k in range(len(test))]
    np.testing.assert_allclose(np.sum(each, axis=1), 1)
    assert model.bits(test) == pytest.approx(-np.mean([np.log2(p[k]) for p, k in zip(each, test, strict=True)]))


def test_longer_contexts_help_on_english_and_not_on_noise():
    chars = rc.Characters(rc.python_docs())
    ids = chars.encode(rc.python_docs())[:40_000]
    bits = [rc.NGram(ids[:36_000], n, len(chars)).bits(ids[36_000:]) for n in (1, 2, 3)]
    assert bits[0] > bits[1] > bits[2]
    noise = np.random.default_rng(0).integers(8, size=5000)
    assert rc.NGram(noise[:4000], 3, 8).bits(noise[4000:]) >= 3
