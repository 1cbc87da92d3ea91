"""A path without its final slash is answered as stated: redirected to the one with it.

A probe that is configured without the slash gets a redirect, or a 404, where its author
expected a 200, and takes good systems out of service.

Fix: redirect for good to the canonical path (Django: ``APPEND_SLASH``), or state what holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from verify.facts.broken import redirects
from verify.facts.http import Exchange, Get
from verify.facts.links import target_of
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The path that is asked, the one it leads to (by default the same with a slash), the statuses."""

    path: str
    to: str = ""
    status: Some[int] = (301, 308)

    def needs(self) -> dict[str, Get]:
        """Ask the path once."""
        return {"answer": Get(path=self.path)}


def answered(status: int, location: str) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=status, headers=(("Location", location),))


STATED = Params(path="/health")
HOLDS = [
    given(STATED, answer=answered(301, "/health/")),
    given(STATED, answer=answered(308, "https://system.example/health/")),
    given(Params(path="/health", status=(200,)), answer=Exchange(status=200)),
]
FAILS = [
    given(STATED, answer=Exchange(status=404)),
    given(STATED, answer=answered(302, "/health/")),
    given(STATED, answer=answered(301, "/")),
    given(STATED, answer=answered(301, "https://other.example/health/")),
    given(STATED, answer=answered(301, "http://system.example/health/")),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the stated path is one that is redirected."""
    return redirects(stated.path, reference)


@rule(severity="warning", faults=["no-slash-redirect"], refs=["RFC 9110 15.4"])
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Compare status and target."""
    location = target_of(answer) or ""
    yield Seen(f"{answer.status} {location}".strip(), what=f"{stated.path} answers")
    if answer.status not in stated.status:
        expected = " or ".join(map(str, stated.status))
        yield Finding(answer.place, "wrong status", expected, str(answer.status))
    elif answer.status // 100 == 3:  # noqa: PLR2004 - a redirect
        asked, target = urlsplit(answer.url), urlsplit(location)
        wanted = (asked.scheme, asked.netloc, stated.to or f"{stated.path.partition('?')[0]}/")
        if (target.scheme, target.netloc, target.path) != wanted:
            yield Finding(answer.place, "the redirect leads elsewhere", wanted[2], location)
