"""The newest backup is young enough, and large enough to be one.

A job that was switched off, a disk that is full, a password that was changed: what is seen of it
is a newest backup that grows older. A script that goes on after a failed dump leaves a file
every night, of a few bytes: its date is fresh, and it is no backup.

Fix: run the backup and look at its words; in a script, `set -euo pipefail` lets no failure pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Artefact, Store, Stored
from verify.rules import (
    Backup,
    BackupSpec,
    Duration,
    Finding,
    NamedBackup,
    Ratio,
    ReferenceSpec,
    Seen,
    Size,
    Stated,
    Unknown,
    given,
    rule,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and how old its newest may be.

    One smaller than ``at_least`` is none, nor is one that ``shrinks`` by more than this share.
    """

    backup: Backup
    within: Duration
    at_least: Size = Size(100)  # noqa: RUF009 - a size is a frozen value
    shrinks: Ratio = Ratio(0.5)  # noqa: RUF009 - a ratio is a frozen value

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup.name)}


SPEC = BackupSpec(engine="postgresql")
STATED = Params(backup=NamedBackup("database", SPEC), within=Duration(90_000))
OLD = Artefact(key="db-1.gz", at=0, modified=0, size=5_000, form="gzip")
NEW = Artefact(key="db-2.gz", at=86_400, modified=86_400, size=5_100, form="gzip")
GOOD = Store(place="s3://backups", at=100_000, host="eu-west-1", artefacts=(OLD, NEW))
HOLDS = given(STATED, store=GOOD)
FAILS = [
    given(STATED, store=replace(GOOD, artefacts=())),
    given(STATED, store=replace(GOOD, at=180_000)),
    given(STATED, store=replace(GOOD, artefacts=(OLD, replace(NEW, size=43)))),
    given(STATED, store=replace(GOOD, artefacts=(OLD, replace(NEW, size=2_400)))),
    given(STATED, store=replace(GOOD, artefacts=(OLD, replace(NEW, good=False)))),
]
BEHIND = 7 * 86_400  # what backup-stale sets the clock back
FAULTS = ["backup-empty", "backup-not-uploaded", "backup-stale", "backup-truncated"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a script that looks at its dump stores nothing, or what is named a week too old."""
    if fault == "backup-stale":
        return stated.within < BEHIND
    return stated.backup.spec.script is not None


@rule(severity="error", faults=FAULTS)
def check(store: Store, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look at the newest, and at the one before it."""
    listed = sorted(store.backups, key=lambda one: (one.at, one.key))
    for one in listed:
        if one.at > store.at:
            yield Unknown(f"{store.place}/{one.key} is dated in the future: a clock is wrong")
    past = [one for one in listed if one.at <= store.at]
    if not past:
        yield Finding(store.place, "there is no backup", f"one within {stated.within}", "none")
        return
    newest, place = past[-1], f"{store.place}/{past[-1].key}"
    age = Duration(store.at - newest.at)
    yield Seen(age, limit=stated.within, what="age of the newest backup")
    if age > stated.within:
        yield Finding(place, "the newest backup is too old", f"≤ {stated.within}", age.beside(stated.within))
    size = Size(newest.size)
    if newest.good is False:
        yield Finding(place, "the newest backup does not restore", "a backup", "it was tried")
    if newest.form == "empty" or size < stated.at_least:
        yield Finding(place, "the newest backup holds nothing", f"≥ {stated.at_least}", str(size))
    before = [one for one in past[:-1] if one.at < newest.at and one.form == newest.form]
    if before and size < before[-1].size * (1 - stated.shrinks):
        limit = f"at most {stated.shrinks} less than {Size(before[-1].size)}"
        yield Finding(place, "the newest backup has shrunk", limit, str(size))
