"""What the OpenAPI document describes is what is answered: status, type and members.

Clients are generated from the document; an answer that differs breaks them in a way no
server log shows. Asked is each GET that needs no parameters, with an account also those
that need credentials.

Fix: generate the document from the code that is deployed, or correct the answer that is named.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.conformance import UnjudgeableError, deviations
from verify.facts.http import Exchange
from verify.facts.openapi import Describe, Described
from verify.rules import (
    AccountName,
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Stated,
    Unknown,
    given,
    rule,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The endpoint that serves the document, and who asks the operations that need credentials."""

    endpoint: Endpoint
    account: AccountName | None = None

    def needs(self) -> dict[str, Describe]:
        """Ask for the document, then for its operations."""
        account = self.account or self.endpoint.account
        return {
            "described": Describe(path=self.endpoint.path, account=account, secured=self.account is not None)
        }


def answered(body: bytes, status: int = 200) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(
        url="https://a.example/a/", status=status, body=body, headers=(("Content-Type", "application/json"),)
    )


STATED = Params(endpoint=EndpointSpec(path="/schema/"))
DOCUMENT = Exchange(
    status=200,
    body=b"""{"openapi": "3.0.3", "info": {"title": "A", "version": "1"},
    "paths": {"/a/": {"get": {"responses": {"200": {"content": {"application/json": {"schema":
      {"$ref": "#/components/schemas/A"}}}}}}}},
    "components": {"schemas": {"A": {"type": "object", "required": ["n"], "properties":
      {"n": {"type": "integer", "nullable": true}}}}}}""",
)
GOOD = Described(document=DOCUMENT, operations=(answered(b'{"n": 1}'), answered(b'{"n": null}')))
HOLDS = given(STATED, described=GOOD)
FAILS = [
    given(STATED, described=replace(GOOD, operations=(answered(*answer),)))
    for answer in ((b'{"n": "1"}',), (b"{}",), (b"<html>",), (b"{}", 500))
] + [given(STATED, described=Described(document=Exchange(status=404)))]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - each of its faults shows there
    """Tell whether the stated document is the one that the faults touch."""
    return stated.endpoint.path == reference.schema_


@rule(
    severity="error",
    faults=["schema-drift", "schema-missing", "schema-invalid", "schema-dead-operation"],
    refs=["OpenAPI 3.0.4: Schema Object", "JSON Schema 2020-12"],
)
def check(described: Described, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Report each answer that is not as described."""
    document = described.document
    yield Seen(len(described.operations), what="operations compared")
    if document.status not in stated.endpoint.expect or described.problems:
        seen = "; ".join(described.problems) or str(document.status)
        yield Finding(document.place, "there is no valid document to compare with", "OpenAPI 3", seen)
        return
    if not described.operations:
        yield Unknown(f"{document.place}: no GET without parameters is described")
        return
    try:
        for answer, *difference in deviations(described):
            yield Finding(answer.place, *difference)
    except UnjudgeableError as error:
        yield Unknown(str(error))
