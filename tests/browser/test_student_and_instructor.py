"""A student fetches, validates and submits an assignment in JupyterLab; the instructor collects and grades it there."""

import re
import subprocess
import sys

import nbformat
import pytest

from scripts import course
from tests.browser.lab import START, isolated, jupyterlab, visit

pytestmark = pytest.mark.slow

ASSIGNMENT, NOTEBOOK = "ch04", "ch04_basic_rnn.ipynb"
STUDENT_CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "unrolled"
c.CourseDirectory.student_id = "ada"  # on a server with accounts, nbgrader takes the account's name
c.Exchange.root = {exchange!r}
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course whose first assignment has been released, and an empty folder of a student's."""
    home = tmp_path_factory.mktemp("class")
    exchange, student = home / "exchange", home / "student"
    exchange.mkdir()
    exchange.chmod(0o777)
    student.mkdir()
    course.make(home / "course")
    config = home / "course" / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc.Exchange.root = {str(exchange)!r}\n")
    (student / "nbgrader_config.py").write_text(STUDENT_CONFIG.format(exchange=str(exchange)))
    release = [sys.executable, "-m", "nbgrader", "release_assignment", ASSIGNMENT]
    subprocess.run(release, cwd=home / "course", env=isolated(home), check=True, capture_output=True)
    return home


def solve(path, solutions):
    """Put the reference solution into the first exercise's answer cell, as a student would have typed it."""
    notebook, source = nbformat.read(path, as_version=4), nbformat.read(solutions, as_version=4)
    answers = [c for c in source.cells if c.metadata.get("nbgrader", {}).get("solution") and c.cell_type == "code"]
    first = answers[0].metadata.nbgrader.grade_id
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == first:
            cell.source = answers[0].source
    nbformat.write(notebook, path)
    return first


def test_fetch_validate_submit_collect_grade(browser, released):
    student = released / "student"
    with jupyterlab(student, released) as address, visit(browser, address, student) as lab:
        fetch(lab)
        assert (student / ASSIGNMENT / NOTEBOOK).exists()
        assert "NotImplementedError" in validate(lab)
        first = solve(student / ASSIGNMENT / NOTEBOOK, released / "course" / "solutions" / ASSIGNMENT / NOTEBOOK)
        assert first == "ch04-ex1-step"
        submit(lab)
    assert len(list((released / "exchange" / "unrolled" / "inbound").glob(f"*+{ASSIGNMENT}+*"))) == 1
    folder = released / "course"
    with jupyterlab(folder, released) as address, visit(browser, address, folder) as lab:
        row = collect_and_grade(lab)
    assert re.search(r"\bgraded\b|needs manual grading", row)
    assert float(re.search(r"(\d+(?:\.\d+)?) / \d+", row)[1]) > 0


def assignments(lab):
    """Open the list of assignments."""
    lab.page.goto(f"{lab.address}/lab?reset&token=reader")
    lab.page.wait_for_selector("#jp-main-dock-panel", timeout=START)
    lab.page.get_by_role("menuitem", name="Nbgrader", exact=True).first.click(timeout=START)
    lab.page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Assignment List")).first.click()


def fetch(lab):
    assignments(lab)
    lab.page.get_by_role("button", name="Fetch", exact=True).first.click(timeout=START)
    lab.page.get_by_role("button", name="Submit", exact=True).first.wait_for(timeout=START)


def submit(lab):
    assignments(lab)
    lab.page.get_by_role("button", name="Submit", exact=True).first.click(timeout=START)
    handed_in = lab.page.locator("#submitted_assignments_list .list_item, #submitted_assignments_list a", has_text=ASSIGNMENT)
    handed_in.first.wait_for(timeout=START)


def validate(lab):
    """Press Validate in the notebook's toolbar; return what the dialog says."""
    lab.open(f"{ASSIGNMENT}/{NOTEBOOK}")
    lab.page.locator(".jp-NotebookPanel-toolbar").get_by_text("Validate", exact=True).click(timeout=START)
    dialog = lab.page.locator(".jp-Dialog")
    dialog.wait_for(timeout=START)
    return dialog.inner_text()


def collect_and_grade(lab):
    """In Formgrader: collect, then autograde the one submission; return its row."""
    lab.page.goto(f"{lab.address}/formgrader/manage_assignments?token=reader")
    row = lab.page.locator("tr", has_text=ASSIGNMENT)
    row.locator(".collect a").click(timeout=START)
    close_success(lab)
    lab.page.goto(f"{lab.address}/formgrader/manage_submissions/{ASSIGNMENT}")
    row = lab.page.locator("tr", has_text="ada")
    row.locator(".autograde a").click(timeout=START)
    close_success(lab)
    return lab.page.locator("tr", has_text="ada").inner_text()


def close_success(lab):
    dialog = lab.page.locator(".modal.in, .modal.show")
    dialog.get_by_text("Success").first.wait_for(timeout=START)
    dialog.get_by_role("button", name="Close").last.click()
    dialog.wait_for(state="hidden", timeout=START)
