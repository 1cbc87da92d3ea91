"""Strict-Transport-Security is sent over HTTPS with the stated lifetime and directives.

Until a browser has seen this header, whoever sits on its network can keep it on plain
HTTP; a short lifetime reopens that window between two visits.

Fix: send ``max-age`` of the stated length over HTTPS; add the directives once all
subdomains speak HTTPS.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import good
from verify.facts.headers import directives, seconds_of
from verify.facts.http import Exchange, Get
from verify.rules import Duration, Finding, ReferenceSpec, Seen, Some, Stated, Unknown, given, rule, seconds

HEADER = "Strict-Transport-Security"


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The shortest lifetime, the directives that have to be there, and the paths (over HTTPS)."""

    max_age: Duration = seconds(365 * 86400)
    include_subdomains: bool = False
    preload: bool = False
    on: Some[str]

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask each path once."""
        return {"answers": tuple(Get(path=path) for path in self.on)}


STATED = Params(include_subdomains=True, on=("/",))


def answered(*values: str) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=200, headers=tuple((HEADER, value) for value in values))


HOLDS = given(STATED, answers=answered('Max-Age="31536000" ; includeSubdomains'))
FAILS = [
    given(STATED, answers=answered(*values))
    for values in (
        (),
        ("max-age=300; includeSubDomains",),
        ("max-age=31536000",),
        ("includeSubDomains",),
        ("max-age=-1; includeSubDomains",),
        ("max-age=0; includeSubDomains", "max-age=31536000; includeSubDomains"),
    )
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` shows at a stated path."""
    return fault != "headers-missing-on-errors" or not all(good(path, reference) for path in stated.on)


@rule(severity="error", faults=["no-hsts", "hsts-short", "headers-missing-on-errors"], refs=["RFC 6797 6.1"])
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Read the first header, as browsers do, and compare it."""
    wanted = {"includesubdomains": stated.include_subdomains, "preload": stated.preload}
    for answer in answers:
        if not answer.url.startswith("https:"):
            yield Unknown(f"{answer.place}: browsers ignore {HEADER} on plain HTTP: ask an https address")
            continue
        found = directives(answer.header(HEADER) or "")
        age = seconds_of(found.get("max-age"))
        yield Seen(seconds(age or 0), limit=stated.max_age, what="max-age", better="higher")
        if age is None or age < stated.max_age:
            seen = answer.header(HEADER) or "absent"
            yield Finding(answer.place, f"{HEADER} is too short", f"max-age of {stated.max_age}", seen)
        for name in [name for name, is_wanted in wanted.items() if is_wanted and name not in found]:
            yield Finding(answer.place, f"{HEADER} lacks {name}", name, answer.header(HEADER) or "absent")
