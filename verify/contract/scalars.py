"""What an unquoted word means: the YAML 1.2 core schema, a little narrower.

``on``, ``yes``, ``12:30``, ``010``, ``0x1f`` and dates are text.
"""

import math
import re

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DIGITS = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS = 18

Scalar = str | int | float | bool | None


class ScalarError(ValueError):
    """A word that would be a number we do not take; the message does not repeat it."""


def resolve(word: str) -> Scalar:
    """Return the value of an unquoted ``word``; raise ``ScalarError`` for huge or endless numbers."""
    if word in _NULL:
        return None
    if word in _BOOL:
        return _BOOL[word]
    if word[0] not in "+-.0123456789":
        return word
    return _number(word)


def _number(word: str) -> Scalar:
    if _INT.fullmatch(word):
        digits = len(word.lstrip("+-"))
        if digits > _MOST_DIGITS:
            message = f"a whole number of {digits} digits, at most {_MOST_DIGITS} are allowed"
            raise ScalarError(message)
        return int(word)
    if _DIGITS.fullmatch(word):
        return word
    finite = not _ENDLESS.fullmatch(word)
    if finite and not _FLOAT.fullmatch(word):
        return word
    value = float(word) if finite else math.inf
    if not math.isfinite(value):
        message = "a number that is not finite"
        raise ScalarError(message)
    return value
