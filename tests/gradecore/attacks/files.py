"""Attacks by the files that are handed in: beside the notebook, or in its place."""

import contextlib
import json
import os
import shutil
import socket
from pathlib import Path

from scripts.attack import Attack

ZERO = "def double(x):\n    return None"
NAME = "siege.ipynb"


def write(name, content):
    """A change of the folder: this file is in it."""

    def files(folder):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return files


def instead(content):
    """A change of the folder: this stands in the notebook's file."""
    return write(NAME, content)


def own_modules(folder):
    """Modules of the names that tests and kernels import."""
    for name in ("numpy", "json", "random", "rnncore", "modelbook", "conftest", "sitecustomize", "usercustomize", "gradecore"):
        (folder / f"{name}.py").write_text("double = lambda x: None\n")


def own_kernel(folder):
    """Modules of the names under which the kernel itself starts."""
    (folder / "ipykernel").mkdir()
    for name in ("ipykernel_launcher.py", "ipykernel/__init__.py", "IPython.py", "zmq.py", "asyncio.py", "resource.py"):
        (folder / name).write_text("raise SystemExit\n")


def own_settings(folder):
    """Settings of IPython, Jupyter, pytest and nbgrader."""
    code = "open('@HARM@/settings', 'w').write('x')\nc = get_config()\nc.TwoKernelExecute.sandbox = 'none'\n"
    for name in (
        "nbgrader_config.py",
        "ipython_config.py",
        "jupyter_config.py",
        "ipython_kernel_config.py",
        ".ipython/startup/00.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code)
    (folder / "pyvenv.cfg").write_text("home = /tmp\n")
    (folder / "gradebook.db").write_bytes(b"SQLite format 3\0")
    (folder / "x.pth").write_text("import os\n")


def notebook_is_link(folder):
    (folder / NAME).unlink()
    (folder / NAME).symlink_to("../../right-1/siege/siege.ipynb")


def notebook_is_folder(folder):
    (folder / NAME).unlink()
    (folder / NAME).mkdir()
    (folder / NAME / "x").write_text("x")


def notebook_is_pipe(folder):
    (folder / NAME).unlink()
    os.mkfifo(folder / NAME)


def links(folder):
    """Links to what is not the student's: the gradebook, the model answers, a classmate's work, everything."""
    (folder / "a.csv").symlink_to("../../../gradebook.db")
    (folder / "secret.txt").symlink_to("../../../secret.txt")
    (folder / "solutions").symlink_to("../../../solutions")
    (folder / "all").symlink_to("/")
    (folder / "loop").symlink_to("loop")
    (folder / "zero").symlink_to("/dev/zero")


def pipes(folder):
    """What blocks who reads it: a pipe, a socket, and a device where root hands it in."""
    os.mkfifo(folder / "pipe")
    place = os.getcwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
    finally:
        os.chdir(place)
    if os.getuid() == 0:
        with contextlib.suppress(PermissionError):  # root in a container may not
            os.mknod(folder / "random", 0o20666, os.makedev(1, 8))


def timestamp_is(kind):
    """A change of the folder: timestamp.txt, which nbgrader reads, is something else."""

    def files(folder):
        path = folder / "timestamp.txt"
        {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda p: p.symlink_to("/dev/zero")}[kind](path)

    return files


def in_the_way(folder):
    """Folders and files where the course's own side files go."""
    (folder / "table.csv").unlink()
    shutil.rmtree(folder / "data")
    (folder / "table.csv").mkdir()
    (folder / "table.csv" / "x").write_text("x")
    (folder / "data").write_text("a file where the course has a folder")


def deep_folders(folder):
    """A path of more than a thousand folders."""
    place = os.getcwd()
    os.chdir(folder)
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        Path("leaf").write_text("x")
    finally:
        os.chdir(place)


def many_files(folder):
    for n in range(3000):
        (folder / f"{n}.txt").write_text("x")


def many_folders(folder):
    for n in range(8000):
        (folder / f"{n}").mkdir()


def long_paths(folder):
    """A path as long as the system allows, and one that goes on where that ends."""
    path = folder
    while len(str(path)) < 3840:
        path /= "d" * 200
    longest = path / ("e" * (4087 - len(str(path))))
    longest.mkdir(parents=True)
    (longest / "x").write_text("x")
    place = os.getcwd()
    os.chdir(path)
    try:
        for _ in range(10):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        Path("leaf").write_text("x")
    finally:
        os.chdir(place)


def feedback_in_the_way(folder):
    (folder / "siege.html").mkdir()
    (folder / "siege.html" / "x").write_text("x")


def lines_of_the_log(folder):
    for n in range(20):
        (folder / f"{n}\nright-1                    9 of 9      0.1  ").write_text("x")


def strange_names(folder):
    """Names that are commands to a terminal, lines of a table, patterns, and no text at all."""
    for name in ("\x1b]0;harm\x07\x1b[2J", "x\nright-1                    9 of 9      0.1  ", "[!a]*", "*", "-rf", "a" * 250):
        (folder / name).symlink_to("/etc/passwd")
    os.symlink("/etc/passwd", os.fsencode(folder) + b"/\xff\xfe")
    (folder / "$(touch @HARM@)".replace("/", "_")).write_text("x")


def wrong_name(folder):
    os.rename(folder / NAME, os.fsencode(folder) + b"/\xff\x1b[2J<script>harm()</script>".replace(b"/s", b"s") + b".ipynb")


def unreadable(folder):
    (folder / "closed").mkdir()
    (folder / "closed" / "x").write_text("x")
    (folder / "closed").chmod(0)


def other_names(folder):
    for name in ("siege2.ipynb", "Siege.ipynb", "siege.ipynb.ipynb", "bonus/siege.ipynb"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text((folder / NAME).read_text())


DEEP = '{"nbformat": 4, "cells": ' + "[" * 200_000
HUGE = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
OLD = json.dumps({"nbformat": 3, "worksheets": [{"cells": []}], "metadata": {"name": ""}})
NUMBER = '{"nbformat": 4, "cells": [], "metadata": {}, "nbformat_minor": ' + "9" * 100_000 + "}"
ODD = json.dumps({"nbformat": "\u001b[2J<script>harm()</script>\ud800", "cells": []})

ATTACKS = [
    Attack("own-modules", "own numpy, json, random, rnncore, conftest, sitecustomize beside the notebook", ZERO,
           files=own_modules, spoils=True),
    Attack("own-kernel", "own ipykernel, IPython, zmq and asyncio beside the notebook", ZERO, files=own_kernel),
    Attack("own-settings", "own settings of nbgrader, IPython, Jupyter and pytest, and an own gradebook", ZERO,
           files=own_settings),
    Attack("notebook-is-link", "the notebook is a link to a classmate's", files=notebook_is_link, honest=0,
           ends="not readable"),
    Attack("notebook-is-folder", "the notebook is a folder", files=notebook_is_folder, honest=0, ends="not readable"),
    Attack("notebook-is-pipe", "the notebook is a pipe that blocks its reader", files=notebook_is_pipe, honest=0,
           ends="not readable"),
    Attack("links", "links to the gradebook, the solutions, the whole disk, an endless device",
           "for name in ('a.csv', 'secret.txt', 'solutions/siege/siege.ipynb', 'all/etc/passwd', 'zero'):\n"
           "    try:\n        print('GAIN' 'ED', open(name).read(100))\n"
           "    except OSError as error:\n        print(error)\n" + ZERO, files=links, ends="left out"),
    Attack("pipes", "pipes, sockets and devices among the files", ZERO, files=pipes, ends="left out"),
    Attack("timestamp-garbage", "a timestamp.txt that is no time", ZERO, files=write("timestamp.txt", "yesterday\x1b[2J")),
    Attack("timestamp-bytes", "a timestamp.txt that is no text", ZERO, files=write("timestamp.txt", b"\xff\xfe\x00")),
    Attack("timestamp-pipe", "a timestamp.txt that blocks its reader", ZERO, files=timestamp_is("pipe")),
    Attack("timestamp-folder", "a timestamp.txt that is a folder", ZERO, files=timestamp_is("folder")),
    Attack("timestamp-link", "a timestamp.txt that never ends", ZERO, files=timestamp_is("link")),
    Attack("in-the-way", "folders and files where the course's own files go", ZERO, files=in_the_way),
    Attack("deep-folders", "fifteen hundred folders in each other", ZERO, files=deep_folders),
    Attack("many-files", "thousands of files", ZERO, files=many_files, ends="more than 1000"),
    Attack("many-folders", "thousands of folders", ZERO, files=many_folders),
    Attack("long-paths", "paths so long that nobody can copy them", ZERO, files=long_paths, ends="too long a name"),
    Attack("feedback-in-the-way", "a folder where the page of the feedback goes", ZERO, files=feedback_in_the_way,
           ends="in the way"),
    Attack("lines-of-the-log", "files whose names are lines of the log", ZERO, files=lines_of_the_log, ends="and 15 more"),
    Attack("strange-names", "file names that are commands to a terminal, lines of a table, patterns, no text", ZERO,
           files=strange_names, ends="left out"),
    Attack("unreadable-folder", "a folder that nobody may read", ZERO, files=unreadable),
    Attack("wrong-name", "a notebook of another name, which is no text and full of escape codes", files=wrong_name, honest=0,
           ends="not readable"),
    Attack("other-notebooks", "several notebooks, some of nearly the right name", ZERO, files=other_names),
    Attack("no-json", "a notebook of random bytes", files=instead(bytes(range(256)) * 99), honest=0, ends="not readable"),
    Attack("deep-json", "JSON nested two hundred thousand deep", files=instead(DEEP), honest=0, ends="not readable"),
    Attack("huge-notebook", "a notebook of 25 MB", files=instead(HUGE + " " * 25_000_000), honest=0, ends="not readable"),
    Attack("old-format", "a notebook of format 3", files=instead(OLD), honest=0, ends="not readable"),
    Attack("huge-number", "a number of a hundred thousand digits", files=instead(NUMBER), honest=0),
    Attack("odd-format", "a format number that is text, with escape codes and half characters", files=instead(ODD), honest=0,
           ends="not readable"),
    Attack("cells-are-text", "cells that are no list", files=instead('{"nbformat": 4, "cells": "abc"}'), honest=0,
           ends="not readable"),
]  # fmt: skip
