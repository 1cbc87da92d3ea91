"""Plain HTTP is redirected to HTTPS: same host, path and query.

Whoever types the bare name must not be served, or be asked for a password, in the
clear; and a redirect that loses the path breaks every old link.

Fix: answer every plain request with 301 or 308 and the same address under https.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from verify.facts.http import PLAIN_PROBE as ASKED
from verify.facts.http import Exchange, Get
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The statuses that count as a redirect for good."""

    status: Some[int] = (301, 308)

    def needs(self) -> dict[str, Get]:
        """Ask a path of our own on the plain address, so that path and query can be compared."""
        return {"answer": Get(path=ASKED, plain=True)}


def answered(status: int, location: str) -> Exchange:
    """Return a plain answer for the proofs."""
    return Exchange(status=status, url=f"http://system.example{ASKED}", headers=(("Location", location),))


STATED = Params()
HOLDS = given(STATED, answer=answered(301, f"https://system.example{ASKED}"))
FAILS = [
    given(STATED, answer=answered(200, "")),
    given(STATED, answer=answered(302, f"https://system.example{ASKED}")),
    given(STATED, answer=answered(301, f"https://other.example{ASKED}")),
    given(STATED, answer=answered(301, "https://system.example/")),
    given(STATED, answer=answered(301, f"http://system.example{ASKED}")),
]

TEMPORARY = 302  # the status of redirect-temporary


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the redirect of ``fault`` differs from the stated one."""
    return fault != "redirect-temporary" or TEMPORARY not in stated.status


@rule(
    severity="error",
    faults=["plain-http", "redirect-temporary", "redirect-wrong-host", "redirect-loses-path"],
    refs=["RFC 9110 15.4"],
)
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Compare status and target of the redirect."""
    location = answer.header("Location") or ""
    yield Seen(f"{answer.status} {location}".strip(), what="plain HTTP answers")
    if answer.status not in stated.status:
        expected = " or ".join(map(str, stated.status))
        yield Finding(answer.place, "plain HTTP is not redirected for good", expected, str(answer.status))
        return
    asked, target = urlsplit(answer.url), urlsplit(location)
    if target.scheme != "https":
        yield Finding(answer.place, "the redirect does not lead to HTTPS", "https://…", location)
    elif target.hostname != asked.hostname:
        yield Finding(answer.place, "the redirect leads to another host", str(asked.hostname), location)
    elif (target.path, target.query) != (asked.path, asked.query):
        yield Finding(answer.place, "the redirect loses path or query", ASKED, location)
