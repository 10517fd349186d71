"""Make an instructor's own course folder: the book's solutions, a private overlay on top of them, the exercises made of both.

    python -m scripts.course ../my-course --overlay ../my-private-solutions

Run it again to take up changes of the book or of the overlay; gradebook, submissions and your nbgrader_config.py stay.
"""

import argparse
import hashlib
import json
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import nbformat

from scripts.exercises import ROOT, Refused, build, config_of, digest, files_in, generate, is_private, private_patterns, swap

RECORD = "course.json"  # which overlay was laid, and what each file in solutions/ was; it marks a folder as such a course
OWN_CONFIG = '''"""Your course's own settings. `make course` writes this file once and then leaves it alone."""

c = get_config()
load_subconfig("unrolled_config.py")  # the book's settings, renewed by `make course`

# c.CourseDirectory.course_id = "rnn-2027"
# c.Exchange.root = "/srv/nbgrader/exchange"
'''


def fingerprint(path):
    """What a file says: of a notebook its cells and grade ids, not the outputs and counts that running it leaves."""
    if path.suffix != ".ipynb":
        return digest(path)
    cells = nbformat.read(path, 4).cells
    said = json.dumps([[cell.cell_type, cell.source, cell.metadata.get("nbgrader")] for cell in cells], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def check_folder(folder):
    """Refuse a folder that `make course` has not made, or that lies in the repository."""
    if folder.is_relative_to(ROOT):
        raise Refused(f"expected a folder outside the repository {ROOT}, got {folder}")
    if folder.exists() and not (folder.is_dir() and ((folder / RECORD).exists() or not any(folder.iterdir()))):
        raise Refused(f"expected a new folder, an empty one or one made by `make course` (it holds {RECORD}), got {folder}")


def lay(book, overlay, solutions):
    """Copy the book's solutions, then the overlay's files over them; return the overlay's files."""
    patterns = private_patterns(config_of(book))
    layers = [(book / "solutions", [p for p in files_in(book / "solutions") if not is_private(p, patterns)])]
    if overlay:
        layers.append((overlay, files_in(overlay)))
    for source, paths in layers:
        for path in paths:
            (solutions / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / path, solutions / path)
    return layers[1][1] if overlay else []


def check_unchanged(folder, laid, solutions):
    """Refuse to lose what somebody changed in the course's solutions/ rather than in the overlay."""
    present = {str(path): folder / "solutions" / path for path in files_in(folder / "solutions")}
    lost = [
        name
        for name, path in present.items()
        if fingerprint(path) != laid.get(name)
        and not ((solutions / name).exists() and fingerprint(solutions / name) == fingerprint(path))
    ]
    if lost:
        raise Refused(
            f"changed in {folder / 'solutions'} since it was made, and about to be lost:\n  "
            + "\n  ".join(lost)
            + "\nCopy what you want to keep into the overlay; then remove these files, and run this again."
        )


def copy_gradebook(gradebook, copy):
    """Copy a gradebook in one piece, even while it is in use."""
    with closing(sqlite3.connect(gradebook)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def make(folder, overlay=None, book=ROOT, keep_overlay=True):
    """Make or renew a course folder; return its overlay and the overlay's files."""
    folder = Path(folder).resolve()
    check_folder(folder)
    record = json.loads((folder / RECORD).read_text()) if (folder / RECORD).exists() else {"overlay": None, "laid": {}}
    overlay = overlay or (record["overlay"] if keep_overlay else None)
    overlay = overlay and Path(overlay).resolve()
    if overlay and not overlay.is_dir():
        raise Refused(f"expected the overlay's folder, got {overlay} (--no-overlay makes the course without one)")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="new.", suffix=".partial") as aside:
        new = Path(aside)
        from_overlay = lay(book, overlay, new / "solutions")
        check_unchanged(folder, record["laid"], new / "solutions")
        shutil.copy(book / "nbgrader_config.py", new / "unrolled_config.py")
        (new / "nbgrader_config.py").write_text(OWN_CONFIG)
        if (folder / "nbgrader_config.py").exists():
            shutil.copy(folder / "nbgrader_config.py", new)
        config = config_of(new)
        rehearsal = None
        if (folder / "gradebook.db").exists():  # nbgrader refuses to add or remove cells once work has been handed in
            rehearsal = f"sqlite:///{new}/rehearsal.db"
            copy_gradebook(folder / "gradebook.db", new / "rehearsal.db")
        build(new, config, new / "exercises", rehearsal)
        generate(new, config, new / "passing", config.CourseDirectory.get("db_url", f"sqlite:///{folder}/gradebook.db"))
        laid = {str(path): fingerprint(new / "solutions" / path) for path in files_in(new / "solutions")}
        swap(new / "solutions", folder / "solutions")
        swap(new / "exercises", folder / "exercises")
        for name in ("unrolled_config.py", "nbgrader_config.py"):
            shutil.copy(new / name, folder)
        record = {"overlay": str(overlay) if overlay else None, "laid": laid}
        (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n")
    return overlay, from_overlay


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.course", description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="the course's folder, outside the repository: new, or made by this command")
    parser.add_argument("--overlay", help="a folder laid out like solutions/ whose files win (remembered for the next time)")
    parser.add_argument("--no-overlay", action="store_true", help="forget the remembered overlay")
    parser.add_argument("--book", type=Path, default=ROOT, help="the folder that holds the book's solutions/")
    options = parser.parse_args(arguments)
    if not options.folder:
        sys.exit("Which folder? make course COURSE=../my-course [OVERLAY=../my-private-solutions]")
    try:
        overlay, from_overlay = make(options.folder, options.overlay, options.book, not options.no_overlay)
    except Refused as refusal:
        sys.exit("The course is left as it was. To be mended first:\n  " + str(refusal).replace("\n", "\n  "))
    print(f"Course: {Path(options.folder).resolve()}")
    if overlay:
        print(f"Overlay: {overlay}")
        for path in from_overlay:
            print(f"  {'replaces' if (options.book / 'solutions' / path).exists() else 'adds'} solutions/{path}")
        if not from_overlay:
            print("  holds no file")
    else:
        print("No overlay: the hidden tests and the solutions are the book's, which are public")


if __name__ == "__main__":
    main()
