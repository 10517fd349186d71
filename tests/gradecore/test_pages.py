"""Pages with what students wrote: as nbconvert makes them while that is short, and never slow or huge."""

import time
from html import unescape
from pathlib import Path

import pytest
from nbconvert import filters
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.server_extensions import formgrader
from traitlets.config import Config

from gradecore import pages

OWN = {
    "markdown2html": pages.markdown2html,
    "clean_html": pages.clean_html,
    "highlight_code": pages.highlight_code,
    "ansi2html": pages.ansi2html,
    "strip_files_prefix": pages.unchanged,
}
TABLE = "<table class='dataframe'><tr><td>1</td></tr></table><script>x</script><p onclick='y'>&amp;"
DEEP = "<ul><li>" * 12_400
DOTS = "if 0: " + "a." * 80_000
COLOURS = "\x1b[31ma" * 16_000


def context(**attachments):
    """What a filter sees of a page."""
    cell = {"attachments": {name: {"image/png": data} for name, data in attachments.items()}}
    return {"cell": cell, "resources": {}, "nb": NotebookNode(metadata={"language_info": {"name": "python"}})}


def html_of(cells, template, own):
    """A page of nbgrader's with these filters."""
    config = Config()
    folder = Path(formgrader.__file__).parent
    config.HTMLExporter.update(template_name=template, sanitize_html=True, filters=own)
    config.HTMLExporter.extra_template_basedirs = [str(folder / "templates")]
    config.HTMLExporter.extra_template_paths = [str(folder / "static/node_modules/bootstrap/dist/css")]
    cells = [NotebookNode(cell, id=f"cell-{n}") for n, cell in enumerate(cells)]
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    names = ("assignment_id", "notebook_id", "submission_id", "base_url", "student", "last_name", "first_name")
    resources = dict.fromkeys(names, "ps1") | {"index": 0, "total": 1, "notebook_path": "ps1"}
    resources["nbgrader"] = {"notebook": "ps1", "score": 1, "max_score": 1, "late_penalty": 0}
    return HTMLExporter(config=config).from_notebook_node(notebook, resources=resources)[0]


def shows(source, text="", **data):
    """A code cell with outputs: what it printed, and what it displayed."""
    data = {name.replace("_", "/"): value for name, value in data.items()}
    return new_code_cell(source, outputs=[new_output("stream", text=text), new_output("display_data", data)])


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_what_is_short_looks_as_nbconvert_makes_it(template):
    cells = [shows("def f(x):\n    return '<b>' + x", '\x1b[31mred\x1b[0m <b> & "', text_html=TABLE, text_plain="t")]
    cells += [new_code_cell(source) for source in ("%%bash\necho <i>", "x = 1 <", "")]
    kept = {name: OWN[name] for name in ("markdown2html", "strip_files_prefix")}
    page = html_of(cells, template, OWN)
    assert page == html_of(cells, template, kept)
    assert 'class="ansi-red-fg"' in page
    assert '<span class="k">def</span>' in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_what_would_take_minutes_is_shown_as_it_was_written(template):
    picture = new_markdown_cell("![](attachment:a)\n" * 100, attachments={"a": {"image/png": "A" * 800_000}})
    cells = [shows(DOTS, COLOURS, text_html=DEEP) for _ in range(5)] + [picture]
    began = time.monotonic()
    page = html_of(cells, template, OWN)
    assert time.monotonic() - began < 10
    assert len(page) < 5_000_000
    assert DOTS in unescape(page)
    assert DEEP in unescape(page)
    assert "a" * 16_000 in page
    assert "![](attachment:a)" in page


@pytest.mark.parametrize("text", [DEEP, DOTS], ids=["html", "code"])
@pytest.mark.parametrize("shown", [pages.clean_html, pages.highlight_code, pages.markdown2html])
def test_a_long_text_is_plain(shown, text):
    assert unescape(shown(context(), text + "</pre><script>")) == f"<pre>{text}</pre><script></pre>"
    assert "<script>" not in shown(context(), text + "</pre><script>")


def test_a_page_renders_so_much_and_no_more():
    page, other = context(), context()
    text = "<b>b</b>" * 1000
    shown = [pages.clean_html(page, text) for _ in range(30)]
    assert shown[0] == shown[24] == filters.clean_html(text)
    assert unescape(shown[25]) == unescape(shown[29]) == f"<pre>{text}</pre>"
    assert unescape(pages.markdown2html(page, "**b**" * 10)) == pages.highlight_code(page, "**b**" * 10)
    assert pages.clean_html(other, text) == shown[0]


def test_a_terminals_colours_end_where_the_text_is_long():
    assert pages.ansi2html(context(), "<\x1b[1m\x1b[32mgreen") == filters.ansi2html("<\x1b[1m\x1b[32mgreen")
    assert pages.ansi2html(context(), "<" * 90_000) == "&lt;" * 90_000
    assert pages.ansi2html(context(), "<" + COLOURS) == "&lt;" + "a" * 16_000


def test_what_is_rendered_once_is_not_cleaned_again():
    page = context()
    assert pages.clean_html(page, pages.markdown2html(page, "**b** <script>x")).startswith("<p><strong>b</strong> &lt;script")
    assert pages.clean_html(page, b"<p>b") == filters.clean_html("<p>b")


# ---- pictures ----


def test_each_picture_is_where_it_belongs():
    text = "![one](attachment:a) ![two][r] ![three](attachment:a)\n\n[r]: attachment:b"
    shown = pages.markdown2html(context(a="QUJD", b="REVG\nQUJD"), text)
    sources = ["QUJD", "REVG\nQUJD", "QUJD"]
    for name, data in zip(("one", "two", "three"), sources, strict=True):
        assert (
            f'src="data:image/png;base64,{data}" alt="{name}"' in shown
            or f'alt="{name}" src="data:image/png;base64,{data}"' in shown
        )


def test_a_picture_that_is_none_is_no_way_into_the_page():
    shown = pages.markdown2html(context(a='"><script>harm()</script>'), "![x](attachment:a)")
    assert "harm" not in shown


@pytest.mark.parametrize(
    "text", ["![](attachment:a)\n" * 100, "![][b] " * 1000 + "\n\n[b]: attachment:a"], ids=["named", "referred"]
)
def test_one_picture_many_times_is_too_large(text):
    page = context(a="A" * 800_000)
    assert unescape(pages.markdown2html(page, text)) == f"<pre>{text}</pre>"
    assert pages.markdown2html(page, "![](attachment:a)").count("A") == 800_000  # once is not


def test_the_pictures_of_a_page_end_where_it_is_large():
    page = context(a="A" * 10_000_000)
    shown = [len(pages.markdown2html(page, "![](attachment:a)")) > 10_000_000 for _ in range(7)]
    assert shown == [True] * 5 + [False] * 2


def test_a_long_link_thousands_of_times_is_not_cleaned():
    text = "[a]: http://" + "b" * 5000 + "\n\n" + "[a]\n" * 1200
    began = time.monotonic()
    assert unescape(pages.markdown2html(context(), text)) == f"<pre>{text}</pre>"
    assert time.monotonic() - began < 5
