"""Whatever was handed in is read, or there is a clear word why not."""

import copy
import json
import os
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import LoggingConfigurable

from gradecore.submission import SubmissionExporter, Unreadable, read

LARGEST = 100_000
CELL = {"cell_type": "code", "source": "x = 1", "metadata": {"nbgrader": {"grade_id": "x"}}, "outputs": []}


def notebook(*cells, **more):
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


def text(content):
    """What is written for a notebook: bytes as they are, anything else as JSON."""
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def write(content):
    return lambda path: path.write_bytes(text(content))


def beside(name):
    return lambda path: path.with_name(name).write_bytes(text(notebook(CELL)))


def link(path):
    path.with_name("target").write_bytes(text(notebook(CELL)))
    path.symlink_to(path.with_name("target"))


def without_a_folder(path):
    path.parent.rmdir()


NO_JSON = "the file is no notebook: it is damaged or of another format (no JSON)."
UNREADABLE = {
    "an empty file": (write(b""), NO_JSON),
    "no JSON": (write(b"print('hello')"), NO_JSON),
    "half a notebook": (write(text(notebook(CELL))[:-20]), NO_JSON),
    "two notebooks": (write(text(notebook(CELL)) * 2), NO_JSON),
    "UTF-16": (write(json.dumps(notebook(CELL)).encode("utf-16")), NO_JSON),
    "Latin-1": (write(b'{"nbformat": 4, "cells": [], "x": "\xe4"}'), NO_JSON),
    "a PDF": (write(b"%PDF-1.7\n\xff\xff"), NO_JSON),
    "zeros": (write(bytes(1000)), NO_JSON),
    "deep nesting": (write(b"[" * 50_000), NO_JSON),
    "deep nesting, closed": (write(b'{"nbformat": 4, "cells": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"), NO_JSON),
    "a number too long": (write(b'{"nbformat": 1' + b"0" * 5000 + b"}"), NO_JSON),
    "huge": (write(b" " * (LARGEST + 1)), "expected at most 0.0953674 MiB, got 0.1 MiB."),
    "format 3": (write({"nbformat": 3, "worksheets": [{"cells": []}]}), "expected a notebook of format 4, got format 3."),
    "format 5": (write(notebook(CELL, nbformat=5)), "expected a notebook of format 4, got format 5."),
    "an odd format": (
        write(notebook(nbformat=["4" * 50])),
        "expected a notebook of format 4, got format ['444444444444444444.",
    ),
    "no format": (write({"cells": []}), "expected a notebook of format 4, got no notebook."),
    "a list": (write([notebook(CELL)]), "expected a notebook of format 4, got no notebook."),
    "a text": (write("notebook"), "expected a notebook of format 4, got no notebook."),
    "null": (write(None), "expected a notebook of format 4, got no notebook."),
    "no cells": (write({"nbformat": 4}), "the notebook has no list of cells."),
    "cells that are an object": (write({"nbformat": 4, "cells": {"0": CELL}}), "the notebook has no list of cells."),
    "a folder": (Path.mkdir, "expected a file n.ipynb, got something else of this name (a link or a folder)."),
    "a link": (link, "expected a file n.ipynb, got something else of this name (a link or a folder)."),
    "a pipe": (os.mkfifo, "expected a file n.ipynb, got something else of this name (a link or a folder)."),
    "another name": (beside("n (1).ipynb"), "expected a notebook named n.ipynb, got n (1).ipynb."),
    "another case": (beside("N.ipynb"), "expected a notebook named n.ipynb, got N.ipynb."),
    "no notebook": (lambda path: path.with_suffix(".py").touch(), "expected a notebook named n.ipynb, and there is none."),
    "no folder": (without_a_folder, "expected a notebook named n.ipynb, and there is none."),
}


@pytest.fixture
def path(tmp_path):
    (tmp_path / "submitted").mkdir()
    return tmp_path / "submitted/n.ipynb"


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_gets_a_clear_word(path, name):
    make, word = UNREADABLE[name]
    make(path)
    with pytest.raises(Unreadable) as caught:
        read(path, LARGEST)
    assert str(caught.value) == word


def test_a_notebook_of_the_largest_size_is_read(path):
    content = text(notebook(CELL))
    path.write_bytes(content + b" " * (LARGEST - len(content)))
    assert read(path, LARGEST).cells[0].source == "x = 1"


NESTED = {
    "nbformat": '{"nbformat": %s}',
    "source": '{"nbformat": 4, "cells": [{"cell_type": "code", "source": %s}]}',
    "metadata": '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x", "metadata": {"nbgrader": %s}}]}',
    "attachments": '{"nbformat": 4, "cells": [{"cell_type": "markdown", "attachments": {"a": {"image/png": %s}}}]}',
}


@pytest.mark.parametrize("where", NESTED)
def test_nesting_of_any_depth_is_read_or_refused(path, where):
    refused = set()
    for depth in [100, 300, *range(700, 1000, 3), 3000, 10_000, 30_000]:
        path.write_text(NESTED[where] % ("[" * depth + "]" * depth))
        try:
            got = read(path, LARGEST)
        except Unreadable:
            refused.add(depth)
            continue
        nbformat.validate(got)
        nbformat.writes(copy.deepcopy(got))
        assert got.cells[0].get("attachments", {}) == {}
    assert 100 not in refused or where == "nbformat"


# ---- what is odd but readable ----


def cells_of(path, *cells, **more):
    path.write_bytes(text(notebook(*cells, **more)))
    got = read(path, LARGEST)
    nbformat.validate(got)
    nbformat.write(got, path.with_name("again"))
    return got.cells


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (["x = 1\n", "y = 2"], "x = 1\ny = 2"),
        ([], ""),
        (["x", 1, None], "x1None"),
        ("x\r\ny", "x\r\ny"),
        ("π = 3  # 😀", "π = 3  # 😀"),
        ("a\ud800b", "a?b"),
        ("\x00", "\x00"),
        *((junk, "") for junk in (None, 5, {"a": 1}, True)),
    ],
)
def test_a_source_of_any_kind_is_read(path, source, wanted):
    assert [cell.source for cell in cells_of(path, {**CELL, "source": source})] == [wanted]


