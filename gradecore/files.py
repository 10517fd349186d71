"""The files beside a notebook. nbgrader's own search lists a folder anew for each file in it: minutes for thousands."""

import fnmatch
import os
from pathlib import Path

DEEPEST, LONGEST = 50, 1000  # folders in each other, bytes of a path: the system ends at 4096, with all that is before it


def side_files(folder, ignore):
    """Paths in a folder, and whole ones, but for notebooks and what the course ignores; a folder that is too far itself."""
    patterns = [*ignore, "*.ipynb"]
    for place, folders, names in os.walk(folder):
        inside = Path(place).relative_to(folder)
        if is_too_far(inside):
            folders.clear()
            yield inside, Path(place)
            continue
        folders[:] = [name for name in sorted(folders) if not is_ignored(name, patterns)]
        for name in sorted(names):
            if not is_ignored(name, patterns):
                yield inside / name, Path(place, name)


def is_ignored(name, patterns):
    """Whether a name fits a pattern as it does in a shell, where `*` passes over names that begin with a dot."""
    return any(fnmatch.fnmatchcase(name, p) for p in patterns if p.startswith(".") or not name.startswith("."))


def is_too_far(path):
    """Whether a path within a submission is longer than any that somebody works with."""
    return len(path.parts) > DEEPEST or len(os.fsencode(path)) > LONGEST
