"""The OpenAPI document is served, is valid, and what it describes answers.

A document that drifts from the code breaks generated clients silently. Its GET
operations that need neither parameters nor credentials are asked as well.

Fix: generate the document from the code that is deployed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.http import IN_FRONT, Exchange
from verify.facts.openapi import Describe, Described
from verify.rules import Endpoint, EndpointSpec, Finding, ReferenceSpec, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The endpoint that serves the document."""

    endpoint: Endpoint

    def needs(self) -> dict[str, Describe]:
        """Ask for the document, then for its operations."""
        return {"described": Describe(path=self.endpoint.path, account=self.endpoint.account)}


STATED = Params(endpoint=EndpointSpec(path="/schema/"))
GOOD = Described(document=Exchange(status=200), operations=(Exchange(status=200),))
HOLDS = given(STATED, described=GOOD)
FAILS = [
    given(STATED, described=replace(GOOD, document=Exchange(status=404))),
    given(STATED, described=replace(GOOD, problems=("`paths` is empty",))),
    given(STATED, described=replace(GOOD, operations=(Exchange(status=500),))),
    given(STATED, described=replace(GOOD, operations=(Exchange(status=404),))),
]
GONE = frozenset({404, 405, 410})
SERVER_ERROR = 500


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - each of its faults shows there
    """Tell whether the stated document is the one that the faults touch."""
    return stated.endpoint.path == reference.schema_


@rule(
    severity="warning",
    faults=["schema-missing", "schema-invalid", "schema-dead-operation", "endpoint-500", "endpoint-404"],
    refs=["OpenAPI 3.1"],
    telling=IN_FRONT,
)
def check(described: Described, stated: Params) -> Iterator[Finding | Seen]:
    """Report what is wrong with the document and with what it promises."""
    document = described.document
    yield Seen(len(described.operations), what="operations asked")
    if document.status not in stated.endpoint.expect:
        yield Finding(document.place, "no document", stated.endpoint.expected, str(document.status))
        return
    for problem in described.problems:
        yield Finding(document.place, "the document is not valid", "OpenAPI 3", problem)
    for answer in described.operations:
        if answer.status in GONE or answer.status >= SERVER_ERROR:
            yield Finding(
                answer.place, "a described operation does not work", "an answer", str(answer.status)
            )
