"""What the system logs is found where logs are collected, in the stated time.

Logs that stay on the machine are gone with it, and nobody reads five machines one by one while
something burns. A request is sent with an id of ours, and the store of logs is asked for it.

Fix: let the shipper run on every machine and read what the system writes, log the id of each
request, and give the account the right to read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.http import Exchange
from verify.facts.monitoring import Ship, Shipped
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    Seen,
    SourceName,
    Stated,
    Unknown,
    Wait,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The source, of kind `loki` or `elasticsearch`, an endpoint to ask, and the header of the id."""

    source: SourceName
    endpoint: Endpoint
    header: str = "X-Request-ID"
    within: Wait = seconds(60)

    def needs(self) -> dict[str, Ship]:
        """Ask for the lines of one marked request."""
        asked = Ship(
            source=self.source,
            path=self.endpoint.path,
            header=self.header,
            account=self.endpoint.account,
            within=self.within,
        )
        return {"shipped": asked}


STATED = Params(source="logs", endpoint=EndpointSpec(path="/"))
GOOD = Shipped(
    marker="a", marked=Exchange(status=200), lines=('{"request_id": "a"}',), last=Exchange(status=200)
)
HOLDS = given(STATED, shipped=GOOD)
FAILS = [given(STATED, shipped=replace(GOOD, lines=(), took=seconds(60)))]


@rule(
    severity="error",
    faults=["logs-not-shipped", "no-request-id"],
    refs=["Loki: HTTP API, query_range", "Elasticsearch: search API"],
)
def check(shipped: Shipped, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Expect a line with the id."""
    if not shipped.lines and shipped.problem:
        yield Unknown(shipped.problem)
        return
    yield Seen(shipped.took, limit=stated.within, what="found after" if shipped.lines else "not found after")
    if not shipped.lines:
        expected = f"a line with {shipped.marker} within {stated.within}"
        yield Finding(stated.source, "the request is not among the collected logs", expected, "none")
