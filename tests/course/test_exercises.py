"""exercises/ is what solutions/ makes, byte by byte, and gives nothing away."""

import hashlib
import json
import shutil

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_output
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from scripts import exercises
from scripts.exercises import Refused, check, config_of, faults_in_sources, leaks, make, notebooks_in, parts_of

DOUBLES = "solutions/ch91/ch91_doubles.ipynb"


# ---- this repository ----


def test_the_exercises_are_what_the_solutions_make(root):
    assert check(root) == []


def assert_manifest(held):
    manifest = held.pop("MANIFEST.txt").decode().splitlines()
    assert held
    assert manifest == [f"{hashlib.sha256(held[path]).hexdigest()}  {path}" for path in sorted(held)]


def test_the_manifest_says_exactly_what_the_exercises_hold(root, contents):
    assert_manifest(contents(root / "exercises"))


def test_grade_ids_are_unique_and_name_their_assignment(root):
    assert faults_in_sources(root / "solutions") == []


def test_the_exercises_give_nothing_away(root):
    assert leaks(root / "solutions", root / "exercises", config_of(root)) == []


def secrets_of(folder):
    """An answer's and a hidden test's last line of each notebook, the longest there is."""
    for path, notebook in notebooks_in(folder).items():
        public = "\n".join(line for cell in notebook.cells for kind, line in parts_of(cell) if kind is None)
        for wanted in ("answer", "hidden test"):
            lines = [line for cell in notebook.cells for kind, line in parts_of(cell) if kind == wanted and line not in public]
            yield path, wanted, max(lines, key=len)


def test_each_answer_and_each_hidden_test_of_the_book_would_be_noticed(root, tmp_path):
    for number, (path, kind, line) in enumerate(secrets_of(root / "solutions")):
        release = tmp_path / str(number)
        shutil.copytree(root / "exercises", release)
        notebook = nbformat.read(release / path, 4)
        notebook.cells[-1].source += f"\n# see: {line}"
        nbformat.write(notebook, release / path)
        assert any(kind in found and str(path) in found for found in leaks(root / "solutions", release, config_of(root)))


def test_nbgrader_sees_the_assignments_and_takes_no_other_file_for_one(root, tmp_path):
    coursedir = CourseDirectory(config=config_of(root), root=str(root), db_url=f"sqlite:///{tmp_path}/gradebook.db")
    seen = NbGraderAPI(coursedir=coursedir, config=config_of(root)).get_source_assignments()
    assert (root / "solutions/README.md").exists()
    assert seen == {path.parts[0] for path in notebooks_in(root / "solutions")}


# ---- making ----


def test_two_runs_give_the_same_bytes(book, contents):
    make(book)
    first = contents(book)
    make(book)
    assert contents(book) == first
    assert check(book) == []


def test_students_get_stubs_tests_and_side_files(book, contents):
    make(book)
    held = contents(book / "exercises")
    assert sorted(held) == ["MANIFEST.txt", "ch91/ch91_doubles.ipynb", "ch91/table.csv", "ch92/ch92_halves.ipynb"]
    assert_manifest(dict(held))
    notebook = held["ch91/ch91_doubles.ipynb"].decode()
    assert notebook.count("raise NotImplementedError") == 2
    assert "assert double(2) == 4" in notebook
    assert "YOUR ANSWER HERE" in notebook


def test_what_running_a_notebook_leaves_behind_is_not_released(book, change, contents):
    make(book)
    clean = contents(book / "exercises")

    def run(cell):
        cell.outputs, cell.execution_count = [new_output("stream", text="on my machine")], 7
        cell.metadata.update(execution={"iopub.execute_input": "2026-11-20T09:00:00Z"}, collapsed=True)

    change.cell(book / DOUBLES, "ch91-setup", run)
    make(book)
    assert contents(book / "exercises") == clean


def test_what_the_solutions_no_longer_have_goes(book, contents):
    make(book)
    shutil.rmtree(book / "solutions/ch92")
    (book / "solutions/ch91/table.csv").unlink()
    make(book)
    assert sorted(contents(book / "exercises")) == ["MANIFEST.txt", "ch91/ch91_doubles.ipynb"]


def test_no_gradebook_and_no_half_made_folder_stays(book):
    make(book)
    assert sorted(path.name for path in book.iterdir()) == ["exercises", "nbgrader_config.py", "solutions"]


def tampers():
    """What can happen to exercises/, and what the check must say of it."""
    return {
        "changed": (lambda e: (e / "ch91/table.csv").write_text("x,double\n2,5\n"), "ch91/table.csv: differs"),
        "removed": (lambda e: (e / "ch92/ch92_halves.ipynb").unlink(), "ch92/ch92_halves.ipynb: missing"),
        "added": (lambda e: (e / "ch91/notes.txt").write_text("by hand"), "ch91/notes.txt: not made from solutions/"),
        "manifest": (lambda e: (e / "MANIFEST.txt").write_text(""), "MANIFEST.txt: differs"),
        "never made": (shutil.rmtree, "MANIFEST.txt: missing"),
    }


@pytest.mark.parametrize("name", tampers())
def test_a_tampered_copy_is_caught(book, says, contents, name):
    make(book)
    before = says(exercises.main, "--check", "--root", book)
    tamper, said = tampers()[name]
    tamper(book / "exercises")
    tampered = contents(book)
    after = says(exercises.main, "--check", "--root", book)
    assert (before.code, after.code) == (0, 1)
    assert said in after.text
    assert contents(book) == tampered


