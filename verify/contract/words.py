"""Words for messages: kinds of values, names on offer, texts that are safe to show."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

_SHOWN = 60
_OFFERED = 12
_COMPARED = 64
_CANDIDATES = 1000
_SHORTEST_BEGINNING = 3


def shown(text: object) -> str:
    """Return ``text`` in quotes, unprintable characters escaped, at most 60 characters long."""
    whole = str(text)
    return repr(whole if len(whole) <= _SHOWN else whole[: _SHOWN - 1] + "…")


def kind_of(value: object) -> str:
    """Return what ``value`` is in the words of YAML; never the value itself."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, word in _KINDS:
        if isinstance(value, kind):
            return word
    return "something else"


_KINDS: tuple[tuple[type, str], ...] = (
    (int, "a whole number"),
    (float, "a decimal number"),
    (str, "text"),
    (Mapping, "a mapping"),
    (Sequence, "a list"),
)


def nearest(text: str, names: Iterable[str]) -> str | None:
    """Return the name most like ``text``, if any is; upper and lower case do not count."""
    if len(text) > _COMPARED:
        return None
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(text.lower(), lowered, n=1, cutoff=0.6)
    if not near and len(text) >= _SHORTEST_BEGINNING:
        near = [name for name in lowered if name.startswith(text.lower())]
    return lowered[near[0]] if near else None


def offer(text: str, names: Iterable[str]) -> str:
    """Return a hint: the nearest of ``names``, else which there are."""
    known = sorted(islice(names, _CANDIDATES))
    near = nearest(text, known)
    if near is not None:
        return f"did you mean {shown(near)}?"
    if not known:
        return ""
    more = ", …" if len(known) > _OFFERED else ""
    return "expected " + ("one of " if len(known) > 1 else "") + ", ".join(known[:_OFFERED]) + more


def listed(words: Sequence[str]) -> str:
    """Return ``a, b or c``."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
