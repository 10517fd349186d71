"""Pack the course for students: the book, the library, the exercises, what sets them up. No answer, hidden test or mistake.

    python -m scripts.student_zip            dist/unrolled-student.zip
    python -m scripts.student_zip FOLDER     the same files in a new folder

The list below says what goes in, so that nothing goes in by oversight; two runs give the same bytes.
"""

import argparse
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat

from scripts.exercises import ROOT, Refused, check, config_of, files_in, is_private, leaks, private_patterns, stripped

NAME = "unrolled"  # the folder that the zip file holds
FOLDERS = ("chapters", "rnncore", "exercises", "scripts/lab_settings")
FILES = {  # where it lies in the repository: where students find it
    "student.mk": "Makefile",
    "scripts/student_readme.md": "README.md",
    **{f"scripts/{name}.py": f"scripts/{name}.py" for name in ("__init__", "check", "check_python", "jupyter_lab_config")},
    **{
        name: name
        for name in (
            "CITATION.cff",
            "LICENSE",
            "environment.yml",
            "pyproject.toml",
            "requirements-tools.lock",
            "requirements.lock",
        )
    },
}


def contents(root=ROOT):
    """Every file that students get: where it stands in their folder, and where it comes from."""
    found = {target: root / source for source, target in FILES.items()}
    for folder in FOLDERS:
        kept = [path for path in files_in(root / folder) if not any(part.startswith(".") for part in path.parts)]
        found |= {f"{folder}/{path.as_posix()}": root / folder / path for path in kept}
    return dict(sorted(found.items()))


def secrets(root=ROOT):
    """Why the course must not be handed out as it stands, one line each."""
    patterns = private_patterns(config_of(root))
    private = [f"{target}: a private file" for target in contents(root) if is_private(Path(target), patterns)]
    stale = [f"exercises/{line} (make exercises)" for line in check(root)]
    return private + stale + leaks(root / "solutions", root / "exercises", config_of(root))


def lay_out(folder, root=ROOT):
    """Copy the course for students into a new folder, notebooks without outputs."""
    found = secrets(root)
    if found:
        raise Refused("\n".join(found))
    for target, source in contents(root).items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / target)
    for path in (folder / "chapters").rglob("*.ipynb"):
        nbformat.write(stripped(nbformat.read(path, 4)), path)


def pack(folder, path):
    """Zip a folder; times are left out, so that equal folders give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files_in(folder):
            packed.writestr(zipfile.ZipInfo(f"{NAME}/{file.as_posix()}"), (folder / file).read_bytes(), zipfile.ZIP_DEFLATED)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m scripts.student_zip", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="a new folder, in place of dist/unrolled-student.zip")
    options = parser.parse_args(arguments)
    if options.folder and options.folder.exists():
        sys.exit(f"expected a new folder, got {options.folder}")
    try:
        with tempfile.TemporaryDirectory() as aside:
            lay_out(Path(aside) / NAME)
            if options.folder:
                shutil.move(Path(aside) / NAME, options.folder)
                made = options.folder
            else:
                made = ROOT / "dist" / "unrolled-student.zip"
                made.parent.mkdir(exist_ok=True)
                pack(Path(aside) / NAME, made)
    except Refused as refusal:
        sys.exit("Nothing was packed. To be mended first:\n  " + str(refusal).replace("\n", "\n  "))
    print(f"{made}: {len(contents())} files, {sum(path.stat().st_size for path in contents().values()) / 1e6:.1f} MB unpacked")


if __name__ == "__main__":
    main()
