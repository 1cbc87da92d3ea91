"""What a drill came to: the comparison decides, what programs said explains."""

from verify.drills.clock import Clock
from verify.drills.errors import NotRestorable
from verify.drills.postgres.drill import Drill
from verify.drills.postgres.engines import blamed
from verify.facts.backup import Artefact, Outcome, RoundTrip, Step
from verify.facts.equality import Comparison

#: differences that a reason names; all of them are in the comparison
_SHOWN = 3


def judged(clock: Clock, lost: str, comparison: Comparison | None) -> tuple[Outcome, str, str]:
    """Return the outcome, its stage and reason: the comparison decides, what was said explains."""
    if comparison is None:
        if lost:
            return Outcome.NOT_RESTORABLE, "restore", lost
        return Outcome.UNPROVABLE, "verify", "no manifest lies beside the backup: nothing to compare it with"
    if comparison.equal:
        return Outcome.EQUAL, "", ""
    if not comparison.differences:
        what = "; ".join(comparison.unprovable[:3]) or "the source has no table"
        return Outcome.UNPROVABLE, "verify", what
    what = "; ".join(
        f"{each.what}: {each.source} in the source, {each.copy} in the copy"
        for each in comparison.differences[:_SHOWN]
    )
    stage, why = blamed(clock.steps) or ("restore", lost)
    if why:
        return Outcome.NOT_RESTORABLE, stage, f"{why}; {what}"
    return Outcome.DIFFERENT, "verify", what


def ended(
    drill: Drill,
    clock: Clock,
    error: NotRestorable,
    *,
    at: float | None = None,
    size: int = 0,
    artefact: Artefact | None = None,
) -> RoundTrip:
    """Return the round trip that ended with ``error``, at the first stage that is to blame."""
    blame = blamed(clock.steps)
    stage, reason = error.stage, clock.redactor.text(error.reason)
    if blame is not None and stage not in {"take", "store"}:
        stage, reason = blame[0], f"{blame[1]}; then {error.stage}: {reason}"
    return RoundTrip(
        backup=drill.backup,
        outcome=Outcome.NOT_RESTORABLE,
        stage=stage,
        reason=reason,
        steps=_all(clock, error),
        artefact=artefact,
        at=at,
        took=clock.took,
        size=size,
    )


def _all(clock: Clock, error: NotRestorable) -> tuple[Step, ...]:
    return clock.steps or error.steps
