"""What is backed up on change has a backup that is newer than its newest change.

Configuration changes seldom, so that nobody looks whether its backup still runs: a schedule is not
what was promised, and the age of the newest backup says nothing. What counts is whether the last
change is in one. Files in git are as old as the commit that changed them, others as they say.

Fix: back up where the change is made, as a step of the deployment, and let that fail with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Artefact, Store, Stored
from verify.facts.changes import Changes, LastChange
from verify.facts.retention import points
from verify.rules import (
    Backup,
    BackupSpec,
    Duration,
    Finding,
    NamedBackup,
    ReferenceSpec,
    Seen,
    Some,
    Stated,
    Unknown,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup; patterns of the files it is of; how long after a change it may be made."""

    backup: Backup
    files: Some[str]
    within: Duration = seconds(3_600)

    def needs(self) -> dict[str, Stored | LastChange]:
        """Ask for its store, and for the files."""
        return {"store": Stored(backup=self.backup.name), "last": LastChange(tuple(self.files))}


DAY = 86_400
SPEC = BackupSpec(engine="objectstore", store="s3://backups/etc")
STATED = Params(backup=NamedBackup("configuration", SPEC), files=("nginx.conf",))
ONE = Artefact(key="etc-1.tgz", at=5 * DAY, modified=5 * DAY, size=900)
STORE = Store(place="s3://backups/etc", at=30 * DAY, host="eu-west-1", artefacts=(ONE,))
LAST = Changes(count=1, path="nginx.conf", changed=5 * DAY - 60, told="git")
HOLDS = [
    given(STATED, store=STORE, last=LAST),
    given(STATED, store=STORE, last=replace(LAST, changed=30 * DAY - 60)),  # it may still come
]
FAILS = [
    given(STATED, store=STORE, last=replace(LAST, changed=5 * DAY + 60)),
    given(STATED, store=replace(STORE, artefacts=()), last=LAST),
    given(STATED, store=replace(STORE, artefacts=(replace(ONE, size=0),)), last=LAST),
]
FAULTS = ["backup-empty", "backup-not-uploaded", "backup-truncated"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a script that looks at its dump stores nothing."""
    return stated.backup.spec.script is not None


@rule(severity="error", faults=FAULTS)
def check(store: Store, last: Changes, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Compare the newest backup with the newest change."""
    usable = [one for one in points(store.artefacts) if one.good is not False and one.at <= store.at]
    newest = max((one.at for one in usable), default=None)
    if newest is None:
        yield Finding(store.place, "there is no backup", "one since the last change", "none")
        return
    if last.changed is None:
        yield Unknown(f"{stated.backup.name}: no file matches {', '.join(stated.files)}")
        return
    late = Duration(max(0.0, last.changed - newest))
    yield Seen(late, limit=stated.within, what=f"without the change of {last.path}, says {last.told}")
    if late > 0 and store.at - last.changed > stated.within:
        wanted = f"one within {stated.within} after {last.path} was changed"
        yield Finding(store.place, "the last change is in no backup", wanted, f"the newest is {late} older")
