"""The public address does not show the metrics.

Request counts, queue lengths and error rates tell competitors how business goes, and
attackers what works.

Fix: serve them on an internal port, or refuse the path at the edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.http import Exchange, Get
from verify.facts.prometheus import looks_like_metrics
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The path, and the statuses of a refusal."""

    path: str = "/metrics"
    status: Some[int] = (401, 403, 404)

    def needs(self) -> dict[str, Get]:
        """Ask as nobody in particular."""
        return {"answer": Get(path=self.path)}


STATED = Params()
HOLDS = given(STATED, answer=Exchange(status=403))
FAILS = [
    given(STATED, answer=Exchange(status=200, body=b"# TYPE up gauge\nup 1\n")),
    given(STATED, answer=Exchange(status=404, body=b"# TYPE up gauge\nup 1\n")),
    given(STATED, answer=Exchange(status=500)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the stated path is the one that ``fault`` opens."""
    return stated.path == reference.metrics


@rule(severity="error", faults=["metrics-public"], refs=["OWASP WSTG-CONF-05"])
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Expect a refusal without metrics in it."""
    yield Seen(answer.status, what=f"{stated.path} answers")
    if answer.status not in stated.status:
        expected = " or ".join(map(str, stated.status))
        yield Finding(answer.place, "the path is not refused", expected, str(answer.status))
    if looks_like_metrics(answer):
        seen = f"metrics with status {answer.status}"
        yield Finding(answer.place, "the metrics are public", "refused", seen)
