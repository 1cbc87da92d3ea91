"""Never more data would have been lost than stated.

Between two backups everything is at risk that was written since the first, until the second is
whole. Not only the age now counts: a night that was skipped last week was a day on which twice as
much could have been lost. What is empty, or was tried and did not restore, protects nothing.

Fix: look at why a run was left out or came late. Where the schedule cannot do better, take backups
more often, archive the WAL, or state a longer RPO.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Artefact, Store, Stored
from verify.facts.recovery import age, worst_gap
from verify.facts.retention import points
from verify.rules import (
    Backup,
    BackupSpec,
    Duration,
    Finding,
    NamedBackup,
    ReferenceSpec,
    Seen,
    Stated,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and the RPO.

    ``over`` is how far back every backup is still there, ``takes`` how long taking one takes.
    """

    backup: Backup
    within: Duration
    over: Duration = seconds(7 * 86_400)
    takes: Duration = seconds(0)

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup.name)}


DAY = 86_400
SPEC = BackupSpec(engine="postgresql")
STATED = Params(backup=NamedBackup("database", SPEC), within=Duration(DAY + 3_600), takes=Duration(600))
FIRST = Artefact(key="db-0.gz", at=0, modified=0, size=9_000, form="gzip")
DAILY = tuple(replace(FIRST, key=f"db-{day}.gz", at=day * DAY) for day in range(5))
GOOD = Store(place="s3://backups", at=4 * DAY + 60, host="eu-west-1", artefacts=DAILY)
HOLDS = given(STATED, store=GOOD)
FAILS = [
    given(STATED, store=replace(GOOD, artefacts=())),
    given(STATED, store=replace(GOOD, at=6 * DAY)),
    given(STATED, store=replace(GOOD, artefacts=(*DAILY[:2], *DAILY[3:]))),
    given(STATED, store=replace(GOOD, artefacts=(*DAILY[:2], replace(DAILY[2], size=0), *DAILY[3:]))),
    given(STATED, store=replace(GOOD, artefacts=(*DAILY[:4], replace(DAILY[4], good=False)), at=5.5 * DAY)),
]
BEHIND = 7 * 86_400  # what backup-stale sets the clock back
FAULTS = ["backup-empty", "backup-not-uploaded", "backup-stale", "backup-truncated"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a script that looks at its dump stores nothing, or what is named a week too old."""
    if fault == "backup-stale":
        return stated.within < BEHIND
    return stated.backup.spec.script is not None


@rule(severity="error", faults=FAULTS)
def check(store: Store, stated: Params) -> Iterator[Finding | Seen]:
    """Judge the age of the newest, and the worst gap."""
    usable = [one.at for one in points(store.backups) if one.good is not False]
    old, gap = age(usable, store.at), None
    if old is not None:
        gap = worst_gap([at for at in usable if at >= store.at - stated.over], store.at, stated.takes)
    if old is None or gap is None:
        seen = "none" if old is None else f"the newest is {old} old"
        yield Finding(store.place, "no backup protects anything", f"one within {stated.within}", seen)
        return
    yield Seen(old, limit=stated.within, what="would be lost now")
    yield Seen(gap.length, limit=stated.within, what="would have been lost at worst")
    if gap.length > stated.within:
        ends = [dt.datetime.fromtimestamp(at, dt.UTC).strftime("%F %H:%M") for at in (gap.start, gap.end)]
        place = f"{store.place}: {ends[0]} to {ends[1]} UTC"
        yield Finding(
            place, "more would have been lost", f"≤ {stated.within}", gap.length.beside(stated.within)
        )
