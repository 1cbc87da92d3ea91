"""What a team's own prune command leaves of simulated days, and where that is not what was promised."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from verify.facts.retention import Point, keep, within
from verify.facts.tiers import Retention
from verify.model.need import Need
from verify.model.units import Duration, seconds

#: where copies lie: the folder that the command was given, or the store
Where = Literal["folder", "store"]
Kind = Literal["last", "missing", "kept", "bystander"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One file of a simulated backup: there after run ``made``, and not any more after run ``gone``.

    ``at`` is the simulated Unix time of the backup; not ``good`` is one whose dump failed.
    """

    where: Where
    key: str
    at: float
    good: bool
    made: int
    gone: int | None = None

    def there(self, run: int) -> bool:
        """Say whether it lies there after ``run``."""
        return self.made <= run and (self.gone is None or run < self.gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that is no backup and was gone after ``run``: a file, or "" for the place itself."""

    run: int
    where: Where
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ended with an error in ``run``, while dumps succeeded."""

    run: int
    program: str
    returncode: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of runs at the simulated Unix ``times``, of which from ``silent`` on every dump failed."""

    backup: str
    zone: str
    times: tuple[float, ...]
    silent: int
    copies: tuple[Copy, ...]
    losses: tuple[Loss, ...] = ()
    ended: tuple[Ended, ...] = ()
    took: Duration = field(default=seconds(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prune(Need):
    """Ask what the backup's own commands keep over so many simulated days."""

    kind: ClassVar[str] = "prune"
    answer: ClassVar[type] = Replayed
    live: ClassVar[bool] = False
    after_ready: ClassVar[bool] = False

    backup: str
    days: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Where a replay is not what a policy says, for the first time: after ``run``.

    ``kind`` is ``last`` (no good backup is left), ``missing`` (one that ``tier`` needs),
    ``kept`` (one that no tier needs any more), or ``bystander``; ``key`` is what it is about,
    ``age`` how old that is in seconds, ``times`` after how many runs it was so.
    """

    kind: Kind
    run: int
    key: str
    tier: str = ""
    age: float = 0.0
    times: int = 1


def deviations(replayed: Replayed, policy: Retention, where: Where) -> tuple[Deviation, ...]:
    """Return how ``replayed`` deviates from ``policy`` at ``where``, each kind and tier once."""
    copies = [copy for copy in replayed.copies if copy.where == where]
    found: dict[tuple[Kind, str], list[Deviation]] = {}
    for one in (
        *_last(copies, len(replayed.times)),
        *_bystanders(replayed, where),
        *_each_run(replayed, policy, [copy for copy in copies if copy.good]),
    ):
        found.setdefault((one.kind, one.tier), []).append(one)
    return tuple(replace(same[0], times=len({one.run for one in same})) for same in found.values())


def _last(copies: list[Copy], runs: int) -> Iterator[Deviation]:
    """Yield the first run after which no good copy is left, although there had been one."""
    good = [copy for copy in copies if copy.good]
    for run in range(runs):
        if any(copy.made <= run for copy in good) and not any(copy.there(run) for copy in good):
            lost = max((copy for copy in good if copy.gone is not None and copy.gone <= run), key=_when)
            yield Deviation(kind="last", run=run, key=lost.key)
            return


def _when(copy: Copy) -> tuple[float, str]:
    return (copy.at, copy.key)


def _bystanders(replayed: Replayed, where: Where) -> Iterator[Deviation]:
    for loss in replayed.losses:
        if loss.where == where:
            yield Deviation(kind="bystander", run=loss.run, key=loss.name or "the folder itself")


def _each_run(replayed: Replayed, policy: Retention, good: list[Copy]) -> Iterator[Deviation]:
    """Yield what is missing, or kept too long, after each run with a dump that succeeded.

    What is not needed once is never needed again, so that only what was needed before is
    looked at.
    """
    by_time: dict[float, list[Copy]] = {}
    for copy in good:
        by_time.setdefault(copy.at, []).append(copy)
    points = {at: Point(key=copies[0].key, at=at, good=True) for at, copies in by_time.items()}
    needed: frozenset[Point] = frozenset()
    arrived: set[float] = set()
    for run, now in enumerate(replayed.times[: replayed.silent]):
        made = {at for at, copies in by_time.items() if any(copy.made <= run for copy in copies)}
        new, arrived = made - arrived, made
        kept = keep(policy, needed | {points[at] for at in new}, now, replayed.zone)
        needed = kept.points
        there = {at for at in arrived if any(copy.there(run) for copy in by_time[at])}
        for point in sorted(needed, key=lambda one: one.at):
            if point.at not in there:
                for tier in kept.reasons[point.key]:
                    yield Deviation(kind="missing", run=run, key=point.key, tier=tier, age=now - point.at)
        for at in sorted(there):
            if points[at] not in needed and not within(policy, points[at], now, replayed.zone):
                left = next(copy for copy in by_time[at] if copy.there(run))
                yield Deviation(kind="kept", run=run, key=left.key, age=now - at)
