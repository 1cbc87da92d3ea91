"""The health endpoint answers with the stated status, in time.

Load balancers, orchestrators and people decide by this answer whether the system
lives; one that is wrong, or late, takes a good system out of service or keeps a bad
one in it.

Fix: return the stated status only after the stated dependencies were really asked, and
give each of them a short deadline.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import unhealthy
from verify.facts.http import IN_FRONT, Exchange, Get
from verify.rules import (
    Duration,
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Stated,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The health endpoint and the longest time it may take."""

    endpoint: Endpoint
    within: Duration = seconds(2)

    def needs(self) -> dict[str, Get]:
        """Ask the endpoint once."""
        return {"answer": Get.of(self.endpoint)}


STATED = Params(endpoint=EndpointSpec(path="/health/"), within=seconds(1))
HOLDS = given(STATED, answer=Exchange(status=200))
FAILS = [
    given(STATED, answer=Exchange(status=503)),
    given(STATED, answer=Exchange(status=200, elapsed=seconds(1.2))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` changes what the stated endpoint answers."""
    return stated.endpoint.path == reference.health and unhealthy(fault, reference)


@rule(
    severity="blocker",
    faults=[
        "health-wrong-status",
        "health-login",
        "redis-down",
        "redis-hang",
        "database-down",
        "worker-down",
        "storage-down",
        "never-ready",
    ],
    telling=IN_FRONT,
)
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Compare status and time with what is stated."""
    yield Seen(answer.elapsed, limit=stated.within, what=f"status {answer.status} in")
    if answer.status not in stated.endpoint.expect:
        yield Finding(answer.place, "wrong status", stated.endpoint.expected, str(answer.status))
    elif answer.elapsed > stated.within:
        yield Finding(
            answer.place, "answers too late", str(stated.within), answer.elapsed.beside(stated.within)
        )
