"""Read what was handed in, whatever it is; what cannot be read becomes the released notebook, with the reason on top."""

import json
import stat
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_markdown_cell
from traitlets import Int

from gradecore.notebook import grade_id, on_a_line, printable, with_pictures


class Unreadable(Exception):
    """Why a submission cannot be read, in words for the student."""


class SubmissionExporter(NotebookExporter):
    """Takes the place of nbgrader's exporter: `Autograde.exporter_class`."""

    largest = Int(20 * 2**20, help="bytes of a notebook").tag(config=True)

    def from_filename(self, filename, resources=None, **options):
        """As NotebookExporter does, for any file that a student may have handed in."""
        if not self.parent._sanitizing:  # the second round reads what the first wrote
            return super().from_filename(filename, resources=resources, **options)
        try:
            notebook = read(Path(filename), self.largest)
        except Unreadable as reason:
            self.log.error("%s: %s", filename, on_a_line(str(reason)))
            resources.setdefault("gradecore", {})["unreadable"] = str(reason)
            notebook = self.blank(resources["nbgrader"], reason)
        return self.from_notebook_node(notebook, resources=resources, **options)

    def blank(self, info, reason):
        """The released notebook without answers, and the reason why."""
        course = self.parent.coursedir
        folder = Path(course.format_path(course.release_directory, ".", info["assignment"]))
        notebook = nbformat.read(folder / f"{info['notebook']}.ipynb", 4)
        text = printable(f"**Your submission could not be read:** {reason}")
        notebook.cells.insert(0, new_markdown_cell(text, id="gradecore-unreadable"))
        return notebook


def read(path, largest):
    """The notebook at a path.

    Raises  Unreadable for anything else
    """
    try:
        about = path.lstat()
    except OSError:
        others = sorted(other.name for other in path.parent.glob("*.ipynb"))
        got = f", got {', '.join(others)[:200]}" if others else ", and there is none"
        raise Unreadable(f"expected a notebook named {path.name}{got}.") from None
    if not stat.S_ISREG(about.st_mode):
        raise Unreadable(f"expected a file {path.name}, got something else of this name (a link or a folder).")
    if about.st_size > largest:
        raise Unreadable(f"expected at most {largest / 2**20:g} MiB, got {about.st_size / 2**20:.1f} MiB.")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError, OSError):
        raise Unreadable("the file is no notebook: it is damaged or of another format (no JSON).") from None
    version = content.get("nbformat") if isinstance(content, dict) else None
    if version != 4:
        raise Unreadable(f"expected a notebook of format 4, got {'format ' + str(version)[:20] if version else 'no notebook'}.")
    return tidied(content)


def tidied(content):
    """A notebook of the parts that count: of each cell its type, its source and its grade id."""
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise Unreadable("the notebook has no list of cells.")
    notebook = nbformat.v4.new_notebook()
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            continue
        make = getattr(nbformat.v4, f"new_{cell['cell_type']}_cell")
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else source
        kept = make(printable(source) if isinstance(source, str) else "", id=f"cell-{len(notebook.cells)}")
        about = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
        with_pictures(kept, cell)
        name = grade_id({"metadata": about})
        if name:
            kept.metadata["nbgrader"] = {"grade_id": name}
        notebook.cells.append(kept)
    return notebook
