"""Rebuild a submission on the released notebook: of what was handed in, only answers and added cells count."""

import ast
import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked, is_solution
from traitlets import Int

PICTURES = ("image/png", "image/jpeg", "image/gif")
MAKE = {"code": new_code_cell, "markdown": new_markdown_cell}


class RebuildNotebook(NbGraderPreprocessor):
    """Takes the place of nbgrader's DeduplicateIds and OverwriteKernelspec among `Autograde.sanitize_preprocessors`."""

    longest = Int(200_000, help="characters of an answer or an added cell; a longer one is left out").tag(config=True)
    most = Int(500, help="added cells that are kept").tag(config=True)

    def preprocess(self, nb, resources):
        """The released notebook with this submission's answers in it, and its added cells where they stood."""
        info, course = resources["nbgrader"], self.parent.parent.coursedir
        folder = course.format_path(course.release_directory, ".", info["assignment"])
        released = nbformat.read(Path(folder) / f"{info['notebook']}.ipynb", 4)
        rebuilt, put_back = rebuild(released, nb, self.longest, self.most)
        if put_back:
            self.log.warning("Put back as released: %s", ", ".join(put_back))
        return rebuilt, resources


def rebuild(released, handed_in, longest, most):
    """A notebook from a released one and a submission, and the grade ids that the submission lacks or repeats."""
    known = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    given = {(cell.cell_type, cell.source) for cell in released.cells if not grade_id(cell)}
    answers, added, last, repeated, count = {}, {}, None, [], 0
    for cell in handed_in.cells:
        kind, name, source = cell.get("cell_type"), grade_id(cell), source_of(cell)
        if name in answers:
            repeated.append(name)
        elif name in known:
            last, answers[name] = name, cell
        elif kind in MAKE and (kind, source) not in given and count < most and len(source) <= longest:
            new = MAKE[kind](source, id=f"added-{count}")
            added.setdefault(last, []).append(with_pictures(new, cell))
            count += 1
    rebuilt = copy.deepcopy(released)
    rebuilt.cells = added.get(None, [])
    for cell in copy.deepcopy(released.cells):
        name = grade_id(cell)
        if cell.cell_type == "code" and not is_locked(cell):
            cell.metadata["gradecore"] = {"imports": imports_of(cell.source)}
        if name in answers and is_solution(cell) and len(source_of(answers[name])) <= longest:
            cell.source = source_of(answers[name])
            with_pictures(cell, answers[name])
        rebuilt.cells += [cell, *(added.get(name, []) if name else [])]
    return rebuilt, [*(name for name in known if name not in answers), *repeated]


def imports_of(source):
    """The imports at the top of a released cell, which tests may rely on although the cell is the student's to change."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))


def with_pictures(cell, handed_in):
    """A Markdown cell with the pictures that a student pasted into it."""
    pasted = handed_in.get("attachments")
    if cell.cell_type == "markdown" and isinstance(pasted, dict):
        kept = {}
        for name, bundle in pasted.items():
            pictures = bundle.items() if isinstance(bundle, dict) else ()
            pictures = {kind: data for kind, data in pictures if kind in PICTURES and isinstance(data, str)}
            if pictures:
                kept[str(name)] = pictures
        cell.attachments = kept
    return cell


def grade_id(cell):
    """The name under which nbgrader knows a cell; None for another cell, whatever its metadata hold."""
    about = cell.get("metadata", {}).get("nbgrader")
    name = about.get("grade_id") if isinstance(about, dict) else None
    return name if isinstance(name, str) and name else None


def source_of(cell):
    source = cell.get("source", "")
    return source if isinstance(source, str) else ""
