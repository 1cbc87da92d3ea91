"""Small changes of a module's code, one at a time.

Changed are comparisons, ``and``/``or``, ``not``, arithmetic, constants (numbers by one,
texts by a suffix), conditions, and statements that yield, return, skip or raise, which
are left out. Not changed are imports, annotations, docstrings, decorators, and what only
the proofs or ``breaks`` need. What only a reader sees (the text of findings and of what was
seen) is marked ``words``: no verdict depends on it.
"""

import ast
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Slot = tuple[ast.AST, str, int | None]

SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,), ast.BitOr: (ast.BitAnd,), ast.BitAnd: (ast.BitOr,),
}  # fmt: skip
#: the fields that hold code, where not all do
CODE: dict[type[ast.AST], tuple[str, ...]] = {
    ast.FunctionDef: ("args", "body"), ast.arguments: ("defaults", "kw_defaults"), ast.ClassDef: ("body",),
    ast.AnnAssign: ("value",), ast.Assign: ("value",), ast.NamedExpr: ("value",),
    ast.ExceptHandler: ("body",),
    ast.FormattedValue: ("value",), ast.Import: (), ast.ImportFrom: (),
}  # fmt: skip
LONGEST = 70  # characters of a change that are shown
#: what a rule says; their arguments are read by people
SAID = frozenset({"Finding", "Unknown", "Nothing", "Seen"})
ROOTS = ("check", "Params")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: where, what was there, what is there instead, and the whole module's code."""

    line: int
    scope: str
    before: str
    after: str
    number: int
    words: bool
    code: types.CodeType

    def __str__(self) -> str:
        """Name it without its line, so that the name lasts."""
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.scope}: {self.before} -> {self.after}{again}"


def mutants(tree: ast.Module, *, whole: bool) -> Iterator[Mutant]:
    """Yield each mutant of a module, ``whole`` or only what its ``check`` and ``Params`` reach."""
    seen: Counter[str] = Counter()
    reached = _reached(tree)
    for part in tree.body:
        if isinstance(part, ast.Expr) or (not whole and not _names(part) & reached):
            continue
        for slot, scope, words in _slots(part, whole=whole):
            old = _get(slot)
            for new in _changes(old, slot):
                before, after = _short(old), _short(new)
                _put(slot, ast.fix_missing_locations(ast.copy_location(new, old)))
                code = compile(tree, "mutant", "exec")
                _put(slot, old)
                seen[f"{scope}{before}{after}"] += 1
                yield Mutant(
                    line=getattr(old, "lineno", 0) or getattr(slot[0], "lineno", 0),
                    scope=scope,
                    before=before,
                    after=after,
                    number=seen[f"{scope}{before}{after}"],
                    words=words,
                    code=code,
                )


def _slots(
    node: ast.AST, scope: str = "", *, whole: bool, words: bool = False
) -> Iterator[tuple[Slot, str, bool]]:
    """Yield each place below ``node`` whose content may be changed."""
    scope = f"{scope}.{node.name}".lstrip(".") if isinstance(node, ast.ClassDef | ast.FunctionDef) else scope
    words = words or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAID)
    for field in _fields(node, whole=whole):
        value = getattr(node, field)
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_docstring(child, index, field):
                continue
            read = words or (bool(scope) and _is_prose(child))
            yield (node, field, index), scope or _target(node), read
            yield from _slots(child, scope or _target(node), whole=whole, words=words)


def _fields(node: ast.AST, *, whole: bool) -> tuple[str, ...]:
    """Return the parts of a node that hold code: no annotation, no decorator, no target."""
    # the fields of a fact are declarations, those of Params are what a claim states
    if whole and isinstance(node, ast.AnnAssign) and _is_field(node):
        return ()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
        return ()
    return CODE.get(type(node), node._fields)


def _is_field(node: ast.AnnAssign) -> bool:
    return (
        isinstance(node.target, ast.Name) and node.target.id.islower() and not node.target.id.startswith("_")
    )


