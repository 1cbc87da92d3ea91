"""A stated endpoint answers with the stated status and members, in time.

The list of endpoints is what clients build on; one that is gone, empty or slow after a
deployment is what the gate is for.

Fix: look at the answer in the evidence; repair the endpoint or correct the contract.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.body import differences
from verify.facts.broken import SLOW, products, unhealthy
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
    """The endpoint, and the longest time it may take where its own entry states none."""

    endpoint: Endpoint
    within: Duration = seconds(2)

    def needs(self) -> dict[str, Get]:
        """Ask the endpoint once."""
        return {"answer": Get.of(self.endpoint)}


STATED = Params(endpoint=EndpointSpec(path="/products/", json={"count": "integer"}))
HOLDS = given(STATED, answer=Exchange(status=200, body=b'{"count": 3}'))
FAILS = [
    given(STATED, answer=Exchange(status=500)),
    given(STATED, answer=Exchange(status=200, body=b'{"count": "3"}')),
    given(STATED, answer=Exchange(status=200, body=b"<html>")),
    given(STATED, answer=Exchange(status=200, body=b'{"count": 3}', elapsed=seconds(2.1))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` shows at the stated endpoint."""
    if stated.endpoint.path == reference.health:
        plain = fault == "health-not-json" and stated.endpoint.json_ is not None
        return plain or unhealthy(fault, reference)
    if fault == "endpoint-slow" and (stated.endpoint.within or stated.within) >= SLOW:
        return False
    return fault.startswith("endpoint-") and stated.endpoint.path == products(reference)


@rule(
    severity="error",
    faults=[
        "endpoint-500",
        "endpoint-404",
        "endpoint-slow",
        "health-wrong-status",
        "health-login",
        "health-not-json",
        "never-ready",
        "redis-down",
        "redis-hang",
        "database-down",
        "worker-down",
        "storage-down",
    ],
    telling=IN_FRONT,
)
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Compare status, members and time."""
    within = stated.endpoint.within or stated.within
    yield Seen(answer.elapsed, limit=within, what=f"status {answer.status} in")
    if answer.status not in stated.endpoint.expect:
        yield Finding(answer.place, "wrong status", stated.endpoint.expected, str(answer.status))
        return
    if answer.elapsed > within:
        yield Finding(answer.place, "answers too late", str(within), answer.elapsed.beside(within))
    for difference in differences(answer, stated.endpoint.json_):
        yield Finding(answer.place, *difference)