def test_a_check_sees_that_the_solutions_went_on(book, change):
    make(book)
    change(book / DOUBLES, "ch91-ex1-double-value", "2 and 2", "two and two")
    assert check(book) == ["MANIFEST.txt: differs", "ch91/ch91_doubles.ipynb: differs"]


# ---- refusing ----


def rename(new):
    return lambda book, change: change.cell(
        book / DOUBLES, "ch91-setup", lambda cell: cell.metadata.nbgrader.update(grade_id=new)
    )


def in_cell(grade_id, old, new):
    return lambda book, change: change(book / DOUBLES, grade_id, old, new)


def metadata(grade_id, **extra):
    return lambda book, change: change.cell(book / DOUBLES, grade_id, lambda cell: cell.metadata.update(extra))


def attach(book, change):
    picture = {"curve.png": {"image/png": "aGVyZSBpdCBpcw=="}}
    change.cell(book / DOUBLES, "ch91-ex3-why", lambda cell: cell.update(attachments=picture))


def no_id(book, change):
    notebook = json.loads((book / DOUBLES).read_text())
    del notebook["cells"][1]["id"]
    (book / DOUBLES).write_text(json.dumps(notebook))


def new_cell(source):
    def add(book, change):
        notebook = nbformat.read(book / DOUBLES, 4)
        notebook.cells.insert(0, new_markdown_cell(source, id="planted"))
        nbformat.write(notebook, book / DOUBLES)

    return add


def side_file(name, text):
    return lambda book, change: (book / "solutions/ch91" / name).write_text(text)


def private_notebook(book, change):
    nbformat.write(new_notebook(cells=[new_markdown_cell("Marks", id="marks")]), book / "solutions/ch91/marks.private.ipynb")


def renamed_private_file(book, change):
    shutil.copy(book / "solutions/ch91/mistakes.py", book / "solutions/ch91/examples.py")


HIDDEN = "ch91-ex1-double-hidden"
PLANTS = {  # a fault in the sources, and what the refusal must say of it
    "a grade id twice": (rename("ch91-ex1-double"), "ch91-ex1-double: expected a grade id once, got it 2 times"),
    "a grade id in two assignments": (rename("ch92-ex1-half"), "ch92-ex1-half: expected a grade id once, got it 2 times"),
    "a grade id of no assignment": (rename("setup"), "expected a grade id that starts with ch91-, got setup"),
    "a cell without an id": (no_id, "ch91_doubles.ipynb: cell 2 has no id"),
    "hidden tests in the open": (in_cell(HIDDEN, "HIDDEN TESTS", "MORE"), f"{HIDDEN} has no BEGIN HIDDEN TESTS"),
    "an assert beside the hidden tests": (
        in_cell(HIDDEN, "# More", "assert double(1)  # More"),
        f"{HIDDEN} has an assert outside",
    ),
    "a marker misspelt": (in_cell("ch91-ex1-double-value", "assert", "# begin hidden test\nassert"), "is left: begin hidden"),
    "a marker without its end": (in_cell("ch91-ex1-double", "### END SOLUTION", ""), "no end solution statement found"),
    "an answer outside an answer cell": (new_cell("### BEGIN SOLUTION\nx\n### END SOLUTION"), "Solution region detected"),
    "an answer told in a hint": (
        new_cell("Write `twice_of_x = x * 2`, then `return twice_of_x`."),
        "the whole answer of ch91-ex1",
    ),
    "an answer in a side file": (side_file("help.py", "total, sums = 0, []"), "help.py: the answer of ch91-ex2-running-sum"),
    "a hidden test in a side file": (
        side_file("t.csv", 'assert running_sum([1, 5])[1] == 6, "it adds up"'),
        "t.csv: the hidden test of",
    ),
    "a model answer in metadata": (
        metadata("ch91-setup", note="The model answer: sums are means in disguise."),
        "ch91_doubles.ipynb: the answer of ch91-ex3-why",
    ),
    "a picture in an answer": (attach, "ch91-ex3-why is an answer with a picture attached"),
    "a private notebook": (private_notebook, "marks.private.ipynb: a private file"),
    "a private file renamed": (renamed_private_file, "ch91/examples.py: a copy of the private file ch91/mistakes.py"),
}


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.filterwarnings("ignore::nbformat.warnings.MissingIDFieldWarning")
def test_a_planted_fault_is_refused_and_nothing_is_written(book, change, contents, says, name):
    make(book)
    made = contents(book / "exercises")
    plant, said = PLANTS[name]
    plant(book, change)
    refusal = says(exercises.main, "--root", book)
    assert refusal.code == 1
    assert said in refusal.text
    assert contents(book / "exercises") == made
    assert sorted(path.name for path in book.iterdir()) == ["exercises", "nbgrader_config.py", "solutions"]


def test_an_assignment_may_give_what_an_earlier_one_asked_for(book, contents):
    notebook = nbformat.read(book / "solutions/ch92/ch92_halves.ipynb", 4)
    notebook.cells.insert(0, new_markdown_cell("Recall: `twice_of_x = x * 2`, then `return twice_of_x`.", id="recall"))
    nbformat.write(notebook, book / "solutions/ch92/ch92_halves.ipynb")
    make(book)
    assert b"Recall" in contents(book / "exercises")["ch92/ch92_halves.ipynb"]


def test_an_empty_book_is_refused(book):
    shutil.rmtree(book / "solutions/ch91")
    shutil.rmtree(book / "solutions/ch92")
    with pytest.raises(Refused, match="expected assignments"):
        make(book)
