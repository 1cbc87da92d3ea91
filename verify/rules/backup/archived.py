"""The write-ahead log is archived, without failures, and soon enough.

Between two backups only archived WAL brings back what was committed. An archiver that fails keeps
the server running and says so in its log alone: until the disk is full, or until somebody needs
what was never kept. Nor is a segment archived before it is full: on a quiet server that takes days,
unless `archive_timeout` ends it.

Fix: see the server's log for what `archive_command` says, mend that, and set `archive_timeout` to at
most what may be lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.archive import Archived, Archiving
from verify.model.units import Duration
from verify.rules import BackupName, Finding, Seen, Stated, Unknown, given, rule, seconds

MOST_WAITING = 2  # segments that may wait while the archiver works


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and how much of what was committed may be lost, as time."""

    backup: BackupName
    within: Duration

    def needs(self) -> dict[str, Archived]:
        """Ask the archiver of the backup's source."""
        return {"archiver": Archived(backup=self.backup)}


STATED = Params(backup="database", within=seconds(300))
GOOD = Archiving(at=9000, enabled=True, archived=70, last_archived=8900, unarchived=400, timeout=seconds(60))
HOLDS = [
    given(STATED, archiver=GOOD),
    given(STATED, archiver=replace(GOOD, failed=3, last_failed=8000)),
    given(STATED, archiver=replace(GOOD, last_archived=100)),  # nothing was written since: it would end it
]
FAILS = [
    given(STATED, archiver=replace(GOOD, enabled=False)),
    given(STATED, archiver=replace(GOOD, failed=9, last_failed=8950, last_failed_wal="0" * 24)),
    given(STATED, archiver=replace(GOOD, last_archived=100, timeout=seconds(0))),
    given(STATED, archiver=replace(GOOD, timeout=seconds(3600))),
    given(STATED, archiver=replace(GOOD, last_archived=8600, unarchived=3 << 24)),
]


@rule(severity="error", faults=["archiver-failing"], refs=["PostgreSQL: Continuous Archiving"])
def check(archiver: Archiving, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Judge what the archiver says of itself."""
    at, wanted = f"{stated.backup}: archiver", f"archived within {stated.within}"
    if not archiver.enabled and archiver.receivers:
        names = ", ".join(archiver.receivers)
        yield Unknown(f"{at}: WAL is sent to {names}, and what those keep is not seen here")
        return
    if not archiver.enabled:
        yield Finding(at, "no WAL is archived", wanted, "archive_mode off")
        return
    if archiver.failing:
        yield Finding(
            at, f"archiving fails, last of {archiver.last_failed_wal}", wanted, f"{archiver.failed} failures"
        )
    if archiver.last_archived is None:
        yield Unknown(f"{at}: nothing was archived since its counters began")
        return
    age = Duration(archiver.at - archiver.last_archived)
    yield Seen(age, limit=stated.within, what=f"since the last segment, {archiver.unarchived} bytes since")
    if not 0 < archiver.timeout <= stated.within:
        yield Finding(
            at,
            "a segment may wait longer",
            wanted,
            f"archive_timeout {archiver.timeout.beside(stated.within)}",
        )
    elif age > stated.within and archiver.unarchived > MOST_WAITING * archiver.segment:
        seen = f"the last {age.beside(stated.within)} ago"
        yield Finding(at, f"{archiver.unarchived} bytes of WAL wait", wanted, seen)
