"""Of a submission answers and added cells count: the rebuilt notebook is the released one with these in it."""

import copy
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from traitlets.config import LoggingConfigurable

from gradecore.notebook import RebuildNotebook, defined_by, imports_of, rebuild

ANSWER = {"grade": False, "solution": True, "locked": False}
TEST = {"grade": True, "solution": False, "locked": True}
WRITTEN = {"grade": True, "solution": True, "locked": False}
LOCKED = {"grade": False, "solution": False, "locked": True}
PICTURE = {"image/png": "iVBORw0KGgo="}


def known(cell, kind, name, **more):
    cell.metadata["nbgrader"] = {**kind, "grade_id": name, "schema_version": 3, "task": False, **more}
    return cell


@pytest.fixture
def released():
    cells = [
        new_markdown_cell("# Title"),
        known(new_code_cell("import math"), LOCKED, "setup"),
        new_code_cell("import random\n\ndef helper(): return 1"),
        known(new_code_cell("def double(x):\n    raise NotImplementedError()"), ANSWER, "double"),
        known(new_code_cell("assert double(2) == 4"), TEST, "double-value", points=2),
        new_markdown_cell("## Next"),
        known(new_code_cell("assert double(3) == 6"), TEST, "double-more", points=1),
        known(new_markdown_cell("YOUR ANSWER HERE"), WRITTEN, "why", points=2),
        new_markdown_cell("## Next"),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}})


@pytest.fixture
def handed_in(released):
    """The release with answers, to be changed at will: handed_in.at(name) is a cell's place."""
    notebook = copy.deepcopy(released)
    notebook.cells[3].source = "def double(x):\n    return x * 2"
    notebook.cells[7].source = "Because."
    return notebook


def sources(notebook):
    return [cell.source for cell in notebook.cells]


@pytest.fixture
def rebuilt(released, handed_in):
    """Rebuild, after which the release is as it was; return the notebook and what was put back."""

    def run(longest=200_000, most=500):
        before, submitted = copy.deepcopy(released), copy.deepcopy(handed_in)
        got, put_back = rebuild(released, handed_in, longest, most)
        assert released == before
        assert handed_in == submitted
        assert len({cell.id for cell in got.cells}) == len(got.cells)
        nbformat.validate(got)
        return got, put_back

    return run


def as_answered(released, got):
    """Whether a rebuilt notebook is the release with the two answers in it."""
    wanted = sources(released)
    wanted[3], wanted[7] = "def double(x):\n    return x * 2", "Because."
    return sources(got) == wanted


def test_answers_are_kept(released, rebuilt):
    got, put_back = rebuilt()
    assert as_answered(released, got)
    assert put_back == []
    assert got.metadata == released.metadata
    for cell, given in zip(got.cells, released.cells, strict=True):
        assert (cell.cell_type, cell.metadata.get("nbgrader")) == (given.cell_type, given.metadata.get("nbgrader"))


def test_added_cells_stay_where_they_stood(released, handed_in, rebuilt):
    places = {9: "at the end", 8: "before the last", 6: "after a given heading", 5: "after a test", 4: "after the answer"}
    places |= {3: "after the given helper", 2: "after the set-up", 1: "after the title", 0: "on top"}
    for place, text in places.items():
        handed_in.cells.insert(place, new_markdown_cell(text) if place % 2 else new_code_cell(f"# {text}"))
    wanted = [cell.source for cell in handed_in.cells]
    got, put_back = rebuilt()
    assert sources(got) == wanted
    assert put_back == []


def test_several_added_cells_keep_their_order(handed_in, rebuilt):
    handed_in.cells[4:4] = [new_code_cell(f"step({n})") for n in range(5)]
    assert sources(rebuilt()[0])[4:9] == [f"step({n})" for n in range(5)]


def test_an_added_raw_cell_is_dropped(released, handed_in, rebuilt):
    handed_in.cells.insert(4, new_raw_cell("<script>"))
    assert as_answered(released, rebuilt()[0])


# ---- what does not survive ----


def delete(notebook):
    del notebook.cells[4]


def empty(notebook):
    notebook.cells[4].source = ""


def edit(notebook):
    notebook.cells[4].source = "assert True"


def duplicate(notebook):
    notebook.cells.insert(5, copy.deepcopy(notebook.cells[4]))


def duplicate_changed(notebook):
    notebook.cells.insert(6, copy.deepcopy(notebook.cells[4]))
    notebook.cells[6].source = "assert True"


def retype(notebook):
    notebook.cells[4] = known(new_markdown_cell("assert double(2) == 4"), TEST, "double-value", points=2)


def retype_raw(notebook):
    notebook.cells[4] = known(new_raw_cell("assert double(2) == 4"), TEST, "double-value", points=2)


