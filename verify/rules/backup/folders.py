"""Each stated folder of a store has a backup in it.

Daily, weekly and monthly backups in folders of their own are only as good as the job that fills
each: one that was never scheduled, or that writes to another prefix, leaves its folder empty, and
nobody looks into it before the day it is needed.

Fix: run the job of the folder that is named, and look where it writes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Artefact, Store, Stored
from verify.rules import (
    Backup,
    BackupSpec,
    Finding,
    NamedBackup,
    ReferenceSpec,
    Seen,
    Some,
    Stated,
    given,
    rule,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and the folders below its store."""

    backup: Backup
    folders: Some[str]

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup.name)}


SPEC = BackupSpec(engine="postgresql")
STATED = Params(backup=NamedBackup("database", SPEC), folders=("daily", "weekly/"))
DAILY = Artefact(key="daily/a.sql", at=0, modified=0, size=9)
WEEKLY = replace(DAILY, key="weekly/a.sql")
GOOD = Store(place="s3://backups", at=0, host="eu-west-1", artefacts=(DAILY, WEEKLY))
HOLDS = given(STATED, store=GOOD)
FAILS = [
    given(STATED, store=replace(GOOD, artefacts=(DAILY,))),
    given(STATED, store=replace(GOOD, artefacts=(DAILY, replace(WEEKLY, size=0)))),
    given(STATED, store=replace(GOOD, artefacts=(DAILY, replace(WEEKLY, key="weekly-old/a.sql")))),
]
FAULTS = ["backup-empty", "backup-not-uploaded", "backup-truncated"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a script that looks at its dump stores nothing."""
    return stated.backup.spec.script is not None


@rule(severity="error", faults=FAULTS)
def check(store: Store, stated: Params) -> Iterator[Finding | Seen]:
    """Count what is in each folder, without what is empty."""
    for folder in stated.folders:
        below = f"{folder.strip('/')}/"
        found = sum(each.key.startswith(below) and each.size > 0 for each in store.backups)
        yield Seen(found, limit=1, what=below, better="higher")
        if not found:
            yield Finding(f"{store.place}/{below}", "there is no backup in it", "at least 1", "0")
