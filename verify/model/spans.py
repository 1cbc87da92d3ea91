"""A span of time in words: written as people say it, and told apart from the bound it is held against."""

import math
from collections.abc import Iterator
from decimal import Decimal

#: from so many seconds on, whole units of so many seconds say enough
_COARSE = ((24 * 86400, 86400), (86400, 3600), (3600, 60), (60, 1))
_LONG = {"d": 86400, "h": 3600, "m": 60}
_SHORT = {"s": Decimal(1), "ms": Decimal("1e-3"), "us": Decimal("1e-6")}
_MINUTE = 60
#: of what is shorter than a minute so many digits
_DIGITS = 3
#: decimals of a second that are written at all
_MOST_DECIMALS = 9
#: seconds from which on a float has none of them
_LAST = 1e15


def spellings(seconds: float) -> Iterator[str]:
    """Return ``seconds`` in days, hours, minutes or less, each time more exact: ``3m24s``, ``3m24.4s``."""
    if seconds <= 0 or not math.isfinite(seconds):
        return iter(("0s" if seconds <= 0 else "endless",))
    return _spellings(seconds)


def _spellings(seconds: float) -> Iterator[str]:
    coarse = next((unit for least, unit in _COARSE if seconds >= least), None)
    if coarse is not None:
        yield from (_spelled(round(seconds / unit) * unit) for unit in (86400, 3600, 60, 1) if unit <= coarse)
        decimals = 1
    else:
        decimals = max(0, _DIGITS - 1 - math.floor(math.log10(seconds)))
    exact = Decimal(seconds)
    most = _MOST_DECIMALS if seconds < _LAST else 0
    for more in range(min(decimals, most), most + 1):
        yield _spelled(round(exact, more))


def _spelled(seconds: int | Decimal) -> str:
    """Write the exact number of ``seconds``."""
    if seconds < _MINUTE:
        return _short(Decimal(seconds))
    words = ""
    for unit, size in _LONG.items():
        count, seconds = divmod(seconds, size)
        words += f"{count:.0f}{unit}" if count else ""
    return words + (_short(Decimal(seconds), "s") if seconds else "")


def _short(seconds: Decimal, unit: str = "") -> str:
    """Write less than a minute, in ``unit`` or the largest of which there is one."""
    if not seconds:
        return "0s"
    unit = unit or next((name for name, size in _SHORT.items() if seconds >= size), "us")
    digits = f"{seconds / _SHORT[unit]:f}"
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + unit
