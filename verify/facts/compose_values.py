"""The values of a Compose file: variables at their defaults, and how one value is laid over another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from verify.contract.nodes import Node
from verify.facts.interpolation import Unresolved, interpolate

Path = tuple[str | int, ...]
#: where the later value replaces the earlier one as a whole
_REPLACED = frozenset({("command",), ("entrypoint",), ("healthcheck", "test")})
_MOST_COMPARED = 1000
_TRUE = frozenset({"true", "1", "y", "yes", "on"})
_FALSE = frozenset({"false", "0", "n", "no", "off"})


class _Reset:
    """What ``!reset`` leaves: the value of an earlier file is gone."""


@dataclass(frozen=True, slots=True)
class _Override:
    """What ``!override`` marks: it replaces the value of an earlier file as a whole."""

    value: Any


RESET: Final = _Reset()


def values(node: Node) -> Any:
    """Return what a node holds, its variables at their defaults and its tags kept until ``settled``."""
    if node.tag == "!reset":
        return RESET
    value = node.value
    if isinstance(value, dict):
        value = {key: values(child) for key, child in node.children.items()}
    elif isinstance(value, list):
        value = [values(child) for child in node.children.values()]
    elif isinstance(value, str):
        value = interpolate(value)
    return _Override(value) if node.tag == "!override" else value


def laid_over(base: Any, over: Any, path: Path = ()) -> Any:
    """Return ``base`` with ``over`` laid on it, as Compose merges two files or a service it extends."""
    if tagged(over) or base is RESET:
        return over
    if isinstance(base, _Override):
        return _Override(laid_over(base.value, over, path))
    if path in _REPLACED:
        return over
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = laid_over(base[key], value, (*path, key)) if key in base else value
        return merged
    if isinstance(base, list) and isinstance(over, list):
        return [*base, *over]
    return over


def tagged(value: Any) -> bool:
    """Tell whether ``value`` is one of the marks that only a merge needs."""
    return isinstance(value, _Reset | _Override)


def settled(value: Any) -> Any:
    """Return ``value`` without the marks that only a merge needs."""
    if isinstance(value, _Override):
        return settled(value.value)
    if isinstance(value, dict):
        return {key: settled(one) for key, one in value.items() if one is not RESET}
    if isinstance(value, list):
        return [settled(one) for one in value if one is not RESET]
    return None if value is RESET else value


def agreed(readings: Sequence[Any], reason: str) -> Any:
    """Return what is the same in each of ``readings``; the rest is unresolved for ``reason``."""
    first = readings[0]
    if all(one == first for one in readings):
        return first
    if all(isinstance(one, dict) for one in readings):
        keys = dict.fromkeys(key for one in readings for key in one)
        absent = Unresolved(reason)
        return {key: agreed([one.get(key, absent) for one in readings], reason) for key in keys}
    if all(isinstance(one, list) and len(one) <= _MOST_COMPARED for one in readings):
        once = [item for at, item in enumerate(first) if item not in first[:at]]
        common = [item for item in once if all(item in one for one in readings)]
        return [*common, Unresolved(reason)]
    return Unresolved(reason)


def at(spec: Mapping[str, Any], path: Path, absent: Any) -> Any:
    """Return the value at ``path``; ``absent`` where there is none, an ``Unresolved`` on the way as it is."""
    value: Any = spec
    for key in path:
        if isinstance(value, Unresolved):
            return value
        if not isinstance(value, Mapping) or key not in value:
            return absent
        value = value[key]
    return value


def flag(value: Any) -> bool | Unresolved:
    """Return a value as Compose casts it to a boolean; ``Unresolved`` for what it refuses."""
    if value is None:
        return False
    if isinstance(value, bool | Unresolved):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return Unresolved("is no boolean that Compose reads", str(value))
