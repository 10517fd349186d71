"""JupyterLab as a reader has it, and a headless Chromium that may talk to this machine alone."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress

import nbformat
from playwright.sync_api import TimeoutError

from scripts.execute import ROOT

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START = 60_000  # milliseconds; far above any, so that only what hangs is cut off
BEGUN = r"[...document.querySelectorAll('.jp-InputPrompt')].some(e => /\[[*\d]+\]/.test(e.textContent))"
IDLE = ".jp-Notebook-ExecutionIndicator[data-status='idle']"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def isolated(folder):
    """An environment in which Jupyter reads and writes nothing outside `folder`."""
    names = "JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR"
    own = {name: str(folder / name.lower()) for name in names.split()}
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    return os.environ | own | {"PATH": path, "OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def jupyterlab(folder, home):
    """JupyterLab with the project's configuration, serving `folder`; yields its address with the token left open."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser"),
        f"--config={ROOT / 'scripts' / 'jupyter_lab_config.py'}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--IdentityProvider.token=reader",
        "--LabApp.expose_app_in_browser=True",  # so that a test can save without a key or a menu
    ]
    with open(home / "server.log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=isolated(home), cwd=folder)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/api/status?token=reader", server)
            yield address
        finally:
            server.terminate()
            server.wait(60)


def wait_for(address, server, seconds=90):
    for _ in range(seconds * 5):
        assert server.poll() is None, "the server ended before it answered"
        try:
            return urllib.request.urlopen(address).close()
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)


class Lab:
    """One browser page in JupyterLab, driven as a person would."""

    def __init__(self, page, address, folder):
        self.page, self.address, self.folder = page, address, folder

    def open(self, path):
        """Open a notebook by its path."""
        self.path = path
        self.page.goto(f"{self.address}/lab/tree/{path}?reset&token=reader")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START)
        self.page.wait_for_selector(IDLE, state="attached", timeout=START)

    def menu(self, menu, item):
        """Choose an item of the menu bar; a dialog in front of it, as a slow machine brings up, is accepted first."""
        while self.page.locator(".jp-Dialog .jp-mod-accept").count():
            self.page.locator(".jp-Dialog .jp-mod-accept").first.click()
            self.page.wait_for_timeout(500)
        self.page.get_by_role("menuitem", name=menu, exact=True).first.click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{item}")).first.click()

    def run_all(self):
        """Run All Cells, wait until the last one is done, save; return the notebook as it was saved."""
        last = len([c for c in self.saved().cells if c.cell_type == "code" and c.source])
        self.menu("Run", "Run All Cells")
        with suppress(TimeoutError):
            self.page.wait_for_function(BEGUN, timeout=15_000)
        if not self.page.evaluate(BEGUN):  # a click that came while the page was still moving: a person would click again
            self.menu("Run", "Run All Cells")
        deadline, before, since = time.monotonic() + 240, 0, time.monotonic()
        while True:
            self.page.wait_for_timeout(500)
            self.page.wait_for_selector(IDLE, state="attached", timeout=240_000)
            self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
            notebook = self.saved()
            done = sum(c.get("execution_count") is not None for c in notebook.cells)
            if done >= last or shown_error(notebook):  # JupyterLab runs no cell after one that fails
                return notebook
            if done != before:
                before, since = done, time.monotonic()
            elif time.monotonic() - since > 40:  # the kernel is idle, and nothing comes any more
                self.menu("Run", "Run All Cells")
                since = time.monotonic()
            assert time.monotonic() < deadline, f"{self.path}: Run All ended {done} of {last} cells"

    def saved(self):
        """The notebook as it lies on disk."""
        return nbformat.read(self.folder / self.path, as_version=4)


@contextmanager
def visit(browser, address, folder):
    """A fresh page that may reach loopback only; fails at the end if it tried anything else."""
    outside = []

    def gate(route):
        if re.match(r"https?://(127\.0\.0\.1|localhost)[:/]|data:|blob:", route.request.url):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.route("**/*", gate)
    try:
        yield Lab(context.new_page(), address, folder)
    finally:
        context.close()
    assert outside == []


def shown_error(notebook):
    """The errors among a notebook's outputs."""
    return [
        f"{cell.id}: {o.ename}: {o.evalue}"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for o in cell.outputs
        if o.output_type == "error"
    ]
