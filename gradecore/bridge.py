"""How a test, in the grader's process, calls what a student wrote, in the student's.

The student's side serves: it waits for questions, and calls, names and attributes are what can be asked for. The grader's side
asks. Values come back by value (gradecore.wire); of the student's functions and objects comes a stand-in, which can be called
and asked for attributes and has no truth value, no equality and no array form, so that it cannot lie in a test. While a
question is open, the student's code may call functions that a test has given it, which look to it like any others.
"""

import ast
import builtins
import contextlib
import os
import socket
import symtable
import threading
import time
import types

from gradecore.wire import BadFrame, CannotTravel, Own, receive, send

MESSAGE = 2000  # characters kept of an error's message
ABSENT = object()  # in the place of a value
CALLING = 5  # seconds that the student's side may take to call


class StudentError(Exception):
    """The student's code raised an error that is none of Python's own; the text names it."""


class StudentGone(StudentError):
    """The student's code gave no answer: it ended, it took too long, or what came was no answer."""


class Side:
    """One end of a connection: the objects that it has handed out, and how values become frames and back."""

    told = Exception  # errors that the other side is told of; others end what runs here
    unknown = RuntimeError  # what an error arrives as that is none of Python's own
    unwelcome = ()  # errors of Python's own that arrive as unknown ones

    def __init__(self, sock):
        self.sock, self.objects, self.numbers = sock, [], {}

    def refer(self, value):
        """What stands for a value that does not travel."""
        number = self.number_there(value)
        if number is not None:
            return {"own": number}
        self.check(value)
        number = self.numbers.setdefault(id(value), len(self.objects))
        if number == len(self.objects):
            self.objects.append(value)  # which keeps it, and its id its own
        return {"object": [number, callable(value), name_of(value)]}

    def number_there(self, value):
        """The number of an object of the other side; None for one of this side."""
        return value._number if isinstance(value, Remote) and value._side is self else None

    def check(self, value):
        """Raise CannotTravel for what must not be handed to the other side."""

    def resolve(self, item):
        if isinstance(item, Own):
            if item.number >= len(self.objects):
                raise BadFrame("no such object")
            return self.objects[item.number]
        return (RemoteCallable if item.can_be_called else Remote)(self, item.number, item.name)

    def send(self, operation, *values):
        send(self.sock, operation, values, self.refer)

    def receive(self):
        return receive(self.sock, self.resolve)

    def ask(self, operation, *values):
        """Send a question, answer what the other side asks meanwhile, return its answer."""
        kind, values = self.exchange(operation, *values)
        if kind == "error":
            raise self.error(*values)
        return values[0]

    def exchange(self, operation, *values):
        """The same, with errors as they come: "answer" and a value, or "error", a name and a text."""
        self.send(operation, *values)
        while True:
            operation, values = self.receive()
            if (operation == "answer" and len(values) == 1) or (operation == "error" and [*map(type, values)] == [str, str]):
                return operation, values
            self.answer(operation, values)

    def answer(self, operation, values):
        """Do what is asked and send what comes of it, be it an error."""
        try:
            result = self.do(operation, values)
        except (BadFrame, StudentGone):
            raise
        except self.told as error:
            self.send("error", *words(error))
            return
        try:
            self.send("answer", result)
        except (OSError, StudentGone):
            raise
        except Exception as error:  # the value does not travel
            self.send("error", *words(error))

    def do(self, operation, values):
        """Call a function that was handed out."""
        if operation == "call" and len(values) == 3:
            function, arguments, keywords = values
            if id(function) not in self.numbers or type(arguments) is not tuple or type(keywords) is not dict:
                raise BadFrame("no call")
            return function(*arguments, **keywords)
        raise BadFrame("no such question")

    def error(self, name, text):
        """The exception that stands for an error of the other side: one of Python's own is itself."""
        known = getattr(builtins, name, None)
        # Only errors: a student's code cannot end the grader, nor pretend that the test itself was interrupted.
        if isinstance(known, type) and issubclass(known, Exception) and known not in self.unwelcome:
            try:
                return known(text)
            except TypeError:  # UnicodeDecodeError wants five arguments
                pass
        return self.unknown(f"{name[:80]}: {text}")


def name_of(value):
    """What an object calls itself, whatever its attributes do."""
    try:
        return str(getattr(value, "__name__", type(value).__name__))[:80]
    except Exception:
        return type(value).__name__[:80]


def words(error):
    """An error's name and message, whatever its methods do; a kind of ValueError goes by that name."""
    kinds = [kind for kind in type(error).__mro__ if vars(builtins).get(kind.__name__) is kind]
    name = (type(error) if kinds[0] in (Exception, BaseException) else kinds[0]).__name__
    try:
        (text,) = error.args  # the str of a KeyError is in quotes
    except Exception:
        text = None
    try:
        return name, (text if type(text) is str else str(error))[:MESSAGE]
    except Exception:
        return name, ""


