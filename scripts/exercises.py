"""Make exercises/ from solutions/: what students get, with no answer, hidden test, mark scheme or private file in it.

    python -m scripts.exercises            make it anew
    python -m scripts.exercises --check    say whether exercises/ is what would be made

nbgrader does the making; this module looks at what went in and what came out, and refuses to hand out a secret.
"""

import argparse
import fnmatch
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log, is_solution
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).resolve().parents[1]
REGIONS = {"answer": "SOLUTION", "hidden test": "HIDDEN TESTS", "mark scheme": "MARK SCHEME"}  # nbgrader's markers
MARKER = re.compile(r"\b(BEGIN|END)\s+(SOLUTION|HIDDEN|TEST|MARK)", re.IGNORECASE)  # and what they look like misspelt
SHORTEST = 12  # characters that a line needs to be looked for inside other lines
VOLATILE = {"execution", "ExecuteTime", "collapsed", "scrolled"}  # what running or viewing a cell leaves in its metadata


class Refused(Exception):
    """What was found must be mended first; nothing has been written."""


# ---- reading the sources ----


def config_of(course):
    """The nbgrader configuration of a course folder."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()


def private_patterns(config):
    """The names that this course adds to nbgrader's own list of files to ignore."""
    return [pattern for pattern in config.CourseDirectory.ignore if pattern not in CourseDirectory().ignore]


def is_private(path, patterns):
    """Whether a file, or a folder on the way to it, has a private name."""
    return any(fnmatch.fnmatch(part, pattern) for part in path.parts for pattern in patterns)


def files_in(folder):
    """The files below a folder, as sorted relative paths, without what Python and Jupyter leave behind."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts))


def notebooks_in(folder):
    """Relative path and notebook of each assignment's notebooks: those that stand right in the assignment's folder."""
    paths = (path for path in files_in(folder) if path.suffix == ".ipynb" and len(path.parts) == 2)
    return {path: nbformat.read(folder / path, 4) for path in paths}


def parts_of(cell):
    """A cell's lines as (kind, line): kind is None for what students may see, else a key of REGIONS."""
    whole = "answer" if is_solution(cell) and "BEGIN SOLUTION" not in cell.source else None
    kind, parts = whole, []
    for line in cell.source.splitlines():
        begins = [name for name, marker in REGIONS.items() if f"BEGIN {marker}" in line]
        ends = [name for name, marker in REGIONS.items() if f"END {marker}" in line]
        if begins or ends:
            kind = begins[0] if begins else whole
        else:
            parts.append((kind, line.strip()))
    return parts


# ---- what is refused ----


def faults_in_sources(solutions):
    """What is wrong with the sources before anything is made of them, one line each."""
    faults, grade_ids = [], Counter()
    for path, notebook in notebooks_in(solutions).items():
        assignment = path.parts[0]
        # Read as it stands: nbformat would give a cell without an id a random one, another at each run.
        for number, cell in enumerate(json.loads((solutions / path).read_text())["cells"], 1):
            if "id" not in cell:
                faults.append(f"{path}: cell {number} has no id (save the notebook in JupyterLab)")
        for cell in notebook.cells:
            if "nbgrader" not in cell.metadata:
                continue
            grade_id = cell.metadata.nbgrader.grade_id
            grade_ids[grade_id] += 1
            if not grade_id.startswith(f"{assignment}-"):
                faults.append(f"{path}: expected a grade id that starts with {assignment}-, got {grade_id}")
            if is_solution(cell) and cell.get("attachments"):
                faults.append(f"{path}: {grade_id} is an answer with a picture attached, which nbgrader would hand out")
            parts = parts_of(cell)
            hidden = [line for kind, line in parts if kind == "hidden test" and line]
            if "-hidden" in grade_id and not hidden:
                faults.append(f"{path}: {grade_id} has no BEGIN HIDDEN TESTS ... END HIDDEN TESTS around its tests")
            if "-hidden" in grade_id and any("assert" in line for kind, line in parts if kind is None):
                faults.append(f"{path}: {grade_id} has an assert outside its hidden tests")
    faults += [f"{grade_id}: expected a grade id once, got it {n} times" for grade_id, n in grade_ids.items() if n > 1]
    return faults


