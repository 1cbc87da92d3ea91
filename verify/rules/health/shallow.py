"""The liveness answer tells of the process alone: it names none of the stated dependencies.

What is named was asked. An orchestrator restarts, and a load balancer drops, whatever fails its
liveness: where that asks a database, a broker or the workers, one moment without them takes all
replicas out at once. ``health/outage`` sees it happen, on the reference; this sees it coming.

Fix: let the liveness view ask nothing but the process itself, and ask the dependencies in a
readiness view of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.health import find_member
from verify.facts.http import Exchange, Get
from verify.model.text import abridged
from verify.rules import Endpoint, EndpointSpec, Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The endpoint that is used for liveness, and the dependencies it must not ask."""

    endpoint: Endpoint
    dependencies: Some[str]

    def needs(self) -> dict[str, Get]:
        """Ask the endpoint once."""
        return {"answer": Get.of(self.endpoint)}


STATED = Params(endpoint=EndpointSpec(path="/live/"), dependencies=("database", "worker"))
HOLDS = [
    given(STATED, answer=Exchange(status=200, body=b'{"status": "alive", "version": "1.4.0"}')),
    given(STATED, answer=Exchange(status=200, body=b"OK")),
]
FAILS = [
    given(STATED, answer=Exchange(status=200, body=b'{"checks": {"worker": "ok"}}')),
    given(STATED, answer=Exchange(status=500, body=b'{"database": {"status": "down"}}')),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the stated endpoint is the one that asks them then."""
    named = not {*stated.dependencies}.isdisjoint(reference.dependencies)
    return named and stated.endpoint.path == reference.liveness


@rule(severity="error", faults=["liveness-deep"], refs=["draft-inadarei-api-health-check-06"])
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Look for each dependency in the answer; what is no JSON names none."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    named = {
        name: value for name in stated.dependencies for found, value in [find_member(body, name)] if found
    }
    yield Seen(", ".join(named) or "no dependency", what=f"status {answer.status}, naming")
    for name, value in named.items():
        yield Finding(
            answer.place, f"liveness asks {name}", "the process alone", abridged(f"{name}: {value}")
        )
