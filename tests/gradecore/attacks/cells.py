"""Attacks by what is done to the notebook that is handed in: its cells, their metadata, its own metadata."""

import copy

from scripts.attack import Attack

ZERO = "def double(x):\n    return None"


def about(cell):
    return cell["metadata"].get("nbgrader", {})


def tests_of(notebook):
    return [cell for cell in notebook["cells"] if about(cell).get("grade") and cell["cell_type"] == "code"]


def cell(source, **metadata):
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def each_test(change):
    """A change of the notebook: do this to each test cell."""

    def notebook(content):
        for test in tests_of(content):
            change(test)

    return notebook


def drop_tests(content):
    content["cells"] = [cell for cell in content["cells"] if cell not in tests_of(content)]


def double_tests(content):
    content["cells"] += [copy.deepcopy(test) | {"source": "pass"} for test in tests_of(content) for _ in range(2)]


def tests_first(content):
    content["cells"] = [*tests_of(content), *(cell for cell in content["cells"] if cell not in tests_of(content))]


def answers_as_tests(content):
    """The answer cells take the names of tests, with points."""
    tests = [about(test)["grade_id"] for test in tests_of(content)]
    for part in content["cells"]:
        if about(part).get("solution"):
            about(part).update(grade_id=tests.pop(), grade=True, locked=True, points=100)


def added_tests(content):
    """New graded cells, and a task, worth points."""
    for n in range(5):
        known = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3}
        content["cells"].append(cell("pass", nbgrader=known | {"grade_id": f"bonus-{n}", "points": 100}))
        task = {"cell_type": "markdown", "source": "bonus", "metadata": {"nbgrader": known | {"task": True, "points": 50}}}
        task["metadata"]["nbgrader"]["grade_id"] = f"task-{n}"
        content["cells"].append(task)


def junk_metadata(content):
    """Metadata of all the wrong types."""
    kinds = [[], "x", {"grade_id": []}, {"grade_id": {"a": 1}}, 5, None, {"points": "many"}]
    for part, junk in zip(content["cells"], kinds, strict=False):
        if about(part).get("solution") is not True:
            part["metadata"]["nbgrader"] = junk
    content["cells"] += [cell("1", nbgrader={"grade_id": 7}), {"cell_type": ["code"]}, None, 5, {"metadata": 3}]


def junk_notebook(content):
    content["metadata"] = {
        "kernelspec": {"name": "../../../bin/sh", "display_name": "<script>harm()</script>", "language": 5},
        "language_info": {"name": "bash", "pygments_lexer": "no-such-lexer"},
        "celltoolbar": [1],
        "title": "<script>harm()</script>",
        "authors": [{"name": "<script>harm()</script>"}],
    }


def filled_outputs(content):
    for test in tests_of(content):
        test["outputs"] = [
            {"output_type": "execute_result", "data": {"text/plain": "99"}, "metadata": {}, "execution_count": 1}
        ]
        test["execution_count"] = 1


def scripts_in_text(content):
    text = "<script>harm()</script><img src=x onerror=harm()>[x](javascript:harm())![y](attachment:a.png)<svg onload=harm()>"
    pictures = {"a.png": {"image/svg+xml": "<svg onload='harm()'/>", "text/html": "<script>harm()</script>"}}
    pictures["b.png"] = {"image/png": '"><script>harm()</script>', 'image/png" onload="harm()': "x"}
    content["cells"].insert(0, {"cell_type": "markdown", "source": text, "metadata": {}, "attachments": pictures})
    for name in ("a.png", "b.png"):
        part = {"cell_type": "markdown", "source": f"![p](attachment:{name})", "metadata": {}, "attachments": pictures}
        content["cells"].append(part)


def slow_markdown(content):
    for text in ("\\begin{a}" * 20_000, "&" * 190_000, "<" * 190_000, "[" * 190_000) * 5:
        content["cells"].append({"cell_type": "markdown", "source": text, "metadata": {}})


def slow_code(content):
    content["cells"] += [cell("if 0: " + "a." * 80_000)] * 5


def picture_bomb(content):
    """One picture, many times; a long link, thousands of times."""
    pictures = {"a": {"image/png": "A" * 800_000}}
    part = {"cell_type": "markdown", "source": "![](attachment:a)\n" * 100, "metadata": {}, "attachments": pictures}
    links = "[a]: http://" + "b" * 5000 + "\n\n" + "[a]\n" * 1200
    content["cells"] += [part] * 5 + [{"cell_type": "markdown", "source": links, "metadata": {}}] * 5


def slow_outputs(content):
    """HTML that takes minutes to clean, and a page of a million colours."""
    content["cells"] += [cell("from IPython.display import display, HTML\ndisplay(HTML('<ul><li>' * 12400))")] * 5
    content["cells"] += [cell("print('\\x1b[31ma' * 16000)")] * 20


