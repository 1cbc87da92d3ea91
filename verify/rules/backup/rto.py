"""A backup is restored within the stated time (RTO), at the stated size.

A time that nobody took is a wish. The clock runs from the decision to a green smoke query: fetch,
decrypt, decompress, restore, indexes, analyze, on a server that waits for its disk. Where production
(`size:` of the backup, or `at_size`) is larger than what was restored here, restores of parts tell
how each stage grows; such an estimate holds only where its upper bound does.

Fix: the stages show where the time goes. Parallel restore (`pg_restore -j`), a dump in directory
format, a faster store, or point-in-time recovery of a physical backup shorten it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.contract.reference import ReferenceSpec
from verify.facts.backup import STAGES, Outcome, Restore, RoundTrip, Sample
from verify.facts.recovery import NotEnough, extrapolate
from verify.rules import (
    Backup,
    BackupSpec,
    Duration,
    Finding,
    NamedBackup,
    Seen,
    Size,
    Stated,
    Unknown,
    given,
    rule,
    seconds,
)

SLOWED = seconds(3)  # what restore-slow adds to each program
TIMED = STAGES[STAGES.index("fetch") : STAGES.index("verify")]


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, the stated time, and the size it is stated for: by default the backup's `size:`."""

    backup: Backup
    within: Duration
    at_size: Size | None = None

    def needs(self) -> dict[str, Restore]:
        """Ask for a round trip."""
        return {"trip": Restore(backup=self.backup.name)}


SPEC = BackupSpec(engine="postgresql")
STATED = Params(backup=NamedBackup("database", SPEC), within=seconds(900))
SIZED = replace(STATED, at_size=Size.parse("5GiB"))
GOOD = RoundTrip(backup="database", outcome=Outcome.EQUAL, took=seconds(80), size=1 << 30)
PARTS = tuple(
    Sample(size=part << 28, rows=part * 10_000, seconds={"restore": 10.0 * part + off, "smoke": 0.1})
    for part, off in ((1, 0.1), (2, -0.1), (3, 0.05), (4, 0.0))
)
HOLDS = [given(STATED, trip=GOOD), given(SIZED, trip=replace(GOOD, samples=PARTS))]
FAILS = [
    given(STATED, trip=replace(GOOD, took=seconds(901))),
    given(STATED, trip=replace(GOOD, outcome=Outcome.NOT_RESTORABLE, stage="fetch", reason="empty")),
    given(replace(SIZED, within=seconds(100)), trip=replace(GOOD, samples=PARTS)),
]
FAULTS = ["backup-empty", "backup-not-uploaded", "backup-truncated", "restore-slow"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether there is no backup to restore, or slow programs take longer than stated."""
    spec = stated.backup.spec
    if fault == "restore-slow":
        return stated.within < SLOWED
    dumped = spec.engine in {"postgresql", "script"}
    return dumped and (fault != "backup-not-uploaded" or spec.script is not None)


@rule(severity="error", faults=FAULTS)
def check(trip: RoundTrip, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Compare the time, or what it comes to at the stated size, with the stated one."""
    limit, size = stated.within, stated.at_size or stated.backup.spec.size
    if trip.outcome is Outcome.NOT_RESTORABLE:
        where = f"{stated.backup.name}: {trip.stage}"
        yield Finding(where, "the backup does not restore", str(limit), trip.reason)
        return
    yield Seen(trip.took, limit=limit, what=f"restored {Size(trip.size)} in")
    stages = ((stage, sum(step.took for step in trip.steps if step.stage == stage)) for stage in TIMED)
    yield from (Seen(seconds(took), what=stage) for stage, took in stages if took)
    if trip.took > limit:
        yield Finding(stated.backup.name, "the restore takes too long", str(limit), trip.took.beside(limit))
    elif trip.untimed:
        yield Unknown(f"{stated.backup.name}: {trip.untimed}")
    if size is not None and size > trip.size:
        yield from larger(trip, stated.backup.name, size, limit)


def larger(trip: RoundTrip, backup: str, size: Size, limit: Duration) -> Iterator[Finding | Seen | Unknown]:
    """Compare what the samples come to at ``size`` with ``limit``."""
    try:
        estimate = extrapolate(trip.samples, size)
    except NotEnough as error:
        restored = f"{backup}: {Size(trip.size)} were restored, {size} are stated"
        yield Unknown(f"{restored}: {trip.unsampled or error}")
        return
    point, *ends = (each.beside(limit) for each in (estimate.point, estimate.lower, estimate.upper))
    told = f"{point} extrapolated to {size}, between {ends[0]} and {ends[1]}"
    yield Seen(estimate.upper, limit=limit, what=f"extrapolated to {size}, at most")
    if estimate.lower > limit:
        yield Finding(backup, "the restore would take too long", str(limit), told)
    elif not estimate.within(limit):
        yield Unknown(f"{backup}: {told}: that is not safely within {limit}")
