"""The health answer names every stated dependency, and each is well.

A health endpoint that forgets a dependency stays green while users get errors. The
answer must be JSON with one member for each stated dependency, at any depth, whose
value is a word for well-being (ok, up, pass, healthy, connected, true) or an object
whose ``status`` is.

Fix: ask each dependency in the health view and show its state under its stated name.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import GONE, unwell
from verify.facts.health import find_member, is_well
from verify.facts.http import IN_FRONT, Exchange, Get
from verify.rules import Endpoint, EndpointSpec, Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The health endpoint and the names of the dependencies it has to show."""

    endpoint: Endpoint
    dependencies: Some[str]

    def needs(self) -> dict[str, Get]:
        """Ask the endpoint once."""
        return {"answer": Get.of(self.endpoint)}


STATED = Params(endpoint=EndpointSpec(path="/health/"), dependencies=("database", "redis"))
HOLDS = [
    given(STATED, answer=Exchange(status=200, body=b'{"checks": {"database": "ok", "redis": "ok"}}')),
    given(STATED, answer=Exchange(status=200, body=b'{"database": {"status": "up"}, "redis": true}')),
]
FAILS = [
    given(STATED, answer=Exchange(status=200, body=b'{"checks": {"database": "ok"}}')),
    given(STATED, answer=Exchange(status=503, body=b'{"database": "ok", "redis": "down"}')),
    given(STATED, answer=Exchange(status=200, body=b"OK")),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether one of the stated dependencies is missing or down because of ``fault``."""
    if fault == "health-missing-dependency":
        return list(reference.dependencies)[-1] in stated.dependencies
    if fault in GONE:
        return not unwell(fault, reference).isdisjoint(stated.dependencies)
    return stated.endpoint.path == reference.health


@rule(
    severity="error",
    faults=[
        "health-missing-dependency",
        "health-not-json",
        "health-lies",
        "health-login",
        "redis-down",
        "redis-hang",
        "database-down",
        "worker-down",
        "storage-down",
    ],
    refs=["draft-inadarei-api-health-check-06"],
    telling=IN_FRONT,
)
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Look for each stated dependency in the answer."""
    try:
        body = answer.json()
    except ValueError as error:
        yield Finding(answer.place, "the health answer is not JSON", "a JSON object", str(error))
        return
    yield Seen(", ".join(stated.dependencies), what="dependencies")
    for name in stated.dependencies:
        found, value = find_member(body, name)
        if not found:
            yield Finding(answer.place, f"{name} is not in the health answer", f"a member {name!r}", "absent")
        elif not is_well(value):
            yield Finding(answer.place, f"{name} is not well", "ok", str(value))
