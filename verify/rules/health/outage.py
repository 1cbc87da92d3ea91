"""Readiness tells of a dependency that is down, liveness does not, and both recover.

A load balancer must stop sending to what cannot answer, and an orchestrator must not
restart what would come back by itself: one dead dependency would take every replica out.
The dependency is really stopped, so this is judged on the reference only.

Fix: ask each dependency in the readiness view and answer the stated status; let the
liveness view ask nothing but the process itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.health import find_member, is_well
from verify.facts.http import IN_FRONT, Exchange
from verify.facts.outage import Outage, Stop
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Some,
    Stated,
    Wait,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The readiness endpoint, what is stopped, and the status that must show it.

    ``named`` says whether the answer names the dependency; ``liveness`` is the endpoint that
    stays up; ``within`` is the time to notice, and to recover.
    """

    endpoint: Endpoint
    dependencies: Some[str]
    status: int = 503
    named: bool = True
    liveness: Endpoint | None = None
    within: Wait = seconds(10)

    def needs(self) -> dict[str, tuple[Stop, ...]]:
        """Ask for each dependency to be stopped in turn."""
        alive = self.liveness.path if self.liveness else ""
        path, good = self.endpoint.path, self.endpoint.expect
        stops = (
            Stop(dependency=name, path=path, good=good, liveness=alive, within=self.within)
            for name in self.dependencies
        )
        return {"outages": tuple(stops)}


STATED = Params(
    endpoint=EndpointSpec(path="/ready"), dependencies=("db",), liveness=EndpointSpec(path="/live")
)
DOWN, UP = Exchange(status=503, body=b'{"checks": {"db": "down"}}'), Exchange(status=200)
GOOD = Outage(dependency="db", during=DOWN, alive=UP, after=UP)
HOLDS = given(STATED, outages=(GOOD,))
FAILS = [
    given(STATED, outages=(replace(GOOD, during=UP),)),
    given(STATED, outages=(replace(GOOD, during=Exchange(status=503, body=b"{}")),)),
    given(STATED, outages=(replace(GOOD, alive=DOWN),)),
    given(STATED, outages=(replace(GOOD, after=DOWN, recovered=None),)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` changes what the stated endpoints say of an outage."""
    if fault == "liveness-deep":
        return stated.liveness is not None and stated.liveness.path == reference.liveness
    if fault == "health-missing-dependency":
        return list(reference.dependencies)[-1] in stated.dependencies
    return stated.endpoint.path == reference.health and (fault == "health-lies" or stated.named)


@rule(
    severity="error",
    faults=["health-lies", "liveness-deep", "health-missing-dependency", "health-not-json"],
    telling=IN_FRONT,
)
def check(outages: tuple[Outage, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Compare what was said during each outage, and after it."""
    alive = stated.liveness.expect if stated.liveness else ()
    for outage in outages:
        name, during = outage.dependency, outage.during
        yield Seen(during.status, what=f"{name} down:")
        if during.status != stated.status:
            yield Finding(during.place, f"{name} is down", str(stated.status), str(during.status))
        elif stated.named and _names(during, name):
            yield Finding(during.place, f"{name} is down", f"{name} named as not well", _names(during, name))
        if outage.alive is not None and outage.alive.status not in alive:
            at, seen = outage.alive.place, str(outage.alive.status)
            yield Finding(at, f"liveness fails while {name} is down", "up", seen)
        if outage.recovered is None:
            at, seen = outage.after.place, str(outage.after.status)
            yield Finding(at, f"no recovery after {name} is back", f"well within {stated.within}", seen)


def _names(answer: Exchange, name: str) -> str:
    """Return what the answer says instead of that ``name`` is not well."""
    try:
        found, value = find_member(answer.json(), name)
    except ValueError as error:
        return str(error)
    return str(value) if found and is_well(value) else "" if found else "not named"
