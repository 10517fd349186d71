"""`make` says what is missing, and what it can do."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.browser.lab import free_port, isolated


def make(root, *arguments, **environment):
    return subprocess.run(["make", "-C", root, *arguments], capture_output=True, text=True, env=os.environ | environment)


def test_make_alone_lists_the_commands(root):
    listed = make(root).stdout
    for command in (
        "lab",
        "check",
        "student-zip",
        "mutants",
        "fingerprints",
        "attacks",
        "crash",
        "test",
        "test-fast",
        "faults",
        "parity",
        "bench",
        "exercises",
        "demo-class",
        "results",
        "lint",
        "format",
        "upgrade",
    ):
        assert f"make {command} " in listed


def fresh(root, tmp_path):
    """A copy of what set-up reads, with nothing set up."""
    (tmp_path / "scripts").mkdir()
    for name in (
        "Makefile",
        "student.mk",
        "requirements-tools.lock",
        "requirements.lock",
        "pyproject.toml",
        "scripts/check_python.py",
    ):
        shutil.copy(root / name, tmp_path / name)
    return tmp_path


def fake_python(tmp_path, prelude):
    """A Python that runs scripts after a prelude that changes what it is."""
    fake = tmp_path / "fake-python"
    fake.write_text(f"#!{sys.executable}\nimport sys\n{prelude}\nsys.argv.pop(0)\nexec(open(sys.argv[0]).read())\n")
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


@pytest.mark.slow
def test_make_lab_ends_with_an_address_that_answers(root, tmp_path):
    """The command itself, over the real folder; only the port and Jupyter's own folders are the test's."""
    options = f"--no-browser --ServerApp.port={free_port()} --IdentityProvider.token=reader"
    command = ["make", "-C", str(root), "lab", f"LAB_OPTIONS={options}"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=isolated(tmp_path), start_new_session=True)
    try:
        for _ in range(450):
            found = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/chapters/index\.ipynb\?token=", (tmp_path / "log").read_text())
            if found:
                break
            assert server.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.2)
        with urllib.request.urlopen(found[0] + "reader") as page:
            assert "JupyterLab" in page.read().decode()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