def magics(content):
    for source in (
        "%%javascript\nharm()",
        "%%html\n<script>harm()</script>",
        "%%bash\nsleep 7778 &\ncat @COURSE@/secret.txt",
        "!cat @COURSE@/solutions/siege/siege.ipynb",
        "%run @COURSE@/nbgrader_config.py",
        "%load @COURSE@/secret.txt",
        "%store double",
        "%%writefile @HARM@/magic\nx",
        "%automagic on",
    ):
        content["cells"].append(cell(source))


def half_characters(content):
    """Characters that no file can hold, where text is expected."""
    content["cells"].append(cell("x = '\ud800'"))
    content["cells"].insert(0, {"cell_type": "markdown", "source": "\udfff", "metadata": {}})
    picture = {"a\ud800.png": {"image/png": "\ud800"}}
    content["cells"].append({"cell_type": "markdown", "source": "p", "metadata": {}, "attachments": picture})


def control_characters(content):
    content["cells"].append(cell("x = '\x00\x1b[2J\x07'\nprint(x)"))
    content["cells"].append({"cell_type": "markdown", "source": "a\x00b\x1b]0;harm\x07", "metadata": {}})


def edit_setup(content):
    for part in content["cells"]:
        if about(part).get("grade_id") == "siege-setup":
            part["source"] = "import numpy as np\nnp.allclose = lambda *_: True\nrange = lambda *_: []"


def many_cells(content):
    """As many cells as fit into the largest notebook that is read."""
    content["cells"] += [{"cell_type": "code", "source": "", "metadata": {}}] * 300_000


def syntax_errors(content):
    for source in ("def (", "(" * 5000, "x = " + "-" * 100_000 + "1", "'" * 99_999, "\\", "%%nosuch"):
        content["cells"].append(cell(source))


ATTACKS = [
    Attack("skip-tags", "tags that tell nbclient to skip the tests", ZERO, notebook=each_test(
        lambda test: test["metadata"].update(tags=["skip-execution", "raises-exception"]))),
    Attack("deleted-tests", "hands in no test cells", ZERO, notebook=drop_tests),
    Attack("duplicated-tests", "copies of the test cells, which always pass", ZERO, notebook=double_tests),
    Attack("retyped-tests", "test cells made Markdown and raw", ZERO, notebook=each_test(
        lambda test: test.update(cell_type="raw" if "hidden" in about(test)["grade_id"] else "markdown"))),
    Attack("edited-tests", "test cells that only pass", ZERO, notebook=each_test(lambda test: test.update(source="pass"))),
    Attack("changed-points", "tests worth a thousand points each", ZERO, notebook=each_test(
        lambda test: about(test).update(points=1000))),
    Attack("unlocked-tests", "tests that say that they are answers, not graded, of another schema", ZERO, notebook=each_test(
        lambda test: about(test).update(locked=False, solution=True, grade=False, schema_version=1))),
    Attack("other-checksum", "tests with a checksum and a cell id of their own", ZERO, notebook=each_test(
        lambda test: (about(test).update(checksum="0" * 32), test.update(id="x" * 10)))),
    Attack("reordered-tests", "test cells before the answers", ZERO, notebook=tests_first),
    Attack("answers-as-tests", "answer cells under the names of tests", notebook=answers_as_tests, honest=0),
    Attack("added-tests", "graded cells of its own, worth points", ZERO, notebook=added_tests),
    Attack("filled-outputs", "outputs that say 99 points, and have been run", ZERO, notebook=filled_outputs),
    Attack("junk-metadata", "metadata and cells of all the wrong types", ZERO, notebook=junk_metadata),
    Attack("junk-notebook", "the notebook's metadata name another kernel, language and title", ZERO, notebook=junk_notebook),
    Attack("edited-setup", "a given cell that patches NumPy for the tests", ZERO, notebook=edit_setup),
    Attack("scripts-in-text", "scripts in Markdown, in pasted pictures and their names", ZERO, notebook=scripts_in_text),
    Attack("slow-markdown", "texts that take minutes to render, for whoever makes the feedback", ZERO, notebook=slow_markdown),
    Attack("slow-code", "code that takes minutes to colour", ZERO, notebook=slow_code),
    Attack("slow-outputs", "outputs that take minutes to clean, or fill the memory with colours", ZERO, notebook=slow_outputs),
    Attack("picture-bomb", "a page that shows one picture a thousand times", ZERO, notebook=picture_bomb),
    Attack("magics", "cell magics and shell commands: scripts, files, processes", ZERO, notebook=magics),
    Attack("half-characters", "half characters in cells, which no file can hold", ZERO, notebook=half_characters),
    Attack("control-characters", "zero bytes and escape codes in cells", ZERO, notebook=control_characters),
    Attack("many-cells", "hundreds of thousands of cells", ZERO, notebook=many_cells),
    Attack("syntax-errors", "cells on which a compiler chokes", ZERO, notebook=syntax_errors),
]  # fmt: skip