class Remote:
    """An object that stays on the other side."""

    def __init__(self, side, number, name):
        self.__dict__.update(_side=side, _number=number, _name=name)

    def __getattr__(self, name):
        if name.startswith(("__", "_repr_", "_ipython_")):  # what a notebook shows of it is its repr
            raise AttributeError(name)
        return self._side.ask("attribute", self, name)

    def __getitem__(self, key):
        return self._side.ask("item", self, key)

    def __len__(self):
        return self._side.ask("length", self)

    def __iter__(self):
        return self._side.ask("iterate", self)

    def __next__(self):
        more, value = self._side.ask("next", self)
        if not more:
            raise StopIteration
        return value

    def __repr__(self):
        return f"<{self._name} of the student's>"

    def _refuse(self, *_, **__):
        raise CannotTravel(f"{self!r} has no value here: only what it returns can be compared")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __setattr__ = __array__ = _refuse
    __hash__ = object.__hash__
    __array_ufunc__ = None
    __doc__ = property(lambda self: self._side.ask("attribute", self, "__doc__"))  # the student's, not the one above


class RemoteCallable(Remote):
    """A function or class that stays on the other side."""

    __doc__ = vars(Remote)["__doc__"]

    def __call__(self, *arguments, **keywords):
        return self._side.ask("call", self, arguments, keywords)


# ---- the student's side ----


class Student(Side):
    """Answers questions about a namespace."""

    told = BaseException

    def __init__(self, sock, namespace):
        super().__init__(sock)
        self.namespace, self.before = namespace, {}
        self.lent, self.asking = {}, threading.RLock()

    def check(self, value):
        if isinstance(value, types.ModuleType):
            raise CannotTravel("a module is imported where it is needed")

    def resolve(self, item):
        """A function of a test's is a function here too: true, equal to itself, and with a name."""
        if isinstance(item, Own):
            return super().resolve(item)
        if item.number not in self.lent:

            def function(*arguments, **keywords):
                return self.ask("call", function, arguments, keywords)

            function.__name__ = function.__qualname__ = item.name
            self.lent[item.number] = function
        return self.lent[item.number]

    def number_there(self, value):
        return next((number for number, function in self.lent.items() if function is value), None)

    def exchange(self, operation, *values):
        with self.asking:  # a student's code may call from several threads
            return super().exchange(operation, *values)

    def do(self, operation, values):
        match operation, values:
            case "names", [names]:
                found = {name: self.namespace[name] for name in names if name in self.namespace}
                return {name: value for name, value in found.items() if not isinstance(value, types.ModuleType)}
            case "put" | "take", [name, *value]:  # a test's own in the place of a function, or nothing
                self.before.setdefault(name, self.namespace.get(name, ABSENT))
                return self.set(name, *value or [ABSENT])
            case "attribute", [thing, name]:
                return getattr(thing, name)
            case "item", [thing, key]:
                return thing[key]
            case "length", [thing]:
                return len(thing)
            case "iterate", [thing]:
                return iter(thing)
            case "next", [steps]:
                try:
                    return True, next(steps)
                except StopIteration:
                    return False, None
        return super().do(operation, values)

    def set(self, name, value):
        if value is ABSENT:
            self.namespace.pop(name, None)
        else:
            self.namespace[name] = value

    def restore(self):
        """Give back what a test put or took."""
        for name, value in self.before.items():
            self.set(name, value)


def serve(path, namespace):
    """Answer the grader's questions until it hangs up."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        student = Student(sock, namespace)
        try:
            while True:
                student.answer(*student.receive())
        except (EOFError, OSError):
            pass
        finally:
            student.restore()


# ---- the grader's side ----


class Line:
    """A socket that gives up at a deadline, however the other side spreads what it sends."""

    def __init__(self, sock):
        self.sock, self.deadline = sock, None
        self.close = sock.close

    def recv(self, size):
        self.sock.settimeout(self.left())
        return self.sock.recv(size)

    def sendall(self, content):
        self.sock.settimeout(self.left())
        self.sock.sendall(content)

    def left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Grader(Side):
    """Asks a student's process, for a limited time."""

    unknown = StudentError
    unwelcome = (StopIteration, StopAsyncIteration)  # which would end a loop of the test's

    def __init__(self, sock, seconds, changes=lambda: ()):
        super().__init__(Line(sock))
        self.seconds, self.changes = seconds, changes

    def check(self, value):
        if not callable(value):
            raise CannotTravel(f"a value of type {type(value).__name__} cannot be handed to the student's code")

    def exchange(self, operation, *values):
        outermost = self.sock.deadline is None
        if outermost:
            self.sock.deadline = time.monotonic() + self.seconds
        try:
            for change in self.changes() if outermost else ():
                super().exchange(*change)
            return super().exchange(operation, *values)
        except StudentGone:  # in a question within this one
            raise
        except TimeoutError:
            self.sock.close()
            raise StudentGone(f"no answer within {self.seconds:g} seconds: is there a loop that never ends?") from None
        except (BadFrame, EOFError, OSError) as error:
            self.sock.close()
            raise StudentGone(f"no answer from your code ({type(error).__name__})") from None
        except CannotTravel:  # the question, and nothing was sent
            raise
        except BaseException:  # an interrupt: the answer would be taken for that of the next question
            self.sock.close()
            raise
        finally:
            if outermost:
                self.sock.deadline = None