def test_a_cell_that_lacks_everything_but_its_type_is_read(path):
    got = cells_of(path, *({"cell_type": kind} for kind in ("code", "markdown", "raw")))
    assert [(cell.cell_type, cell.source) for cell in got] == [("code", ""), ("markdown", ""), ("raw", "")]


def test_what_is_no_cell_is_left_out(path):
    junk = [None, 5, "x", [], {}, {"cell_type": "heading", "source": "x"}, {"cell_type": ["code"]}, {"source": "x"}]
    assert [cell.source for cell in cells_of(path, *junk, CELL, *junk)] == ["x = 1"]


@pytest.mark.parametrize("metadata", [None, [], "x", {"nbgrader": []}, {"nbgrader": {"grade_id": 5}}, {"tags": 5}])
def test_metadata_of_any_kind_are_read(path, metadata):
    [cell] = cells_of(path, {**CELL, "metadata": metadata})
    assert dict(cell.metadata) == {}


def test_of_a_cell_type_source_and_grade_id_are_kept(path):
    about = {"grade_id": "x", "points": 100, "solution": False, "locked": True}
    [cell] = cells_of(
        path, {**CELL, "id": "!", "metadata": {"nbgrader": about, "tags": ["skip-execution"]}, "outputs": 5, "x": 1}
    )
    assert dict(cell) == {**new_code_cell("x = 1", id="cell-0"), "metadata": {"nbgrader": {"grade_id": "x"}}}


def test_cells_of_one_id_get_their_own(path):
    assert len({cell.id for cell in cells_of(path, *[{**CELL, "id": "same"}] * 3)}) == 3


def test_pictures_are_kept_and_other_attachments_are_not(path):
    attachments = {"a.png": {"image/png": "aaaa", "text/html": "<b>"}, "b": {"text/html": "<b>"}, "\ud800": {"image/gif": ""}}
    [cell] = cells_of(path, {"cell_type": "markdown", "source": "", "attachments": attachments})
    assert cell.attachments == {"a.png": {"image/png": "aaaa"}, "?": {"image/gif": ""}}


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"  \n", b""])
def test_a_mark_at_the_beginning_does_not_disturb(path, prefix):
    path.write_bytes(prefix + text(notebook(CELL)))
    assert read(path, LARGEST).cells[0].source == "x = 1"


@pytest.mark.parametrize(
    "more", [{"metadata": None}, {"metadata": [1]}, {"nbformat_minor": "x"}, {"nbformat_minor": 99}, {"x": 1}]
)
def test_what_else_a_notebook_holds_does_not_matter(path, more):
    assert cells_of(path, CELL, **more)[0].source == "x = 1"


def test_without_nbformat_minor_and_metadata_it_is_a_notebook(path):
    path.write_bytes(text({"nbformat": 4, "cells": [CELL]}))
    assert read(path, LARGEST).metadata == {}


# ---- in nbgrader ----


class Converter(LoggingConfigurable):
    """What gradecore knows of nbgrader's."""

    def __init__(self, folder, sanitizing=True):
        super().__init__()
        self.coursedir = SimpleNamespace(format_path=lambda *parts: str(Path(folder, *parts)), release_directory="release")
        self._sanitizing = sanitizing


@pytest.fixture
def exported(tmp_path, path):
    """Read the submission as `nbgrader autograde` does: the notebook, and what is in its resources."""
    (tmp_path / "release/a").mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Released")]), tmp_path / "release/a/n.ipynb")

    def run(sanitizing=True):
        exporter = SubmissionExporter(parent=Converter(tmp_path, sanitizing), preprocessors=[])
        resources = {"nbgrader": {"assignment": "a", "notebook": "n"}}
        output, resources = exporter.from_filename(str(path), resources=resources)
        return nbformat.reads(output, 4), resources

    return run


def test_a_readable_submission_is_passed_on(path, exported):
    path.write_bytes(text(notebook(CELL)))
    got, resources = exported()
    assert [cell.source for cell in got.cells] == ["x = 1"]
    assert "gradecore" not in resources


@pytest.mark.parametrize("name", ["a b.ipynb", "<img src=x>.ipynb", b"\xff.ipynb"])
def test_an_unreadable_one_becomes_the_release_and_a_word(path, exported, name):
    (path.parent / os.fsdecode(name)).touch()
    got, resources = exported()
    assert [cell.source for cell in got.cells][1:] == ["# Released"]
    assert got.cells[0].source.startswith("**Your submission could not be read:** expected a notebook named n.ipynb, got ")
    assert resources["gradecore"]["unreadable"].startswith("expected a notebook named n.ipynb, got ")


def test_the_second_round_reads_what_the_first_wrote(path, exported):
    nbformat.write(new_notebook(cells=[new_code_cell("x", metadata={"gradecore": {"imports": "import a"}})]), path)
    assert exported(sanitizing=False)[0].cells[0].metadata.gradecore.imports == "import a"
