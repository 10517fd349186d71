"""Run notebooks in clean kernels, and keep what they printed until something that they depend on changes.

    python -m scripts.execute [NOTEBOOK ...]      runs the chapters (or those named), prints seconds and pictures

The tests and the web book read the same executed copies, in .cache/notebooks.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "notebooks"
SECONDS = 300  # for a cell: far above any, so that only a hanging one is cut off


def chapters():
    """The book's notebooks, in the order of reading."""
    return sorted(p for p in (ROOT / "chapters").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def execute(path, force=False):
    """The notebook with its outputs: run in a clean kernel in its own folder, or, if nothing has changed, from the cache."""
    source = nbformat.read(path, as_version=4)
    kept = CACHE / f"{path.stem}-{digest(source)}.ipynb"
    if kept.exists() and not force:
        return with_outputs(source, nbformat.read(kept, as_version=4))
    began = time.perf_counter()
    notebook = nbformat.from_dict(source)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
        config=Config(KernelManager={"transport_encryption": "auto"}),  # or each kernel warns that it is not
    )
    client.execute(env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    notebook.metadata["seconds"] = round(time.perf_counter() - began, 1)
    if any(outputs(notebook, "error")):
        return notebook  # not kept: what failed is tried again
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}.partial")
    nbformat.write(notebook, partial)
    partial.replace(kept)
    return notebook


def with_outputs(source, ran):
    """The notebook as it stands now, text and metadata included, with the outputs of an earlier run of the same code."""
    source.metadata["seconds"] = ran.metadata["seconds"]
    code = [[cell for cell in notebook.cells if cell.cell_type == "code"] for notebook in (source, ran)]
    for cell, before in zip(*code, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return source


def digest(notebook):
    """A hash of all that an execution depends on: the code, the library, the environment, what the chapters read."""
    h = hashlib.sha256(sys.version.encode())
    for cell in notebook.cells:
        if cell.cell_type == "code":
            h.update(cell.source.encode() + b"\0")
    files = [*(ROOT / "rnncore").rglob("*"), *(ROOT / "chapters" / "results").rglob("*"), ROOT / "requirements.lock"]
    for file in sorted(f for f in files if f.is_file() and "__pycache__" not in f.parts):
        h.update(file.name.encode() + b"\0" + file.read_bytes())
    return h.hexdigest()[:16]


def outputs(notebook, kind):
    """The outputs of one kind ("error", "stream", "display_data" ...), each with its cell."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from ((cell, o) for o in cell.outputs if o.output_type == kind)


def pictures(notebook):
    """The cells that show a picture."""
    return [cell for cell, o in outputs(notebook, "display_data") if "image/png" in o.data]


def main():
    failed = False
    for path in [Path(a).resolve() for a in sys.argv[1:]] or chapters():
        notebook = execute(path, force=True)
        print(f"{path.relative_to(ROOT)}: {notebook.metadata.seconds} s, {len(pictures(notebook))} pictures")
        for cell, error in outputs(notebook, "error"):
            failed = True
            print(f"    cell {cell.id}: {error.ename}: {error.evalue}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
