"""What every notebook of the book keeps to: short cells, one title, live links, described pictures, nothing committed that ran.

python -m scripts.lint_notebooks        prints each finding with its notebook and cell, exits 1 if there is any
"""

import ast
import re
import sys
import warnings
from pathlib import Path
from urllib.parse import unquote

import nbformat

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 25  # lines of a code cell
WIDEST = 92  # characters of a line that readers see; JupyterLab cuts longer ones off
UNREAD = re.compile(r"-(setup|parts|difference|recognise|compare|checks|slope|probe|known)$")  # folded in assignments
DRAWS = re.compile(r"\bplots\.(?!use_style)|\bplt\.|\.imshow\(|subplots\(")


def notebooks():
    """Chapters and the sources of the assignments."""
    found = [*(ROOT / "chapters").rglob("*.ipynb"), *(ROOT / "solutions").rglob("*.ipynb")]
    return sorted(p for p in found if ".ipynb_checkpoints" not in p.parts)


def alt_text(cell):
    """What a cell's metadata says is to be seen in its picture."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


def draws(source):
    """Whether a code cell draws when it runs: outside its functions, classes and imports."""
    silent = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    run = [node for node in ast.parse(source).body if not isinstance(node, silent)]
    return any(DRAWS.search(ast.get_source_segment(source, node)) for node in run)


def anchor(heading):
    """How a heading is linked to: blanks become hyphens."""
    return heading.strip().replace(" ", "-")


def headings(notebook):
    """(index of the cell, level, text) of every heading, code blocks left out."""
    for n, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            prose = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
            yield from ((n, len(m[1]), m[2].strip()) for m in re.finditer(r"^(#+) (.+)$", prose, re.MULTILINE))


def links(notebook):
    """(cell, target) of every Markdown link that leads to a file or a heading."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.DOTALL)
            for markdown, html in re.findall(r"""\]\(([^)\s]+)(?:\s+"[^"]*")?\)|(?:href|src)="([^"]+)\"""", prose):
                target = markdown or html
                if not re.match(r"[a-z]+:", target):
                    yield cell, unquote(target)


def broken_link(path, notebook, target):
    """Whether a link from the notebook at `path` leads to no file, or to no heading of that file."""
    file, _, fragment = target.partition("#")
    goal = path.parent / file if file else path
    if not goal.exists():
        return True
    if not fragment or goal.suffix != ".ipynb":
        return False
    there = notebook if goal == path else nbformat.read(goal, as_version=4)
    return fragment not in {anchor(text) for _, _, text in headings(there)}


def findings(path):
    """Every departure from the rules, as a line of text."""
    try:
        with warnings.catch_warnings(action="error"):  # nbformat repairs cell ids that stand twice, and only warns
            notebook = nbformat.read(path, as_version=4)
    except (Warning, ValueError, nbformat.ValidationError) as error:
        yield f"no valid notebook: {error}"
        return
    titles = [text for _, level, text in headings(notebook) if level == 1]
    if len(titles) != 1:
        yield f"expected one heading of level 1, got {len(titles)}"
    for cell, target in links(notebook):
        if broken_link(path, notebook, target):
            yield f"cell {cell.id}: link to nowhere: {target}"
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if line.strip()]
        unread = "solutions" in path.parts[-3:] and UNREAD.search(cell.id)
        # Of a test, students read the first line; what is hidden they do not read at all.
        seen = lines[:1] if cell.metadata.get("nbgrader", {}).get("grade") else lines
        wide = max(map(len, seen), default=0)
        if wide > WIDEST and not unread:
            yield f"cell {cell.id}: a line of {wide} characters, {WIDEST} at most"
        if len(lines) > LONGEST:
            yield f"cell {cell.id}: {len(lines)} lines of code, {LONGEST} at most"
        if cell.outputs or cell.execution_count is not None:
            yield f"cell {cell.id}: outputs are committed; run make format"
        if "chapters" in path.parts[-3:] and len(alt_text(cell)) < 20 and draws(cell.source):
            yield f"cell {cell.id}: draws, and says nowhere what is to be seen (metadata mystnb.image.alt)"


def main():
    found = 0
    for path in notebooks():
        for finding in findings(path):
            found += 1
            print(f"{path.relative_to(ROOT)}: {finding}")
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
