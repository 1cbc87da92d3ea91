"""What was concluded: of one check, of one claim in one suite, of a whole run."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from verify.model.finding import Finding, Seen, Unknown
from verify.model.place import Place
from verify.model.rule import SEVERITIES, Severity


class Outcome(StrEnum):
    """How a check or a claim came out; ``worst`` orders them."""

    HOLDS = "holds"
    NOT_APPLICABLE = "not applicable"
    WAIVED = "waived"
    INCONCLUSIVE = "inconclusive"
    VIOLATED = "violated"


_BY_WORST = (
    Outcome.VIOLATED,
    Outcome.INCONCLUSIVE,
    Outcome.WAIVED,
    Outcome.HOLDS,
    Outcome.NOT_APPLICABLE,
)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of ``outcomes``; inconclusive where there are none."""
    return min(outcomes, key=_BY_WORST.index, default=Outcome.INCONCLUSIVE)


class Standing(StrEnum):
    """Where a claim stands that this run does not judge."""

    SELECTED = "selected"
    NOT_SELECTED = "not selected"
    NOT_JUDGED_HERE = "not judged here"
    WITHOUT_CHECK = "without a check"
    UNVERIFIABLE = "unverifiable"


class Decision(StrEnum):
    """What the gate recommends."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The outcome of one check with everything it said; ``sums`` tells that it sums up other claims."""

    rule: str
    severity: Severity
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    seen: tuple[Seen, ...] = ()
    sums: bool = False


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """An accepted violation; ``until`` is the last ISO date it is accepted on."""

    claim: str
    until: str
    owner: str
    reason: str
    expired: bool
    place: Place

    @property
    def accepted(self) -> str:
        """Return who accepts it, until when, and why."""
        return f"waived until {self.until} by {self.owner}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one run concluded of one claim in one suite.

    ``unjudged`` is the severity of what was to be judged, where the run ended before.
    """

    claim: str
    suite: str
    outcome: Outcome
    judgements: tuple[Judgement, ...] = ()
    waiver: Waiver | None = None
    reason: str = ""
    unjudged: Severity = "error"

    @property
    def own(self) -> "Verdict | None":
        """Return it without what only sums up other claims, None where nothing else was judged."""
        kept = tuple(judgement for judgement in self.judgements if not judgement.sums)
        if len(kept) == len(self.judgements):
            return self
        return replace(self, outcome=settled(kept, self.waiver), judgements=kept) if kept else None

    @property
    def severity(self) -> Severity:
        """Return the severity of what failed, else of the gravest check."""
        bad = [j for j in self.judgements if j.outcome in {Outcome.VIOLATED, Outcome.INCONCLUSIVE}]
        return min((j.severity for j in bad or self.judgements), key=SEVERITIES.index, default=self.unjudged)

    @property
    def stale_waiver(self) -> bool:
        """Tell whether a waiver stands beside a claim that holds."""
        return self.waiver is not None and self.outcome is Outcome.HOLDS

    @property
    def blocks(self) -> bool:
        """Tell whether a blocker is violated, which calls for rolling back."""
        return self.outcome is Outcome.VIOLATED and any(
            j.outcome is Outcome.VIOLATED and j.severity == "blocker" for j in self.judgements
        )


def settled(judgements: tuple[Judgement, ...], waiver: Waiver | None) -> Outcome:
    """Return the worst of ``judgements``; a waiver in force accepts what is violated, not what is unknown."""
    outcome = worst(judgement.outcome for judgement in judgements)
    if outcome is not Outcome.VIOLATED or waiver is None or waiver.expired:
        return outcome
    unseen = any(one.unknowns or one.outcome is Outcome.INCONCLUSIVE for one in judgements)
    return Outcome.INCONCLUSIVE if unseen else Outcome.WAIVED


def decide(verdicts: Iterable[Verdict]) -> Decision:
    """Return what to do with a deployment that came out as ``verdicts``: without any that holds, wait."""
    decision, any_held = Decision.PROMOTE, False
    given = tuple(verdicts)
    waived = {verdict.claim for verdict in given if verdict.outcome is Outcome.WAIVED}
    for verdict in given:
        if verdict.blocks:
            return Decision.ROLL_BACK
        if verdict.outcome in {Outcome.VIOLATED, Outcome.INCONCLUSIVE} or (
            verdict.stale_waiver and verdict.claim not in waived
        ):
            decision = Decision.HOLD
        any_held = any_held or verdict.outcome is Outcome.HOLDS
    return decision if any_held else Decision.HOLD
