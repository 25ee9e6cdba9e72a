"""What the house's taste forbids, told by looking at the syntax tree: one function a rule, findings as text.

The checks are about what a module *says*, resolved through its imports; they do not run it. A name is followed to
where it was imported from (`from time import time as now` is still `time.time`), sets are followed through
annotations and plain assignments within a module. What they cannot see, the two-hash-seeds test sees.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Finding(NamedTuple):
    line: int
    what: str


Check = Callable[[ast.Module], Iterator[Finding]]

CLOCKS = re.compile(
    r"time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|process_time|process_time_ns"
    r"|thread_time|thread_time_ns|clock_gettime|clock_gettime_ns|localtime|gmtime|ctime|sleep)"
    r"|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today"
)
SEEDED = {
    "random.Random",
    "numpy.random.default_rng",
    "numpy.random.Generator",
    "numpy.random.PCG64",
    "numpy.random.Philox",
    "numpy.random.SeedSequence",
}
RANDOMNESS = re.compile(r"(random|numpy\.random|secrets)\.\w+|uuid\.uuid[14]|os\.(urandom|getrandom)")
ENVIRONMENT = re.compile(
    r"os\.(environ|environb|getenv|getenvb|getpid|getcwd|getlogin|uname|cpu_count)|sys\.argv"
    r"|(platform|locale|getpass)\.\w+|socket\.(gethostname|getfqdn)|pathlib\.Path\.(home|cwd)"
)
FLOAT_TYPES = re.compile(
    r"numpy\.(float16|float32|float64|float_|double|single|longdouble|divide|true_divide)"
)
FORBIDDEN_WORDS = frozenset(
    {"utils", "util", "helpers", "helper", "manager", "managers", "base", "misc", "common"}
)
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
SET_ANNOTATION = re.compile(r"(\w+\.)?(set|frozenset|Set|AbstractSet|MutableSet)\b")
ORDER_KEEPING = frozenset(
    {"list", "tuple", "iter", "enumerate", "map", "filter", "zip", "dict", "next", "reversed"}
)


def clocks(tree: ast.Module) -> Iterator[Finding]:
    """Time comes in as a journaled command."""
    yield from _references(tree, CLOCKS, "reads the clock")


def randomness(tree: ast.Module) -> Iterator[Finding]:
    """Chance comes in as an object with a seed."""
    seedless = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            seedless.add(id(node.func))
    for node, name in _dotted_references(tree):
        if name in SEEDED and id(node) in seedless:
            yield Finding(node.lineno, f"{name}() has no seed")
        elif name not in SEEDED and RANDOMNESS.fullmatch(name):
            yield Finding(node.lineno, f"{name} is chance without a seed")


def environment(tree: ast.Module) -> Iterator[Finding]:
    """Configuration comes in through arguments."""
    yield from _references(tree, ENVIRONMENT, "asks the environment")


def floats(tree: ast.Module) -> Iterator[Finding]:
    """No float decides anything about money, quantity or price."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield Finding(node.lineno, f"float literal {node.value}")
        elif isinstance(node, ast.Name) and node.id in {"float", "complex"}:
            yield Finding(node.lineno, f"{node.id} is used")
        elif (
            isinstance(node, ast.BinOp | ast.AugAssign)
            and isinstance(node.op, ast.Div)
            and not _joins_paths(node)
        ):
            yield Finding(node.lineno, "true division makes a float")
    yield from _references(tree, FLOAT_TYPES, "is a float")


def set_iteration(tree: ast.Module) -> Iterator[Finding]:
    """The order of a set is the order of its hashes, which differs from run to run."""
    known = _known_sets(tree)
    for node in ast.walk(tree):
        for iterated in _iterated(node):
            if _is_set(iterated, known):
                yield Finding(iterated.lineno, f"iterates over the set {ast.unparse(iterated):.60}")


