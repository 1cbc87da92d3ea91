"""No migration waits to be applied: the stated probe says so.

Code that runs before its migrations fails on the first request that needs the new column.

Fix: apply the migrations before the new code gets traffic, and let the deployment wait for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from verify.facts.body import member, shortened
from verify.facts.http import Exchange, Get
from verify.rules import Endpoint, EndpointSpec, Finding, ReferenceSpec, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The endpoint of the probe, the member to read (``a.b``), and its value when all are applied."""

    endpoint: Endpoint
    member: str
    equals: Any = 0

    def needs(self) -> dict[str, Get]:
        """Ask the probe once."""
        return {"answer": Get.of(self.endpoint)}


def same(seen: object, stated: object) -> bool:
    """Compare two JSON values: 0 is neither false nor 0 items."""
    seen = list(seen) if isinstance(seen, tuple) else seen
    stated = list(stated) if isinstance(stated, tuple) else stated
    return isinstance(seen, bool) == isinstance(stated, bool) and seen == stated


STATED = Params(endpoint=EndpointSpec(path="/migrations/"), member="database.unapplied", equals=[])
HOLDS = [
    given(STATED, answer=Exchange(status=200, body=b'{"database": {"unapplied": []}}')),
    given(Params(endpoint=STATED.endpoint, member="n"), answer=Exchange(status=200, body=b'{"n": 0}')),
]
FAILS = [
    given(STATED, answer=Exchange(status=200, body=b'{"database": {"unapplied": ["0002"]}}')),
    given(STATED, answer=Exchange(status=200, body=b'{"database": {}}')),
    given(STATED, answer=Exchange(status=404)),
    given(Params(endpoint=STATED.endpoint, member="n"), answer=Exchange(status=200, body=b'{"n": false}')),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the stated probe is the reference's."""
    return stated.endpoint.path == reference.migrations


@rule(severity="blocker", faults=["migrations-behind"], refs=["Django: migrate --check"])
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Compare the member with what is stated."""
    if answer.status not in stated.endpoint.expect:
        yield Finding(answer.place, "the probe does not answer", stated.endpoint.expected, str(answer.status))
        return
    try:
        found = member(answer.json(), stated.member)
    except ValueError as error:
        yield Finding(answer.place, "the probe's answer is not JSON", "a JSON object", str(error))
        return
    yield Seen(shortened(found), what=stated.member)
    if found is None or not same(found, stated.equals):
        yield Finding(answer.place, "migrations are not applied", shortened(stated.equals), shortened(found))
