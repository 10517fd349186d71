"""What nbgrader does around the grading still works: points by hand, tasks, late penalties, feedback, formgrader."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from jupyter_core.utils import run_sync
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps import api, autogradeapp
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions import formgrader
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from scripts.course import make

SETTINGS = """
from nbgrader.plugins import LateSubmissionPlugin

class TenthAnHour(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score * 0.1 * round(total_seconds_late / 3600)

c.AssignLatePenalties.plugin_class = TenthAnHour
c.CourseDirectory.course_id = "unrolled"
"""
DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
HIDDEN = '### BEGIN HIDDEN TESTS\nsecret = 7\nassert double(secret) == 14, "double it for every x"\n### END HIDDEN TESTS'
TASK = "Draw it.\n\n=== BEGIN MARK SCHEME ===\n\nA secret scheme: axes 1, line 2.\n\n=== END MARK SCHEME ==="
CELLS = [  # make, source, name, what nbgrader says of it, points
    (new_code_cell, DOUBLE, "double", {"solution"}, None),
    (new_code_cell, 'assert double(2) == 4, "2 and 2 make 4"', "double-value", {"grade", "locked"}, 2),
    (new_code_cell, HIDDEN, "double-hidden", {"grade", "locked"}, 4),
    (new_code_cell, "### BEGIN SOLUTION\nplan = 'by hand'\n### END SOLUTION", "plan", {"grade", "solution"}, 3),
    (new_markdown_cell, "The answer: because.", "why", {"grade", "solution"}, 2),
    (new_markdown_cell, TASK, "draw", {"task", "locked"}, 5),
]
SHOWS = """from IPython.display import display
import base64
pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
for kind in ("text/html", "text/markdown", "image/svg+xml", "application/javascript", "text/latex"):
    display({kind: "<script>harm(1)</script><img src=x onerror=harm(2)>", "text/plain": "plain"}, raw=True)
display({"image/png": pixel}, raw=True, metadata={"image/png": {"width": "1 onload=harm(3)"}})
def double(x):
    return x + 2"""
WHY = """Since two and two. <script>harm(4)</script><img src=x onerror=harm(5)><iframe src="https://a.org"></iframe>
[a link](https://example.org) [no link](javascript:harm) <a href="data:text/html,harm">data</a> ![far](https://a.org/b.png)
$a < b$, **bold**, ![mine](attachment:mine.png)

| a | b |
|---|---|
| 1 | 2 |"""
ANSWERS = {"double": SHOWS, "plan": "plan = 3", "why": WHY}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ADA, BOB = "ada", "bob"


@pytest.fixture(scope="module")
def released(tmp_path_factory, root):
    """A course with one assignment of all kinds of cells."""
    folder = tmp_path_factory.mktemp("kinds")
    cells = []
    for new, source, name, kinds, points in CELLS:
        about = {kind: kind in kinds for kind in ("grade", "solution", "locked", "task")}
        about |= {"grade_id": f"ps1-{name}", "schema_version": 3} | ({} if points is None else {"points": points})
        cells.append(new(source, id=name, metadata={"nbgrader": about}))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    (folder / "book/solutions/ps1").mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "book/solutions/ps1/ps1.ipynb")
    shutil.copy(root / "nbgrader_config.py", folder / "book")
    make(folder / "course", book=folder / "book")
    config = folder / "course/nbgrader_config.py"
    config.write_text(config.read_text() + SETTINGS)
    hand_in(folder / "course", ADA, "2026-01-01 12:00:00 UTC")
    hand_in(folder / "course", BOB, "2026-01-01 15:00:00 UTC")
    with Gradebook(f"sqlite:///{folder}/course/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate="2026-01-01 13:00:00 UTC")
    return folder / "course"


def hand_in(course, student, when):
    """A submission with one test right and one wrong, all else answered."""
    notebook = nbformat.read(course / "exercises/ps1/ps1.ipynb", 4)
    for cell in notebook.cells:
        cell.source = ANSWERS.get(cell.metadata.nbgrader.grade_id.removeprefix("ps1-"), cell.source)
        if cell.metadata.nbgrader.grade_id == "ps1-why":
            cell.attachments = {"mine.png": {"image/png": PIXEL}}
    notebook.cells.append(new_markdown_cell("My drawing."))
    place = course / "submitted" / student / "ps1"
    place.mkdir(parents=True)
    nbformat.write(notebook, place / "ps1.ipynb")
    (place / "timestamp.txt").write_text(when)


def nbgrader(folder, *command):
    """Run a command of nbgrader in a course; return what it printed."""
    done = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def graded(released):
    """The course after its class was graded; and what the grader printed."""
    return released, nbgrader(released, "autograde", "ps1")


@pytest.fixture
def course(graded, tmp_path):
    """A copy of the graded course."""
    return shutil.copytree(graded[0], tmp_path / "course")


def book_of(course):
    return Gradebook(f"sqlite:///{course}/gradebook.db")


def marks(course, student):
    """By grade id: points of the grader, points by hand, whether a person is awaited."""
    with book_of(course) as gradebook:
        grades = gradebook.find_submission_notebook("ps1", "ps1", student).grades
        return {g.name.removeprefix("ps1-"): (g.auto_score, g.manual_score, g.needs_manual_grade) for g in grades}


@pytest.mark.slow
def test_what_a_person_reads_is_left_to_a_person(graded):
    assert marks(graded[0], ADA) == {
        "double-value": (2, None, False),
        "double-hidden": (0, None, False),
        "plan": (None, None, True),
        "why": (None, None, True),
        "draw": (None, None, True),
    }


@pytest.mark.slow
def test_late_work_loses_what_the_courses_own_rule_says(graded):
    folder, said = graded
    with book_of(folder) as gradebook:
        penalties = {s: gradebook.find_submission("ps1", s).late_submission_penalty for s in (ADA, BOB)}
    assert penalties == {ADA: 0, BOB: 0.4}
    assert re.search(r"ada +2 of 16", said)
    assert re.search(r"bob +1.6 of 16 +\S+  late: 0.4 points off", said)


@pytest.mark.slow
def test_points_by_hand_survive_a_regrading(course):
    with book_of(course) as gradebook:
        for name, score in {"plan": 2, "why": 1.5, "draw": 4, "double-hidden": 3}.items():
            grade = gradebook.find_grade(f"ps1-{name}", "ps1", "ps1", ADA)
            grade.manual_score, grade.needs_manual_grade = score, False
        gradebook.find_comment("ps1-why", "ps1", "ps1", ADA).manual_comment = "Nearly."
        gradebook.db.commit()
    said = nbgrader(course, "autograde", "ps1")
    assert "again" not in said
    assert not re.search(r"ada +\d", said)  # it is complete, and stays as it is
    said = nbgrader(course, "autograde", "ps1", "--force")
    assert {name: grade[1:] for name, grade in marks(course, ADA).items()} == {
        "double-value": (None, False),
        "double-hidden": (3, True),
        "plan": (2, True),
        "why": (1.5, True),
        "draw": (4, False),  # nbgrader leaves tasks alone
    }
    assert re.search(r"ada +12.5 of 16", said)
    nbgrader(course, "generate_feedback", "ps1")
    assert "Nearly." in (course / "feedback/ada/ps1/ps1.html").read_text()


@pytest.mark.slow
def test_feedback_shows_the_hint_and_no_secret(course):
    said = nbgrader(course, "generate_feedback", "ps1")
    assert "ERROR" not in said
    page = (course / "feedback/ada/ps1/ps1.html").read_text()
    text = re.sub(r"<[^>]*>", "", page)
    for words in ("AssertionError: double it for every x", "return x + 2", "Since two and two.", "My drawing.", "Draw it."):
        assert words in text
    assert re.search(r"GRADE_SEED=\d+", text)
    assert "Score: 0.0 / 4.0" in text
    for secret in ("secret", "BEGIN HIDDEN TESTS", "MARK SCHEME", "axes 1"):
        assert secret not in text


def configuration(course, monkeypatch):
    """The course's configuration; what reading it changes in this process is put back at the end of the test."""
    for module in (api, autogradeapp):
        monkeypatch.setattr(module, "Autograde", module.Autograde)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return Config(PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config())


class Elements(HTMLParser):
    """The elements of a page: tags with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.mark.slow
@pytest.mark.parametrize("form", [False, True])
def test_nothing_that_a_student_wrote_runs_in_a_readers_browser(course, form, monkeypatch):
    nbgrader(course, "generate_feedback", "ps1")
    page = (course / "feedback/ada/ps1/ps1.html").read_text()
    if form:  # formgrader's page, made as formgrader makes it
        templates = Path(formgrader.__file__).parent / "templates"
        config = configuration(course, monkeypatch)
        config.HTMLExporter.update(template_name="formgrade", extra_template_basedirs=[str(templates)])
        graded = nbformat.read(course / "autograded/ada/ps1/ps1.ipynb", 4)
        names = ("assignment_id", "notebook_id", "submission_id", "base_url", "student", "last_name", "first_name")
        resources = dict.fromkeys(names, "ps1") | {"index": 0, "total": 1, "notebook_path": "ps1"}
        page, _ = HTMLExporter(config=config).from_notebook_node(graded, resources=resources)
    elements = Elements(page).found
    assert [element for element in elements if "harm" in str(element)] == []
    assert "<script>harm" not in page
    assert "https://a.org" not in [attributes.get("src") for _, attributes in elements]
    mathjax = [attributes["src"] for tag, attributes in elements if tag == "script" and "mathjax" in attributes.get("src", "")]
    assert [source.endswith(",Safe") for source in mathjax] == [True]  # which keeps \\href from running scripts
    sources = [attributes.get("src", "") for tag, attributes in elements if tag == "img"]
    assert sum(source.startswith("data:image/png;base64," + PIXEL[:20]) for source in sources) == 2  # shown, and pasted
    assert ("a", {"href": "https://example.org"}) in elements
    assert any(tag == "strong" for tag, _ in elements)
    assert any(tag == "td" for tag, _ in elements)


# ---- formgrader ----


@pytest.mark.slow
@pytest.mark.parametrize("within_a_loop", [False, True])
def test_formgrader_grades_safely(course, within_a_loop, monkeypatch):
    config = configuration(course, monkeypatch)
    interface = api.NbGraderAPI(CourseDirectory(config=config, root=str(course)), config=config)

    async def inside():
        return interface.autograde("ps1", ADA)

    result = run_sync(inside)() if within_a_loop else interface.autograde("ps1", ADA)
    assert result["success"], result
    assert re.search(r"ada +2 of 16", result["log"])
    assert "Converting notebook " + str(course / ".gradecore") in result["log"]
    assert not list((course / ".gradecore").glob("*/"))
    assert marks(course, ADA)["double-value"] == (2, None, False)
