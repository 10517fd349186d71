"""Stripping outputs, at a commit or by `make format`, takes out what a run left and nothing else."""

import shlex
import shutil
import subprocess

import nbformat
import pytest
import yaml
from nbformat.v4 import new_output

from scripts.lint_notebooks import notebooks


def command(root):
    """The command that the commit hook runs."""
    hooks = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    [entry] = [hook["entry"] for hook in hooks if hook["id"] == "strip-outputs"]
    program, *options = shlex.split(entry)
    return [root / program, *options]


def test_format_and_hook_strip_alike(root):
    options = " ".join(command(root)[1:])
    assert f"@nbstripout {options} $$(git ls-files -co" in (root / "Makefile").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("path", notebooks(), ids=lambda p: p.stem)
def test_a_notebook_that_ran_becomes_what_it_was(root, tmp_path, path):
    ran = nbformat.read(path, as_version=4)
    for cell in ran.cells:
        if cell.cell_type == "code":
            cell.execution_count = 7
            cell.outputs = [new_output("stream", text="something\n")]
    ran.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    copy = tmp_path / path.name
    nbformat.write(ran, copy)
    subprocess.run([*command(root), copy], check=True)
    assert copy.read_text().strip() == path.read_text().strip()
    shutil.copy(path, copy)
    subprocess.run([*command(root), copy], check=True)
    assert copy.read_bytes() == path.read_bytes()
