"""Secrets of which a cut left a part: what stands right before a mark of omission, or right after one."""

import re
from bisect import bisect_left
from collections.abc import Mapping

SHORTEST = 6
#: as we write it, as pytest and others do, and as JSON, Python and URLs escape ours
_MARK = re.compile(
    r"(?:…|\.{3,}|\\{1,4}u2026|\\{1,4}xe2\\{1,4}x80\\{1,4}xa6|%E2%80%A6|%e2%80%a6)+",
)


class Cuts:
    """Finds the beginnings and ends of known words; at least ``SHORTEST`` characters of one."""

    def __init__(self, owner: Mapping[str, str]) -> None:
        """Know each word, and the name that takes its place."""
        # a word that holds a mark itself is cut there too
        pieces = {piece: name for word, name in owner.items() for piece in _MARK.split(word)}
        pieces |= owner
        self._heads = _Heads(pieces)
        self._tails = _Heads({piece[::-1]: name for piece, name in pieces.items()})

    def text(self, text: str) -> str:
        """Return ``text`` with the longest part of a word beside each mark replaced."""
        marks = list(_MARK.finditer(text))
        starts = [0, *(mark.end() for mark in marks)]
        ends = [*(mark.start() for mark in marks), len(text)]
        shown = []
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            part = text[start:end]
            before = self._heads.at_end(part) if index < len(marks) else None
            if before is not None:
                part = f"{part[: -before[0]]}***{before[1]}***"
            after = self._tails.at_end(part[::-1]) if index else None
            if after is not None:
                part = f"***{after[1]}***{part[after[0] :]}"
            shown += [part, marks[index][0] if index < len(marks) else ""]
        return "".join(shown)


class _Heads:
    def __init__(self, owner: Mapping[str, str]) -> None:
        self._owner = owner
        self._words = sorted(owner)
        self._longest = max(map(len, self._words))
        self._begin = {word[:SHORTEST] for word in self._words}

    def at_end(self, text: str) -> tuple[int, str] | None:
        """Return the length and the name of the longest beginning of a word that ends ``text``."""
        for start in range(max(0, len(text) - self._longest), len(text) - SHORTEST + 1):
            if text[start : start + SHORTEST] in self._begin:
                rest = text[start:]
                index = bisect_left(self._words, rest)
                if index < len(self._words) and self._words[index].startswith(rest):
                    return len(rest), self._owner[self._words[index]]
        return None
