"""One environment, described three times: the three agree."""

import re
import subprocess
import tomllib

import pytest
import yaml


def locked(text):
    """name -> version of a lock file's lines."""
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^ \\]+)", text, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def conda(root):
    return yaml.safe_load((root / "environment.yml").read_text())


def specs(conda):
    return [d for d in conda["dependencies"] if isinstance(d, str)]


def test_conda_installs_the_lock_and_nothing_else(conda):
    pip = [d["pip"] for d in conda["dependencies"] if isinstance(d, dict)]
    assert pip == [["-r requirements.lock"]]
    assert [re.match(r"\w+", s)[0] for s in specs(conda)] == ["python", "pip"]


def test_conda_understands_the_specs(conda):
    from rattler import MatchSpec

    for spec in specs(conda):
        assert MatchSpec(spec).name is not None
    with pytest.raises(Exception, match="unable to parse"):
        MatchSpec("python >=>3.11")


def test_python_versions_agree(root, project, conda):
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(project["project"]["requires-python"])
    assert SpecifierSet(specs(conda)[0].removeprefix("python ")) == wanted
    versions = ["3.10", "3.11", "3.12", "3.13", "3.14"]
    assert [v for v in versions if v in wanted] == ["3.11", "3.12", "3.13"]
    assert "(3, 11), (3, 14)" in (root / "scripts" / "check_python.py").read_text()
    assert "3.11, 3.12 or 3.13" in (root / "scripts" / "check_python.py").read_text()


def compiled(root, *, pyproject):
    """What the Makefile's lock command makes of a pyproject file, starting from the lock that is there."""
    options = re.search(r"^LOCK_OPTIONS := (.*?)(?<!\\)$", (root / "Makefile").read_text(), flags=re.MULTILINE | re.DOTALL)[1]
    out = pyproject.with_name("requirements.lock")
    out.write_text((root / "requirements.lock").read_text())
    uv = root / ".tools" / "bin" / "uv"
    subprocess.run(
        [uv, "pip", "compile", *options.replace("\\\n", " ").split(), "--output-file", out, pyproject], check=True, cwd=root
    )
    return out.read_text()


@pytest.mark.slow
def test_lock_is_what_pyproject_asks_for(root, tmp_path):
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text((root / "pyproject.toml").read_text())
    (tmp_path / "README.md").touch()
    (tmp_path / "LICENSE").touch()
    assert compiled(root, pyproject=pyproject) == (root / "requirements.lock").read_text()
    pyproject.write_text(pyproject.read_text().replace('"tqdm>=4.66"', '"tqdm>=4.66", "six<1.17"'))
    assert compiled(root, pyproject=pyproject) != (root / "requirements.lock").read_text()


def test_every_locked_file_has_a_hash_and_no_address(root):
    for name in ("requirements.lock", "requirements-tools.lock"):
        text = (root / name).read_text()
        assert "://" not in text
        blocks = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)
        assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_the_environment_that_runs_is_the_locked_one(root):
    from importlib.metadata import version

    lock = locked((root / "requirements.lock").read_text())
    for name in ("jupyterlab", "nbgrader", "ipywidgets", "matplotlib", "nbclient", "nbconvert"):
        assert version(name) == lock[name]


def test_torch_is_not_in_the_lock(root):
    lock = locked((root / "requirements.lock").read_text())
    assert "numpy" in lock
    assert not {"torch", "jax", "tensorflow"} & set(lock)
