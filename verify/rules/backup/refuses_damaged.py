"""The restore refuses a backup that is missing, cut or damaged, and changes nothing.

What is restored in an emergency is the backup that is there. A script that goes on after its download
failed, or loads the first half of a dump, turns a bad backup into a bad database, and ends with 0.
Copies of the newest backup are damaged, and the team's own restore is given each: it has to end with
an error, and the database has to hold what it held. The bit that is turned is near the end, among
the rows; in the table of contents of a custom dump only a checksum of the whole file finds one.

Fix: `set -euo pipefail`; read the whole backup before the database is touched (`pg_restore
--file=/dev/null`, `gzip -t`, the last line of a plain dump); store a checksum beside it; restore in a
single transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.damage import DAMAGES, Attempt, Damaged, Refusals
from verify.rules import BackupName, Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, by its name under `backups:`."""

    backup: BackupName

    def needs(self) -> dict[str, Damaged]:
        """Ask for damaged copies to be restored."""
        return {"refusals": Damaged(backup=self.backup)}


STATED = Params(backup="database")
WHOLE, MISSING, CUT, FLIPPED = (Attempt(damage=each, returncode=int(each != "whole")) for each in DAMAGES)
GOOD = Refusals(
    backup="database",
    artefact="a.dump",
    size=900,
    cut=540,
    flipped=675,
    attempts=(replace(WHOLE, changed="table app: 9 rows"), MISSING, CUT, FLIPPED),
)
HOLDS = given(STATED, refusals=GOOD)
FAILS = [
    given(STATED, refusals=replace(GOOD, attempts=(*GOOD.attempts[:3], replace(FLIPPED, returncode=0)))),
    given(STATED, refusals=replace(GOOD, attempts=(*GOOD.attempts[:3], replace(FLIPPED, returncode=None)))),
    given(STATED, refusals=replace(GOOD, attempts=(*GOOD.attempts[:3], replace(FLIPPED, changed="t: gone")))),
    given(
        STATED, refusals=replace(GOOD, attempts=(replace(WHOLE, changed="t"), replace(MISSING, returncode=0)))
    ),
]


#: then there is nothing to restore
NONE = {"backup-empty", "backup-not-uploaded", "backup-truncated"}


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as every rule has it
    """Tell whether no backup comes to be restored."""
    return fault in NONE


@rule(severity="blocker", faults=["restore-careless"])
def check(refusals: Refusals, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Judge each attempt; one with a backup that is whole has to succeed, or the others show nothing."""
    name, whole = stated.backup, refusals.of("whole")
    if whole is None or whole.returncode or whole.returncode is None or not whole.changed:
        words = whole.words if whole is not None else "it was not tried"
        yield Unknown(f"{name}: {refusals.artefact} is not restored while it is whole: {words}")
        return
    how = {"cut": f" after {refusals.cut} bytes", "flipped": f" in byte {refusals.flipped}"}
    for each in refusals.attempts:
        if each.damage == "whole":
            continue
        place = f"{name}: {refusals.artefact}: {each.damage}{how.get(each.damage, '')}"
        yield Seen(str(each.returncode), what=f"the restore of one that is {each.damage} ended with")
        if each.returncode is None:
            yield Finding(place, "the restore did not end", "an error", each.words)
        elif each.returncode == 0:
            yield Finding(place, "the restore does not refuse it", "an error", "it ended with 0")
        if each.changed:
            yield Finding(place, "the database was changed", "as it was before", each.changed)
