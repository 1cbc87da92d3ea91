"""A backup was proven by a drill within the stated time.

Drills are promised for every month, and done once. Each run that restores a backup and finds it equal
writes down when (`reports/backup.prom`); this rule reads that file, asks nobody, and so can stand
before every deployment. No file means that no drill was ever done. One on the environment `reference`
proves the scripts and not the backup: it counts only where `environment: reference` is stated.

Fix: run `pytest --env=… --suite=backup` on a schedule, and keep its `reports/backup.prom`, or its
`verdict.json` with `claim:` naming the one whose drill counts, at the stated path.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.record import Record, Records, Success
from verify.rules import BackupName, Duration, Finding, Place, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and how long ago it was proven at most.

    ``record`` is the file that a drill wrote: ``backup.prom``, or a ``verdict.json``, which needs the
    ``claim`` that was judged. ``environment`` is where the drill has to have been.
    """

    backup: BackupName
    within: Duration
    record: str = "reports/backup.prom"
    claim: str | None = None
    environment: str | None = None

    def needs(self) -> dict[str, Record]:
        """Ask for the file."""
        return {"records": Record(path=self.record)}


DAY = 86_400
STATED = Params(backup="database", within=Duration(31 * DAY))
DRILL = Success(name="database", at=70 * DAY, system="shop", environment="staging")
GOOD = Records(path="reports/backup.prom", at=100 * DAY, kind="metrics", successes=(DRILL,))
VERDICT = replace(GOOD, kind="verdict", successes=(replace(DRILL, name="LEA-063"),))
HOLDS = [
    given(STATED, records=GOOD),
    given(STATED, records=replace(GOOD, successes=(replace(DRILL, at=0), DRILL))),
    given(replace(STATED, claim="LEA-063", environment="staging"), records=VERDICT),
]
FAILS = [
    given(STATED, records=replace(GOOD, kind="", successes=())),
    given(STATED, records=replace(GOOD, at=102 * DAY)),
    given(STATED, records=replace(GOOD, successes=(replace(DRILL, name="cache"),))),
    given(replace(STATED, environment="production"), records=GOOD),
    given(STATED, records=replace(GOOD, successes=(replace(DRILL, environment="reference"),))),
    given(replace(STATED, claim="LEA-001"), records=VERDICT),
    given(STATED, records=replace(GOOD, at=69 * DAY)),
]
SKEW = 300  # seconds by which the clocks of two machines may differ


def counts(one: Success, stated: Params) -> bool:
    """Tell whether a drill was where it has to be; by default anywhere but on the reference."""
    return one.environment == stated.environment if stated.environment else one.environment != "reference"


@rule(severity="error", refs=["ISO/IEC 27001:2022 A.8.13"])
def check(records: Records, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look for the last drill that succeeded."""
    place, wanted = Place(records.path), f"a drill within {stated.within}"
    name = stated.claim if records.kind == "verdict" else stated.backup
    if name is None:
        yield Unknown(f"{records.path} is a verdict, which names no backups: state `claim:`")
        return
    found = [one.at for one in records.successes if one.name == name and counts(one, stated)]
    if not found:
        seen = f"none of {name}" if records.kind else "no such file"
        yield Finding(place, f"{stated.backup} was never drilled", wanted, seen)
        return
    age = Duration(records.at - max(found))
    day = dt.datetime.fromtimestamp(max(found), dt.UTC).strftime("%F %H:%M UTC")
    yield Seen(age, limit=stated.within, what=f"since the drill of {day}")
    if age < -SKEW:
        yield Finding(place, "the last drill is in the future", wanted, day)
    elif age > stated.within:
        seen = f"{age.beside(stated.within)} ago: {day}"
        yield Finding(place, f"{stated.backup} was not drilled for too long", wanted, seen)
