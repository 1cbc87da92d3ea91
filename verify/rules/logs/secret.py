"""A secret that is sent shows up neither in the log nor in an answer.

Logs are read by many and kept for long; a password in them is a password given away.
Made-up secrets are sent in the query, in a bearer token, in a cookie and in a body, and
looked for in every encoding.

Fix: log the path without its query, no headers and no bodies, or filter them by name; never
repeat in an error what was sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.logs import Leak, Leaks
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    Seen,
    Stated,
    Unknown,
    Wait,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """An endpoint to ask, one to post to, and the member of the body that is secret."""

    endpoint: Endpoint
    post: Endpoint
    member: str = "password"
    within: Wait = seconds(5)

    def needs(self) -> dict[str, Leak]:
        """Ask for where the secrets come up again."""
        asked = Leak(path=self.endpoint.path, post=self.post.path, member=self.member, within=self.within)
        return {"leaks": asked}


STATED = Params(endpoint=EndpointSpec(path="/"), post=EndpointSpec(path="/login"))
GOOD = Leaks(sent=("query", "header", "cookie", "body"))
HOLDS = given(STATED, leaks=GOOD)
FAILS = [
    given(STATED, leaks=replace(GOOD, logged=("query",))),
    given(STATED, leaks=replace(GOOD, answered=("body",))),
]


@rule(severity="blocker", faults=["log-leaks-secret", "answer-leaks-secret"], refs=["CWE-532", "CWE-209"])
def check(leaks: Leaks, stated: Params) -> Iterator[Finding | Unknown | Seen]:  # noqa: ARG001 - a rule names its parameters
    """Report each place whose secret came up again."""
    yield Seen(", ".join(leaks.sent), what="secrets sent in")
    for reason in leaks.refused:
        yield Unknown(reason)
    for place in leaks.logged:
        yield Finding(leaks.url, f"a secret sent in the {place} is logged", "not in the log", "in the log")
    for place in leaks.answered:
        yield Finding(leaks.url, f"a secret sent in the {place} is answered", "not repeated", "repeated")
