"""Attacks on the kernel in which the student's code runs, on its messages, and on who reads them."""

import textwrap

from scripts.attack import Attack

# Sends messages of any content over the kernel's own socket, as if the cell that runs had shown them.
FORGE = """
import copy, threading, time
kernel = get_ipython().kernel
PARENT = copy.deepcopy(kernel.get_parent("shell"))

def forge(kind, content, parent=PARENT):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=parent, ident=b"forged")

"""
WRONG = "\ndef double(x):\n    return None\n"


def forged(name, mechanism, code, **options):
    """An attack by forged messages, in an otherwise wrong answer to double."""
    return Attack(name, mechanism, FORGE + code + WRONG, **options)


def in_test(name, mechanism, code, **options):
    """An attack by messages that are sent while a test waits for countdown."""
    function = f"def countdown(n):\n    {textwrap.indent(textwrap.dedent(code).strip(), '    ').strip()}"
    return Attack(name, mechanism, FORGE + "IDENTITY = kernel._parent_ident['shell']\n" + function, "countdown", **options)


ATTACKS = [
    Attack(
        "input-transformer",
        "an input transformer that makes every assert pass",
        "get_ipython().input_transformers_cleanup.append(lambda lines: [l.replace('assert', 'True or') for l in lines])"
        + WRONG,
    ),
    Attack(
        "ast-transformer",
        "an AST transformer that removes asserts",
        "import ast\n"
        "class Strip(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node):\n        return ast.copy_location(ast.Pass(), node)\n"
        "get_ipython().ast_transformers.append(Strip())" + WRONG,
    ),
    Attack(
        "patched-numpy",
        "replaces np.testing's and NumPy's comparisons by ones that never complain",
        "import numpy as np\n"
        "np.testing.assert_allclose = np.testing.assert_array_equal = lambda *_, **__: None\n"
        "np.allclose = np.array_equal = lambda *_, **__: True\n"
        "def scaled(a, factor):\n    return np.zeros(a.shape)",
        "scaled",
    ),
    Attack(
        "patched-builtins",
        "replaces range, abs, list, len and AssertionError for everybody",
        "import builtins\n"
        "class Quiet(Exception):\n    pass\n"
        "builtins.AssertionError = Quiet\n"
        "builtins.range = lambda *_: []\n"
        "builtins.abs = lambda *_: 0" + WRONG,
        spoils=True,
    ),
    Attack(
        "cell-hooks",
        "hooks before and after every cell that redefine the answer and swallow errors",
        "ip = get_ipython()\n"
        "ip.events.register('pre_run_cell', lambda info: setattr(info, 'raw_cell', 'pass'))\n"
        "ip.showtraceback = ip._showtraceback = lambda *a, **k: None\n"
        "ip.set_custom_exc((BaseException,), lambda *a, **k: None)" + WRONG,
    ),
    Attack(
        "patched-run-cell",
        "replaces what the kernel does with a request",
        "async def nothing(code, silent, *a, **k):\n"
        "    return {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}\n"
        "get_ipython().kernel.do_execute = nothing",
        honest=0,
    ),
    forged(
        "forged-result",
        "a thread that sends the result and the idle state of the cells to come",
        """
def go():
    while True:
        time.sleep(0.02)
        for value in ("99", "3", "1e9", "nan", "full marks"):
            content = {"data": {"text/plain": value}, "metadata": {}, "execution_count": 1}
            forge("execute_result", content, copy.deepcopy(kernel.get_parent("shell")))
        forge("status", {"execution_state": "idle"}, copy.deepcopy(kernel.get_parent("shell")))
threading.Thread(target=go, daemon=True).start()
""",
    ),
    forged(
        "forged-reply",
        "answers the grader's requests before they are done, with other contents",
        """
for content in ({"status": "ok", "execution_count": "x"}, {}, {"status": "error"}, {"status": [], "ename": 1, "evalue": {}}):
    kernel.session.send(kernel.shell_stream, "execute_reply", content, parent=PARENT, ident=kernel._parent_ident["shell"])
""",
    ),
    forged(
        "malformed-outputs",
        "outputs that no kernel sends: numbers for text, lists for mappings, missing parts",
        """
forge("display_data", {"data": {"text/plain": 5, "text/html": {"a": [1]}, "image/png": None}, "metadata": {}, "transient": {}})
forge("stream", {"name": "stderr", "text": 5})
forge("stream", {"name": ["stdout"], "text": ["a", 1]})
forge("error", {"ename": 5, "evalue": None, "traceback": "abc"})
forge("display_data", {"data": {"text/latex": True, "application/json": 5, "image/svg+xml": 7}, "metadata": []})
""",
    ),
    forged("missing-parts", "a message without the parts that it must have", 'forge("execute_result", {})'),
    forged(
        "no-text-output",
        "half characters in what is shown, which no file can hold",
        """
forge("stream", {"name": "stdout", "text": "\\ud800 half"})
forge("display_data", {"data": {"text/plain": "\\udfff", "text/html": "\\ud800"}, "metadata": {"\\ud800": 1}})
forge("error", {"ename": "\\ud800", "evalue": "\\ud801", "traceback": ["\\ud802"]})
print("\\ud800")
""",
    ),
    forged(
        "deep-output",
        "an output nested thousands deep",
        """
nested = []
for _ in range(800):
    nested = [nested]
forge("display_data", {"data": {"application/json": nested}, "metadata": {}})
""",
    ),
    forged(
        "message-flood",
        "a thread that sends empty messages as fast as it can",
        """
def go():
    while True:
        forge("stream", {"name": "stdout", "text": ""})
threading.Thread(target=go, daemon=True).start()
""",
        spoils=True,
    ),
    in_test(
        "fills-the-grader",
        "outputs of 4 MB that wait to be read while a test runs, until the grader has no memory left",
        """
        for _ in range(600):
            kernel.session.send(kernel.iopub_socket, "display_data", {}, parent=PARENT, buffers=[b"x" * 4_000_000])
        """,
    ),
    in_test(
        "one-endless-message",
        "one message of hundreds of parts, none of them too large",
        """
        kernel.session.send(kernel.iopub_socket, "display_data", {}, parent=PARENT, buffers=[b"x" * 8_000_000] * 400)
        time.sleep(4)
        """,
        spoils=True,
    ),
    in_test(
        "oversized-reply",
        "a reply so large that it closes the socket by which the grader would ask for the next one",
        """
        kernel.shell_stream.send_multipart([*IDENTITY, b"x" * 20_000_000])
        """,
        spoils=True,
    ),
    in_test(
        "no-reply",
        "replies that are no messages: unsigned, too short, without parts, of other types",
        """
        for junk in ([], [b"junk"], [b"<IDS|MSG>"], [b"<IDS|MSG>", b"bad", b"{}", b"{}", b"{}", b"{}"]):
            kernel.shell_stream.send_multipart([*IDENTITY, *junk])
        for parts in ([b"{}"] * 4, [b"[]"] * 4, [b"{"] * 4, [b'{"msg_id": 1, "msg_type": 1}', b"[]", b"{}", b"[]"], []):
            kernel.shell_stream.send_multipart([*IDENTITY, b"<IDS|MSG>", kernel.session.sign(parts), *parts])
        """,
    ),
    forged(
        "uncounted-outputs",
        "names of formats, lines of tracebacks and messages of errors that are endless, where only texts are counted",
        """
from IPython.display import display
for n in range(8):
    display({"x" * 1_000_000 + str(n): ""}, raw=True)
    forge("error", {"ename": "x" * 1_000_000, "evalue": "x" * 1_000_000, "traceback": [""] * 1_000_000})
""",
    ),
    Attack(
        "stdout-flood",
        "prints without end",
        "while True:\n    print('x' * 10_000)",
        "countdown",
        honest=6,
    ),
    Attack(
        "display-flood",
        "shows pictures without end",
        "from IPython.display import display, HTML\nwhile True:\n    display(HTML('<b>x</b>' * 1000))",
        "countdown",
        honest=6,
    ),
    Attack(
        "stderr-flood-in-test",
        "writes to stderr and stdout while a test runs, with a test's words in it",
        "import sys, os\n"
        "def double(x):\n"
        "    for _ in range(2000):\n"
        "        print('1 passed', file=sys.stderr)\n"
        "        os.write(1, b'full marks ' * 90)",
    ),
    Attack(
        "clear-output",
        "clears and updates the outputs of other cells",
        "from IPython.display import clear_output, display, update_display\n"
        "for n in range(200):\n"
        "    display(n, display_id='one')\n"
        "    update_display('GAI' 'NED', display_id='two')\n"
        "    clear_output(wait=n % 2 == 0)" + WRONG,
    ),
    Attack(
        "input-request",
        "waits for somebody at the keyboard",
        "import getpass\n"
        "for ask in (input, getpass.getpass):\n"
        "    try:\n        ask('password: ')\n"
        "    except Exception as error:\n        print(type(error))\n"
        "kernel = get_ipython().kernel\n"
        "kernel._allow_stdin = True\n"
        "def countdown(n):\n    return input('how many points? ')",
        "countdown",
        ends="",
    ),
    Attack(
        "widgets",
        "opens comms and widgets, which an instructor's browser would run",
        "from comm import create_comm\n"
        "for n in range(100):\n"
        "    state = {'_model_name': 'HTML', 'value': '<script>harm()</script>'}\n"
        "    create_comm(target_name='jupyter.widget', data={'state': state})\n"
        "from IPython.display import display\n"
        "display({'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}, 'text/plain': 'w'}, raw=True)" + WRONG,
    ),
    Attack(
        "script-output",
        "scripts, frames and handlers in outputs, for whoever reads the feedback",
        "from IPython.display import HTML, SVG, IFrame, Javascript, Markdown, Latex, display\n"
        "display(HTML('<script>harm()</script><img src=x onerror=harm()><a href=\"javascript:harm()\">x</a>'\n"
        '             \'<iframe srcdoc="<script>harm()</script>"></iframe><form action="//harm"><input></form>\'))\n'
        'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" onload="harm()"><script>harm()</script></svg>\'))\n'
        "display(Javascript('harm()'), Markdown('[x](javascript:harm()) <script>harm()</script>'))\n"
        "display(IFrame('javascript:harm()', 9, 9))\n"
        "display(Latex('</div><script>harm()</script>'))\n"
        "display({'text/html': ['<scr', 'ipt>harm()</script>'], 'image/png': '\"><script>harm()</script>',\n"
        "         'image/jpeg': '\" onerror=\"harm()', 'text/markdown': '<svg/onload=harm()>'}, raw=True)" + WRONG,
    ),
    Attack(
        "script-messages",
        "HTML and the escape codes of terminals in an error's name, its message and in plain text",
        "print('\\x1b]0;harm\\x07\\x1b[2J\\x1b[31m<script>harm()</script>\\x1b[0m')\n"
        "Evil = type('<script>harm()</script>', (Exception,), {})\n"
        "def double(x):\n    raise Evil('</pre><script>harm()</script>\\x1b[2J<img src=x onerror=harm()>')",
    ),
    Attack(
        "points-in-text",
        "prints what a grader's page and table print",
        "print('full marks\\nScore: 9.0 / 9.0 (Top)')\n"
        "from IPython.display import HTML, display\n"
        "display(HTML('<h1>siege (Score: 9.0 / 9.0)</h1>'))" + WRONG,
    ),
    Attack(
        "interrupt-swallowed",
        "a loop that catches every interrupt",
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
        "countdown",
        honest=6,
    ),
    Attack(
        "interrupt-swallowed-in-test",
        "a function that catches every interrupt while a test waits",
        "def countdown(n):\n"
        "    while True:\n        try:\n            while True:\n                pass\n"
        "        except BaseException:\n            pass",
        "countdown",
    ),
    Attack(
        "endless-c-code",
        "one call into C that takes years",
        "def countdown(n):\n    return sum(range(10**18))",
        "countdown",
        ends="timed out",
    ),
    Attack("endless-cell", "an answer cell that never ends", "while True:\n    pass", "countdown", honest=6, ends="timed out"),
    Attack("exits", "ends the process without a word", "import os\nos._exit(0)", "countdown", honest=6, ends="killed"),
    Attack(
        "exits-in-test",
        "ends the process while a test waits",
        "import os\ndef countdown(n):\n    os._exit(0)",
        "countdown",
    ),
    Attack(
        "system-exit",
        "quits, exits, raises SystemExit in the cell and shuts its kernel down",
        "import sys\n"
        "def countdown(n):\n"
        "    get_ipython().kernel.do_shutdown(True)\n"
        "    get_ipython().ask_exit()\n"
        "    quit()\n"
        "get_ipython().exit_now = True\n"
        "raise SystemExit",
        "countdown",
        honest=6,
    ),
    Attack(
        "kills-itself",
        "sends itself and everybody a signal",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\nos.kill(-1, 9)",
        "countdown",
        honest=6,
        ends="killed",
    ),
    Attack(
        "stops-itself",
        "stops (SIGSTOP) so that nobody hears of it again",
        "import os, signal\ndef countdown(n):\n    os.kill(os.getpid(), signal.SIGSTOP)",
        "countdown",
        ends="timed out",
    ),
    Attack(
        "signal-handlers",
        "ignores signals, and an alarm that raises at any time",
        "import signal\n"
        "def rage(*_):\n    raise SystemExit\n"
        "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\n    signal.signal(number, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGALRM, rage)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)",
        "countdown",
        honest=6,
    ),
    Attack(
        "threads",
        "threads that outlive the cell and rewrite names, modules and results",
        "import threading, time, sys\n"
        "def go():\n"
        "    while True:\n"
        "        get_ipython().user_ns.update(double=lambda x: 4, model=lambda x: 4, range=lambda *_: [])\n"
        "        time.sleep(0.001)\n"
        "for _ in range(4):\n    threading.Thread(target=go).start()" + WRONG,
        honest=8,  # 4 is right for 2
    ),
    Attack(
        "del-and-atexit",
        "code that runs when objects and the program end",
        "import atexit, weakref, subprocess\n"
        "class Last:\n"
        "    def __del__(self):\n        subprocess.Popen(['sleep', '7777'], start_new_session=True)\n"
        "last, loop = Last(), []\n"
        "atexit.register(Last().__del__)\n"
        "weakref.finalize(get_ipython(), Last)\n"
        "del last" + WRONG,
    ),
    Attack(
        "trace-and-profile",
        "sys.settrace, setprofile and gc callbacks that change variables wherever code runs",
        "import gc, sys, threading\n"
        "def trace(frame, event, argument):\n"
        "    frame.f_globals['double'] = lambda x: 2\n"
        "    return trace\n"
        "gc.callbacks.append(lambda *_: None)\n"
        "threading.setprofile(lambda *_: None)\n"
        "sys.settrace(trace)" + WRONG,
    ),
    Attack(
        "event-loop",
        "stops and blocks the loop that hears the grader's messages",
        "import asyncio, time\n"
        "loop = asyncio.get_event_loop()\n"
        "loop.call_soon(time.sleep, 1e6)\n"
        "loop.call_later(0.1, loop.stop)",
        "countdown",
        honest=6,
    ),
    Attack(
        "closed-sockets",
        "closes every file and socket of its own",
        "import os\nos.closerange(0, 250)",
        "countdown",
        honest=6,
    ),
    Attack(
        "recursion",
        "recursion that overflows the stack of C",
        "import sys\nsys.setrecursionlimit(10**9)\ndef countdown(n):\n    return countdown(n)",
        "countdown",
    ),
    Attack(
        "patched-imports",
        "an import hook that hands out modules of its own to whoever imports",
        "import sys, types\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name in ('modelbook', 'random', 'os'):\n"
        "            import importlib.machinery\n"
        "            return importlib.machinery.ModuleSpec(name, self)\n"
        "    def create_module(self, spec):\n        return None\n"
        "    def exec_module(self, module):\n        module.double = lambda x: None\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.modules['modelbook'] = types.SimpleNamespace(double=lambda x: None)" + WRONG,
    ),
]
