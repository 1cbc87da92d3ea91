"""Copies of a backup with the damage that a disk, a network or a hand does to it."""

import filecmp
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from verify.facts.damage import Damage

#: what is lost with a last block that was never written
_CLIPPED = 32
#: bytes before its end at which the last bit is turned, if it is not small: among its rows
_ROWS = 512
_PAGE = b"""<!DOCTYPE html>
<html><head><title>503 Service Unavailable</title></head>
<body><h1>Service Unavailable</h1><p>The server is temporarily unable to service your request.</p></body>
</html>
"""
#: the bytes at which a bit is turned, by the size: every format has its table of contents first
_FLIPPED: Mapping[str, Callable[[int], int]] = {
    "flipped-head": lambda size: size // 16,
    "flipped-middle": lambda size: size // 2,
    "flipped-end": lambda size: size - 1 - min(size // 16, _ROWS),
}


class Impossible(Exception):  # noqa: N818 - it is an answer
    """A damage that this backup cannot have; the message says why."""


def damaged(damage: Damage, whole: Path, copy: Path, other: Path | None = None) -> str:
    """Write ``whole`` with ``damage`` as ``copy``, and say what was done; nothing for one that is missing.

    ``other`` is another backup. Raise ``Impossible``.
    """
    size = whole.stat().st_size
    if damage == "missing":
        return "it is missing"
    if damage == "empty":
        copy.touch()
        return "it is empty"
    if damage == "page":
        copy.write_bytes(_PAGE)
        return "it is an error page instead"
    if damage == "swapped":
        return _swapped(whole, copy, other)
    shutil.copyfile(whole, copy)
    if damage in {"cut", "clipped"}:
        at = size * 6 // 10 if damage == "cut" else max(0, size - _CLIPPED)
        os.truncate(copy, at)
        return f"it is cut after {at} of {size} bytes"
    at = _FLIPPED[damage](size)
    with copy.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))
    return f"a bit of byte {at} of {size} is turned"


def _swapped(whole: Path, copy: Path, other: Path | None) -> str:
    if other is None:
        raise Impossible("no other backup is in the store")
    if filecmp.cmp(other, whole, shallow=False):
        raise Impossible("the oldest backup holds the same bytes")
    shutil.copyfile(other, copy)
    return "it is another backup by its name"
