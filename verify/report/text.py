"""Texts as reports may show them: no control characters, bounded, measured in columns.

What a server or an exception says may hold terminal escapes, bidirectional controls or
a megabyte; nothing of that reaches a terminal or a page.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

MOST = 2000
ELLIPSIS = "…"
_KEPT = "\n\t"
#: our own signs, by code point since some look like others
_ASCII = {
    0x2026: "...",
    0x2192: "->",
    0xB7: "|",
    0x2264: "<=",
    0x2265: ">=",
    0xD7: "x",
    0x2013: "-",
    0x2014: "-",
}


def clean(text: str, most: int = MOST) -> str:
    """Return at most about ``most`` characters of ``text`` with every control character written out.

    Line breaks and tabs stay. Doing it again changes nothing.
    """
    if len(text) > most:
        counted = f"{ELLIPSIS} ({len(text)} characters)"
        text = text if text.endswith(" characters)") and len(text) < 2 * most else text[:most] + counted
    if text.isprintable():
        return text
    return "".join(map(_printable, text.replace("\r\n", "\n")))


def _printable(character: str) -> str:
    if character.isprintable() or character in _KEPT:
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def line(text: str, most: int = MOST) -> str:
    """Return ``text`` cleaned and on one line."""
    return " ".join(clean(text, most).split())


def to_ascii(text: str) -> str:
    """Return ``text`` in ASCII, for outputs that cannot write more."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


#: flags' letters, and what is wide since Unicode 16, which Python's tables may not know yet
_WIDENED = re.compile(
    "[\U0001f1e6-\U0001f1ff\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376]"
)


def width(text: str) -> int:
    """Return the terminal columns that printable ``text`` needs at most."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF" or _WIDENED.match(character):
        return 2
    # a variation selector may widen what stands before it: counted, so that a line is never too long
    return 0 if unicodedata.combining(character) else 1


def cut(text: str, columns: int, ellipsis: str = ELLIPSIS) -> str:
    """Return ``text`` in at most ``columns`` columns, ending in ``ellipsis`` where it is cut."""
    if width(text) <= columns:
        return text
    room = columns - width(ellipsis)
    return _head(text, room) + ellipsis if room > 0 else _head(text, columns)


def cut_left(text: str, columns: int, ellipsis: str = ELLIPSIS) -> str:
    """Return the end of ``text`` in at most ``columns`` columns."""
    if width(text) <= columns:
        return text
    return (ellipsis + _head(text[::-1], columns - width(ellipsis))[::-1])[-columns:]


def _head(text: str, columns: int) -> str:
    used = accumulate(map(_columns, text))
    return text[: next((index for index, needed in enumerate(used) if needed > columns), len(text))]


def fold(text: str, columns: int, most: int, ellipsis: str = ELLIPSIS) -> Iterator[str]:
    """Yield ``text`` in at most ``most`` lines of ``columns`` columns, broken at spaces where it can be."""
    for _ in range(most - 1):
        if width(text) <= columns:
            break
        head = _head(text, columns)
        at = head.rfind(" ")
        # a break in the first half would waste the line
        end = at if at > len(head) // 2 else len(head)
        yield text[:end]
        text = text[end:].lstrip()
    yield cut(text, columns, ellipsis)
