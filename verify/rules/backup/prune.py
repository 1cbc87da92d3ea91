"""The commands that delete old backups keep what is promised, and never delete the last good one.

A prune command is run every night and looked at never. Here it is, as it stands, run over four
hundred simulated days in a folder that it cannot leave; then every dump fails, and it goes on. One
that counts days alone then deletes the last good backup, a month after the dumps began to fail.

Fix: name only backups, count good ones instead of days, or keep the newest whatever its age; and
mind that find's `-mtime +30` is 31 days and more.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.contract.values import Count
from verify.facts.prune import Copy, Deviation, Loss, Prune, Replayed, Where, deviations
from verify.facts.tiers import Retention
from verify.rules import BackupName, Duration, Finding, Seen, Stated, Unknown, given, rule

SAID = {
    "last": "the last good backup is deleted",
    "missing": "deleted too early, or never made",
    "kept": "kept longer than stated",
    "bystander": "deleted, and is no backup",
}


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, what is kept, where that is looked at, and over how many days."""

    backup: BackupName
    keep: Retention
    where: Where = "store"
    days: Count = 400

    def needs(self) -> dict[str, Prune]:
        """Ask for a replay."""
        return {"replayed": Prune(backup=self.backup, days=self.days)}


STATED = Params(backup="database", keep=Retention.parse("daily: 2d"), days=3)
FIRST = Copy(where="store", key="0", at=0, good=True, made=0, gone=2)
COPIES = (FIRST, *(replace(FIRST, key=str(day), at=day * 86_400.0, made=day, gone=None) for day in (1, 2)))
TIMES = (0.0, 86_400.0, 172_800.0, 864_000.0)
GOOD = Replayed(backup="database", zone="UTC", times=TIMES, silent=3, copies=COPIES)
HOLDS = given(STATED, replayed=GOOD)
FAILS = [
    given(STATED, replayed=replace(GOOD, copies=(replace(FIRST, gone=1), *COPIES[1:]))),
    given(STATED, replayed=replace(GOOD, copies=(replace(FIRST, gone=None), *COPIES[1:]))),
    given(STATED, replayed=replace(GOOD, copies=(FIRST, *(replace(copy, gone=3) for copy in COPIES[1:])))),
    given(STATED, replayed=replace(GOOD, losses=(Loss(run=1, where="store", name="README.md"),))),
]


@rule(severity="blocker")
def check(replayed: Replayed, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Tell where the replay deviates from the policy."""
    kept = sum(copy.there(replayed.silent - 1) for copy in replayed.copies if copy.where == stated.where)
    yield Seen(kept, what=f"copies after {replayed.silent} days")
    if not any(copy.where == stated.where for copy in replayed.copies):
        yield Unknown(f"{stated.backup}: no backup came to the {stated.where}: state `where:`")
    for end in replayed.ended[:1]:
        day = dt.datetime.fromtimestamp(replayed.times[end.run], dt.UTC).strftime("%F")
        yield Unknown(f"{end.program} ended with {end.returncode} on {day}: {end.words}")
    for one in deviations(replayed, stated.keep, stated.where):
        yield Finding(_place(replayed, one), SAID[one.kind], str(stated.keep), _seen(one))


def _place(replayed: Replayed, one: Deviation) -> str:
    day = dt.datetime.fromtimestamp(replayed.times[one.run], dt.UTC).strftime("%F")
    if one.run < replayed.silent:
        return f"{replayed.backup}: day {one.run} ({day})"
    since = Duration(replayed.times[one.run] - replayed.times[replayed.silent - 1])
    return f"{replayed.backup}: {since} after the last dump that succeeded ({day})"


def _seen(one: Deviation) -> str:
    old = f", {Duration(one.age)} old" if one.age else ""
    return f"{one.tier + ': ' if one.tier else ''}{one.key}{old}, after {one.times} runs"
