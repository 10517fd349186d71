"""Whether the peers are installed: `python -m benchmarks.installed bench` fails unless that group of pyproject.toml is."""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement


def requirements(group):
    """The requirements of a dependency group, with those of the groups that it includes."""
    groups = tomllib.loads((Path(__file__).parent / "pyproject.toml").read_text())["dependency-groups"]
    for entry in groups[group]:
        if isinstance(entry, dict):
            yield from requirements(entry["include-group"])
        else:
            yield Requirement(entry)


def missing(requirements):
    """Those that are not installed in a version that fits."""
    for requirement in requirements:
        try:
            fits = requirement.specifier.contains(version(requirement.name), prereleases=True)
        except PackageNotFoundError:
            fits = False
        if not fits:
            yield requirement


if __name__ == "__main__":
    sys.exit(1 if list(missing(requirements(sys.argv[1]))) else 0)
