"""One small change in a function: the slips of the hand that a backward pass invites, made from its syntax tree.

    for fault in faults(function):
        with planted(fault):
            ...  # the function runs with the fault in it, whoever calls it

Each rule below is one kind of slip: it sees a node of the tree and yields the source texts that could stand there by mistake.
"""

import ast
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType


@dataclass(frozen=True)
class Fault:
    """One change: its kind, the statement before and after, the function, and the code that takes the place of its own."""

    kind: str
    before: str
    after: str
    function: FunctionType
    code: CodeType


@contextmanager
def planted(fault):
    """Inside the block the function runs with the fault."""
    whole = fault.function.__code__
    fault.function.__code__ = fault.code
    try:
        yield
    finally:
        fault.function.__code__ = whole


def faults(function):
    """Every fault that can be planted in a function, each once."""
    tree = definition(function.__code__)
    for kind, before, after in changes(tree):
        yield Fault(kind, before, after, function, compiled(tree, function.__code__))


def changes(tree):
    """Change a function's tree in one place after the other: kind, statement before and after, each change once.

    What is yielded describes the tree as it stands at that moment; it is put back before the next.
    """
    names, seen = Names(tree), {ast.unparse(tree)}
    for place in list(places(tree)):
        before = headline(place.statement)
        for rule in RULES:
            for text in rule(place.node, place.parent, names):
                new = parsed(text, place.node)
                place.put(new)
                source = ast.unparse(tree)
                if source not in seen:
                    seen.add(source)
                    yield rule.__name__, before, headline(new if place.node is place.statement else place.statement)
                place.put(place.node)


# ---- the kinds of faults: what could stand in the place of a node ----

PRODUCTS = {ast.Mult: "*", ast.MatMult: "@", ast.Div: "/"}
OPERATIONS = ("np.add", "np.subtract", "np.multiply", "np.divide", "np.dot", "np.matmul")  # of two operands, maybe with `out=`


def sign(node, parent, names):
    """a + b becomes a - b, a b becomes a (-b), += becomes -=, a mask its complement."""
    match node:
        case ast.BinOp(a, ast.Add(), b):
            yield fill("{} - {}", a, b)
        case ast.BinOp(a, ast.Sub(), b):
            yield fill("{} + {}", a, b)
        case ast.BinOp(a, op, b) if is_product(node) and not is_product(parent):
            yield fill(f"{{}} {PRODUCTS[type(op)]} -{{}}", a, b)
        case ast.UnaryOp(ast.USub() | ast.Invert(), a) if not isinstance(a, ast.Constant):
            yield fill("{}", a)
        case ast.Compare(a, [ast.Gt()], [b]):
            yield fill("{} < {}", a, b)
        case ast.AugAssign(a, ast.Add(), b):
            yield fill("{} -= {}", a, b)
        case ast.AugAssign(a, ast.Sub(), b):
            yield fill("{} += {}", a, b)
        case ast.AugAssign(a, ast.Mult(), b):
            yield fill("{} *= -{}", a, b)
        case ast.Attribute(ast.Name("np"), "add"):
            yield "np.subtract"
        case ast.Attribute(ast.Name("np"), "subtract"):
            yield "np.add"
        case ast.Call(f, [a, b, *rest], out) if called(node) in OPERATIONS[2:]:
            yield call(f, a, ast.UnaryOp(ast.USub(), b), *rest, *out)


def transpose(node, parent, names):
    """A transpose is dropped, or added to a factor of a matrix product."""
    match node:
        case ast.Attribute(a, "T" | "mT"):
            yield fill("{}", a)
        case ast.Call(_, [a, *_]) if called(node) in ("np.transpose", "np.swapaxes"):
            yield fill("{}", a)
        case ast.Call(ast.Attribute(a, "transpose" | "swapaxes")):
            yield fill("{}", a)
        case ast.BinOp(a, ast.MatMult(), b):
            yield fill("{}.mT @ {}", a, b)
            yield fill("{} @ {}.mT", a, b)
        case ast.Call(f, [a, b, *rest], out) if called(node) in ("np.dot", "np.matmul"):
            yield call(f, ast.Attribute(a, "mT"), b, *rest, *out)
            yield call(f, a, ast.Attribute(b, "mT"), *rest, *out)


