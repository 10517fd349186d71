"""A kernel under bubblewrap: no network, a read-only system, and bounds on memory, processes, files and time.

What it can see: the system's programs and libraries, Python with its packages, a copy of the submission's side files, a small
private /tmp, and the one folder through which the grader talks to it. Not your home, not the course, not the gradebook.
"""

import contextlib
import functools
import importlib.util
import json
import os
import shutil
import socket
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
TMP = 256 * 2**20  # bytes of the private /tmp, of the submission's folder, and of shared memory
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts")
# Process 1 inside. It sets the limits, copies the side files to where they can be written to (what finds no room there is
# linked), starts the kernel without privileges, and closes the meeting place to writing as soon as the kernel's five sockets
# are there, which is before any code of the student's runs: nobody can fill the disk through it. It ends when the grader does,
# and everything inside with it; --die-with-parent alone comes too late where the grader is killed while bubblewrap starts.
LAUNCH = """import ctypes, json, os, resource, socket, sys, time
libc, meeting = ctypes.CDLL(None, use_errno=True), sys.argv[2]
grader = socket.socket(socket.AF_UNIX)
grader.connect(f"{meeting}/grader")
def need(done):
    if done != 0:
        os.write(2, f"the sandbox could not be closed: {os.strerror(ctypes.get_errno())}\\n".encode())
        os._exit(1)
need(libc.unshare(0x20000))  # CLONE_NEWNS
for name, limit in json.loads(sys.argv[1]).items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (limit, limit))
def copy(source, target):
    try:
        shutil.copyfile(source, target)
    except OSError:
        if os.path.lexists(target):
            os.unlink(target)
        os.symlink(source, target)
if os.listdir("/given"):
    import shutil
    try:
        shutil.copytree("/given", "/submission", copy_function=copy, dirs_exist_ok=True)
    except OSError:
        pass
kernel = os.fork()
need(libc.prctl(47, 4, 0, 0, 0))  # PR_CAP_AMBIENT_CLEAR_ALL: a program that is executed now has no privilege
if kernel == 0:
    os.execvp(sys.argv[4], sys.argv[4:])
while sum("-ipc-" in name for name in os.listdir(meeting)) < 5:
    if os.waitpid(kernel, os.WNOHANG)[0]:
        os._exit(1)
    time.sleep(0.002)
need(libc.mount(None, meeting.encode(), None, 0x1 | 0x2 | 0x4 | 0x20 | 0x1000, None))  # RDONLY NOSUID NODEV REMOUNT BIND
grader.set_inheritable(True)
os.execvp(sys.executable, [sys.executable, "-S", "-I", "-c", sys.argv[3], str(grader.fileno()), str(kernel)])"""
WAIT = """import os, sys, threading
grader, kernel = map(int, sys.argv[1:])
def follow():
    try:
        os.read(grader, 1)  # nothing is ever sent: this ends when the grader does
    finally:
        os._exit(1)
threading.Thread(target=follow, daemon=True).start()
while os.wait()[0] != kernel:
    pass"""
ENVIRONMENT = {
    "HOME": "/tmp",
    "JPY_PARENT_PID": "1",  # LAUNCH: the kernel ends with it
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


@functools.cache
def can_forbid_namespaces():
    """Whether this bubblewrap can keep what runs in it from becoming root of namespaces of its own (0.8 and later can)."""
    trial = [bubblewrap(), "--unshare-user", "--disable-userns", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return subprocess.run(trial, capture_output=True, timeout=20).returncode == 0


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


@contextlib.contextmanager
def sign_of_life(meeting):
    """Within this, and as long as this process lives, the kernels that meet here live."""
    with socket.socket(socket.AF_UNIX) as sign:
        sign.bind(f"{meeting}/grader")
        sign.listen()
        yield


class SandboxKernelManager(AsyncKernelManager):
    """Starts its kernel under bubblewrap; talks to it over sockets in `meeting`."""

    transport = "ipc"
    meeting = Unicode(help="the folder that both sides can write to")
    submission = Unicode(help="the folder of the submission's side files")
    visible = List(Unicode(), help="further files and folders to be seen, read-only")
    masked = List(Unicode(), help="files and folders that appear empty")
    limits = Dict(LIMITS)

    def format_kernel_cmd(self, extra_arguments=None):
        """The kernel's command with bubblewrap, and what sets the limits, in front."""
        python, *rest = super().format_kernel_cmd(extra_arguments)
        kernel = [python, "-P", *rest]  # starts without the submission's folder, where another ipykernel may lie
        limited = [sys.executable, "-S", "-I", "-c", LAUNCH, json.dumps(self.limits), self.meeting, WAIT, *kernel]
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
        walls = ["--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
        walls += ["--cap-add", "CAP_SYS_ADMIN"]  # for LAUNCH, which gives it up
        walls += ["--unshare-user", "--disable-userns"] if can_forbid_namespaces() else []
        walls += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox"]
        for name, value in ENVIRONMENT.items():
            walls += ["--setenv", name, value]
        bounded = ["--size", str(TMP), "--tmpfs"]  # otherwise half of the machine's memory
        walls += ["--proc", "/proc", "--dev", "/dev", *bounded, "/dev/shm", *bounded, "/tmp", *bounded, "/submission"]
        for path in seen:
            walls += ["--ro-bind", path, path]
        for path in self.masked:
            walls += ["--tmpfs", path, "--remount-ro", path] if os.path.isdir(path) else ["--ro-bind", "/dev/null", path]
        walls += ["--bind", self.meeting, self.meeting, "--ro-bind", self.submission, "/given", "--chdir", "/submission"]
        return [*walls, "--remount-ro", "/dev", "--remount-ro", "/"]
