"""Compares a JSON answer with the members a contract states."""

from collections.abc import Iterator, Mapping
from typing import Any

from verify.facts.http import Exchange
from verify.model.text import abridged

#: the words of JSON Schema for the kinds of a value
KINDS: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}

Difference = tuple[str, str, str]


def differences(answer: Exchange, stated: Mapping[str, Any] | None) -> Iterator[Difference]:
    """Yield (message, stated, seen) for each member that is not as stated.

    A stated value is a kind (``integer``), a mapping of members, or the value itself.
    """
    if stated is None:
        return
    try:
        body = answer.json()
    except ValueError as error:
        yield "the answer is not JSON", "a JSON object", str(error)
        return
    yield from compare(body, stated, "")


def compare(seen: object, stated: Mapping[str, Any], path: str) -> Iterator[Difference]:
    """Yield each difference between an object and the stated members below ``path``."""
    if not isinstance(seen, dict):
        yield f"{path or 'the answer'} is not an object", "an object", shortened(seen)
        return
    for name, expected in stated.items():
        here = f"{path}.{name}" if path else name
        if name not in seen:
            yield f"{here} is missing", shortened(expected), "absent"
        elif isinstance(expected, Mapping):
            yield from compare(seen[name], expected, here)
        elif isinstance(expected, str) and expected in KINDS:
            if not _is_kind(seen[name], expected):
                yield f"{here} is not of the stated kind", expected, shortened(seen[name])
        elif not _same(seen[name], expected):
            yield f"{here} differs", shortened(expected), shortened(seen[name])


def _same(seen: object, expected: object) -> bool:
    """Tell whether two values are one in JSON, where true is not 1."""
    if isinstance(seen, bool) or isinstance(expected, bool):
        return seen is expected
    if isinstance(seen, Mapping) and isinstance(expected, Mapping):
        return seen.keys() == expected.keys() and all(_same(seen[key], expected[key]) for key in seen)
    if isinstance(seen, list) and isinstance(expected, list | tuple):
        return len(seen) == len(expected) and all(map(_same, seen, expected))
    return seen == expected


def _is_kind(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, KINDS[kind])


def shortened(value: object, limit: int = 80) -> str:
    """Return a value as text of at most ``limit`` characters."""
    return abridged(repr(value), limit)


def member(body: object, path: str) -> object:
    """Return the value at a dotted ``path`` such as ``build.version``, or None."""
    for name in path.removeprefix("$.").split("."):
        if not isinstance(body, dict) or name not in body:
            return None
        body = body[name]
    return body
