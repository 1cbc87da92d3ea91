"""A request gives exactly one JSON line with the stated fields.

Whoever looks for the reason of a failure searches by field; a line that is not JSON, or
that lacks its time or its level, is found by nobody. One request is marked with an id of
its own, and its lines are looked for.

Fix: render every line as one JSON object, that of the server in front included, with the
stated fields in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from verify.facts.broken import products
from verify.facts.http import Exchange
from verify.facts.logs import Logged, Mark, differences, parsed
from verify.model.text import abridged
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Stated,
    Wait,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Endpoint, fields of its line, and the header that marks a request.

    A field is stated by its [value or kind](../../contract.md#members-and-kinds): ``string``, ``integer``, …,
    ``timestamp``, ``level``, or the value itself. ``where`` picks among several lines of one request, by
    fields stated in the same way; ``within`` is how long a line may take to be written.
    """

    endpoint: Endpoint
    fields: Mapping[str, Any]
    where: Mapping[str, Any] = field(default_factory=dict)
    header: str = "X-Request-ID"
    within: Wait = seconds(5)

    def needs(self) -> dict[str, Mark]:
        """Ask for what is logged of a marked request."""
        asked = Mark(
            path=self.endpoint.path, header=self.header, account=self.endpoint.account, within=self.within
        )
        return {"logged": asked}


FIELDS = {"timestamp": "timestamp", "level": "level", "status": 200, "request_id": "string"}
STATED = Params(endpoint=EndpointSpec(path="/"), fields=FIELDS)
LINE = '{"timestamp": "2026-01-01T10:00:00.123Z", "level": "info", "status": 200, "request_id": "a"}'
OK = Exchange(status=200)
GOOD = Logged(given="a", marked=OK, lines=(LINE,), plain=OK, made="b")
HOLDS = given(STATED, logged=GOOD)
FAILS = [
    given(STATED, logged=replace(GOOD, lines=())),
    given(STATED, logged=replace(GOOD, lines=(LINE, LINE))),
    given(STATED, logged=replace(GOOD, lines=("INFO request_id=a",))),
    given(STATED, logged=replace(GOOD, lines=(LINE.replace("info", "??"),))),
    given(STATED, logged=replace(GOOD, lines=(LINE.replace(".123Z", ""),))),
    given(STATED, logged=replace(GOOD, odd=("Traceback (most recent call last):",))),
]


STATUS = {"endpoint-404": 404, "endpoint-500": 500}


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the field that ``fault`` leaves out is stated, or another status than is logged then."""
    if fault in STATUS:
        wanted = {name: kind for name, kind in stated.fields.items() if name == "status"}
        wrong = any(differences({"status": STATUS[fault]}, wanted))
        return stated.endpoint.path == products(reference) and wrong
    return fault != "log-missing-field" or "level" in stated.fields


@rule(
    severity="error",
    faults=["log-not-json", "log-missing-field", "no-request-id", *STATUS],
    refs=["RFC 8259"],
)
def check(logged: Logged, stated: Params) -> Iterator[Finding | Seen]:
    """Read the line of the marked request."""
    at = logged.marked.place
    objects = [line for line in map(parsed, logged.lines) if line is not None]
    yield Seen(len(logged.lines), what="lines of one request")
    for odd in dict.fromkeys((*logged.odd, *(line for line in logged.lines if parsed(line) is None))):
        yield Finding(at, "a line is no JSON object", "JSON", abridged(odd))
    picked = [line for line in objects if not list(differences(line, stated.where))]
    if len(picked) != 1:
        yield Finding(at, f"lines with its {stated.header}", "one", str(len(picked)))
    for line in picked[:1]:
        for message, expected, seen in differences(line, stated.fields):
            yield Finding(at, f"in its line {message}", expected, seen)
