"""No answer names the version of the software behind it.

A version in ``Server`` or ``X-Powered-By`` tells which known holes to try first.

Fix: nginx ``server_tokens off``; PHP ``expose_php = Off``; drop the header at the edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.exposure import names_version
from verify.facts.http import SHOWS_NOTHING, Exchange, Get
from verify.rules import Finding, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Paths to ask, and the headers that must name no version."""

    on: Some[str] = ("/",)
    headers: Some[str] = ("Server", "X-Powered-By", "X-AspNet-Version", "X-Generator")

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask each path once."""
        return {"answers": tuple(Get(path=path) for path in self.on)}


STATED = Params(headers=("Server", "X-Powered-By"))
HOLDS = [
    given(STATED, answers=Exchange(status=200)),
    given(STATED, answers=Exchange(status=200, headers=(("Server", "nginx"),))),
]
FAILS = [
    given(STATED, answers=Exchange(status=200, headers=(("server", "nginx/1.18.0 (Ubuntu)"),))),
    given(STATED, answers=Exchange(status=200, headers=(("X-Powered-By", "PHP/8"),))),
]


@rule(severity="warning", faults=["version-banner"], refs=["OWASP WSTG-INFO-02"], telling=SHOWS_NOTHING)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Look for a number in each header."""
    for answer in answers:
        named = [(name, value) for name in stated.headers for value in answer.header_values(name)]
        yield Seen(", ".join(f"{name}: {value}" for name, value in named) or "none", what="banners")
        if answer.shows_nothing:
            yield Unknown(answer.refusal)
        for name, value in named:
            if names_version(value):
                yield Finding(answer.place, f"{name} names a version", "no version", value)
