"""A moment between two backups can be restored, and no more is lost than stated.

Archived WAL is worth what a recovery makes of it. An `archive_command` that ends with 0 and keeps
nothing, one segment that was cleaned away, another server's WAL in the same folder: nothing says so
before somebody needs it. So a base backup is taken, two rows are committed, and it is recovered to
the moment between them: the first has to be there, the second not, and all else as the source held
it. What would be lost is `archive_timeout`, after which a segment is ended, and the time to archive it.

Fix: the stage and the server's words say which segment is missing or damaged. Let `archive_command`
end with 0 only once the segment is safe, never over one that is there, and set `archive_timeout`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.archive import PointInTime, Recovered, RecoverTo
from verify.facts.backup import Outcome, RoundTrip
from verify.model.units import Duration
from verify.rules import BackupName, Finding, Seen, Stated, Unknown, given, rule, seconds


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and how much of what was committed may be lost, as time."""

    backup: BackupName
    within: Duration

    def needs(self) -> dict[str, RecoverTo]:
        """Ask for a recovery to a point in time."""
        return {"pitr": RecoverTo(backup=self.backup)}


STATED = Params(backup="database", within=seconds(300))
TRIP = RoundTrip(backup="database", outcome=Outcome.EQUAL, took=seconds(40))
BOTH = (
    Recovered(target="time 2026-01-01 02:00:00+00", before=True, after=False),
    Recovered(target="lsn 0/3000148", before=True, after=True),
)
GOOD = PointInTime(trip=TRIP, recoveries=BOTH, delay=seconds(0.2), timeout=seconds(60))
CUT = replace(TRIP, outcome=Outcome.NOT_RESTORABLE, stage="restore", reason="a segment is missing")
HOLDS = given(STATED, pitr=GOOD)
FAILS = [
    given(STATED, pitr=replace(GOOD, trip=CUT, recoveries=())),
    given(STATED, pitr=replace(GOOD, trip=replace(CUT, outcome=Outcome.DIFFERENT, stage="verify"))),
    given(STATED, pitr=replace(GOOD, timeout=seconds(0))),
    given(STATED, pitr=replace(GOOD, delay=seconds(241))),
]
FAULTS = ["archiver-failing", "wal-missing"]


@rule(severity="error", faults=FAULTS, refs=["PostgreSQL: Continuous Archiving and Point-in-Time Recovery"])
def check(pitr: PointInTime, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Tell what was recovered, and what would be lost."""
    trip, wanted = pitr.trip, f"≤ {stated.within} lost"
    where = f"{stated.backup}: {trip.stage or 'verify'}"
    if trip.outcome is Outcome.NOT_RESTORABLE:
        yield Finding(where, "no moment after the last backup can be restored", wanted, trip.reason)
        return
    for each in pitr.recoveries:
        yield Seen(each.target, what="recovered to")
    if trip.outcome is Outcome.DIFFERENT:
        yield Finding(where, "recovered to a moment, it holds something else", wanted, trip.reason)
    elif trip.outcome is Outcome.UNPROVABLE:
        yield Unknown(f"{where}: {trip.reason}")
    if pitr.delay is None or pitr.timeout is None:
        yield Unknown(f"{stated.backup}: how long a segment takes to be archived was not seen")
    elif not pitr.timeout:
        yield Finding(where, "a segment that is not full is never archived", wanted, "archive_timeout 0")
    else:
        lost = Duration(pitr.timeout + pitr.delay)
        yield Seen(lost, limit=stated.within, what=f"archive_timeout {pitr.timeout}, lost at worst")
        if lost > stated.within:
            yield Finding(where, "more would be lost", wanted, lost.beside(stated.within))
