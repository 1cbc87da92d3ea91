"""The id of a request is echoed and logged, and made where none was sent.

One id from the first proxy to the last worker is what joins the lines of a failure. An id
that is sent must come back in the answer and stand in the log; a request without one must
be given one.

Fix: take the header into the logging context at the start of a request, make an id where
there is none, and put it on the answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from verify.facts.http import Exchange
from verify.facts.logs import Logged, Mark, parsed
from verify.rules import Endpoint, EndpointSpec, Finding, Seen, Stated, Wait, given, rule, seconds


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Endpoint, header of the id, and the field it is logged in."""

    endpoint: Endpoint
    header: str = "X-Request-ID"
    field: str = "request_id"
    within: Wait = seconds(5)

    def needs(self) -> dict[str, Mark]:
        """Ask for what is logged of a request with an id of ours, and of one without."""
        asked = Mark(
            path=self.endpoint.path, header=self.header, account=self.endpoint.account, within=self.within
        )
        return {"logged": asked}


STATED = Params(endpoint=EndpointSpec(path="/"))
LINE, OTHER = '{"request_id": "a"}', '{"request_id": "b"}'
ECHO = Exchange(status=200, headers=(("X-Request-ID", "a"),))
GOOD = Logged(
    given="a", marked=ECHO, lines=(LINE,), plain=Exchange(status=200), made="b", plain_lines=(OTHER,)
)
HOLDS = given(STATED, logged=GOOD)
FAILS = [
    given(STATED, logged=replace(GOOD, marked=Exchange(status=200))),
    given(STATED, logged=replace(GOOD, lines=())),
    given(STATED, logged=replace(GOOD, lines=('{"path": "/a"}',))),
    given(STATED, logged=replace(GOOD, made=None, plain_lines=())),
    given(STATED, logged=replace(GOOD, plain_lines=())),
]


@rule(severity="error", faults=["no-request-id"])
def check(logged: Logged, stated: Params) -> Iterator[Finding | Seen]:
    """Look for both ids in answer and log."""
    at, echoed = logged.marked.place, logged.marked.header(stated.header)
    yield Seen(logged.given, what=f"{stated.header} sent")
    if echoed != logged.given:
        yield Finding(at, f"{stated.header} is not echoed", logged.given, echoed or "absent")
    if not any(_names(line, logged.given, stated.field) for line in logged.lines):
        yield Finding(at, "the id that was sent is not logged", f"{stated.field}: {logged.given}", "no line")
    if logged.made is None:
        yield Finding(logged.plain.place, "a request without an id is given none", stated.header, "absent")
    elif not any(_names(line, logged.made, stated.field) for line in logged.plain_lines):
        expected = f"{stated.field}: {logged.made}"
        yield Finding(logged.plain.place, "the id that was made is not logged", expected, "no line")


def _names(line: str, value: str, field: str) -> bool:
    """Tell whether a line gives the id: in its field, or anywhere in a line that is no JSON."""
    found: Mapping[str, Any] | None = parsed(line)
    return value in line if found is None else found.get(field) == value