def _is_docstring(child: ast.AST, index: int | None, field: str) -> bool:
    text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
    return text and index == 0 and field == "body"


def _is_prose(node: ast.AST) -> bool:
    """Tell whether a text is for people: words with blanks between them."""
    if isinstance(node, ast.JoinedStr):
        return any(map(_is_prose, node.values))
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return " " in text and any(map(str.isalpha, text))


def _target(node: ast.AST) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return ""


def _changes(node: ast.AST, slot: Slot) -> Iterator[ast.AST]:
    """Yield what may stand instead of ``node``."""
    parent, field, _ = slot
    if isinstance(node, ast.stmt):
        yield from _left_out(node)
        return
    condition = field in {"test", "ifs"} and isinstance(
        parent, ast.If | ast.While | ast.IfExp | ast.comprehension
    )
    simple = isinstance(node, ast.Compare) and len(node.ops) == 1
    if condition and not simple and not isinstance(node, ast.UnaryOp):
        yield ast.UnaryOp(op=ast.Not(), operand=node)  # type: ignore[arg-type]  # a condition is an expression
    yield from _constants(node)
    yield from _operators(node)


def _constants(node: ast.AST) -> Iterator[ast.AST]:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield from (ast.Constant(value=value + 1), ast.Constant(value=value - 1))
    elif isinstance(value, str):
        yield ast.Constant(value=value + "XX")
    elif isinstance(value, bytes):
        yield ast.Constant(value=value + b"XX")


def _operators(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for index, one in enumerate(ops):
                for swap in _swaps(one):
                    yield ast.Compare(
                        left=left, ops=[*ops[:index], swap, *ops[index + 1 :]], comparators=others
                    )
        case ast.BoolOp(op=op, values=values):
            yield from (ast.BoolOp(op=swap, values=values) for swap in _swaps(op))
        case ast.BinOp(left=left, op=op, right=right):
            yield from (ast.BinOp(left=left, op=swap, right=right) for swap in _swaps(op))
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case _:
            pass


def _left_out(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):  # still a generator, one that says less
            yield ast.Expr(value=ast.YieldFrom(value=ast.Tuple(elts=[], ctx=ast.Load())))
        case ast.Expr(value=ast.Call()) | ast.Continue() | ast.Break() | ast.Raise() | ast.Return(value=None):
            yield ast.Pass()
        case ast.Return(value=ast.Constant(value=None)):
            return
        case ast.Return():
            yield ast.Return(value=None)
        case ast.AugAssign(target=target, op=op, value=value):
            yield from (ast.AugAssign(target=target, op=swap, value=value) for swap in _swaps(op))
        case _:
            pass


def _swaps(operator: ast.AST) -> Iterator[Any]:
    return (swap() for swap in SWAPS.get(type(operator), ()))


def _get(slot: Slot) -> ast.AST:
    parent, field, index = slot
    value = getattr(parent, field)
    found: ast.AST = value if index is None else value[index]
    return found


def _put(slot: Slot, node: ast.AST) -> None:
    parent, field, index = slot
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _names(part: ast.stmt) -> set[str]:
    """Return what a statement of the module defines."""
    if isinstance(part, ast.FunctionDef | ast.ClassDef):
        return {part.name}
    targets = (
        part.targets
        if isinstance(part, ast.Assign)
        else [part.target]
        if isinstance(part, ast.AnnAssign)
        else []
    )
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _reached(tree: ast.Module) -> set[str]:
    """Return the names that ``check`` and ``Params`` use, and what those use."""
    reached: set[str] = set()
    waiting = set(ROOTS)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for part in tree.body:
            if name in _names(part):
                waiting |= _used(part) - reached
    return reached


def _used(part: ast.stmt) -> set[str]:
    """Return the names that a statement reads, but for those of arguments and of decorators."""
    decorated = [node for each in getattr(part, "decorator_list", []) for node in ast.walk(each)]
    own = {node.arg for node in ast.walk(part) if isinstance(node, ast.arg)}
    return {node.id for node in ast.walk(part) if isinstance(node, ast.Name) and node not in decorated} - own
