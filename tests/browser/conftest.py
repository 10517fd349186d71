"""The servers and the browser that the tests of this folder share."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from scripts.execute import ROOT
from tests.browser.lab import FLAGS, jupyterlab, visit


@pytest.fixture(scope="session")
def browser(chromium):
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=FLAGS, headless=True)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def reader_server(tmp_path_factory):
    """JupyterLab over a copy of the book, so that running it changes nothing here."""
    home = tmp_path_factory.mktemp("reader")
    book = home / "book"
    for part in ("chapters", "exercises"):
        shutil.copytree(ROOT / part, book / part, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    with jupyterlab(book, home) as address:
        yield address, book


@pytest.fixture
def reader(browser, reader_server):
    with visit(browser, *reader_server) as lab:
        yield lab
