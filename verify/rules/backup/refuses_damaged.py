"""The restore refuses a backup that is missing, cut, damaged or another, and changes nothing.

What is restored in an emergency is the backup that is there. A script that goes on after its download
failed, or loads the first half of a dump, turns a bad backup into a bad database, and ends with 0.
Copies of the newest backup are damaged, and the team's own restore is given each: it has to end with
an error, and the database has to hold what it held. The copy is missing, empty, an error page, cut in
the middle or by its last bytes, has one bit turned near its beginning, in its middle or near its end,
or is another backup by this one's name. What lies beside the backup, such as its checksum, lies beside
each copy as well. No format finds all of that by itself: custom dumps do not guard their table of
contents, and what encrypts without authenticating decrypts a damaged block to other rows.

Fix: `set -euo pipefail`; store a checksum beside the backup, and compare it (`sha256sum --check`)
before the database is touched; then read the whole backup (`pg_restore --file=/dev/null`, `gzip -t`,
the last line of a plain dump); restore in a single transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.damage import DAMAGES, Attempt, Damage, Damaged, Refusals
from verify.rules import BackupName, Finding, ReferenceSpec, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, by its name under `backups:`, and the damages that are promised to be found."""

    backup: BackupName
    damages: Some[Damage] = DAMAGES

    def needs(self) -> dict[str, Damaged]:
        """Ask for damaged copies to be restored."""
        return {"refusals": Damaged(backup=self.backup, damages=self.damages)}


STATED = Params(backup="database")
WHOLE = Attempt(returncode=0, changed="table app: 9 rows")
CUT = Attempt(damage="it is cut after 540 of 900 bytes", returncode=1)
GOOD = Refusals(backup="database", artefact="a.dump", size=900, whole=WHOLE, attempts={"cut": CUT})
HOLDS = given(STATED, refusals=replace(GOOD, untried={"swapped": "no other backup is in the store"}))
FAILS = [
    given(STATED, refusals=replace(GOOD, attempts={"cut": replace(CUT, returncode=0)})),
    given(STATED, refusals=replace(GOOD, attempts={"cut": replace(CUT, returncode=None)})),
    given(STATED, refusals=replace(GOOD, attempts={"cut": replace(CUT, changed="t: gone")})),
    given(STATED, refusals=replace(GOOD, attempts={"missing": replace(CUT, returncode=0), "cut": CUT})),
]


#: then there is nothing to restore
NONE = {"backup-empty", "backup-not-uploaded", "backup-truncated"}


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as every rule has it
    """Tell whether no backup comes to be restored."""
    return fault in NONE


@rule(severity="blocker", faults=["restore-careless"])
def check(refusals: Refusals, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Judge each attempt; one with a backup that is whole has to succeed, or the others show nothing."""
    place, whole = f"{stated.backup}: {refusals.artefact}", refusals.whole
    if whole.returncode != 0 or not whole.changed:
        yield Unknown(f"{place} is not restored while it is whole: {whole.words}")
        return
    accepted = [each for each in refusals.attempts.values() if each.returncode == 0]
    yield Seen(f"{len(refusals.attempts) - len(accepted)} of {len(refusals.attempts)}", what="refused")
    for damage, why in refusals.untried.items():
        yield Seen(damage, what=f"not tried, for {why}")
    for each in refusals.attempts.values():
        if each.returncode is None:
            yield Finding(f"{place}: {each.damage}", "the restore did not end", "an error", each.words)
        elif each.returncode == 0:
            yield Finding(
                f"{place}: {each.damage}", "the restore does not refuse it", "an error", "it ended with 0"
            )
        if each.changed:
            yield Finding(
                f"{place}: {each.damage}", "the database was changed", "as it was before", each.changed
            )
    if not refusals.attempts:
        yield Unknown(f"{place}: none of the damages could be done to it")
