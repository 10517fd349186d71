"""Saving and loading: everything or nothing."""

import numpy as np
import pytest

import rnncore as rc


def model(seed, H=4):
    rng = np.random.default_rng(seed)
    return rc.Stack(rc.RNN(3, H, rng, learn_state=True), rc.Dense(H, 2, rng))


def test_there_and_back(tmp_path):
    first, second = model(0), model(1)
    arrays = dict(second.params)
    rc.save(first, tmp_path / "model.npz")
    rc.load(second, tmp_path / "model.npz")
    for name, p in second.params.items():
        assert p is arrays[name]
        assert np.array_equal(p, first.params[name])
    assert [f.name for f in tmp_path.iterdir()] == ["model.npz"]


def rewritten(path, **changes):
    """The file with some of its arrays replaced (None leaves one out)."""
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays |= {name.replace("__", "."): a for name, a in changes.items()}
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})


def single_array(path):
    """An .npy file under the name of an .npz."""
    with open(path, "wb") as file:
        np.save(file, np.ones(3))


DAMAGE = {
    "missing name": (lambda f: rewritten(f, **{"1__W": None}), r"missing \['1\.W'\]"),
    "unknown name": (lambda f: rewritten(f, extra=np.ones(2)), r"unknown \['extra'\]"),
    "wrong shape": (
        lambda f: rewritten(f, **{"1__W": np.ones((5, 2))}),
        r"1\.W: expected float64 \(4, 2\), got float64 \(5, 2\)",
    ),
    "wrong dtype": (lambda f: rewritten(f, **{"1__W": np.ones((4, 2), np.float32)}), r"got float32 \(4, 2\)"),
    "NaN": (lambda f: rewritten(f, **{"1__b": np.array([np.nan, 0])}), r"1\.b: expected finite"),
    "pickled object": (lambda f: rewritten(f, **{"1__b": np.array([{}, 0], dtype=object)}), "expected a whole .npz"),
    "later format": (lambda f: rewritten(f, unrolled_format=np.array(2)), "unrolled_format = 1, got 2"),
    "no format": (lambda f: rewritten(f, unrolled_format=None), "unrolled_format = 1, got None"),
    "cut off": (lambda f: f.write_bytes(f.read_bytes()[:700]), "expected a whole .npz"),
    "no archive": (lambda f: f.write_bytes(b"hello"), "expected a whole .npz"),
    "a single array": (single_array, "expected a whole .npz"),
    "flipped bytes": (lambda f: f.write_bytes(bytes(b ^ 255 for b in f.read_bytes())), "expected a whole .npz"),
    "empty": (lambda f: f.write_bytes(b""), "expected a whole .npz"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_file_is_refused_and_nothing_changes(tmp_path, kind):
    path = tmp_path / "model.npz"
    rc.save(model(0), path)
    damage, message = DAMAGE[kind]
    damage(path)
    target = model(1)
    kept = {name: p.copy() for name, p in target.params.items()}
    with pytest.raises(ValueError, match=message):
        rc.load(target, path)
    assert all(np.array_equal(p, kept[name]) for name, p in target.params.items())


def test_a_crash_while_saving_keeps_the_older_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    rc.save(model(0), path)
    before = path.read_bytes()

    def crash(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", crash)
    with pytest.raises(OSError, match="disk full"):
        rc.save(model(1), path)
    assert path.read_bytes() == before


def test_nan_is_not_saved(tmp_path):
    spoilt = model(0)
    spoilt.params["1.b"][0] = np.nan
    with pytest.raises(ValueError, match=r"1\.b: expected finite numbers to save"):
        rc.save(spoilt, tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        rc.load(model(0), tmp_path / "none.npz")
