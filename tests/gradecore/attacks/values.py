"""Attacks by what a function gives back, or raises."""

from scripts.attack import Attack

ATTACKS = [
    Attack(
        "equals-everything",
        "an object whose __eq__ is always true",
        answers={
            "double": "class Yes:\n"
            "    __eq__ = __ge__ = __le__ = __bool__ = lambda *_: True\n"
            "    __hash__ = object.__hash__\n"
            "    __sub__ = __rsub__ = __abs__ = lambda self, *_: 0.0\n"
            "def double(x):\n    return Yes()",
            "twice": "def twice(f, x):\n    return Yes()",
            "scaled": "def scaled(a, factor):\n    return Yes()",
            "countdown": "def countdown(n):\n    return Yes()",
        },
    ),
    Attack(
        "int-subclass",
        "an int of a subclass that equals everything",
        "class Any(int):\n    __eq__ = lambda *_: True\n    __hash__ = int.__hash__\ndef double(x):\n    return Any(1)",
    ),
    Attack(
        "list-subclass",
        "a list of a subclass that equals everything",
        "class Any(list):\n    __eq__ = lambda *_: True\ndef countdown(n):\n    return Any()",
        "countdown",
        honest=7,  # an empty list for 0 is worth the point
    ),
    Attack(
        "array-subclass",
        "an ndarray subclass that takes over comparison, ufuncs and functions",
        "import numpy as np\n"
        "class Any(np.ndarray):\n"
        "    __eq__ = lambda *_: np.True_\n"
        "    def __array_ufunc__(self, *_, **__):\n        return np.True_\n"
        "    def __array_function__(self, *_, **__):\n        return np.True_\n"
        "def scaled(a, factor):\n    return np.zeros(a.shape).view(Any)",
        "scaled",
    ),
    Attack(
        "array-protocol",
        "an object with a shape that becomes another array each time it is asked (__array__)",
        "import numpy as np\n"
        "class Shifty:\n"
        "    shape, dtype, ndim, __array_priority__ = (2,), np.dtype(float), 1, 1e9\n"
        "    def __array__(self, *_, **__):\n"
        "        import sys\n"
        "        return next(v for f in [sys._getframe(1)] for v in f.f_locals.values() if isinstance(v, np.ndarray))\n"
        "    def __array_function__(self, *_, **__):\n        return True\n"
        "def scaled(a, factor):\n    return Shifty()",
        "scaled",
    ),
    Attack(
        "lying-dtype",
        "an array of Python objects that equal everything, and one of records",
        "import numpy as np\n"
        "class Yes:\n"
        "    __eq__ = __le__ = __ge__ = lambda *_: True\n"
        "    __sub__ = __rsub__ = __abs__ = lambda self, *_: 0.0\n"
        "turn = []\n"
        "def scaled(a, factor):\n"
        "    turn.append(1)\n"
        "    if len(turn) % 2:\n        return np.full(a.shape, Yes(), dtype=object)\n"
        "    return np.zeros(a.shape, dtype=[('x', 'f8')])",
        "scaled",
    ),
    Attack(
        "impossible-booleans",
        "booleans whose byte is neither 0 nor 1, so that their sum is any number",
        "import numpy as np\ndef scaled(a, factor):\n    return np.array([3, 6], dtype=np.uint8).view(bool)",
        "scaled",
    ),
    Attack(
        "lying-class",
        "__class__ says int, the methods say anything",
        "class Int:\n    __class__ = int\n    __eq__ = lambda *_: True\n    __index__ = __int__ = lambda self: 4\n"
        "def double(x):\n    return Int()",
    ),
    Attack("huge-integer", "an integer of ten million digits", "def double(x):\n    return 1 << 30_000_000"),
    Attack(
        "deep-nesting",
        "a list nested a hundred thousand deep",
        "def double(x):\n    nested = []\n    for _ in range(100_000):\n        nested = [nested]\n    return nested",
    ),
    Attack("cycle", "a list that holds itself", "def double(x):\n    ring = []\n    ring.append(ring)\n    return ring"),
    Attack(
        "large-value",
        "a gigabyte of zeros and a list of ten million, to fill the grader's memory",
        answers={
            "double": "def double(x):\n    return [0.5] * 3_000_000",
            "scaled": "import numpy as np\ndef scaled(a, factor):\n    return np.zeros(2**27)",
        },
    ),
    Attack(
        "unpicklable",
        "what no protocol can carry: a lock, a frame, a generator, a module",
        "import sys, threading\n"
        "kinds = [threading.Lock(), sys._getframe(), (n for n in ()), sys]\n"
        "def double(x):\n    return kinds[int(x) % 4]",
    ),
    Attack(
        "endless-generator",
        "a test that iterates never comes to an end",
        "def countdown(n):\n    while True:\n        yield n",
        "countdown",
        ends="timed out",
    ),
    Attack(
        "lying-length",
        "an object of a length of 2**62, of one below zero, with no end",
        "class Long:\n"
        "    def __len__(self):\n        return 2**62\n"
        "    def __getitem__(self, n):\n        return 3 - n\n"
        "    def __iter__(self):\n        return iter([2**70, self])\n"
        "def countdown(n):\n    return Long()",
        "countdown",
    ),
    Attack(
        "evil-str",
        "an exception whose __str__ and __repr__ raise another",
        "class Evil(Exception):\n"
        "    def __str__(self):\n        raise Evil\n"
        "    __repr__ = __str__\n"
        "def double(x):\n    raise Evil",
    ),
    Attack(
        "evil-str-exits",
        "an exception whose __str__ ends the program",
        "import os\nclass Evil(Exception):\n    def __str__(self):\n        os._exit(0)\ndef countdown(n):\n    raise Evil",
        "countdown",
        ends="",
    ),
    Attack(
        "pretended-exceptions",
        "exceptions that mean something to a test or a kernel: SystemExit, KeyboardInterrupt, StopIteration, GeneratorExit",
        answers={
            "double": "def double(x):\n    raise SystemExit(0)",
            "twice": "def twice(f, x):\n    raise KeyboardInterrupt",
            "scaled": "def scaled(a, factor):\n    raise StopIteration(a * factor)",
            "countdown": "def countdown(n):\n    raise GeneratorExit",
        },
    ),
    Attack(
        "pretended-assertion",
        "AssertionErrors with the words of a test that passed, and of a time limit",
        "def double(x):\n    raise AssertionError('passed')",
    ),
    Attack(
        "system-errors",
        "the errors of a broken connection: TimeoutError, BrokenPipeError, EOFError",
        "raised = iter([TimeoutError, BrokenPipeError, EOFError] * 9)\ndef double(x):\n    raise next(raised)('gone')",
    ),
    Attack(
        "exception-name",
        "an exception whose class has a name of 10 MB, and one that is no text",
        "Long = type('L' * 10**7, (Exception,), {})\ndef double(x):\n    raise Long('m' * 10**7)",
    ),
    Attack(
        "evil-name",
        "a result that raises when it is asked for its name",
        "class Nameless:\n"
        "    @property\n    def __name__(self):\n        raise KeyboardInterrupt\n"
        "def double(x):\n    return Nameless()",
    ),
    Attack(
        "evil-key",
        "a dictionary whose keys have a __hash__ and an __eq__ that never agree",
        "import random\n"
        "class Key:\n    __hash__ = lambda self: random.randrange(9)\n    __eq__ = lambda *_: True\n"
        "def double(x):\n    return {Key(): Key() for _ in range(9)}",
    ),
    Attack(
        "stateful",
        "answers learnt by heart, told apart by counting the calls",
        "answers = iter([4, 4, 4, 4])\ndef double(x):\n    return next(answers)",
        honest=8,  # 4 is right for 2
    ),
    Attack(
        "slow-calls",
        "each call takes nearly as long as a call may take",
        "import time\ndef double(x):\n    time.sleep(1.8)\n    return 2 * x",
        honest=8,  # one call is in time, four are not
        ends="timed out",
    ),
    Attack(
        "yield-forever-within",
        "a generator that stops giving without ending",
        "import time\ndef countdown(n):\n    yield n\n    time.sleep(1e6)",
        "countdown",
        ends="timed out",
    ),
]