def dropped(node, parent, names):
    """A term, a factor, one side of a choice or a statement is missing."""
    match node:
        case ast.BinOp(a, ast.Pow()):
            yield fill("{}", a)
        case ast.BinOp(a, _, b) | ast.BoolOp(_, [a, b]):
            yield fill("{}", a)
            yield fill("{}", b)
        case ast.Call(_, [_, a, b]) if called(node) == "np.where":
            yield fill("{}", a)
            yield fill("{}", b)
        case ast.Call(_, [a, b, *rest], out) if called(node) in OPERATIONS:
            yield call("np.positive", a, *rest, *out)
            yield call("np.positive", b, *rest, *out)
        case ast.Call(ast.Attribute(_, "backward") as f, [*given, _], []):  # the gradient of the state is not handed on
            yield call(f, *given)
        case ast.Call(f, given, words) if any(word.arg == "where" for word in words):
            yield call(f, *given, *(word for word in words if word.arg != "where"))
        case ast.AugAssign() | ast.Expr(ast.Call()) | ast.Assign([ast.Subscript()]):
            yield "pass"
        case ast.Assign([a]) if all(names.bound[name] > 1 for name in plain_names(a)):  # the names keep what they stood for
            yield "pass"


def index(node, parent, names):
    """An index next to the right one, or time the other way round."""
    match node:
        case ast.Subscript(a, ast.Tuple(entries)):
            for k, entry in enumerate(entries):
                for other in neighbours(entry, names):
                    inside = [*map(ast.unparse, entries[:k]), other, *map(ast.unparse, entries[k + 1 :])]
                    yield fill("{}", a) + f"[{', '.join(inside)}]"
        case ast.Subscript(a, ast.List()):  # the order of the gates
            yield fill("{}", a)
        case ast.Subscript(a, ast.Name(name)) if name not in names.loops:
            yield fill("{}", a)
        case ast.Subscript(a, entry):
            yield from (fill("{}", a) + f"[{other}]" for other in neighbours(entry, names))
        case ast.Call(ast.Name("reversed"), [a]):
            yield fill("{}", a)
        case ast.Call(_, [a, *_]) if called(node) == "np.flip":
            yield fill("{}", a)


def overwrite(node, parent, names):
    """`=` for `+=`: what was added up before is lost."""
    match node:
        case ast.AugAssign(a, _, b):
            yield fill("{} = {}", a, b)
            yield fill("{}[...] = {}", a, b)
        case ast.Expr(ast.Call(_, [a, places, b]) as add) if called(add) == "np.add.at":  # a place that comes twice counts once
            yield fill("{}[{}] += {}", a, places, b)


def operand(node, parent, names):
    """A value is taken for one that was unpacked or is returned beside it, a key for another key of the same dict."""
    match node:
        case ast.Name(a, ast.Load()):
            yield from sorted(names.siblings[a])
        case ast.Return(ast.Tuple([a, b, *rest])):
            yield f"return {', '.join(map(ast.unparse, [b, a, *rest]))}"
        case ast.Subscript(a, ast.Constant(str(key))):
            yield from (fill("{}", a) + f"[{other!r}]" for other in sorted(names.keys[ast.unparse(a)] - {key}))


def batch(node, parent, names):
    """A sum is a mean, or only its first row."""
    match node:
        case ast.Call(ast.Attribute(a, "sum"), [], [ast.keyword("axis", axis), *rest]):
            yield call(ast.Attribute(a, "mean"), *node.keywords)
            if isinstance(axis, ast.Tuple):
                yield fill("{}[0].sum(axis=0)", a)
            else:
                yield fill("{}.take(%s, axis={})" % ("[0]" if rest else "0"), a, axis)
        case ast.Call(_, given, words) if called(node) == "np.add.reduce":
            yield call("np.mean", *given, *words)


RULES = (sign, transpose, dropped, index, overwrite, operand, batch)


# ---- reading and writing the tree ----


@dataclass
class Place:
    """A node, where it hangs, and the statement it belongs to."""

    node: ast.AST
    parent: ast.AST
    field: str
    number: int | None
    statement: ast.AST

    def put(self, node):
        """Hang a node here."""
        if self.number is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.number] = node


def places(parent, statement=None):
    """Every place below a node where a fault can be planted: checks, messages, signatures and sizes hold no gradient."""
    statement = statement or parent
    for field, value in ast.iter_fields(parent):
        for number, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or is_no_gradient(node, parent, field):
                continue
            own = node if isinstance(node, ast.stmt) else statement
            yield Place(node, parent, field, number, own)
            yield from places(node, own)


SIZED = ("reshape", "broadcast_to", "empty", "empty_like", "zeros", "zeros_like", "ones", "ones_like", "len")


def is_no_gradient(node, parent, field):
    """Whether a piece of the tree only checks, reports, declares, or says how large an array is."""
    match node:
        case ast.arguments() | ast.JoinedStr() | ast.Subscript(ast.Attribute(attr="shape")):
            return True
        case ast.If(body=[*_, ast.Raise()], orelse=[]):
            return True
        case ast.Call() | ast.Expr(ast.Call()) | ast.Assign(value=ast.Call()):
            if called(node if isinstance(node, ast.Call) else node.value).split(".")[-1].startswith("check_"):
                return True
    return called(parent).split(".")[-1] in SIZED and field != "func"


