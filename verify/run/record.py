"""The run object: everything that reports, evidence and exit decisions are made from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from verify.model.need import Need
from verify.model.place import Place
from verify.model.suite import Suite
from verify.model.verdict import Decision, Outcome, Standing, Verdict, decide


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim in one suite as reports show it; ``suite`` is empty without a check."""

    claim: str
    says: str
    at: str
    place: Place
    suite: str
    standing: Standing
    kind: str = "claim"
    baseline: bool = False
    reason: str = ""
    left_out: tuple[str, ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many of the stated claims were judged, each claim counted once."""

    stated: int
    checked: int
    judged: int
    holding: int
    not_judged_here: int
    without_check: int
    unverifiable: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished or interrupted run.

    ``contract`` is the path as the user gave it, ``digest`` its SHA-256; ``started`` and
    ``seconds`` are Unix time and duration; ``answers`` are the facts by need.
    """

    id: str
    version: str
    system: str
    contract: str
    digest: str
    environment: str | None
    url: str
    protection: str
    started: float
    seconds: float
    requests: int
    interrupted: bool
    rows: tuple[Row, ...]
    #: what was to be judged and not asked for, or left out, in words
    unasked: tuple[str, ...] = ()
    #: the run whose facts were judged again, empty where they are this run's own
    evidence: str = ""
    #: options that the command to judge a claim again has to repeat
    asked: tuple[str, ...] = ()
    suites: tuple[Suite, ...] = ()
    answers: Mapping[Need, object] = field(default_factory=dict)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return each verdict that was given."""
        return tuple(row.verdict for row in self.rows if row.verdict is not None)

    @property
    def deciding(self) -> tuple[Verdict, ...]:
        """Return the verdicts that decide: what sums up other claims has no say, they have theirs already."""
        return tuple(own for verdict in self.verdicts if (own := verdict.own) is not None)

    @property
    def decision(self) -> Decision:
        """Return what to do with the deployment; an interrupted run never promotes."""
        decision = decide(self.deciding)
        kept_back = self.interrupted or self.partial or self.evidence
        return Decision.HOLD if kept_back and decision is Decision.PROMOTE else decision

    @property
    def partial(self) -> bool:
        """Tell whether something that was to be judged was not: a part never speaks for the whole."""
        left = any(row.standing is Standing.SELECTED and row.verdict is None for row in self.rows)
        return left or bool(self.unasked)

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Return how many verdicts came out in which way."""
        return Counter(verdict.outcome for verdict in self.verdicts)

    @property
    def coverage(self) -> Coverage:
        """Return the headline figures; baseline rules and gaps of documents are not claims."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            if not row.baseline and row.kind == "claim":
                groups.setdefault(row.claim, []).append(row)
        judged = [group for group in groups.values() if any(row.verdict for row in group)]
        return Coverage(
            stated=len(groups),
            checked=sum(any(row.suite for row in group) for group in groups.values()),
            judged=len(judged),
            holding=sum(_holds(group) for group in judged),
            not_judged_here=sum(
                any(row.suite for row in group) and not any(row.verdict for row in group)
                for group in groups.values()
            ),
            without_check=_standing(groups, Standing.WITHOUT_CHECK),
            unverifiable=_standing(groups, Standing.UNVERIFIABLE),
        )


def _holds(group: list[Row]) -> bool:
    return all(row.verdict.outcome is Outcome.HOLDS for row in group if row.verdict is not None)


def _standing(groups: Mapping[str, list[Row]], standing: Standing) -> int:
    return sum(any(row.standing is standing for row in group) for group in groups.values())
