"""`make` says what is missing, and what it can do."""

import os
import shutil
import subprocess
import sys


def make(root, *arguments, **environment):
    return subprocess.run(["make", "-C", root, *arguments], capture_output=True, text=True, env=os.environ | environment)


def test_make_alone_lists_the_commands(root):
    listed = make(root).stdout
    for command in ("lab", "test", "test-fast", "exercises", "demo-class", "results", "lint", "format", "upgrade"):
        assert f"make {command} " in listed


def fresh(root, tmp_path):
    """A copy of what set-up reads, with nothing set up."""
    (tmp_path / "scripts").mkdir()
    for name in ("Makefile", "requirements-tools.lock", "requirements.lock", "pyproject.toml", "scripts/check_python.py"):
        shutil.copy(root / name, tmp_path / name)
    return tmp_path


def fake_python(tmp_path, prelude):
    """A Python that runs scripts after a prelude that changes what it is."""
    fake = tmp_path / "fake-python"
    fake.write_text(
        f"#!{sys.executable}\nimport sys\n{prelude}\nsys.argv.pop(0)\nexec(open(sys.argv[0]).read())\n"
    )
    fake.chmod(0o755)
    return fake


def test_a_wrong_python_is_named_with_the_right_ones(root, tmp_path):
    python = fake_python(tmp_path, "sys.version_info = (3, 9, 2)")
    run = make(fresh(root, tmp_path), "setup", f"PYTHON={python}")
    assert run.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13" in run.stderr
    assert "is Python 3.9" in run.stderr
    assert not (tmp_path / ".tools").exists()


def test_a_missing_venv_module_is_named_with_its_package(root, tmp_path):
    python = fake_python(tmp_path, "sys.modules['ensurepip'] = None")
    run = make(fresh(root, tmp_path), "setup", f"PYTHON={python}")
    assert run.returncode != 0
    assert "apt install python3-venv" in run.stderr


def test_a_missing_python_is_named(root, tmp_path):
    run = make(fresh(root, tmp_path), "setup", "PYTHON=python-that-is-not-there")
    assert run.returncode != 0
    assert "python-that-is-not-there" in run.stderr
