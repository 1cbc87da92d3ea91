"""A backup was made before the newest migration, and shortly before it.

What a migration drops or rewrites comes back from a backup alone, and only as it was then: last
night's lacks the day. A pipeline that lost the step, or went on after it failed, shows in nothing but
the times. The database says when it was migrated, the store what had been backed up by then.

Fix: let one script do both, the backup first, and stop where that fails: `set -euo pipefail`. For a
managed database: `aws rds create-db-snapshot`, then `aws rds wait db-snapshot-available`.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.migrated import LastMigration, Migrated
from verify.facts.retention import Point
from verify.rules import (
    Backup,
    BackupSpec,
    Duration,
    Finding,
    NamedBackup,
    ReferenceSpec,
    Seen,
    Stated,
    Unknown,
    given,
    rule,
    seconds,
)

DAY, APART = 86_400, 60  # seconds that two clocks may differ
DJANGO = "select app || '.' || name, applied from django_migrations order by applied desc limit 1"


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and how long before a migration it may be.

    Such a backup is kept for ``over`` at least; where one of an older migration is missing, it may be gone
    again. `query` answers with the newest migration: its name, and when it was applied.
    """

    backup: Backup
    within: Duration
    over: Duration = seconds(7 * DAY)
    query: str = DJANGO

    def needs(self) -> dict[str, LastMigration]:
        """Ask the source, and the store."""
        return {"last": LastMigration(backup=self.backup.name, query=self.query)}


STATED = Params(backup=NamedBackup("database", BackupSpec(engine="postgresql")), within=seconds(3_600))
NIGHT, DUMP = Point(key="night", at=DAY), Point(key="dump", at=2 * DAY - 60)
GOOD = Migrated(
    at=2 * DAY + 9, clock=2 * DAY + 9, place="s3://b", name="shop.2", applied=2 * DAY, backups=(NIGHT, DUMP)
)
HOLDS = [given(STATED, last=GOOD), given(STATED, last=replace(GOOD, at=99 * DAY, clock=99 * DAY))]
FAILS = [
    given(STATED, last=replace(GOOD, backups=())),
    given(STATED, last=replace(GOOD, backups=(NIGHT,))),
    given(STATED, last=replace(GOOD, backups=(replace(DUMP, at=2 * DAY + 1),))),
    given(STATED, last=replace(GOOD, backups=(NIGHT, replace(DUMP, good=False)))),
]
NIGHTLY, BEHIND = 23 * 3_600, 7 * DAY  # how far back the last backup is, by hand and with backup-stale
FAULTS = ["backup-empty", "backup-not-uploaded", "backup-stale", "backup-truncated", "migration-unbacked"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the last backup is too old then; a snapshot is the platform's."""
    own = stated.backup.spec.script is not None
    if fault == "migration-unbacked":
        return not own or stated.within < NIGHTLY
    return own and (fault != "backup-stale" or stated.within < BEHIND)


@rule(severity="error", faults=FAULTS)
def check(last: Migrated, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Find the last backup that was there by then."""
    if last.applied is None:
        yield Unknown(f"{stated.backup.name}: its source remembers no migration")
        return
    if abs(last.clock - last.at) > APART or last.applied > last.at + APART:
        yield Unknown(f"{last.name} at {utc(last.applied)}, now at {utc(last.clock)}: a clock is wrong")
        return
    wanted = f"a backup within {stated.within} before {last.name}"
    usable = [one.at for one in last.backups if one.good is not False]
    before = max((at for at in usable if at <= last.applied), default=None)
    gap = None if before is None else Duration(last.applied - before)
    if gap is not None and gap <= stated.within:
        yield Seen(gap, limit=stated.within, what=f"before {last.name} at {utc(last.applied)}")
    elif usable and last.at - last.applied > stated.over:
        yield Unknown(f"{last.name} was applied {utc(last.applied)}: what was made before may be gone again")
    else:
        seen = "none" if gap is None else f"the last one {gap.beside(stated.within)} before"
        yield Finding(f"{last.place}: {utc(last.applied)}", "migrated without a backup", wanted, seen)


def utc(at: float) -> str:
    """Return a Unix time for people."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%F %H:%M:%S UTC")
