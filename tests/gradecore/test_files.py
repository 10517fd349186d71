"""The search for side files finds what nbgrader's finds, without its minutes."""

import time
from pathlib import Path

import pytest
from nbgrader.utils import find_all_files

from gradecore.autograde import copy
from gradecore.execute import copy_files
from gradecore.files import side_files

NAMES = ["a.txt", "b.pyc", "c.ipynb", "m.PYC", ".hidden", ".d.ipynb", "[h]", "*", "data/e.csv", "data/f.private.txt"]
NAMES += ["data/feedback/i.txt", "__pycache__/g.txt", ".git/j", "n.ipynb/k.txt", "data/.ipynb_checkpoints/l.txt"]
IGNORED = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "*.private.*", "data/e.csv", ".g?t"]


def test_what_nbgrader_ignores_is_ignored(tmp_path):
    folder = tmp_path / "[a]*" / "ps1"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    plain = tmp_path / "plain"
    (tmp_path / "[a]*" / "ps1").rename(plain)
    expected = {Path(name) for name in find_all_files(str(plain), [*IGNORED, "*.ipynb"])}
    found = dict(side_files(plain, IGNORED))
    assert set(found.values()) == expected
    assert all(plain / path == whole for path, whole in found.items())
    assert {str(path) for path in found} >= {"a.txt", ".d.ipynb", "[h]", "*", "data/e.csv", "m.PYC"}


def test_thousands_of_files_and_folders_are_found_at_once(tmp_path):
    for n in range(5000):
        (tmp_path / f"{n}").touch()
        (tmp_path / f"{n}f").mkdir()
    began = time.monotonic()
    assert len(list(side_files(tmp_path, IGNORED))) == 5000
    assert time.monotonic() - began < 5


def test_links_to_folders_are_not_followed(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list(side_files(tmp_path, [])) == []


def test_of_a_folder_that_is_too_far_only_the_folder_is_told(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 60)
    wide = tmp_path.joinpath(*["w" * 200] * 7)
    for folder in (deep, wide):
        folder.mkdir(parents=True)
        (folder / "x").touch()
    (tmp_path / "y").touch()
    assert [len(path.parts) for path, _ in side_files(tmp_path, [])] == [1, 51, 5]


def test_what_cannot_be_copied_is_told_and_leaves_nothing(tmp_path):
    source, target = tmp_path / "source", tmp_path.joinpath(*["t" * 200] * 17)
    path = Path(*["n" * 200] * 4, "x")  # beyond the longest path of the system, once it is copied
    (source / path).parent.mkdir(parents=True)
    (source / path).touch()
    (source / "z").write_text("z")
    target.mkdir(parents=True)
    assert copy_files(source, target, []) == [path]
    assert (target / "z").read_text() == "z"
    (tmp_path / "copied").write_text("the first half")
    with pytest.raises(OSError, match="none"):
        copy(source / "none", tmp_path / "copied")
    assert not (tmp_path / "copied").exists()