def strings_in(value):
    """Every string in a notebook: sources, outputs, metadata, attachments."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from [key, *strings_in(item)]
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)


def text_of(path):
    """The text of a released file, as a student would read it; a file that is no text gives none."""
    if path.suffix == ".ipynb":
        return "\n".join(strings_in(nbformat.read(path, 4)))
    return path.read_bytes().decode("utf-8", errors="ignore")


def in_order(lines, text):
    """Whether a text has these lines one after the other, whatever stands between them."""
    place = 0
    for line in lines:
        place = text.find(line, place)
        if place < 0:
            return False
        place += len(line)
    return True


def leaks(solutions, release, config):
    """What a release gives away, one line each: secret lines, leftover markers, private files."""
    secret, public, answers = [], defaultdict(str), []
    for path, notebook in notebooks_in(solutions).items():
        for cell in notebook.cells:
            parts = parts_of(cell)
            name = f"{cell.metadata.get('nbgrader', {}).get('grade_id', 'a cell without grade id')} ({path})"
            public[path.parts[0]] += "".join(line + "\n" for kind, line in parts if kind is None)
            hidden = [(f"{kind} of {name}", line) for kind, line in parts if kind and len(line) >= SHORTEST]
            secret += hidden
            if is_solution(cell):
                answers.append((path.parts[0], name, [line for _, line in hidden]))
    found = [
        f"the whole answer of {name} stands in the clear, line by line, in the same assignment"
        for assignment, name, lines in answers
        if len(lines) > 1 and in_order(lines, public[assignment])
    ]
    # A line that students may see anyhow, such as the head of a loop, gives nothing away.
    seen = "\n".join([*public.values(), config.ClearSolutions.code_stub["python"], config.ClearSolutions.text_stub])
    secret = [(where, line) for where, line in secret if line not in seen]
    patterns = private_patterns(config)
    private = {digest(solutions / path): path for path in files_in(solutions) if is_private(path, patterns)}
    for path in files_in(release):
        if is_private(path, patterns):
            found.append(f"{path}: a private file")
        elif digest(release / path) in private:
            found.append(f"{path}: a copy of the private file {private[digest(release / path)]}")
        text = text_of(release / path)
        found += [f"{path}: the {where} is in it: {line}" for where, line in secret if line in text]
        found += [f"{path}: a marker of nbgrader is left: {m.group()}" for m in MARKER.finditer(text)]
    return found


# ---- making ----


def generate(course, config, release, gradebook=None):
    """Let nbgrader make every assignment of a course folder into `release`, and enter them in the gradebook at this URL."""
    if not notebooks_in(course / "solutions"):
        raise Refused(f"expected assignments (chNN/*.ipynb) in {course / 'solutions'}, got none")
    config = Config(config)
    config.SaveCells.enabled = gradebook is not None
    coursedir = CourseDirectory(config=config, root=str(course), db_url=gradebook or "", release_directory=str(release))
    coursedir.assignment_id = "*"
    converter = GenerateAssignment(coursedir=coursedir, config=config, force=True, no_database=gradebook is None)
    result = capture_log(converter)
    if not result["success"]:
        raise Refused("nbgrader could not generate the assignments:\n" + result.get("log", result["error"]).strip())


def normalise(release):
    """Take out of the released notebooks what changes from run to run; the cells' ids stay."""
    for path, notebook in notebooks_in(release).items():
        nbformat.write(stripped(notebook), release / path)


def stripped(notebook):
    """A notebook without what running or viewing it leaves behind, changed in place."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for key in VOLATILE & set(cell.metadata):
            del cell.metadata[key]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def digest(path):
    """The SHA-256 of a file, as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest(release):
    """A line `sha256  path` for each file of a release but the manifest; `sha256sum -c` reads it."""
    paths = [path for path in files_in(release) if path != Path("MANIFEST.txt")]
    return "".join(f"{digest(release / path)}  {path.as_posix()}\n" for path in paths)


def build(course, config, release, gradebook=None):
    """Make a course's release in a new folder, with its manifest, or raise Refused."""
    faults = faults_in_sources(course / "solutions")
    if faults:
        raise Refused("\n".join(faults))
    generate(course, config, release, gradebook)
    normalise(release)
    found = leaks(course / "solutions", release, config)
    if found:
        raise Refused("\n".join(found))
    (release / "MANIFEST.txt").write_text(manifest(release))


def swap(new, old):
    """Put a finished folder in the place of another, which may not exist."""
    if old.exists():
        aside = Path(tempfile.mkdtemp(dir=old.parent, prefix=old.name + ".", suffix=".partial"))
        old.rename(aside / old.name)
        new.rename(old)
        shutil.rmtree(aside)
    else:
        new.rename(old)


def differences(made, present):
    """How a present release differs from the one that was made, one line each."""
    made_files, present_files = set(files_in(made)), set(files_in(present))
    return (
        [f"{path}: missing" for path in sorted(made_files - present_files)]
        + [f"{path}: not made from solutions/" for path in sorted(present_files - made_files)]
        + [f"{p}: differs" for p in sorted(made_files & present_files) if digest(made / p) != digest(present / p)]
    )


def make(root=ROOT):
    """Make root/exercises anew."""
    with tempfile.TemporaryDirectory(dir=root, prefix="exercises.", suffix=".partial") as aside:
        build(root, config_of(root), Path(aside) / "exercises")
        swap(Path(aside) / "exercises", root / "exercises")


def check(root=ROOT):
    """How root/exercises differs from what would be made, one line each."""
    with tempfile.TemporaryDirectory() as aside:
        build(root, config_of(root), Path(aside) / "exercises")
        return differences(Path(aside) / "exercises", root / "exercises")


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.exercises", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; say whether exercises/ is what would be made")
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder that holds solutions/ and nbgrader_config.py")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            found = check(options.root)
            if found:
                sys.exit("exercises/ is not what solutions/ makes (make exercises):\n  " + "\n  ".join(found))
            print("exercises/ is what solutions/ makes")
        else:
            make(options.root)
            print("exercises/ made:\n" + (options.root / "exercises/MANIFEST.txt").read_text(), end="")
    except Refused as refusal:
        sys.exit("exercises/ is left as it was. To be mended first:\n  " + str(refusal).replace("\n", "\n  "))


if __name__ == "__main__":
    main()
