"""Rebuild a submission on the released notebook: of what was handed in, only answers and added cells count."""

import ast
import copy
import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked, is_solution
from traitlets import Int

BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
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
    """A notebook from a released one and a submission, and the grade ids that the submission lacks, repeats or overfills."""
    known, given = {}, {}  # where the cells stand in the release: by grade id; by type and source
    for place, cell in enumerate(released.cells):
        if grade_id(cell):
            known[grade_id(cell)] = place
        else:
            given.setdefault((cell.cell_type, cell.source), []).append(place)
    answers, added, last, put_back, count = {}, {}, -1, [], 0
    for cell in handed_in.cells:
        kind, name, source = cell.get("cell_type"), grade_id(cell), source_of(cell)
        if name in answers and is_rest(released.cells[known[name]], kind, source):
            name = None
        if name in answers:
            put_back.append(name)
        elif name in known:
            last, answers[name] = known[name], cell
        elif (kind, source) in given:
            last = next((place for place in given[kind, source] if place > last), last)
        elif kind in MAKE and count < most and len(source) <= longest:
            new = MAKE[kind](source, id=f"added-{count}")
            added.setdefault(last, []).append(with_pictures(new, cell))
            count += 1
    rebuilt = copy.deepcopy(released)
    rebuilt.cells = added.get(-1, [])
    for place, cell in enumerate(copy.deepcopy(released.cells)):
        name = grade_id(cell)
        if cell.cell_type == "code" and not is_locked(cell):
            cell.metadata["gradecore"] = {"imports": imports_of(cell.source)}
            if is_solution(cell) and defined_by(cell.source):
                cell.metadata["gradecore"]["defines"] = defined_by(cell.source)
        if name in answers and is_solution(cell) and len(source_of(answers[name])) > longest:
            put_back.append(name)
        elif name in answers and is_solution(cell):
            cell.source = source_of(answers[name])
            with_pictures(cell, answers[name])
        rebuilt.cells += [cell, *added.get(place, [])]
    return rebuilt, [*(name for name in known if name not in answers), *put_back]


def defined_by(source):
    """The functions and classes at the top of a released answer, which are the student's from here on, given before or not."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    return [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]


def is_rest(cell, kind, source):
    """Whether a second cell of one name belongs to the answer, which was split in two or written anew below: it runs too."""
    return is_solution(cell) and kind == cell.cell_type and source != cell.source


def definitions_in(source, kinds=(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
    """The imports, functions and classes at the top of a cell, each as source."""
    try:
        return [ast.unparse(node) for node in ast.parse(source).body if isinstance(node, kinds)]
    except (SyntaxError, ValueError):
        return []


def imports_of(source):
    """The imports at the top of a released cell, which tests may rely on although the cell is the student's to change."""
    return "\n".join(definitions_in(source, (ast.Import, ast.ImportFrom)))


def with_pictures(cell, handed_in):
    """A Markdown cell with the pictures that a student pasted into it."""
    pasted = handed_in.get("attachments")
    if cell.cell_type == "markdown" and isinstance(pasted, dict):
        kept = {}
        for name, bundle in pasted.items():
            pictures = bundle.items() if isinstance(bundle, dict) else ()
            pictures = {kind: data for kind, data in pictures if kind in PICTURES and isinstance(data, str)}
            pictures = {kind: data for kind, data in pictures.items() if BASE64.fullmatch(data)}
            if pictures:
                kept[printable(str(name))] = pictures
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


def printable(text):
    """A text that can be written to a file: JSON and file names may hold halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def on_a_line(text):
    """A text without what would command a terminal or begin a line: students choose the names of their files."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