class Names:
    """What a function's names are: `loops` run through a loop, `siblings` were unpacked together, `keys` belong to one dict.

    `bound` says how often a name is given a value. Sizes, which are one capital letter, have no siblings.
    """

    def __init__(self, tree):
        self.loops, self.siblings, self.keys, self.bound = set(), defaultdict(set), defaultdict(set), Counter()
        for node in ast.walk(tree):
            match node:
                case ast.For(target) | ast.comprehension(target):
                    self.loops |= plain_names(target)
                    self.unpack(target)
                case ast.Assign([ast.Tuple() as target]):
                    self.unpack(target)
                case ast.Subscript(a, ast.Constant(str(key))):
                    self.keys[ast.unparse(a)].add(key)
                case ast.Name(name, ast.Store()) | ast.arg(name):
                    self.bound[name] += 1

    def unpack(self, target):
        together = {name for name in plain_names(target) if len(name) > 1 or name.islower()}
        for name in together:
            self.siblings[name] |= together - {name}


def plain_names(tree):
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def neighbours(entry, names):
    """What stands next to an entry of a subscript: t - 1 and t + 1 for t, 1: for :-1, forwards for backwards."""
    match entry:
        case ast.Constant(int(k)) if k is not True and k is not False:
            return [str(k - 1), str(k + 1)]
        case ast.UnaryOp(ast.USub(), ast.Constant(int(k))):
            return [str(-k - 1), str(-k + 1)]
        case ast.Name(t) if t in names.loops:
            return [f"{t} - 1", f"{t} + 1"]
        case ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)), None):
            return ["1:"]
        case ast.Slice(None, ast.Constant(int(k)), None):
            return [f"1:{k + 1}"]
        case ast.Slice(None, ast.Name(k), None):
            return [f"{k}:", f"1:{k} + 1"]
        case ast.Slice(ast.Name(k), None, None):
            return [f":{k}"]
        case ast.Slice(ast.Constant(int(k)), None, None):
            return [f"{k - 1}:-1"]
        case ast.Slice(ast.Constant(int(k)), ast.Constant(int(stop)), None):
            return [f"{k - 1}:{stop - 1}", f"{k + 1}:{stop + 1}"]
        case ast.Slice(None, None, ast.UnaryOp()):
            return [":"]
    return []


def is_product(node):
    return isinstance(node, ast.BinOp) and type(node.op) in PRODUCTS


def called(node):
    """What a call calls: "np.dot", "das.sum"; the empty string for what is no call."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def call(function, *arguments):
    """The source of a call; arguments may be keywords."""
    name = function if isinstance(function, str) else ast.unparse(function)
    return f"{name}({', '.join(map(ast.unparse, arguments))})"


def fill(template, *nodes):
    return template.format(*(f"({ast.unparse(node)})" for node in nodes))


def headline(statement):
    """A statement in one line; of a loop or a branch, what stands before the colon."""
    return ast.unparse(statement).splitlines()[0]


def parsed(text, like):
    """The node that a text means, as a statement or an expression like the one that it replaces."""
    if isinstance(like, ast.stmt):
        return ast.parse(text).body[0]
    node = ast.parse(text, mode="eval").body
    if hasattr(like, "ctx") and hasattr(node, "ctx"):
        node.ctx = like.ctx
    return node


def definition(code):
    """The syntax tree of a function's definition, `def` or `lambda`."""
    path = Path(code.co_filename)
    found = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if defines(n, code)]
    if len(found) != 1:
        raise ValueError(f"{path.name}:{code.co_firstlineno}: expected one {code.co_name} in this line, got {len(found)}")
    return found[0]


def defines(node, code):
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and node.lineno == code.co_firstlineno
    if isinstance(node, ast.FunctionDef):
        return code.co_name == node.name and min(n.lineno for n in (node, *node.decorator_list)) == code.co_firstlineno
    return False


def compiled(tree, like):
    """The code object of a changed definition."""
    if isinstance(tree, ast.Lambda):
        code = compile(ast.Expression(tree), like.co_filename, "eval")
    else:
        around = ast.parse("class Around: pass")  # as in a class, `super()` finds its class outside
        around.body[0].body = [tree]
        code = compile(around, like.co_filename, "exec")
    return next(c for c in nested(code) if c.co_name == like.co_name)


def nested(code):
    """The code objects inside one, at any depth, the outer ones first."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from nested(constant)
