"""What an artefact says of itself without being opened: the time in its name, the form in its first bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from verify.drills import forms

HEAD = forms.HEAD
_DAY = timedelta(days=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<word>{'|'.join(_MONTHS)})[a-z]*"
#: farther from Greenwich is nobody
_FARTHEST = timedelta(hours=14)

_CLOCK = (
    r"(?:(?P<gap>[ ]?[Tt][ ]?|[-_. /@]{1,3}|(?:_at_)?)"
    r"(?P<hour>[01]\d|2[0-3])(?:(?P<colon>[-:_.h]?)(?P<minute>[0-5]\d)(?:(?P=colon)(?P<second>[0-5]\d)"
    r"(?:[.,]\d{1,9})?)?)?[ _]?(?P<zone>Z|z|UTC|GMT|[+-]\d\d:?[0-5]\d)?)?(?!\d)"
)
_DATES = (
    # 2026-11-21, 20261121, 2026/11/21
    rf"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<gap0>[-_./]?)(?P<month>\d\d)(?P=gap0)(?P<day>\d\d){_CLOCK}",
    # 21-11-2026, 11-21-2026: told apart where one is no month
    rf"(?<!\d)(?P<first>\d\d)(?P<gap0>[-_.])(?P<other>\d\d)(?P=gap0)(?P<year>(?:19|20)\d\d){_CLOCK}",
    rf"(?<!\d)(?P<day>\d\d?)[-_. ]?{_MONTH}[-_. ,]{{0,2}}(?P<year>(?:19|20)\d\d){_CLOCK}",
    rf"(?<![a-z]){_MONTH}[-_. ](?P<day>\d\d?)[-_. ,]{{1,2}}(?P<year>(?:19|20)\d\d){_CLOCK}",
    rf"(?<!\d)(?P<year>(?:19|20)\d\d)[-_. ]?{_MONTH}[-_. ]?(?P<day>\d\d){_CLOCK}",
    r"(?<!\d)(?P<year>(?:19|20)\d\d)-?W(?P<week>[0-5]\d)(?:-?(?P<weekday>[1-7]))?(?!\d)",
    r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)(?![-_./]?\d)",
    r"(?<!\d)(?P<epoch>1\d{9})(?:\d{3}|[.]\d{1,9})?(?!\d)",
)
_PATTERNS = tuple(re.compile(each, re.IGNORECASE | re.ASCII) for each in _DATES)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """What a name states of a time: Unix seconds, ``start`` included and ``end`` not."""

    start: float
    end: float


def at(key: str, modified: float, zone: tzinfo = UTC) -> float:
    """Return the Unix time that ``key`` is a backup of: by the date in its name, else ``modified``.

    Where the name is coarser than ``modified``, which lies within what it states, ``modified`` is
    finer; else the start of what it states is the careful reading. Nothing is of a time after it
    was written last.
    """
    span = when(key, zone, before=modified)
    if span is None or span.start <= modified < span.end:
        return modified
    return min(span.start, modified)


def when(key: str, zone: tzinfo = UTC, *, before: float | None = None) -> Span | None:
    """Return the most exact time that the name ``key`` states, the last of equals; None without one.

    A name without a zone of its own is read in ``zone``. What lies more than a day after the Unix
    time ``before`` is a number of another kind.
    """
    latest = before + _DAY.total_seconds() if before is not None else float("inf")
    spans = sorted(
        (
            (position, span)
            for pattern in _PATTERNS
            for match in pattern.finditer(key)
            for position, span in _read(match, zone)
            if span.start <= latest
        ),
        key=lambda found: (found[1].start - found[1].end, found[0]),
    )
    return spans[-1][1] if spans else None


def _read(match: re.Match[str], zone: tzinfo) -> Iterator[tuple[int, Span]]:
    """Yield what a match states, nothing for a date that does not exist."""
    said = match.groupdict()
    try:
        if said.get("epoch"):
            yield match.start(), Span(float(said["epoch"]), float(said["epoch"]) + 1)
        elif said.get("week"):
            yield match.start(), _week(said, zone)
        elif (date := _date(said)) is not None:
            yield match.start(), _moment(date, said, zone)
    except (ValueError, OverflowError):
        return


def _date(said: dict[str, str | None]) -> tuple[int, int, int | None] | None:
    """Return year, month and day, which is None where a month is all that is stated."""
    year = int(said["year"] or 0)
    if said.get("first"):
        first, other = int(said["first"] or 0), int(said["other"] or 0)
        if first == other or other > len(_MONTHS) >= first:
            return year, first, other
        return (year, other, first) if first > len(_MONTHS) else None
    word = said.get("word")
    month = _MONTHS.index(word.lower()) + 1 if word else int(said["month"] or 0)
    day = said.get("day")
    return year, month, int(day) if day else None


def _week(said: dict[str, str | None], zone: tzinfo) -> Span:
    first = datetime.fromisocalendar(
        int(said["year"] or 0), int(said["week"] or 0), int(said["weekday"] or 1)
    )
    return _span(first, first + (_DAY if said["weekday"] else 7 * _DAY), zone)


def _moment(date: tuple[int, int, int | None], said: dict[str, str | None], zone: tzinfo) -> Span:
    year, month, day = date
    midnight = datetime(year, month, day or 1)  # noqa: DTZ001 - its zone is put to it at the end
    if day is None:
        following = datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001 - as above
        return _span(midnight, following, zone)
    hour, minute, second = said.get("hour"), said.get("minute"), said.get("second")
    marked = (said.get("gap") or "").strip().lower() == "t"
    # an hour alone may be a number of any kind, unless it is written as one
    if hour is None or (minute is None and not marked and (said["gap"] or said.get("gap0"))):
        return _span(midnight, midnight + _DAY, zone)
    start = midnight + timedelta(hours=int(hour), minutes=int(minute or 0), seconds=int(second or 0))
    length = timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(hours=1)
    return _span(start, start + length, _own(said.get("zone"), marked=marked) or zone)


def _own(stated: str | None, *, marked: bool) -> tzinfo | None:
    """Return the zone that a name states; digits are one only behind a time marked by ``T``."""
    if not stated:
        return None
    if stated[0] not in "+-":
        return UTC
    offset = timedelta(hours=int(stated[1:3]), minutes=int(stated[-2:]))
    if not marked or offset > _FARTHEST:
        return None
    return timezone(offset if stated[0] == "+" else -offset)


def _span(start: datetime, end: datetime, zone: tzinfo) -> Span:
    return Span(start.replace(tzinfo=zone).timestamp(), end.replace(tzinfo=zone).timestamp())


#: encrypted by other programs than age
_SEALED = {b"-----BEGIN PGP MESSAGE-----": "openpgp", b"Salted__": "openssl"}
#: RFC 9580 4.2 and 5.1, 5.3: first byte of a packet, how many bytes its length has, its versions
_OPENPGP = {
    0x84: (1, {3, 6}), 0x85: (2, {3, 6}), 0x86: (4, {3, 6}), 0xC1: (1, {3, 6}),
    0x8C: (1, {4, 5, 6}), 0x8D: (2, {4, 5, 6}), 0xC3: (1, {4, 5, 6}),
}  # fmt: skip


def form(head: bytes) -> str:
    """Return what begins with ``head`` (``HEAD`` bytes, or all there is), as ``Artefact.form`` names it."""
    for magic, name in _SEALED.items():
        if head.startswith(magic):
            return name
    length, versions = _OPENPGP.get(head[0] if head else 0, (0, set()))
    if versions and len(head) > 1 + length and head[1 + length] in versions:
        return "openpgp"
    return forms.form(head)
