"""Every chapter runs in a clean kernel, shows what it should, and keeps to the rules."""

import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from scripts.execute import ROOT, chapters, execute, outputs, pictures
from scripts.lint_notebooks import alt_text, findings

CHAPTERS = [p for p in chapters() if re.match(r"\d\d_", p.name)]
TEACHING = [p for p in CHAPTERS if not p.name.startswith("00_")]


def name(path):
    return path.stem


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


@pytest.mark.slow
@pytest.mark.parametrize("path", chapters(), ids=name)
def test_runs_in_a_clean_kernel_without_a_word_of_warning(path):
    notebook = execute(path)
    assert [f"{c.id}: {e.ename}: {e.evalue}" for c, e in outputs(notebook, "error")] == []
    assert [f"{c.id}: {o.text}" for c, o in outputs(notebook, "stream") if o.name == "stderr"] == []
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source)


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_every_picture_says_what_is_to_be_seen(path):
    shown = pictures(execute(path))
    assert [cell.id for cell in shown if len(alt_text(cell)) < 20] == []
    if path in TEACHING:
        assert 6 <= len(shown) <= 15


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_nothing_is_printed_that_only_a_machine_would_read(path):
    """No bare <Axes: ...> beneath a figure: its cell ends with a semicolon."""
    shown = [f"{c.id}: {o.data['text/plain'][:60]}" for c, o in outputs(execute(path), "execute_result")]
    assert [text for text in shown if re.search(r"<.* at 0x|<Axes|\[<matplotlib", text)] == []


@pytest.mark.parametrize("path", TEACHING, ids=name)
def test_has_a_control_that_is_asserted_to_fail(path):
    cells = tagged(nbformat.read(path, as_version=4), "negative-control")
    assert cells
    assert all("assert " in cell.source for cell in cells)


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_has_a_slider_and_asks_before_it_shows(path):
    notebook = nbformat.read(path, as_version=4)
    sliders = tagged(notebook, "slider")
    assert sliders
    assert all("interact(" in cell.source for cell in sliders)
    if path in TEACHING:
        folded = [cell for cell in notebook.cells if cell.cell_type == "markdown" and "<details>" in cell.source]
        assert len(folded) >= 2


@pytest.mark.parametrize("path", TEACHING, ids=name)
def test_is_of_a_length_that_can_be_read(path):
    notebook = nbformat.read(path, as_version=4)
    words = sum(len(re.findall(r"\w+", cell.source)) for cell in notebook.cells if cell.cell_type == "markdown")
    assert 1500 <= words <= 3600  # mathematics and tables count as words here


@pytest.mark.parametrize("path", [*chapters(), *sorted((ROOT / "solutions").rglob("*.ipynb"))], ids=name)
def test_keeps_to_the_rules(path):
    assert list(findings(path)) == []


DEPARTURES = {
    "two titles": ([new_markdown_cell("# A"), new_markdown_cell("# B")], "one heading of level 1, got 2"),
    "no title": ([new_markdown_cell("## A")], "one heading of level 1, got 0"),
    "dead file": ([new_markdown_cell("# A\n[x](99_none.ipynb)")], "link to nowhere: 99_none.ipynb"),
    "dead heading": ([new_markdown_cell("# A\n[x](index.ipynb#No-such-place)")], "link to nowhere: index.ipynb#No-such-place"),
    "long cell": ([new_markdown_cell("# A"), new_code_cell("x = 1\n" * 26)], "26 lines of code, 25 at most"),
    "ran": ([new_markdown_cell("# A"), new_code_cell("1", execution_count=3)], "outputs are committed"),
    "no alt": ([new_markdown_cell("# A"), new_code_cell("plots.lines(x, y);")], "draws, and says nowhere"),
    "no alt beside a function": (
        [new_markdown_cell("# A"), new_code_cell("import numpy\n\n\ndef f():\n    pass\n\n\nplots.lines(x, y);")],
        "draws, and says nowhere",
    ),
    "twins": ([new_markdown_cell("# A", id="a"), new_code_cell("1", id="a")], "Non-unique cell id 'a'"),
}


@pytest.mark.parametrize("kind", DEPARTURES)
def test_a_departure_is_found(kind, tmp_path):
    cells, message = DEPARTURES[kind]
    folder = tmp_path / "chapters"
    folder.mkdir()
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Start")]), folder / "index.ipynb")
    (folder / "trial.ipynb").write_text(json.dumps(dict(new_notebook(), cells=cells)))
    found = list(findings(folder / "trial.ipynb"))
    assert len(found) == 1
    assert message in found[0]


@pytest.mark.slow
def test_the_cache_forgets_what_has_changed(tmp_path):
    path = tmp_path / "trial.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("print(1 + 1)")]), path)
    [(_, first)] = outputs(execute(path), "stream")
    assert first.text == "2\n"
    nbformat.write(new_notebook(cells=[new_code_cell("print(1 + 2)\n1 / 0")]), path)
    [(_, second)] = outputs(execute(path), "stream")
    assert second.text == "3\n"
    assert [e.ename for _, e in outputs(execute(path), "error")] == ["ZeroDivisionError"]


@pytest.mark.slow
def test_the_cache_keeps_outputs_and_takes_text_and_metadata_as_they_are_now(tmp_path):
    path = tmp_path / "trial.ipynb"
    cells = [new_markdown_cell("# Old"), new_code_cell("import time\nprint(time.time())", metadata={"tags": ["old"]})]
    nbformat.write(new_notebook(cells=cells), path)
    [(_, first)] = outputs(execute(path), "stream")
    cells[0].source, cells[1].metadata = "# New", {"tags": ["new"]}
    nbformat.write(new_notebook(cells=cells), path)
    again = execute(path)
    [(_, second)] = outputs(again, "stream")
    assert second.text == first.text
    assert again.cells[0].source == "# New"
    assert again.cells[1].metadata["tags"] == ["new"]
