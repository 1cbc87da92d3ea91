"""A restore first puts aside what is there now.

Whoever restores is under pressure, and sometimes picks the wrong backup. What was there a minute ago
is then gone for good, unless the restore kept it: dumped and stored before anything was changed. The
programs that the team's restore calls are watched, in their order.

Fix: in the restore script, after the backup was fetched and read to its end, dump the database that
is there and upload that to the stated folder; only then restore. `set -e` keeps a copy that failed
from being passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Outcome, Restore, RoundTrip, Step
from verify.facts.calls import program, sent_to, writes
from verify.rules import BackupName, Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule

RESTORING = {"fetch", "restore"}


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, by its name under `backups:`, and the folder of its bucket for such copies."""

    backup: BackupName
    folder: str = "safety"

    def needs(self) -> dict[str, Restore]:
        """Ask for a round trip."""
        return {"trip": Restore(backup=self.backup)}


def call(stage: str, words: str) -> Step:
    """Return a call that ended well."""
    return Step(stage=stage, argv=tuple(words.split()), returncode=0, size=9)


STATED = Params(backup="database")
FETCH = call("fetch", "aws s3 cp s3://b/daily/x.dump x.dump")
READ = call("restore", "pg_restore --file=/dev/null x.dump")
DUMP = call("restore", "pg_dump --dbname=app --file=now.dump")
KEEP = call("fetch", "aws s3 cp now.dump s3://b/safety/now.dump")
WRITE = call("restore", "pg_restore --clean --dbname=app x.dump")
GOOD = RoundTrip(backup="database", outcome=Outcome.EQUAL, steps=(FETCH, READ, DUMP, KEEP, WRITE))
HOLDS = given(STATED, trip=GOOD)
FAILS = [
    given(STATED, trip=replace(GOOD, steps=(FETCH, READ, WRITE))),
    given(STATED, trip=replace(GOOD, steps=(FETCH, WRITE, DUMP, KEEP))),
    given(STATED, trip=replace(GOOD, steps=(FETCH, DUMP, replace(KEEP, returncode=1), WRITE))),
    given(STATED, trip=replace(GOOD, steps=(FETCH, replace(DUMP, size=0), KEEP, WRITE))),
    given(replace(STATED, folder="before"), trip=GOOD),
]


#: then there is nothing to restore
NONE = {"backup-empty", "backup-not-uploaded", "backup-truncated"}


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as every rule has it
    """Tell whether no backup comes to be restored."""
    return fault in NONE


@rule(severity="error", faults=["restore-hasty"])
def check(trip: RoundTrip, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look for a dump and its upload before the first program that changes the database."""
    calls = [step for step in trip.steps if step.stage in RESTORING]
    first = next((number for number, step in enumerate(calls) if writes(step)), None)
    if first is None:
        why = trip.reason or "state `restore:`, and let it call psql and pg_restore by their names"
        yield Unknown(f"{stated.backup}: no program was seen to restore: {why}")
        return
    before = calls[:first]
    dump = next((at for at, step in enumerate(before) if program(step) == "pg_dump" and step.ok), None)
    kept = [
        sent_to(step)
        for step in before[dump:]
        if dump is not None and step.ok and f"/{stated.folder}/" in sent_to(step)
    ]
    place, wanted = (
        f"{stated.backup}: {' '.join(calls[first].argv[:2])}",
        f"a copy in {stated.folder}/ before",
    )
    if not kept or dump is None:
        done = ", ".join(program(step) for step in before) or "nothing"
        yield Finding(place, "the database is changed before what it held was kept", wanted, done)
    elif not before[dump].size:
        yield Finding(place, "what was kept before is empty", wanted, f"{kept[0]}: pg_dump wrote nothing")
    else:
        yield Seen(kept[0], what=f"kept before {program(calls[first])}")
