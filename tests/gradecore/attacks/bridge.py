"""Attacks on the connection between the student's process and the tests, and through what the tests lend."""

from scripts.attack import Attack

# How an attacker answers the grader in bytes of his own: takes the place of the student's side of the bridge.
OWN_SERVER = """
import json, socket, struct, sys, time
bridge = sys.modules["gradecore.bridge"]

def frame(*content, sizes=()):
    text = json.dumps([*content, list(sizes)]).encode()
    return struct.pack("!I", len(text)) + text

def read(sock):
    header = b""
    while len(header) < 4:
        got = sock.recv(4 - len(header))
        if not got:
            raise EOFError
        header += got
    left, text = struct.unpack("!I", header)[0], b""
    while len(text) < left:
        text += sock.recv(left - len(text))
    return json.loads(text)

FUNCTION = {"object": [0, True, "double"]}

def names(wanted):
    return {"dict": [[name, FUNCTION] for name in wanted["list"]]}

def serve(path, namespace):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        try:
            while True:
                operation, values, sizes = read(sock)
                if operation == "names":
                    sock.sendall(first(values[0]) if "first" in globals() else frame("answer", [names(values[0])]))
                else:
                    call(sock, operation, values)
        except (EOFError, OSError):
            pass

bridge.serve = serve
def double(x):
    return None
"""


def forged(name, mechanism, call, **options):
    """An attack that answers every call of double with bytes of its own, and serves nothing else."""
    return Attack(name, mechanism, OWN_SERVER + call, honest=options.pop("honest", 0), **options)


