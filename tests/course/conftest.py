"""A book of two assignments, small enough to read: what the instructor's commands are tested on."""

import shutil
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from scripts.course import make

ANSWER = {"grade": False, "solution": True, "locked": False}
TEST = {"grade": True, "solution": False, "locked": True}
WRITTEN = {"grade": True, "solution": True, "locked": False}
LOCKED = {"grade": False, "solution": False, "locked": True}

DOUBLE = """def double(x):
    ### BEGIN SOLUTION
    twice_of_x = x * 2
    return twice_of_x
    ### END SOLUTION"""
RUNNING_SUM = """def running_sum(xs):
    ### BEGIN SOLUTION
    total, sums = 0, []
    for x in xs:
        total += x
        sums.append(total)
    return sums
    ### END SOLUTION"""
HALF = """def half(x):
    ### BEGIN SOLUTION
    return x * 0.5
    ### END SOLUTION"""
MISTAKES = '''"""Wrong answers to ch91."""

from scripts.mistake import Mistake

BLANK = 'def {}(x):\\n    raise NotImplementedError("not written yet")'
MISTAKES = [
    Mistake("ch91-ex1-double", "blank", BLANK.format("double"), 0, "nothing is there", "not written yet"),
    Mistake("ch91-ex1-double", "constant", "def double(x):\\n    return 4", 2, "right for 2 alone", "every x"),
    Mistake("ch91-ex1-double", "adds two", "def double(x):\\n    return x + 2", 2, "right for 2 alone", "every x"),
    Mistake("ch91-ex2-running-sum", "blank", BLANK.format("running_sum"), 0, "nothing is there", "not written yet"),
    Mistake("ch91-ex2-running-sum", "constant", "def running_sum(xs):\\n    return [0]", 0, "too short", "as long as"),
    Mistake("ch91-ex2-running-sum", "no sum", "def running_sum(xs):\\n    return list(xs)", 1, "as long as xs", "adds up"),
]
'''


def known(kind, grade_id, points=None):
    """The metadata of a cell that nbgrader knows."""
    about = {**kind, "grade_id": grade_id, "schema_version": 3, "task": False}
    return {"nbgrader": about if points is None else {**about, "points": points}}


def code(source, kind, grade_id, points=None):
    """A code cell; its id is its grade id, so that two runs make the same notebook."""
    return new_code_cell(source, id=grade_id, metadata=known(kind, grade_id, points))


def hidden(tests):
    """Tests between nbgrader's markers."""
    return f"# More tests run when this is graded.\n### BEGIN HIDDEN TESTS\n{tests}\n### END HIDDEN TESTS"


def ch91():
    """Two functions to write, and an answer in words."""
    why = new_markdown_cell(
        "The model answer: sums are means in disguise.", id="why", metadata=known(WRITTEN, "ch91-ex3-why", 2)
    )
    return [
        new_markdown_cell("# Doubles and sums", id="title"),
        code("import math", LOCKED, "ch91-setup"),
        code(DOUBLE, ANSWER, "ch91-ex1-double"),
        code('assert double(2) == 4, "2 and 2 make 4"', TEST, "ch91-ex1-double-value", 2),
        code(hidden('assert double(7) == 14, "double it for every x"'), TEST, "ch91-ex1-double-hidden", 1),
        code(RUNNING_SUM, ANSWER, "ch91-ex2-running-sum"),
        code('assert len(running_sum([1, 2])) == 2, "as long as xs"', TEST, "ch91-ex2-running-sum-shape", 1),
        code(hidden('assert running_sum([1, 5])[1] == 6, "it adds up"'), TEST, "ch91-ex2-running-sum-hidden", 3),
        why,
    ]


def ch92():
    """One function, in an assignment that has no mistakes."""
    return [code(HALF, ANSWER, "ch92-ex1-half"), code("assert half(2) == 1", TEST, "ch92-ex1-half-value", 1)]


def write(path, cells):
    """Write a notebook of these cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def write_book(folder, root):
    """A folder like the repository: the configuration, and solutions/ of two assignments."""
    write(folder / "solutions/ch91/ch91_doubles.ipynb", ch91())
    write(folder / "solutions/ch92/ch92_halves.ipynb", ch92())
    (folder / "solutions/ch91/table.csv").write_text("x,double\n2,4\n")
    (folder / "solutions/ch91/mistakes.py").write_text(MISTAKES)
    (folder / "solutions/ch91/marks.private.md").write_text("Who asks for more time gets it.\n")
    (folder / "solutions/README.md").write_text("# For instructors\n")
    shutil.copy(root / "nbgrader_config.py", folder)
    return folder


@pytest.fixture
def book(tmp_path, root):
    """The small book, to be changed at will."""
    return write_book(tmp_path / "book", root)


@pytest.fixture(scope="session")
def new_course(tmp_path_factory, root):
    """A course made of the small book, to be copied: making a gradebook takes seconds."""
    folder = tmp_path_factory.mktemp("made")
    make(folder / "course", book=write_book(folder / "book", root))
    return folder / "course"


@pytest.fixture
def made(new_course, tmp_path):
    """A course of the small book, without an overlay."""
    return shutil.copytree(new_course, tmp_path / "course")


@pytest.fixture
def change():
    """Change notebooks: change(path, grade_id, old, new) in a cell's source; change.cell(path, grade_id, do) anything else."""

    def cell(path, grade_id, do):
        notebook = nbformat.read(path, 4)
        [found] = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
        do(found)
        nbformat.write(notebook, path)

    def source(path, grade_id, old, new):
        def replace(found):
            assert old in found.source
            found.source = found.source.replace(old, new)

        cell(path, grade_id, replace)

    source.cell = cell
    return source


@pytest.fixture
def contents():
    """The bytes of every file below a folder, by relative path."""
    return lambda folder: {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def says(capsys):
    """Run a command's main; return its exit code and all it printed."""

    def run(main, *arguments):
        try:
            main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as end:
            code = 1 if isinstance(end.code, str) else end.code or 0
            print(end.code if isinstance(end.code, str) else "")
        printed = capsys.readouterr()
        return SimpleNamespace(code=code, text=printed.out + printed.err)

    return run
