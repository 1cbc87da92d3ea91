"""A retention policy as it is written: ``daily: 7d, weekly (sunday): 30d, monthly (1): 90d``."""

import calendar
import datetime as dt
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, cast

Every = Literal["all", "daily", "weekly", "monthly"]
EVERY: tuple[Every, ...] = ("all", "daily", "weekly", "monthly")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: unit -> days, or months as a negative number
UNITS = {"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7,
         "mo": -1, "month": -1, "months": -1, "y": -12, "year": -12, "years": -12}  # fmt: skip
EXAMPLE = "daily: 7d, weekly (sunday): 30d, monthly (1): 90d"
_TIER = re.compile(r"(?:([^:()]+?)\s*(?:\(\s*([^()]*?)\s*\))?\s*:)?\s*([^:()]+)")
_AMOUNT = re.compile(r"(?:last\s+(\d+)|(\d+)\s*([a-z]*)(\s+inclusive)?)", re.ASCII)
#: ten years: further back no listing is looked through
_MOST_DAYS = 3660


class RetentionError(ValueError):
    """A text that is not a policy; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days of which one restore point is promised, first and last included."""

    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Backups of one kind, and how long they are kept: for ``days``, ``months`` or the ``last`` so many.

    ``on`` is the weekday (Monday is 0) or the day of the month (the last one of a shorter month)
    that makes a backup weekly or monthly; without it the last of each calendar week (from
    Monday) or month is. With ``days: 30`` a backup is kept while its day is less than 30 days
    ago, so that thirty daily ones are there; ``inclusive`` keeps it on the thirtieth day too.
    """

    every: Every
    on: int | None = None
    days: int | None = None
    months: int | None = None
    last: int | None = None
    inclusive: bool = False

    @property
    def name(self) -> str:
        """Return how the tier is called, such as ``weekly (sunday)``."""
        if self.on is None:
            return self.every
        return f"{self.every} ({WEEKDAYS[self.on] if self.every == 'weekly' else self.on})"

    def __str__(self) -> str:
        """Write it as ``Retention.parse`` reads it."""
        amount = f"{self.days}d" if self.days else f"{self.months}mo" if self.months else f"last {self.last}"
        return f"{self.name}: {amount}" + (" inclusive" if self.inclusive else "")

    def keeps(self, day: dt.date, today: dt.date) -> bool:
        """Say whether a backup of ``day`` is young enough ``today``; always true for the last so many."""
        if self.last is not None:
            return True
        ends = day + dt.timedelta(self.days) if self.days is not None else _later(day, self.months or 0)
        return today <= ends if self.inclusive else today < ends

    def period(self, day: dt.date) -> Period | None:
        """Return the period that a backup of ``day`` stands for, None where it is not of this tier."""
        if self.every in {"all", "daily"}:
            return Period(day, day)
        if self.every == "weekly":
            first = day - dt.timedelta(day.weekday())
            last = first + dt.timedelta(6)
            chosen = day.weekday()
        else:
            first, last = day.replace(day=1), day.replace(day=_length(day))
            chosen = day.day
        if self.on is None:
            return Period(first, last)
        wanted = self.on if self.every == "weekly" else min(self.on, _length(day))
        return Period(day, day) if chosen == wanted else None

    def periods(self, today: dt.date) -> Iterator[Period]:
        """Yield the periods up to the one of ``today``, the newest first."""
        day = today
        for _ in range(_MOST_DAYS):
            period = self.period(day)
            if period is not None:
                yield period
            day = (period.first if period else day) - dt.timedelta(1)


@dataclass(frozen=True, slots=True)
class Retention:
    """Which backups are kept for how long: a backup stays as long as any of the tiers needs it."""

    tiers: tuple[Tier, ...]
    example: ClassVar[str] = EXAMPLE

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a text such as ``daily: 7d, weekly (sunday): 30d, monthly (1): last 12``.

        A tier is ``all``, ``daily``, ``weekly`` or ``monthly``; ``30d`` alone keeps all for 30 days.
        Raise ``RetentionError``.
        """
        if isinstance(text, cls):
            return text
        if not isinstance(text, str) or not text.strip():
            raise RetentionError(f"expected how long backups are kept, such as {EXAMPLE!r}")
        tiers = tuple(_tier(part.strip()) for part in text.split(","))
        names = [tier.name for tier in tiers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise RetentionError(f"{twice!r} is stated twice: remove one")
        return cls(tiers)

    def __str__(self) -> str:
        """Write it as ``parse`` reads it."""
        return ", ".join(map(str, self.tiers))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, object]:
        """Tell pydantic to read with ``parse`` and write with ``str``; a schema is a plain dict."""
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": cls.parse},
            "serialization": {"type": "function-plain", "function": str},
        }

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        """Describe the written form for editors."""
        return {"type": "string", "examples": [EXAMPLE, "30d", "weekly: last 4, monthly: last 12"]}


def _tier(text: str) -> Tier:
    match = _TIER.fullmatch(text)
    if match is None:
        raise RetentionError(f"expected a tier such as 'weekly (sunday): 30d', got {text!r}")
    every = (match[1] or "all").lower()
    if every not in EVERY:
        near = difflib.get_close_matches(every, EVERY, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(EVERY)}"
        raise RetentionError(f"unknown tier {match[1]!r} in {text!r}: {hint}")
    kind = cast("Every", every)
    on = _on(kind, match[2], text)
    return _amount(kind, on, match[3].strip().lower(), text)


def _on(every: Every, written: str | None, text: str) -> int | None:
    if written is None:
        return None
    word = written.lower()
    if every == "weekly":
        found = [number for number, name in enumerate(WEEKDAYS) if len(word) >= 3 and name.startswith(word)]  # noqa: PLR2004 - as in sun
        if found:
            return found[0]
        raise RetentionError(f"expected a weekday such as 'weekly (sunday)' in {text!r}, got {written!r}")
    if every == "monthly":
        if word.isascii() and word.isdigit() and 1 <= int(word) <= 31:  # noqa: PLR2004 - days of a month
            return int(word)
        raise RetentionError(
            f"expected a day from 1 to 31 such as 'monthly (1)' in {text!r}, got {written!r}"
        )
    raise RetentionError(f"{every!r} takes no day in {text!r}: remove ({written})")


def _amount(every: Every, on: int | None, written: str, text: str) -> Tier:
    match = _AMOUNT.fullmatch(written)
    if match is None:
        raise RetentionError(f"expected how long in {text!r}, such as 30d, 12mo or 'last 4', got {written!r}")
    number = int(match[1] or match[2])
    if not 1 <= number <= _MOST_DAYS:
        raise RetentionError(f"expected a number from 1 to {_MOST_DAYS} in {text!r}, got {number}")
    if match[1]:
        return Tier(every=every, on=on, last=number)
    unit = UNITS.get(match[3])
    if unit is None:
        advice = "write d, w, mo or y, or 'last' for so many"
        if not match[3]:
            raise RetentionError(f"{number} has no unit in {text!r}: {advice}")
        near = difflib.get_close_matches(match[3], UNITS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else advice
        raise RetentionError(f"unknown unit {match[3]!r} in {text!r}: {hint}")
    if number * abs(unit) * (30 if unit < 0 else 1) > _MOST_DAYS:
        raise RetentionError(f"expected ten years at most in {text!r}, got {written}")
    inclusive = bool(match[4])
    if unit < 0:
        return Tier(every=every, on=on, months=-unit * number, inclusive=inclusive)
    return Tier(every=every, on=on, days=unit * number, inclusive=inclusive)


def _later(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later, the last one of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _length(day: dt.date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