def reorder(notebook):
    notebook.cells.reverse()


def make_it_an_answer(notebook):
    notebook.cells[4].metadata.nbgrader = {**WRITTEN, "grade_id": "double-value", "points": 0}
    notebook.cells[4].source = "pass"


def raise_points(notebook):
    notebook.cells[4].metadata.nbgrader["points"] = 1000


def swap_sources(notebook):
    first, second = notebook.cells[4], notebook.cells[6]
    first.source, second.source = second.source, first.source


def tag(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
        cell.metadata["deletable"] = True


def change_the_setup(notebook):
    notebook.cells[1].source = "math = None"


def show_results(notebook):
    notebook.cells[4].outputs = [nbformat.v4.new_output("execute_result", data={"text/plain": "2"}, execution_count=1)]
    notebook.cells[4].execution_count = 1


def change_the_kernel(notebook):
    notebook.metadata = {"kernelspec": {"name": "bash", "display_name": "B"}, "nbgrader": {"x": 1}, "widgets": {}}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (delete, ["double-value"]),
        *((do, []) for do in (empty, edit, retype, retype_raw, reorder, make_it_an_answer, raise_points, swap_sources, tag)),
        *((do, ["double-value"]) for do in (duplicate, duplicate_changed)),
        *((do, []) for do in (change_the_setup, show_results, change_the_kernel)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_all_but_the_answers_is_as_released(released, handed_in, rebuilt, change, wanted):
    change(handed_in)
    got, put_back = rebuilt()
    assert as_answered(released, got)
    assert put_back == wanted
    assert got.metadata == released.metadata
    for cell, given in zip(got.cells, released.cells, strict=True):
        kept = {key: value for key, value in cell.metadata.items() if key != "gradecore"}
        assert (cell.cell_type, kept, cell.get("outputs")) == (given.cell_type, given.metadata, given.get("outputs"))


def test_an_answer_in_two_cells_runs_in_both(handed_in, rebuilt):
    """JupyterLab gives both halves of a split cell its name."""
    handed_in.cells.insert(4, copy.deepcopy(handed_in.cells[3]))
    handed_in.cells[4].source = "def half(x): return x / 2"
    got, put_back = rebuilt()
    assert [cell.source for cell in got.cells[3:5]] == ["def double(x):\n    return x * 2", "def half(x): return x / 2"]
    assert "nbgrader" not in got.cells[4].metadata
    assert put_back == []


def test_a_second_cell_as_it_was_released_is_no_answer(released, handed_in, rebuilt):
    handed_in.cells.insert(4, copy.deepcopy(released.cells[3]))
    got, put_back = rebuilt()
    assert got.cells[3].source == "def double(x):\n    return x * 2"
    assert sources(got).count(released.cells[3].source) == 0
    assert put_back == ["double"]


def test_an_answer_of_another_type_becomes_what_was_released(handed_in, rebuilt):
    handed_in.cells[3] = known(new_markdown_cell("return 4", attachments={"a": PICTURE}), ANSWER, "double")
    answer = rebuilt()[0].cells[3]
    assert (answer.cell_type, answer.source) == ("code", "return 4")
    assert "attachments" not in answer


def test_a_known_name_in_a_cell_that_was_added_takes_no_place(released, handed_in, rebuilt):
    handed_in.cells.append(known(new_code_cell("x"), TEST, "unknown", points=100))
    got, _ = rebuilt()
    assert dict(got.cells[-1].metadata) == {}
    assert got.cells[-1].source == "x"


@pytest.mark.parametrize("junk", [None, [], "x", 5, {"grade_id": None}, {"grade_id": ["double"]}, {"grade_id": ""}, {}])
def test_metadata_of_any_kind_are_read(released, handed_in, rebuilt, junk):
    handed_in.cells[3].metadata["nbgrader"] = junk
    got, put_back = rebuilt()
    assert put_back == ["double"]
    assert released.cells[3].source in sources(got)
    assert "def double(x):\n    return x * 2" in sources(got)  # an added cell now


def test_an_empty_submission_is_the_release(released, handed_in, rebuilt):
    handed_in.cells = []
    got, put_back = rebuilt()
    assert sources(got) == sources(released)
    assert put_back == ["setup", "double", "double-value", "double-more", "why"]


# ---- limits ----


def test_what_is_too_long_is_left_out(released, handed_in, rebuilt):
    handed_in.cells[3].source = "#" * 101
    handed_in.cells[7].source = "w" * 100
    handed_in.cells += [new_code_cell("x" * 101), new_code_cell("y" * 100)]
    got, put_back = rebuilt(longest=100)
    assert got.cells[3].source == released.cells[3].source
    assert got.cells[7].source == "w" * 100
    assert sources(got)[-1] == "y" * 100
    assert len(got.cells) == len(released.cells) + 1
    assert put_back == ["double"]


def test_so_many_added_cells_are_kept(released, handed_in, rebuilt):
    handed_in.cells += [new_code_cell(str(n)) for n in range(10)]
    got, _ = rebuilt(most=4)
    assert sources(got)[len(released.cells) :] == ["0", "1", "2", "3"]


# ---- pictures ----


def test_pictures_in_markdown_survive_and_other_attachments_do_not(handed_in, rebuilt):
    pasted = {"a.png": PICTURE, "b": {"image/jpeg": "aaaa", "text/html": "<script>"}, "c.gif": {"image/gif": "bb\nbb=="}}
    other = {
        **{"d.html": {"text/html": "PGI+"}, "e.svg": {"image/svg+xml": "PHN2Zz4="}, "f": "text", "g": {"image/png": ["a"]}},
        **{"h": {"image/png": '"><script>'}, "i": {}, "j": None, "k": {"application/javascript": "YWxlcnQ="}},
    }
    handed_in.cells[7].attachments = {**pasted, **other}
    handed_in.cells.append(new_markdown_cell("![](a.png)"))
    handed_in.cells[-1].attachments = {"a.png": PICTURE, **other}
    handed_in.cells[5].attachments = {"given.png": PICTURE}
    got, _ = rebuilt()
    assert got.cells[7].attachments == {**pasted, "b": {"image/jpeg": "aaaa"}}
    assert got.cells[-1].attachments == {"a.png": PICTURE}
    assert "attachments" not in got.cells[5]


@pytest.mark.parametrize("junk", [None, [], "x", 5])
def test_attachments_that_are_none_are_left_out(handed_in, released, junk):
    handed_in.cells[7]["attachments"] = junk
    got, _ = rebuild(released, handed_in, 100, 10)
    assert "attachments" not in got.cells[7]


# ---- imports ----


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import a, b.c as d\nfrom e import (\n    f,\n    g as h,\n)", "import a, b.c as d\nfrom e import f, g as h"),
        ("import a  # why\nx = 1\nimport b", "import a\nimport b"),
        ("def f():\n    import a", ""),
        ("if True:\n    import a", ""),
        ("from a import *\nfrom . import b", "from a import *\nfrom . import b"),
        ("import a; print(1)", "import a"),
        ("%matplotlib inline\nimport a", ""),
        ("import", ""),
        ("x\x00y", ""),
        ("", ""),
    ],
)
def test_the_imports_of_a_released_cell(source, wanted):
    assert imports_of(source) == wanted


