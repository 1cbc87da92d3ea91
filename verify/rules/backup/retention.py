"""The store holds every backup that is promised to be kept.

Each tier promises one restore point a day, a week or a month. One that was never taken, or was
dropped too early, is missed on the day when the data of just that week is asked for. Where the
promise says that backups are also deleted in time, what lies there longer is data that should not
exist any more.

Fix: look at what filled the tier that is named, then at what prunes it: `backup/prune` replays that.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.contract.values import Day, Flag
from verify.facts.backup import Artefact, Store, Stored
from verify.facts.retention import gaps, overdue, points
from verify.facts.tiers import Retention
from verify.rules import Backup, BackupSpec, Finding, NamedBackup, ReferenceSpec, Seen, Stated, given, rule

MOST = 5  # days that are named


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, what is kept, whether all else is deleted, and since when the promise holds."""

    backup: Backup
    keep: Retention
    expires: Flag = False
    since: Day | None = None

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup.name)}


SPEC = BackupSpec(engine="postgresql", timezone="UTC")
STATED = Params(backup=NamedBackup("database", SPEC), keep=Retention.parse("daily: 3d"), expires=True)
ONE = Artefact(key="0", at=0, modified=0, size=9_000)
LISTED = tuple(replace(ONE, key=str(day), at=day * 86_400 + 7_200) for day in range(20, 23))
GOOD = Store(place="s3://backups", at=22 * 86_400 + 9_000, host="eu-west-1", artefacts=LISTED)
HOLDS = given(STATED, store=GOOD)
FAILS = [
    given(STATED, store=replace(GOOD, artefacts=())),
    given(STATED, store=replace(GOOD, artefacts=(LISTED[0], LISTED[2]))),
    given(STATED, store=replace(GOOD, artefacts=(LISTED[0], replace(LISTED[1], size=0), LISTED[2]))),
    given(STATED, store=replace(GOOD, artefacts=(ONE, *LISTED))),
]


FAULTS = ["backup-empty", "backup-not-uploaded", "backup-stale", "backup-truncated"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a script that looks at its dump stores nothing, or nothing of the last days."""
    return stated.backup.spec.script is not None


@rule(severity="error", faults=FAULTS)
def check(store: Store, stated: Params) -> Iterator[Finding | Seen]:
    """Compare what is listed with what is promised, tier by tier."""
    zone = stated.backup.spec.timezone or "UTC"
    listed = points(store.backups)
    missing = gaps(stated.keep, listed, store.at, zone, stated.since)
    yield Seen(len(listed), what="backups listed")
    for tier in stated.keep.tiers:
        days = [one.day.isoformat() for one in missing if one.tier == tier.name]
        if days:
            shown = ", ".join(days[:MOST]) + (f" and {len(days) - MOST} more" if days[MOST:] else "")
            yield Finding(f"{store.place}: {tier.name}", "restore points are missing", str(tier), shown)
    for one in overdue(stated.keep, listed, store.at, zone)[:MOST] if stated.expires else ():
        day = dt.datetime.fromtimestamp(one.at, dt.UTC).strftime("%F")
        yield Finding(f"{store.place}/{one.key}", "kept longer than stated", str(stated.keep), f"of {day}")
