"""Claims, how they are checked, and accepted violations."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from verify.contract.nodes import Path
from verify.contract.part import EnvironmentName, Misfit, Part, WaivedClaim
from verify.contract.values import Day, RuleId, Severity, Text


class CheckSpec(Part):
    """One way to see a promise: a rule and the values it is judged with."""

    rule: RuleId
    """The rule, by its id."""
    with_: Mapping[str, Any] = Field(default_factory=dict, alias="with")
    """The values it is judged with, as its page lists them."""
    environments: tuple[EnvironmentName, ...] | None = None
    """Where it is judged; by default everywhere."""


class ClaimSpec(Part):
    """One promise: its words, where they stand, and what judges it.

    Example::

        claims:
          SHOP-1: {says: the health check answers, at: "C 61", rule: health/status, with: {endpoint: health}}
          SHOP-2:
            says: lists answer fast, the front page in production too
            at: "C 70"
            severity: warning
            checks:
              - {rule: endpoint/answers, with: {endpoint: orders, within: 500ms}}
              - {rule: endpoint/answers, with: {endpoint: front}, environments: [production]}
          SHOP-3: {says: support answers within 15 minutes, at: "505", unverifiable: people}
        endpoints: {health: {path: /health/}, orders: {path: /api/orders/}, front: {path: /}}
        environments: {production: {url: https://api.example.com}}
    """

    at_most_one_of: ClassVar[tuple[str, ...]] = ("rule", "checks", "unverifiable")

    says: Text
    """The promise, in the words of the document."""
    at: Text
    """Where it stands there: a line, a heading."""
    number: Text | None = None
    """A number that the document gives it; for readers."""
    note: Text | None = None
    """What readers should know."""
    kind: Literal["claim", "gap"] = "claim"
    """A `gap` is what the document lacks and should promise; reports mark it."""
    severity: Severity | None = None
    """How grave a violation is, in place of the rule's own: `blocker` means roll back."""
    rule: RuleId | None = None
    """The rule that judges it, by its id; short for one entry of `checks`."""
    with_: Mapping[str, Any] = Field(default_factory=dict, alias="with")
    """The values that `rule` is judged with, as its page lists them."""
    checks: tuple[CheckSpec, ...] | None = Field(default=None, min_length=1)
    """Several rules: the claim holds where all of them do."""
    unverifiable: Text | None = None
    """Why no program can judge it; at most one of this, `rule` and `checks` is written."""

    @property
    def stated_checks(self) -> tuple[tuple[Path, CheckSpec], ...]:
        """Return each check and its path below the claim; ``rule:`` is short for one."""
        if self.rule is not None:
            return (((), CheckSpec.model_validate({"rule": self.rule, "with": self.with_})),)
        return tuple((("checks", index), check) for index, check in enumerate(self.checks or ()))

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse values for a rule that is not named."""
        yield from super().misfits(raw)
        if raw.get("with") is not None and raw.get("rule") is None:
            yield Misfit("`with` has no `rule` beside it", "it belongs to the rule it fills", ("with",))


class Waiver(Part):
    """An accepted violation. It fails once it is over, or no longer needed.

    Example::

        waivers:
          - {claim: SHOP-1, environment: staging, until: 2027-01-31, owner: ops, reason: no worker there}
        claims: {SHOP-1: {says: the health check answers, at: "C 61"}}
        environments: {staging: {url: https://staging.example.com}}
    """

    claim: WaivedClaim
    """The claim, by its id."""
    environment: EnvironmentName | None = None
    """Where it is accepted; by default everywhere."""
    until: Day
    """The last day."""
    owner: Text
    """Who answers for it."""
    reason: Text
    """Why it is accepted."""
