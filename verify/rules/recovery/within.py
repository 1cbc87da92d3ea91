"""After a disaster the system is well again, by the team's own means, within the stated time.

A recovery plan is a text until somebody has followed it. The disaster is made to happen, the stated
way out is run as it is, and the clock stops when the system answers well, and goes on doing so.

Fix: the stages show where the time goes. What is restored first should be what the answers need;
what a person has to do by hand belongs into the script.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.contract.reference import ReferenceSpec
from verify.facts.backup import Outcome, RoundTrip, Step
from verify.facts.http import IN_FRONT, Exchange
from verify.facts.recovery_drill import Recover, Recovery
from verify.rules import DrillName, Finding, Seen, Stated, Wait, given, rule, seconds

SLOWED = seconds(3)  # what restore-slow adds to each program


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The drill, by its name under `drills:`, and the time from the decision to recover."""

    drill: DrillName
    within: Wait

    def needs(self) -> dict[str, Recover]:
        """Ask for the drill."""
        return {"recovery": Recover(drill=self.drill, within=self.within)}


STATED = Params(drill="database", within=seconds(900))
BACKUP = RoundTrip(backup="database", outcome=Outcome.EQUAL)
GOOD = Recovery(drill="database", backup=BACKUP, recovered=True, took=seconds(40), after=Exchange(status=200))
HOLDS = given(STATED, recovery=GOOD)
FAILS = [
    given(STATED, recovery=replace(GOOD, took=seconds(901))),
    given(STATED, recovery=replace(GOOD, recovered=False, after=Exchange(status=500))),
    given(STATED, recovery=replace(GOOD, backup=replace(BACKUP, outcome=Outcome.DIFFERENT, stage="verify"))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as every rule has it
    """Tell whether two slow programs take longer than stated; a bad backup always does."""
    return fault != "restore-slow" or stated.within < SLOWED


FAULTS = [
    *("backup-empty", "backup-not-uploaded", "backup-table-missing", "backup-truncated"),
    "restore-slow",
]


@rule(severity="error", faults=FAULTS, telling=IN_FRONT)
def check(recovery: Recovery, stated: Params) -> Iterator[Finding | Seen]:
    """Compare the time until the system was well with the stated one."""
    backup, limit = recovery.backup, stated.within
    if backup is not None and backup.outcome is not Outcome.EQUAL:
        where = f"{backup.backup}: {backup.stage}"
        yield Finding(where, "there is nothing to recover from", "a backup that restores", backup.reason)
        return
    what = "well again after" if recovery.recovered else "not well after"
    yield Seen(recovery.took, limit=limit, what=what)
    for step in recovery.steps:
        yield Seen(step.took, what=f"{step.stage}: {' '.join(step.argv[:3])}")
    if not recovery.recovered:
        answer = recovery.after
        seen = "no answer" if answer is None else f"{answer.status} from {answer.place}"
        failed: Step | None = next((step for step in recovery.steps if not step.ok), None)
        words = f"; {failed.argv[0]}: {failed.words[-200:]}" if failed is not None and failed.argv else ""
        yield Finding(stated.drill, "the system did not come back", f"well within {limit}", seen + words)
    elif recovery.took > limit:
        yield Finding(stated.drill, "the system came back too late", str(limit), recovery.took.beside(limit))
