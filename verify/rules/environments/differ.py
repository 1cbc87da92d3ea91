"""The stated environments are apart: hosts, databases and keys of their own.

A staging system that shares production's database destroys production's data with its
next test; one that holds live keys charges real cards. Each environment is looked up, and asked
once, read-only and without credentials; of a key only its beginning is compared.

Load balancers and CDNs serve many systems at one address, so a shared address alone is no
violation: together with the same answer of the probe it is one system under two names, and
without a ``probe`` nobody can tell.

Fix: give the environment a database and keys of its own, and let its probe show a name of
the database that no copy shares, such as a row written when the environment was made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

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
class Key(Stated):
    """Where a key is seen, a member such as ``$.key`` or the ``$NAME`` of a variable, and its beginning."""

    at: str
    prefix: str


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The environments; the probe whose ``member`` names the database; and the keys, by environment."""

    environments: Some[EnvironmentName]
    probe: UrlPath | None = None
    member: str = "$.database"
    keys: Mapping[EnvironmentName, Key] = field(default_factory=dict)

    def needs(self) -> dict[str, Compare]:
        """Ask each environment once."""
        asked = Compare(
            environments=self.environments,
            probe=self.probe or "",
            member=self.member if self.probe else "",
            keys=tuple((name, key.at, key.prefix) for name, key in self.keys.items()),
        )
        return {"seen": asked}


STATED = Params(
    environments=("staging", "production"), probe="/who", keys={"staging": Key(at="$KEY", prefix="test_")}
)
STAGING = Side(
    name="staging", host="staging.example", identity="a", key=True, status=200, addresses=("192.0.2.1:443",)
)
PRODUCTION = Side(name="production", host="api.example", identity="b", status=200)
BEHIND = replace(PRODUCTION, addresses=STAGING.addresses)  # one load balancer, two systems
HOLDS = [given(STATED, seen=Sides(sides=(STAGING, side))) for side in (PRODUCTION, BEHIND)]
FAILS = [
    given(STATED, seen=Sides(sides=(replace(STAGING, host="api.example"), PRODUCTION))),
    given(STATED, seen=Sides(sides=(replace(STAGING, identity="b"), PRODUCTION))),
    given(STATED, seen=Sides(sides=(replace(STAGING, identity="b"), BEHIND))),
    given(STATED, seen=Sides(sides=(replace(STAGING, key=False), PRODUCTION))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` shows in what is stated."""
    if fault == "live-key":
        return any(key.prefix == "test_" for key in stated.keys.values())
    return stated.probe == reference.identity


@rule(severity="error", faults=["same-database", "live-key"])
def check(seen: Sides, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare each environment with each other one."""
    yield Seen(", ".join(f"{side.name} at {side.host}" for side in seen.sides))
    for first, second in combinations(seen.sides, 2):
        at = f"{first.name} and {second.name}"
        if first.host == second.host:
            yield Finding(at, "the same host", "two hosts", first.host)
        shared = ", ".join(sorted({*first.addresses} & {*second.addresses}))
        if first.identity is not None and first.identity == second.identity:
            if shared:
                yield Finding(at, "one system, two names", "two systems", f"{first.identity} at {shared}")
            else:
                yield Finding(at, "the same database", "two databases", first.identity)
        elif shared and not stated.probe:
            yield Unknown(f"{at} both lie at {shared}, as behind one load balancer: state a `probe`")
    for side in seen.sides:
        key = stated.keys.get(side.name)
        if stated.probe and side.identity is None:
            yield Unknown(f"{side.name}: {stated.probe} answers {side.status} without {stated.member}")
        if key is not None and side.key is None:
            yield Unknown(f"{side.name}: there is no key at {key.at}")
        elif key is not None and not side.key:
            yield Finding(side.name, f"the key at {key.at} begins otherwise", f"{key.prefix}…", "another")