def test_what_a_released_answer_defines():
    """If a given cell has defined it too, a test must not find that in place of the student's."""
    source = "import a\ndef f():\n    def g(): pass\nasync def h(): pass\nclass C:\n    x = 1\nx = 2"
    assert defined_by(source) == ["f", "h", "C"]
    assert defined_by("def") == defined_by("x\x00y") == []


def test_unlocked_released_cells_carry_their_imports_and_what_was_handed_in_does_not(handed_in, rebuilt):
    handed_in.cells[3].source = "import forged\n\ndef double(x):\n    return x * 2"
    handed_in.cells[3].metadata["gradecore"] = {"imports": "import forged"}
    handed_in.cells.append(new_code_cell("import forged", metadata={"gradecore": {"imports": "import forged"}}))
    got, _ = rebuilt()
    carried = [cell.metadata.get("gradecore") for cell in got.cells]
    assert carried[1] is None  # locked: it runs beside the tests anyway
    assert carried[2] == {"imports": "import random"}
    assert carried[3] == {"imports": "", "defines": ["double"]}
    assert not any("forged" in str(cell.metadata) for cell in got.cells)


# ---- in nbgrader ----


class Converter(LoggingConfigurable):
    """What gradecore knows of nbgrader's."""

    def __init__(self, folder):
        super().__init__()
        self.coursedir = SimpleNamespace(format_path=lambda *parts: str(Path(folder, *parts)), release_directory="release")


def test_the_preprocessor_reads_the_release_and_says_what_it_put_back(released, handed_in, tmp_path, caplog):
    (tmp_path / "release/ch91").mkdir(parents=True)
    nbformat.write(released, tmp_path / "release/ch91/n.ipynb")
    delete(handed_in)
    exporter = NotebookExporter(parent=Converter(tmp_path))
    caplog.set_level("WARNING")
    got, _ = RebuildNotebook(parent=exporter, longest=20).preprocess(
        handed_in, {"nbgrader": {"assignment": "ch91", "notebook": "n"}}
    )
    wanted = sources(released)
    wanted[7] = "Because."  # the other answer is longer than 20 characters
    assert sources(got) == wanted
    assert "Put back as released: double-value, double" in caplog.text
