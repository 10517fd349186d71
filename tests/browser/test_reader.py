"""A reader opens the book in JupyterLab, runs every chapter, and moves every slider with the keyboard."""

import re

import pytest

from scripts.execute import ROOT, chapters
from tests.browser.lab import START, shown_error

pytestmark = pytest.mark.slow

PAGES = [p.relative_to(ROOT) for p in chapters()]


def test_the_start_page_leads_to_the_chapters(reader):
    reader.page.goto(f"{reader.address}/?token=reader")
    reader.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START)
    assert "index.ipynb" in reader.page.url
    reader.page.locator(".jp-RenderedMarkdown a", has_text="Why sequences").first.click()
    tab = reader.page.locator(".lm-TabBar-tabLabel", has_text="01_sequences.ipynb")
    tab.wait_for(timeout=START)
    assert reader.page.locator(".jp-Dialog").count() == 0


def test_a_claim_leads_to_its_section(reader):
    """JupyterLab opens the chapter, in which the section is; how far it scrolls is its own affair."""
    reader.open("chapters/claims.ipynb")
    reader.page.locator("tr", has_text="3.4").get_by_role("link").click()
    heading = reader.page.locator("h2", has_text="Unroll, backpropagate, roll up")
    heading.wait_for(timeout=START, state="attached")
    assert reader.page.locator(".jp-Dialog").count() == 0


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_runs_from_top_to_bottom_and_its_sliders_move(reader, path):
    reader.open(path.as_posix())
    notebook = reader.run_all()
    assert shown_error(notebook) == []
    rendered = reader.page.locator(".jp-RenderedMarkdown")
    assert rendered.locator("mjx-merror, .MathJax_Error").count() == 0
    assert not re.search(r"\$\$|\\tag|\\begin\{", " ".join(rendered.all_inner_texts()))
    sliders = [cell for cell in notebook.cells if "slider" in cell.metadata.get("tags", [])]
    handles = reader.page.locator(
        ".jp-OutputArea .widget-slider .noUi-handle, .jp-OutputArea .jupyter-widgets.slider .noUi-handle"
    )
    if sliders:
        handles.nth(len(sliders) - 1).wait_for(timeout=START)
    assert handles.count() >= len(sliders)
    for k in range(handles.count()):
        assert moved(reader.page, handles.nth(k)), f"{path}: slider {k} changes no picture"


def moved(page, handle):
    """Whether a key press on a slider's handle changes the picture of its output."""
    area = handle.locator("xpath=ancestor::*[contains(@class, 'widget-interact')][1]")
    picture = area.locator("img").last
    handle.scroll_into_view_if_needed()
    picture.wait_for(timeout=START)
    before = picture.get_attribute("src")
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):  # it may stand at its end already
        handle.focus()
        page.keyboard.press(key)
        for _ in range(100):
            page.wait_for_timeout(100)
            if area.locator("img").count() and area.locator("img").last.get_attribute("src") != before:
                return True
    return False
