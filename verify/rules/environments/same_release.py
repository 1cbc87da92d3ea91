"""The stated environments run one release: what was tested is what serves.

A test in staging says something about production only while both run the same image. Each
environment is asked once, read-only and without credentials, for its ``member`` of a JSON answer
or its ``header``. A digest tells more than a version: a tag can be pushed again.

Fix: deploy the image that staging runs, by its digest; build it once, and not for each place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.environments import Compare, Side, Sides
from verify.rules import (
    EnvironmentName,
    Finding,
    ReferenceSpec,
    Seen,
    Some,
    Stated,
    Unknown,
    UrlPath,
    given,
    rule,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The environments, and where each shows its release: a ``header``, else a ``member``."""

    environments: Some[EnvironmentName]
    probe: UrlPath
    member: str = "$.version"
    header: str = ""

    def needs(self) -> dict[str, Compare]:
        """Ask each environment once."""
        member = "" if self.header else self.member
        asked = Compare(environments=self.environments, probe=self.probe, member=member, header=self.header)
        return {"seen": asked}


STATED = Params(environments=("staging", "production"), probe="/who")
STAGING = Side(name="staging", host="staging.example", identity="1.4.0", status=200)
PRODUCTION = Side(name="production", host="api.example", identity="1.4.0", status=200)
HOLDS = given(STATED, seen=Sides(sides=(STAGING, PRODUCTION)))
FAILS = given(STATED, seen=Sides(sides=(STAGING, replace(PRODUCTION, identity="1.3.9"))))


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether what is stated shows the release of the reference."""
    if stated.header:
        return stated.header.lower() == "x-release"
    pages = {reference.health: "$.version", reference.liveness: "$.version", reference.identity: "$.image"}
    return pages.get(stated.probe) == stated.member


@rule(severity="error", faults=["another-release"])
def check(seen: Sides, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare each environment with the first that shows one."""
    where = stated.header or stated.member
    yield Seen(", ".join(f"{side.identity} in {side.name}" for side in seen.sides), what=where)
    for side in seen.sides:
        if side.identity is None:
            yield Unknown(f"{side.name}: {stated.probe} answers {side.status} without {where}")
    if len(seen.sides) == 1:
        yield Unknown(f"only {seen.sides[0].name} is stated: there is nothing to compare it with")
    known = [(side.name, side.identity) for side in seen.sides if side.identity is not None]
    for name, shown in known[1:]:
        if shown != known[0][1]:
            yield Finding(f"{known[0][0]} and {name}", "another release", known[0][1], shown)
