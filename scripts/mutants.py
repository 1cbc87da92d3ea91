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

Slot = tuple[ast.AST, str, int | None]

SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,), ast.BitOr: (ast.BitAnd,), ast.BitAnd: (ast.BitOr,),
}  # fmt: skip
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
    """Yield each mutant of a module; of a rule's only what ``check`` and ``Params`` reach, unless ``whole``."""
    seen: Counter[str] = Counter()
    for part in tree.body:
        if not whole and not _names(part) & _reached(tree):
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
                    line=getattr(old, "lineno", 0) or getattr(slot[0], "lineno", 0), scope=scope, before=before, after=after,
                    number=seen[f"{scope}{before}{after}"], words=words, code=code,
                )