ATTACKS = [
    forged(
        "forged-values",
        "answers of kinds that nobody may send: other types, pickles, wrong counts",
        """
kinds = [{"object": [0]}, {"pickle": "gASVCg=="}, {"tuple": 3}, {"array": ["|O", [1], 0, False]}, {"complex": ["4", None]}]
kinds = iter(kinds * 9)
def call(sock, operation, values):
    sock.sendall(frame("answer", [next(kinds)]))
""",
    ),
    forged(
        "own-objects",
        "asks for objects of the grader's that it was never lent, and for their attributes",
        """
def call(sock, operation, values):
    for question in (["call", [{"own": 7}, {"tuple": []}, {"dict": []}]], ["attribute", [{"own": 0}, "__globals__"]],
                     ["names", [{"list": ["secret", "model"]}]], ["item", [{"own": 0}, 0]]):
        sock.sendall(frame(*question))
        print("ANSWERED", read(sock))
""",
    ),
    forged(
        "own-object-twice",
        "gives the grader's function back as its answer and as its argument",
        """
def call(sock, operation, values):
    own = {"own": 0}
    sock.sendall(frame("call", [own, {"tuple": [own, FUNCTION]}, {"dict": [["x", own]]}]))
    read(sock)
    sock.sendall(frame("answer", [own]))
""",
    ),
    forged(
        "extra-names",
        "lends more names than were asked for: np, assert's error, the model answer",
        """
def first(wanted):
    extra = ["np", "model", "AssertionError", "__builtins__", "range", "random", "os"]
    return frame("answer", [{"dict": [[name, FUNCTION] for name in [*wanted["list"], *extra]]}])
def call(sock, operation, values):
    sock.sendall(frame("answer", [4]))
""",
        honest=1,  # 4 is right for 2
    ),
    forged(
        "unhashable-names",
        "lends names that are no text: objects, lists, numbers",
        """
def first(wanted):
    return frame("answer", [{"dict": [[FUNCTION, 1], [None, 2], [{"tuple": [3]}, 4], [{"frozenset": [FUNCTION]}, 5]]}])
def call(sock, operation, values):
    pass
""",
    ),
    forged(
        "half-frame",
        "sends half a frame and waits",
        "def call(sock, operation, values):\n    sock.sendall(frame('answer', [4])[:7])\n    time.sleep(1e6)\n",
        ends="timed out",
    ),
    forged(
        "dripping-frame",
        "sends a byte a second, so that no single wait is too long",
        """
def call(sock, operation, values):
    for byte in frame("answer", ["x" * 1000]):
        sock.sendall(bytes([byte]))
        time.sleep(1)
""",
        ends="timed out",
    ),
    forged(
        "lying-lengths",
        "says that gigabytes follow",
        """
lengths = iter([b"\\xff\\xff\\xff\\xff", frame("answer", [{"bytes": 0}], sizes=[2**39]), frame("answer", [4], sizes=[-5])])
def call(sock, operation, values):
    sock.sendall(next(lengths))
""",
    ),
    forged(
        "deep-frame",
        "a frame of ten million opening brackets",
        """
def call(sock, operation, values):
    text = b"[" * 10_000_000
    sock.sendall(struct.pack("!I", len(text)) + text)
""",
    ),
    forged(
        "colliding-keys",
        "a set of integers with one hash: hours to build",
        """
def call(sock, operation, values):
    prime = 2**61 - 1
    sock.sendall(frame("answer", [{"set": [{"int": hex(n * prime)} for n in range(1, 300_000)]}]))
""",
    ),
    forged(
        "impossible-shapes",
        "arrays without bytes whose shape is beyond any memory",
        """
shapes = iter([[2**39, 2**39, 0], [0] * 32, [-1], [2**39, 0], [True]])
def call(sock, operation, values):
    sock.sendall(frame("answer", [{"array": ["<f8", next(shapes), 0, False]}], sizes=[0]))
""",
    ),
    forged(
        "no-text",
        "half characters in an error's name and text, which no encoding can write",
        """
def call(sock, operation, values):
    sock.sendall(frame("error", ["ValueError", "\\ud800\\udfff" * 9]))
""",
    ),
    forged(
        "no-text-value",
        "half characters in a value that a test shows",
        """
def call(sock, operation, values):
    sock.sendall(frame("answer", ["\\ud800"]))
""",
    ),
    forged(
        "answers-in-advance",
        "sends a hundred answers before they are asked for",
        "def call(sock, operation, values):\n    sock.sendall(frame('answer', [4]) * 100)\n    time.sleep(0.2)\n",
        honest=1,  # 4 is right for 2
    ),
    Attack(
        "socket-replaced",
        "listens in the grader's place: the socket's file is removed and made anew",
        "import os, socket, glob\n"
        "fake = socket.socket(socket.AF_UNIX)\n"
        "for path in open('/proc/self/cmdline').read().split('\\0'):\n"
        "    if path.endswith('kernel.json'):\n"
        "        place = os.path.join(os.path.dirname(path), 'bridge')\n"
        "        os.unlink(place)\n"
        "        fake.bind(place)\n"
        "        fake.listen()\n",
        honest=None,
    ),
    Attack(
        "many-connections",
        "calls the grader from many threads, before and beside the one that serves",
        "import os, socket, threading, time\n"
        "[path] = [p for p in open('/proc/self/cmdline').read().split('\\0') if p.endswith('kernel.json')]\n"
        "def ring():\n"
        "    while True:\n"
        "        try:\n"
        "            s = socket.socket(socket.AF_UNIX)\n"
        "            s.connect(os.path.join(os.path.dirname(path), 'bridge'))\n"
        "            s.sendall(b'\\0\\0\\0\\x02[]' * 100)\n"
        "            time.sleep(0.05)\n"
        "        except OSError:\n"
        "            time.sleep(0.01)\n"
        "for _ in range(8):\n"
        "    threading.Thread(target=ring, daemon=True).start()\n",
        spoils=True,
    ),
    Attack(
        "callback-globals",
        "reads the test through the function that it lends: __globals__, __closure__, __code__, __self__",
        "def twice(f, x):\n"
        "    names = '__globals__ __closure__ __code__ __self__ __builtins__ __wrapped__ secret f_back gi_frame'\n"
        "    for name in names.split():\n"
        "        try:\n"
        "            print(name, 'GAIN' 'ED', getattr(f, name))\n"
        "        except BaseException as error:\n"
        "            print(name, error)\n"
        "    return f.__globals__['secret']",
        "twice",
    ),
    Attack(
        "callback-traceback",
        "makes the lent function fail and walks the frames of its error",
        "def twice(f, x):\n"
        "    try:\n"
        "        f()\n"
        "    except BaseException as error:\n"
        "        step = error.__traceback__\n"
        "        while step:\n"
        "            print(step.tb_frame.f_locals, error.args, error.__cause__)\n"
        "            step = step.tb_next",
        "twice",
    ),
    Attack(
        "callback-evil-arguments",
        "hands the lent function objects whose operators run code, and text that is code",
        "class Evil:\n"
        "    def __radd__(self, other):\n        return 5\n"
        "    __add__ = __mul__ = __rmul__ = __radd__\n"
        "def twice(f, x):\n"
        "    for argument in (Evil(), '__import__(\"os\").environ', {'a': Evil()}, [Evil], 10**4000):\n"
        "        try:\n"
        "            print(f(argument))\n"
        "        except Exception as error:\n"
        "            print(type(error), str(error)[:100])\n"
        "    return Evil()",
        "twice",
    ),
    Attack(
        "callback-forever",
        "calls the lent function without end, so that the grader is always busy",
        "def twice(f, x):\n    while True:\n        f(x)",
        "twice",
        ends="timed out",
    ),
    Attack(
        "callback-late",
        "keeps a lent function and calls it from a thread in later tests",
        "import threading, time\n"
        "kept = []\n"
        "def twice(f, x):\n"
        "    kept.append(f)\n"
        "    return None\n"
        "def later():\n"
        "    while True:\n"
        "        time.sleep(0.02)\n"
        "        for f in kept:\n"
        "            try:\n"
        "                f(1)\n"
        "            except BaseException:\n"
        "                pass\n"
        "threading.Thread(target=later, daemon=True).start()",
        "twice",
        spoils=True,
    ),
    Attack(
        "callback-recursion",
        "the lent function is called with itself, and from within itself",
        "def twice(f, x):\n    return twice(f, f(twice(f, x)))",
        "twice",
    ),
    Attack(
        "frame-walk",
        "looks for the tests in the frames above, in gc and in every module",
        "import gc, sys\n"
        "def double(x):\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        for name, value in [*frame.f_locals.items(), *frame.f_globals.items()]:\n"
        "            if callable(value) and name == 'model':\n"
        "                return value(x)\n"
        "        frame = frame.f_back\n"
        "    for thing in gc.get_objects():\n"
        "        if type(thing) is dict and 'expected' in thing:\n"
        "            print(thing)",
    ),
    Attack(
        "write-to-frames",
        "writes into the test's variables through the stack's frames",
        "import ctypes, sys\n"
        "def double(x):\n"
        "    frame = sys._getframe(1)\n"
        "    while frame:\n"
        "        frame.f_globals.update(model=lambda x: None, expected=None, points=99)\n"
        "        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))\n"
        "        frame = frame.f_back",
    ),
    Attack(
        "lent-array-in-place",
        "changes the array that a test lends, so that the comparison finds its own value",
        "def scaled(a, factor):\n    a[...] = 0\n    factor = 0\n    return a",
        "scaled",
    ),
    Attack(
        "patched-wire",
        "patches json, struct and socket on the student's side, to send what it likes",
        "import json, socket, struct\n"
        "old = json.dumps\n"
        "json.dumps = lambda value, *a, **k: old(value, *a, **k).replace('null', '{\"object\": [0, true, \"equal\"]}')\n"
        "struct.pack = lambda *_: b'\\0\\0\\0\\0'\n"
        "socket.socket.sendall = lambda self, data: self.send(data * 2)\n"
        "def double(x):\n    return None",
        honest=0,
    ),
    Attack(
        "own-bridge",
        "replaces the modules of the bridge by its own",
        "import sys, types\n"
        "for name in ('gradecore', 'gradecore.bridge', 'gradecore.wire'):\n"
        "    sys.modules[name] = types.ModuleType(name)\n"
        "sys.modules['gradecore.bridge'].serve = lambda *_: print('full marks')",
        honest=0,
    ),
    Attack(
        "guess-the-seed",
        "looks for GRADE_SEED in the environment, and seeds all generators",
        "import os, random\nimport numpy as np\n"
        "print({name: 'GAIN' 'ED' for name in os.environ if 'SEED' in name})\n"
        "for seed in [int(os.environ.get('GRADE_SEED', 0)), 0, 1, 42]:\n"
        "    random.seed(seed)\n"
        "    np.random.seed(seed)\n"
        "def double(x):\n    return 2 * random.randrange(10**6)",
    ),
]
