"""How long backups are kept: what was promised, what has to be there, what should be gone."""

import datetime as dt
import functools
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from verify.facts.backup import Artefact
from verify.facts.tiers import Period, Retention, Tier

__all__ = ["Kept", "Missing", "Point", "Retention", "Tier", "gaps", "keep", "overdue", "points", "within"]

DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One backup to decide about: its name, the Unix time it is of, and whether it is good.

    ``good`` is None where nobody tried; False never counts, and is promised to nobody.
    """

    key: str
    at: float
    good: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a policy keeps; ``reasons`` are the names of tiers by key, or ``newest``, ``future``."""

    points: frozenset[Point]
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Missing:
    """A restore point that was promised and is not there: the last day of its period, and the tier."""

    day: dt.date
    tier: str


def points(artefacts: Iterable[Artefact], least: float = 1) -> tuple[Point, ...]:
    """Return what a store lists; what is empty, or has fewer than ``least`` bytes, is no good backup."""
    return tuple(
        Point(key=one.key, at=one.at, good=False if one.form == "empty" or one.size < least else one.good)
        for one in artefacts
    )


def keep(policy: Retention, backups: Iterable[Point], now: float, zone: str) -> Kept:
    """Return what ``policy`` keeps of ``backups`` at the Unix time ``now``, days being those of ``zone``.

    Of several in one period the last good one counts, else the last that nobody tried. The newest
    good one is always kept, so is a newer one that nobody tried, and one that is dated in the
    future: a clock that is wrong must not cost a backup.
    """
    reasons: dict[Point, list[str]] = {}
    known = frozenset(backups)
    for point in known:
        if point.at > now and point.good is not False:
            reasons.setdefault(point, []).append("future")
    past = sorted((one for one in known if one.at <= now and one.good is not False), key=_order)
    good = [one for one in past if one.good]
    for point in dict.fromkeys((*good[-1:], *past[-1:])):
        reasons.setdefault(point, []).append("newest")
    for tier in policy.tiers:
        for point in _kept(tier, past, now, zone):
            reasons.setdefault(point, []).append(tier.name)
    by_key: dict[str, tuple[str, ...]] = {}
    for point in sorted(reasons, key=_order):
        by_key[point.key] = tuple(dict.fromkeys((*by_key.get(point.key, ()), *reasons[point])))
    return Kept(points=frozenset(reasons), reasons=by_key)


def gaps(
    policy: Retention, backups: Iterable[Point], now: float, zone: str, since: dt.date | None = None
) -> tuple[Missing, ...]:
    """Return each promised restore point of which ``backups`` hold none, the oldest first.

    A period that has not ended yet is not asked for, nor one that began before ``since``.
    """
    today = local_day(now, zone)
    days = sorted({local_day(one.at, zone) for one in backups if one.good is not False and one.at <= now})
    missing = {
        Missing(period.last, tier.name)
        for tier in policy.tiers
        for period in _promised(tier, days, today)
        if since is None or period.first >= since
        if not any(period.first <= day <= period.last for day in days)
    }
    return tuple(sorted(missing))


def overdue(
    policy: Retention, backups: Iterable[Point], now: float, zone: str, slack: float = DAY
) -> tuple[Point, ...]:
    """Return what no tier has needed for more than ``slack`` seconds, the oldest first.

    A tier of days is over when both its calendar and as many times 24 hours say so: where a
    clock is set forward, the two differ by an hour. What failed is overdue when the longest tier
    is over.
    """
    known = frozenset(backups)
    kept = keep(policy, known, now, zone).points
    before = keep(policy, (one for one in known if one.at <= now - slack), now - slack, zone).points
    return tuple(
        sorted(
            (
                one
                for one in known - kept - before
                if one.at <= now - slack and not within(policy, one, now - slack, zone)
            ),
            key=_order,
        )
    )


@functools.lru_cache(maxsize=65536)
def local_day(at: float, zone: str) -> dt.date:
    """Return the day that the Unix time ``at`` falls on in ``zone``."""
    return dt.datetime.fromtimestamp(at, zoneinfo.ZoneInfo(zone)).date()


def within(policy: Retention, point: Point, now: float, zone: str) -> bool:
    """Say whether ``point`` is still within 24 hours times the days of a tier that it belongs to."""
    day = local_day(point.at, zone)
    return any(
        now - point.at < tier.days * DAY
        for tier in policy.tiers
        if tier.days is not None and (point.good is False or tier.period(day) is not None)
    )


def _order(point: Point) -> tuple[float, str, str]:
    return (point.at, point.key, str(point.good))


def _kept(tier: Tier, past: list[Point], now: float, zone: str) -> Iterator[Point]:
    """Yield what one tier keeps of ``past``, which is in order of time."""
    if tier.every == "all":
        chosen = past
    else:
        chosen_by: dict[Period, Point] = {}
        for point in past:
            period = tier.period(local_day(point.at, zone))
            if period is not None and (point.good or not _good(chosen_by.get(period))):
                chosen_by[period] = point
        chosen = sorted(chosen_by.values(), key=_order)
    if tier.last is not None:
        yield from chosen[-tier.last :]
        return
    today = local_day(now, zone)
    yield from (point for point in chosen if tier.keeps(local_day(point.at, zone), today))


def _good(point: Point | None) -> bool:
    return point is not None and bool(point.good)


def _promised(tier: Tier, days: list[dt.date], today: dt.date) -> Iterator[Period]:
    """Yield the periods that a tier promises a restore point of, the newest first."""
    left = tier.last
    for period in tier.periods(today):
        over = period.last < today
        if left is None:
            if not tier.keeps(period.first, today):
                return
            if over:
                yield period
        elif left == 0:
            return
        elif over:
            left -= 1
            yield period
        elif any(period.first <= day <= period.last for day in days):
            left -= 1
