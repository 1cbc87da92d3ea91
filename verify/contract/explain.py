"""Tells what pydantic refused in plain words and at its place in the file."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from verify.contract.document import Document
from verify.contract.errors import MOST, Problem, unlisted
from verify.contract.nodes import Path
from verify.contract.part import MisfitError
from verify.contract.shapes import branches, inside, members
from verify.contract.words import kind_of, offer, shown

_KEY = "[key]"
#: pydantic's type of an error that only follows from one at another place
TOLD = "told_elsewhere"
_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_MISSING = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})


def problems_from(
    error: ValidationError, document: Document, base: Path = (), known: Any = None, *, misfits: bool = True
) -> list[Problem]:
    """Return the problems of ``error`` at their places.

    ``base`` is the path in ``document`` of what was validated; ``known`` the model,
    dataclass or annotation it was validated against, which offers names for unknown
    keys. No message repeats the value of a secret. ``misfits`` tells keys that do not
    go together.
    """
    details = error.errors(include_url=False)
    problems: dict[Problem, None] = {}
    for detail in details[:MOST]:
        if _told_elsewhere(detail, misfits=misfits):
            continue
        path, on_key = _path(base, detail)
        if not document.broken(path):
            place = document.place(path, key=on_key)
            problems[Problem(place, *_words(detail, base, known))] = None
    return [*problems, *unlisted(document.place(base), max(0, len(details) - MOST))]


def _path(base: Path, detail: Mapping[str, Any]) -> tuple[Path, bool]:
    """Return where the problem stands, and whether its key is meant rather than its value."""
    loc: Path = detail["loc"]
    if detail["type"] in _MISSING:
        return (*base, *loc[:-1]), True
    on_key = bool(loc) and loc[-1] == _KEY
    path = (*base, *(loc[:-1] if on_key else loc))
    return path, on_key or detail["type"] in _UNKNOWN or isinstance(_cause(detail), MisfitError)


def _told_elsewhere(detail: Mapping[str, Any], *, misfits: bool) -> bool:
    """Tell whether a detail only follows from others: a list is short by its wrong entries."""
    if detail["type"] == TOLD:
        return True
    if detail["type"] == "too_short":
        return len(detail["input"]) >= int(detail["ctx"]["min_length"])
    return isinstance(_cause(detail), MisfitError) and not misfits


def _cause(detail: Mapping[str, Any]) -> object:
    return detail.get("ctx", {}).get("error")


def _words(detail: Mapping[str, Any], base: Path, known: Any) -> tuple[str, str]:
    """Return message and hint."""
    kind, loc = detail["type"], detail["loc"]
    last = str((*base, *loc)[-1]) if base or loc else ""
    if kind in _UNKNOWN:
        return f"unknown key {shown(last)}", offer(last, _names(known, loc[:-1]))
    if kind in _MISSING:
        return f"key {shown(last)} is missing", "add it"
    if kind == "literal_error":
        return _choice(str(detail["ctx"]["expected"]), detail["input"])
    return _wrong_type(kind, detail["input"]) or (_wrong_value(detail), "")


def _wrong_type(kind: str, given: object) -> tuple[str, str] | None:
    for prefix, wanted in _WANTED.items():
        if kind.startswith(prefix):
            quote = kind.startswith("string") and isinstance(given, int | float)
            return f"expected {wanted}, got {kind_of(given)}", "write it in quotes" if quote else ""
    return None


def _wrong_value(detail: Mapping[str, Any]) -> str:
    given, context = detail["input"], detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context["error"])
    if detail["type"] in {"string_too_short", "too_short"}:
        what = "text" if isinstance(given, str) else "at least one entry"
        return f"expected {what}, got none"
    for bound, words in _BOUNDS.items():
        if bound in context:
            return f"expected {words} {context[bound]}, got {given}"
    # pydantic's messages repeat no input
    plain = str(detail["msg"]).replace("Input should be", "expected")
    return plain[:1].lower() + plain[1:]


_WANTED = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "model_": "a mapping (`key: value`)",
    "dict_type": "a mapping (`key: value`)",
    "mapping_type": "a mapping (`key: value`)",
    "dataclass_": "a mapping (`key: value`)",
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _choice(expected: str, given: object) -> tuple[str, str]:
    choices = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    if isinstance(given, str):
        return f"unknown value {shown(given)}", offer(given, choices)
    return f"expected one of {', '.join(choices)}, got {kind_of(given)}", ""


def _names(known: Any, loc: Path) -> Iterator[str]:
    """Yield the keys that may stand at ``loc`` of ``known``."""
    here = [] if known is None else [known]
    for segment in loc:
        # a segment that leads nowhere is pydantic's own, such as the name of a union's branch
        here = [deeper for annotation in here for deeper in inside(annotation, segment)] or here
    for annotation in here:
        for kind, _ in branches(annotation):
            yield from members(kind)
