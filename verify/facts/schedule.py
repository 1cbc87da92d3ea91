"""When backups are taken: five fields as in a crontab, in a time zone; and what they collide with.

cronsim reads the fields as Debian's cron does. It belongs to the extra ``backup``.
"""

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any, ClassVar, Self

from verify.facts.tiers import WEEKDAYS
from verify.model.units import Duration

if TYPE_CHECKING:
    from cronsim import CronSim

EXTRA = 'pip install "pytest-deploy-verify[backup]"'
#: two leap days lie in it, and every change of the clock
_YEARS = 8
_FROM = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
#: this many a day at most are looked at one by one
_SPARSE = 8
_WINDOW = re.compile(
    r"(?:([a-z]{3,9})\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+([A-Za-z]+(?:/[A-Za-z_+\-0-9/]+)?))??"
    r"(?:\s+(daily|weekly|monthly))?",
    re.IGNORECASE | re.ASCII,
)


class ScheduleError(ValueError):
    """A schedule or a window that cannot be read; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five fields of a crontab, in a time zone."""

    text: str
    zone: str = "UTC"

    @classmethod
    def parse(cls, text: str, zone: str = "UTC") -> Self:
        """Read five fields; raise ``ScheduleError`` where cron would not, or where they never come."""
        from cronsim import CronSimError

        made = cls(" ".join(text.split()), zone)
        try:
            zoneinfo.ZoneInfo(zone)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise ScheduleError(f"unknown time zone {zone!r}: expected one such as Europe/Berlin") from None
        if len(made.text.split()) != 5:  # noqa: PLR2004 - a sixth would be seconds, which cron has not
            raise ScheduleError(f"expected five fields such as '0 2 * * *', got {text!r}")
        try:
            made.next(_FROM.timestamp())
        except CronSimError as error:
            raise ScheduleError(f"cron cannot read {text!r}: {error}: expected such as '0 2 * * *'") from None
        except StopIteration:
            raise ScheduleError(f"{text!r} never comes: there is no such day") from None
        return made

    def next(self, after: float) -> float:
        """Return the first Unix time later than ``after``."""
        return next(self.iterate(after))

    def previous(self, before: float) -> float:
        """Return the last Unix time earlier than ``before``."""
        return next(self.iterate(before, reverse=True))

    def iterate(self, start: float, *, reverse: bool = False) -> Iterator[float]:
        """Yield Unix times after ``start``, or before it, without an end."""
        begin = dt.datetime.fromtimestamp(start, zoneinfo.ZoneInfo(self.zone))
        yield from (moment.timestamp() for moment in self._sim(self.text, begin, reverse=reverse))

    def between(self, start: float, end: float) -> Iterator[float]:
        """Yield the Unix times from ``start``, included, to ``end``, excluded."""
        yield from takewhile(lambda at: at < end, self.iterate(start - 1e-3))

    @staticmethod
    def _sim(text: str, begin: dt.datetime, *, reverse: bool = False) -> "CronSim":
        from cronsim import CronSim

        return CronSim(text, begin, reverse=reverse)


@functools.cache
def interval(schedule: Schedule) -> Duration:
    """Return the longest time between two, over eight years; changes of the clock count.

    What comes more often than eight times a day is looked at by its days: the first and the last
    of each, and every one of the days on which the clock is changed.
    """
    midnight = _FROM.replace(tzinfo=zoneinfo.ZoneInfo(schedule.zone))
    begin, end = midnight.timestamp(), midnight.replace(year=midnight.year + _YEARS).timestamp()
    sim: Any = Schedule._sim(schedule.text, _FROM)  # noqa: SLF001 - its other half
    if len(sim.hours) * len(sim.minutes) <= _SPARSE:
        times = list(schedule.between(begin, end))
        times.append(schedule.next(times[-1] if times else begin))
        if len(times) == 1:
            times.append(schedule.next(times[0]))
        return Duration(max(later - earlier for earlier, later in pairwise(times)))
    rest = " ".join(schedule.text.split()[2:])
    first = Schedule(f"{min(sim.minutes)} {min(sim.hours)} {rest}", schedule.zone)
    last = Schedule(f"{max(sim.minutes)} {max(sim.hours)} {rest}", schedule.zone)
    starts, ends = list(first.between(begin, end)), list(last.between(begin, end))
    starts.append(first.next(starts[-1] if starts else begin))
    across = [later - earlier for earlier, later in zip(ends, starts[1:], strict=False)]
    return Duration(max([*across, *_within(schedule, starts, ends)]))


