"""The map from claims to chapters is complete, and every place that it names is there."""

import re

import nbformat
import pytest

from scripts.execute import ROOT, chapters
from scripts.lint_notebooks import anchor, headings

PAGE = ROOT / "chapters" / "claims.ipynb"
HOW_MANY = {1: 9, 2: 9, 3: 4, 4: 7, 5: 2, 6: 5, 7: 10, 8: 10, 9: 6, 10: 4, 11: 7, 12: 12}
EVERY_ID = [f"{section}.{k}" for section, n in HOW_MANY.items() for k in range(1, n + 1)]
WRITTEN = re.compile(r"^([1-9]|1[01])\.")
ROW = re.compile(r"^\| (\d+\.\d+) \| (.+?) \| (?:planned|\[.+?\]\((\w+\.ipynb)#(\S+?)\)) \|$", re.MULTILINE)


def rows():
    """id -> (claim, chapter, anchor); chapter and anchor are empty for what is planned."""
    text = "\n".join(cell.source for cell in nbformat.read(PAGE, as_version=4).cells)
    lines = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    found = ROW.findall(text)
    assert len(found) == len(lines), "a row of the page is not of the form: | 1.1 | claim | [label](chapter.ipynb#Heading) |"
    return {row[0]: row[1:] for row in found}


def covering(notebook):
    """id -> headings above the code cells that are tagged as running it."""
    marks = list(headings(notebook))
    found = {}
    for n, cell in enumerate(notebook.cells):
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("covers-"):
                assert cell.cell_type == "code", f"{cell.id}: only a code cell runs a claim"
                above = [text for m, _, text in marks if m <= n]
                found.setdefault(tag.removeprefix("covers-"), []).append(anchor(above[-1]))
    return found


@pytest.fixture(scope="module")
def covered():
    """(id, chapter) -> headings."""
    return {
        (claim, path.name): places
        for path in chapters()
        for claim, places in covering(nbformat.read(path, as_version=4)).items()
    }


def test_every_claim_has_its_row():
    assert list(rows()) == EVERY_ID


def test_what_is_written_is_not_planned_and_what_is_planned_is_not_written(covered):
    assert [c for c, (_, chapter, _) in rows().items() if WRITTEN.match(c) and not chapter] == []
    there = {claim for claim, _ in covered}
    assert [c for c, (_, chapter, _) in rows().items() if not chapter and c in there] == []


@pytest.mark.parametrize("claim", [c for c in EVERY_ID if WRITTEN.match(c)])
def test_the_cell_that_runs_it_stands_under_the_heading_that_is_named(claim, covered):
    _, chapter, heading = rows()[claim]
    assert heading in covered.get((claim, chapter), []), f"{chapter} has no cell tagged covers-{claim} under {heading}"


def test_no_cell_claims_to_run_what_is_not_on_the_page(covered):
    assert [key for key in covered if key[0] not in EVERY_ID] == []


def test_the_check_notices_a_missing_cell():
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# T\n\n## First place"),
            nbformat.v4.new_code_cell("1", metadata={"tags": ["covers-1.1"]}),
            nbformat.v4.new_markdown_cell("## Second place"),
            nbformat.v4.new_code_cell("1", metadata={"tags": ["covers-1.2"]}),
        ]
    )
    assert covering(notebook) == {"1.1": ["First-place"], "1.2": ["Second-place"]}
