"""Claims, how they are checked, and accepted violations."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from verify.contract.nodes import Path
from verify.contract.part import EnvironmentName, Misfit, Part, WaivedClaim
from verify.contract.values import Day, RuleId, Severity, Text


class CheckSpec(Part):
    """One way to see a promise: a rule and the values it is judged with.

    ``with_`` (written ``with:``) is plain data until the rule's parameters read it;
    ``environments`` limits where it is judged, None meaning everywhere.
    """

    rule: RuleId
    with_: Mapping[str, Any] = Field(default_factory=dict, alias="with")
    environments: tuple[EnvironmentName, ...] | None = None


class ClaimSpec(Part):
    """One stated promise: its words, where they stand, and what judges it."""

    at_most_one_of: ClassVar[tuple[str, ...]] = ("rule", "checks", "unverifiable")

    says: Text
    at: Text
    number: Text | None = None
    note: Text | None = None
    kind: Literal["claim", "gap"] = "claim"
    severity: Severity | None = None
    rule: RuleId | None = None
    with_: Mapping[str, Any] = Field(default_factory=dict, alias="with")
    checks: tuple[CheckSpec, ...] | None = Field(default=None, min_length=1)
    unverifiable: Text | None = None

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
    """An accepted violation: whose, why, until when (that day included)."""

    claim: WaivedClaim
    environment: EnvironmentName | None = None
    until: Day
    owner: Text
    reason: Text