class Bridge:
    """In the grader's kernel: gives each cell the student's names that it lacks."""

    def __init__(self, shell, path, seconds):
        self.shell, self.seconds = shell, seconds
        self.grader, self.lent, self.wanted, self.seen = None, {}, set(), {}
        self.answers, self.own, self.known = set(), set(), set()  # names: of answers, of the tests, once lent
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        os.chmod(path, 0o777)
        self.server.listen(8)
        shell.events.register("pre_run_cell", self.lend)
        shell.events.register("post_run_cell", self.close)

    def open(self, seconds):
        """Wait for the student's side to call."""
        self.server.settimeout(seconds)
        try:
            self.grader = Grader(self.server.accept()[0], self.seconds, self.changes)
        except OSError:
            self.grader = None

    def close(self, *_):
        """Hang up, and send away whoever waits."""
        if self.grader:
            self.grader.sock.close()
        self.grader = None
        self.server.settimeout(0)
        try:
            while True:
                self.server.accept()[0].close()
        except OSError:
            pass

    def lend(self, info):
        """Before a cell runs: fetch the names that it, or a cell before it, reads and nothing here defines.

        Only test cells are recorded in the shell's history; given cells run without the student's names.
        """
        namespace = self.shell.user_ns
        for name, value in self.lent.items():
            if namespace.get(name) is value:
                del namespace[name]
        self.lent, self.seen = {}, {}
        source = self.shell.transform_cell(info.raw_cell)
        self.wanted |= names_read(source)
        if not info.store_history:
            self.own |= names_made(source, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))
            return
        self.open(CALLING)
        for name in [name for name in sorted(self.wanted) if name not in namespace and self.may_lend(name)]:
            if self.grader:
                # What does not come, or does not travel, is missing then: a NameError will say so.
                with contextlib.suppress(Exception):
                    self.lent |= {n: value for n, value in self.grader.ask("names", [name]).items() if n == name}
            if name not in self.lent and hasattr(builtins, name):
                self.lent[name] = undefined(name)
        self.known |= self.lent.keys()
        namespace.update(self.lent)
        self.own |= names_made(source) - self.known

    def may_lend(self, name):
        """Whether a name that is missing is the student's to give: not what a test, given cells or Python itself define.

        A test's own name is missing where that test, which defines it, has failed.
        """
        return name in self.answers or not (name in self.own or hasattr(builtins, name))

    def forget(self, names):
        """From here on these names are an answer's, whatever given cells made of them."""
        for name in names:
            self.shell.user_ns.pop(name, None)
        self.answers |= set(names)

    def changes(self):
        """What a test has done to the student's functions: taken one away, or put its own in the place of one.

        The student's code sees that until the cell ends; so a test can find out who calls whom.
        """
        for name, lent in self.lent.items():
            now = self.shell.user_ns.get(name, ABSENT)
            if isinstance(lent, RemoteCallable) and now is not self.seen.get(name, lent):
                self.seen[name] = now
                if now is ABSENT:
                    yield "take", name
                elif callable(now):
                    yield "put", name, now


def undefined(name):
    """What stands for an answer that is missing and has the name of something of Python's."""

    def function(*_, **__):
        raise NameError(f"name '{name}' is not defined")

    return function


def names_made(source, kinds=ast.stmt):
    """The names that a cell defines by statements of these kinds at its top."""
    try:
        statements = [ast.unparse(statement) for statement in ast.parse(source).body if isinstance(statement, kinds)]
        tops = [symtable.symtable(statement, "<cell>", "exec") for statement in statements]
    except SyntaxError:
        return set()
    return {symbol.get_name() for top in tops for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def names_read(source):
    """The names that a cell expects somebody else to have defined: it never sets them, or reads them in a statement before."""
    try:
        statements = ast.parse(source).body
        parts = [symtable.symtable(ast.unparse(statement), "<cell>", "exec") for statement in statements]
    except SyntaxError:
        return set()
    read, before, own = set(), set(), set()
    for statement, part in zip(statements, parts, strict=True):
        if isinstance(statement, ast.Assign):  # f = counted(f)
            before |= names_read(ast.unparse(statement.value)) - own
        sets = {s.get_name() for s in part.get_symbols() if s.is_assigned() or s.is_imported()}
        before |= set(globals_of(part)) - sets - own
        read |= {name for table in tables(part) for name in globals_of(table)}
        own |= sets
    return (read - own) | before


def tables(table):
    """A symbol table and those of the functions and classes in it."""
    yield table
    for child in table.get_children():
        yield from tables(child)


def globals_of(table):
    """The global names that a scope reads."""
    return [s.get_name() for s in table.get_symbols() if s.is_referenced() and (s.is_global() or table.get_type() == "module")]
