"""The stated metric families are there, with samples.

Dashboards and alerts on a metric that nobody exports stay silent for ever, and silence
reads as health.

Fix: export the family under the stated name; a family that is declared needs a sample too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import unhealthy, unmeasured
from verify.facts.http import Exchange, Get
from verify.facts.prometheus import MetricsError, parse
from verify.rules import Endpoint, EndpointSpec, Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The endpoint of the metrics (text format), and the names of the families."""

    endpoint: Endpoint
    families: Some[str]

    def needs(self) -> dict[str, Get]:
        """Ask the endpoint once."""
        return {"answer": Get.of(self.endpoint)}


STATED = Params(endpoint=EndpointSpec(path="/metrics"), families=("requests_total", "seconds"))
SECONDS = b'# TYPE seconds histogram\nseconds_bucket{le="+Inf"} 3\nseconds_sum 0.4\nseconds_count 3\n'
HOLDS = given(
    STATED, answer=Exchange(status=200, body=b'requests_total{path="a\\"}"} 3 1700000000\n' + SECONDS)
)
FAILS = [
    given(STATED, answer=Exchange(status=status, body=body))
    for status, body in (
        (404, b""),
        (200, b"requests_total 3\n"),
        (200, b"# TYPE requests_total counter\n" + SECONDS),
        (200, b"requests_total 3\n# TYPE seconds histogram\nseconds_count 3\n"),
        (200, b"<html>"),
        (200, b"requests_total many\n" + SECONDS),
    )
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether a stated family has no sample because of ``fault``, in a system that is ready."""
    if stated.endpoint.path != reference.metrics or unhealthy(fault, reference):
        return False
    return fault == "metrics-missing" or not unmeasured(fault).isdisjoint(stated.families)


@rule(
    severity="warning",
    faults=["metrics-missing", "metrics-no-samples", "redis-down", "redis-hang", "database-down"],
    refs=["Prometheus: exposition formats"],
)
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Parse the metrics and look for each family."""
    if answer.status not in stated.endpoint.expect:
        yield Finding(answer.place, "there are no metrics", stated.endpoint.expected, str(answer.status))
        return
    try:
        found = parse(answer.text)
    except MetricsError as error:
        yield Finding(answer.place, "the metrics cannot be read", "the text format of Prometheus", str(error))
        return
    present = [name for name in stated.families if name in found and found[name].whole()]
    yield Seen(f"{len(present)} of {len(stated.families)}", what="families")
    for name in stated.families:
        if name not in present:
            seen = "declared, without a whole set of samples" if name in found else "absent"
            yield Finding(answer.place, f"the family {name} has no samples", name, seen)