def hashes(tree: ast.Module) -> Iterator[Finding]:
    """`hash` of text differs from run to run, `id` always."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"hash", "id"}:
            yield Finding(node.lineno, f"{node.func.id}() differs from run to run")


def docstring(tree: ast.Module) -> Iterator[Finding]:
    """A module says what it is."""
    if not ast.get_docstring(tree):
        yield Finding(1, "the module has no docstring")


def class_names(tree: ast.Module) -> Iterator[Finding]:
    """Words of the trade."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            words = {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", node.name)}
            if words & FORBIDDEN_WORDS:
                yield Finding(
                    node.lineno, f"class {node.name} says {', '.join(sorted(words & FORBIDDEN_WORDS))}"
                )


def module_name(stem: str) -> list[str]:
    """Forbidden words in a module's name."""
    return sorted(set(stem.lower().split("_")) & FORBIDDEN_WORDS)


def _references(tree: ast.Module, forbidden: re.Pattern[str], says: str) -> Iterator[Finding]:
    for node, name in _dotted_references(tree):
        if forbidden.fullmatch(name):
            yield Finding(node.lineno, f"{name} {says}")


def _dotted_references(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Every name and attribute chain, as the dotted name it was imported under."""
    origin = _origins(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            head, *rest = _chain(node)
            if head in origin:
                yield node, ".".join([origin[head], *rest])


def _origins(tree: ast.Module) -> dict[str, str]:
    origin = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origin[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                origin[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return origin


def _chain(node: ast.expr) -> list[str]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *reversed(names)]


def _joins_paths(node: ast.BinOp | ast.AugAssign) -> bool:
    """Tell `folder / "name"` from arithmetic: a text on either side, however deep."""
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
    for side in sides:
        if isinstance(side, ast.JoinedStr) or (
            isinstance(side, ast.Constant) and isinstance(side.value, str)
        ):
            return True
        if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Div) and _joins_paths(side):
            return True
    return False


def _known_sets(tree: ast.Module) -> frozenset[str]:
    """Names and attributes that are annotated as sets, or assigned one, anywhere in the module."""
    known: set[str] = set()
    for _ in range(2):  # the second round knows what the first has learned: a = {1}; b = a | c
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                known.update(f".{name}" for name in _sets_of_a_class(node))
            if isinstance(node, ast.AnnAssign) and SET_ANNOTATION.match(ast.unparse(node.annotation)):
                known.update(_names_of(node.target))
            elif (
                isinstance(node, ast.arg)
                and node.annotation
                and SET_ANNOTATION.match(ast.unparse(node.annotation))
            ):
                known.add(node.arg)
            elif isinstance(node, ast.Assign) and _is_set(node.value, frozenset(known)):
                for target in node.targets:
                    known.update(_names_of(target))
    return frozenset(known)


def _sets_of_a_class(node: ast.ClassDef) -> list[str]:
    return [
        name
        for line in node.body
        if isinstance(line, ast.AnnAssign) and SET_ANNOTATION.match(ast.unparse(line.annotation))
        for name in _names_of(line.target)
    ]


def _names_of(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    return [f".{target.attr}"] if isinstance(target, ast.Attribute) else []


def _is_set(node: ast.expr, known: frozenset[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Attribute(attr=method, value=value)) if method in SET_METHODS:
            return _is_set(value, known)
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), left=left, right=right):
            return _is_set(left, known) or _is_set(right, known)
        case ast.Name(id=name):
            return name in known
        case ast.Attribute(attr=name):
            return f".{name}" in known
        case _:
            return False


def _iterated(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.For(iter=source) | ast.AsyncFor(iter=source) | ast.comprehension(iter=source):
            return [source]
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in ORDER_KEEPING:
            return arguments
        case ast.Call(func=ast.Attribute(attr="join" | "extend"), args=arguments):
            return arguments
        case ast.Call(func=ast.Attribute(attr="pop", value=source), args=[]):
            return [source]
        case ast.Starred(value=source):
            return [source]
        case _:
            return []


CHECKS: dict[str, Check] = {
    "clock": clocks,
    "randomness": randomness,
    "environment": environment,
    "float": floats,
    "set iteration": set_iteration,
    "hash": hashes,
    "docstring": docstring,
    "class name": class_names,
}
