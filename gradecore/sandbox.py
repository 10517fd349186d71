"""A kernel under bubblewrap: no network, a read-only system, and bounds on memory, processes, files and time.

What it can see: the system's programs and libraries, Python with its packages, the submission's side files (read-only), a
small private /tmp, and the one folder through which the grader talks to it. Not your home, not the course, not the gradebook.
"""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from jupyter_client import AsyncKernelManager
from traitlets import Dict, List, Unicode

LIMITS = {  # of the student's process, as in resource.RLIMIT_*
    "AS": 4 * 2**30,
    "CPU": 300,
    "FSIZE": 32 * 2**20,
    "NPROC": 256,
    "NOFILE": 256,
    "CORE": 0,
}
TMP = 256 * 2**20  # bytes of the private /tmp
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts")
SET_LIMITS = """import json, os, resource, sys
for name, limit in json.loads(sys.argv[1]).items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (limit, limit))
os.execvp(sys.argv[2], sys.argv[2:])"""
ENVIRONMENT = {
    "HOME": "/tmp",
    "JPY_PARENT_PID": "1",  # bubblewrap itself: the kernel ends with it
    "IPYTHONDIR": "/tmp/.ipython",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/.matplotlib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
}


@functools.cache
def bubblewrap():
    """The path of a bubblewrap that works here; None without one."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    trial = [path, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return path if subprocess.run(trial, capture_output=True, timeout=20).returncode == 0 else None


def files_of(modules):
    """The files and folders of modules that are to be out of reach, wherever Python would find them."""
    found = []
    for name in modules:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        if spec and spec.submodule_search_locations:
            found += [Path(place) for place in spec.submodule_search_locations]
        elif spec and spec.origin and os.path.exists(spec.origin):
            path = Path(spec.origin)
            found += [path, *path.parent.glob(f"__pycache__/{path.stem}.*.pyc")]
    return found


class SandboxKernelManager(AsyncKernelManager):
    """Starts its kernel under bubblewrap; talks to it over sockets in `meeting`."""

    transport = "ipc"
    meeting = Unicode(help="the folder that both sides can write to")
    submission = Unicode(help="the submission's side files, read-only inside")
    visible = List(Unicode(), help="further files and folders to be seen, read-only")
    masked = List(Unicode(), help="files and folders that appear empty")
    limits = Dict(LIMITS)

    def format_kernel_cmd(self, extra_arguments=None):
        """The kernel's command with bubblewrap, and what sets the limits, in front."""
        kernel = super().format_kernel_cmd(extra_arguments)
        limited = [sys.executable, "-S", "-I", "-c", SET_LIMITS, json.dumps(self.limits), *kernel]
        return [bubblewrap(), *self.walls(), "--", *limited]

    def walls(self):
        """bubblewrap's arguments."""
        seen = [
            *SYSTEM,
            sys.prefix,
            sys.base_prefix,
            os.path.realpath(sys.prefix),
            os.path.realpath(sys.base_prefix),
            *self.visible,
        ]
        seen = [path for path in dict.fromkeys(seen) if os.path.exists(path)]
        walls = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
        walls += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox"]
        for name, value in ENVIRONMENT.items():
            walls += ["--setenv", name, value]
        walls += ["--proc", "/proc", "--dev", "/dev", "--size", str(TMP), "--tmpfs", "/tmp"]
        for path in seen:
            walls += ["--ro-bind", path, path]
        for path in self.masked:
            walls += ["--tmpfs", path] if os.path.isdir(path) else ["--ro-bind", "/dev/null", path]
        walls += ["--bind", self.meeting, self.meeting, "--ro-bind", self.submission, "/submission", "--chdir", "/submission"]
        return walls
