"""The newest snapshot of a managed database restores into a new instance.

That snapshots are listed does not say that one can be restored: a key that was scheduled for
deletion, a parameter group that is gone, or an option the copy cannot have shows when somebody tries.
The newest one is restored into an instance of our own, which has to become available, is asked the
backup's `smoke` query where its source's login is known, and is removed again. What it holds is not
compared, as its source has gone on: for that claim `backup/restores` of a dump.

Fix: the state that the instance ended in, and its events, name what is missing: the key, the
parameter group, room for another instance.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Outcome, Restore, RoundTrip, Step
from verify.rules import (
    Backup,
    BackupSpec,
    Finding,
    NamedBackup,
    Nothing,
    ReferenceSpec,
    Seen,
    Stated,
    Unknown,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, by its name under `backups:`."""

    backup: Backup

    def needs(self) -> dict[str, Restore]:
        """Ask for a restore."""
        return {"trip": Restore(backup=self.backup.name)}


SPEC = BackupSpec(engine="snapshot", instance="app")
STATED = Params(backup=NamedBackup("database", SPEC))
FETCHED, RESTORED, ASKED = (Step(stage=stage, argv=(stage,)) for stage in ("fetch", "restore", "smoke"))
GOOD = RoundTrip(
    backup="database",
    outcome=Outcome.UNPROVABLE,
    stage="verify",
    reason="nothing was compared",
    steps=(FETCHED, RESTORED, ASKED),
    took=seconds(600),
)
FAILED = replace(GOOD, outcome=Outcome.NOT_RESTORABLE, stage="restore", reason="it ended as failed")
HOLDS = [given(STATED, trip=GOOD), given(STATED, trip=replace(GOOD, steps=(FETCHED, RESTORED)))]
FAILS = [
    given(STATED, trip=FAILED),
    given(STATED, trip=replace(FAILED, stage="fetch", reason="there is no snapshot")),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - there is one such fault
    """Tell whether it is a snapshot that is restored."""
    return stated.backup.spec.engine == "snapshot"


@rule(severity="error", faults=["snapshots-unusable"], refs=["Amazon RDS: Restoring to a DB instance"])
def check(trip: RoundTrip, stated: Params) -> Iterator[Finding | Nothing | Seen | Unknown]:
    """Tell how far the restore came."""
    name, restored = stated.backup.name, any(step.stage == "restore" and step.ok for step in trip.steps)
    if stated.backup.spec.engine != "snapshot":
        yield Nothing(f"backup {name} is no snapshot: claim backup/restores")
    elif trip.outcome is Outcome.NOT_RESTORABLE:
        yield Finding(f"{name}: {trip.stage}", "the snapshot does not restore", "an instance", trip.reason)
    elif not restored:
        yield Unknown(f"{name}: {trip.stage or 'restore'}: {trip.reason or 'nothing was restored'}")
    else:
        asked = "and answers" if any(step.stage == "smoke" for step in trip.steps) else "and was not asked"
        yield Seen(trip.took, what=f"it became available {asked}, after")