def _within(schedule: Schedule, starts: list[float], ends: list[float]) -> Iterator[float]:
    """Yield the longest time inside of a day: of the first, and of those that are longer or shorter."""
    usual = ends[0] - starts[0]
    for number, (start, end) in enumerate(zip(starts, ends, strict=False)):
        if number == 0 or end - start != usual:
            times = list(schedule.between(start, end + 1))
            yield from (later - earlier for earlier, later in pairwise(times))


@dataclass(frozen=True, slots=True)
class Window:
    """A time that is kept free: from ``start`` to ``end`` (minutes of the day), on ``weekday`` or daily.

    One that ends before it starts goes over midnight. ``monthly`` does not say in which week, so
    that any of them may be the one.
    """

    start: int
    end: int
    weekday: int | None = None
    zone: str = "UTC"
    monthly: bool = False

    #: what a contract writes
    example: ClassVar[str] = "Sun 02:00-04:00 UTC monthly"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read ``Sun 02:00-04:00 Europe/Berlin monthly``; day, zone and how often may be left out."""
        if isinstance(text, cls):
            return text
        match = _WINDOW.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ScheduleError(f"expected a window such as {cls.example!r}, got {text!r}")
        day, *numbers, zone, often = match.groups()
        return cls(
            start=_minute(numbers[0], numbers[1], text),
            end=_minute(numbers[2], numbers[3], text),
            weekday=_weekday(day, text),
            zone=_zone(zone, text),
            monthly=(often or "").lower() == "monthly",
        )

    def __str__(self) -> str:
        """Write it as ``parse`` reads it."""
        day = f"{WEEKDAYS[self.weekday][:3].title()} " if self.weekday is not None else ""
        times = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.start, self.end))
        return f"{day}{times} {self.zone}" + (" monthly" if self.monthly else "")

    def overlaps(self, start: float, end: float) -> bool:
        """Say whether the Unix times ``start`` to ``end`` touch the window; ``end`` is excluded."""
        zone = zoneinfo.ZoneInfo(self.zone)
        day = dt.datetime.fromtimestamp(start, zone).date() - dt.timedelta(1)
        until = dt.datetime.fromtimestamp(end, zone).date()
        while day <= until:
            if self.weekday in {None, day.weekday()}:
                midnight = dt.datetime.combine(day, dt.time(), zone)
                opens = (midnight + dt.timedelta(minutes=self.start)).timestamp()
                over = self.end + (1440 if self.end <= self.start else 0)
                closes = (midnight + dt.timedelta(minutes=over)).timestamp()
                if opens < max(end, start + 1) and start < closes:
                    return True
            day += dt.timedelta(1)
        return False

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
        return {"type": "string", "examples": [cls.example, "03:00-04:00"]}


def collisions(
    schedule: Schedule, window: Window, took: float = 0.0, start: float = _FROM.timestamp()
) -> tuple[float, ...]:
    """Return when, in the year from ``start``, a run of ``took`` seconds meets ``window`` (Unix times)."""
    year = schedule.between(start, start + 366 * 86400)
    return tuple(at for at in year if window.overlaps(at, at + took))


def _minute(hour: str, minute: str, text: object) -> int:
    if int(hour) > 24 or int(minute) > 59 or int(hour) * 60 + int(minute) > 1440:  # noqa: PLR2004 - of a clock
        raise ScheduleError(f"no clock shows {hour}:{minute} in {text!r}")
    return int(hour) * 60 + int(minute)


def _weekday(word: str | None, text: object) -> int | None:
    if word is None or word.lower() == "daily":
        return None
    found = [number for number, name in enumerate(WEEKDAYS) if name.startswith(word.lower())]
    if not found:
        raise ScheduleError(f"expected a weekday such as Sun in {text!r}, got {word!r}")
    return found[0]


def _zone(word: str | None, text: object) -> str:
    try:
        return zoneinfo.ZoneInfo(word or "UTC").key
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ScheduleError(
            f"unknown time zone {word!r} in {text!r}: expected such as Europe/Berlin"
        ) from None
