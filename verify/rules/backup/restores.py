"""A backup restores, and holds what its source held.

A backup that nobody restored is a hope. Programs end with 0 on a dump that was cut in the middle,
on an empty file, on a copy without its last table: so the copy is compared with the source, row by
row, sequence by sequence, setting by setting, as of the moment of the backup. What cannot be
compared is named, and never counts as equal.

Fix: what is named as different is not in the backup, or was lost while restoring: look at the
stage, then at the words of its program. In a script, `set -euo pipefail` lets no failure pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Outcome, Restore, RoundTrip
from verify.facts.equality import Comparison, Difference, RowDifference
from verify.rules import (
    Backup,
    BackupSpec,
    Finding,
    NamedBackup,
    ReferenceSpec,
    Seen,
    Stated,
    Unknown,
    given,
    rule,
)

MOST = 20  # differences that are shown


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, by its name under `backups:`."""

    backup: Backup

    def needs(self) -> dict[str, Restore]:
        """Ask for a round trip."""
        return {"trip": Restore(backup=self.backup.name)}


SPEC = BackupSpec(engine="postgresql")
STATED = Params(backup=NamedBackup("database", SPEC))
EQUAL = Comparison(relations=2, rows=40_000, facts=31)
GOOD = RoundTrip(backup="database", outcome=Outcome.EQUAL, comparison=EQUAL)
LOST = Difference(
    what="table app.customer",
    source="40000 rows",
    copy="39999 rows",
    rows=(RowDifference(key="(7)", only="source"),),
)
HOLDS = given(STATED, trip=GOOD)
FAILS = [
    given(STATED, trip=replace(GOOD, outcome=Outcome.NOT_RESTORABLE, stage="decompress", reason="not gzip")),
    given(
        STATED,
        trip=replace(GOOD, outcome=Outcome.DIFFERENT, comparison=replace(EQUAL, differences=(LOST,))),
    ),
]
FAULTS = ["backup-empty", "backup-not-uploaded", "backup-table-missing", "backup-truncated"]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the backup is made by a dump, or by a script that uploads."""
    spec = stated.backup.spec
    dumped = spec.engine in {"postgresql", "script"}
    return dumped and (fault != "backup-not-uploaded" or spec.script is not None)


@rule(severity="blocker", faults=FAULTS)
def check(trip: RoundTrip, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Tell what the round trip came to."""
    compared = trip.comparison
    if trip.outcome is Outcome.NOT_RESTORABLE:
        where = f"{stated.backup.name}: {trip.stage}"
        yield Finding(where, "the backup does not restore", "a copy", trip.reason)
    elif trip.outcome is Outcome.UNPROVABLE or compared is None:
        unknown = "; ".join(compared.unprovable) if compared is not None else "nothing was compared"
        yield Unknown(f"{stated.backup.name}: {trip.stage or 'verify'}: {trip.reason or unknown}")
    elif trip.outcome is Outcome.DIFFERENT:
        for each in compared.differences[:MOST]:
            rows = "; ".join(f"{row.key} {row.only or ', '.join(row.columns)}" for row in each.rows[:3])
            place = f"{stated.backup.name}: {each.what}" + (f": {rows}" if rows else "")
            yield Finding(place, "the copy differs from its source", each.source, each.copy)
    else:
        yield Seen(
            compared.rows, what=f"rows of {compared.relations} tables and {compared.facts} facts are equal"
        )
