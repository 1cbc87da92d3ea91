"""The stated headers are on the stated answers, error answers included.

Servers often add security headers to good answers only; an attacker picks the page
that lacks them, and error pages echo input most often.

Fix: set the headers where every answer passes (nginx: ``add_header … always``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import DROPS, good
from verify.facts.http import Exchange, Get
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Header names, and the paths whose answers carry them; a path may be a missing page."""

    headers: Some[str]
    on: Some[str]

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask each path once."""
        return {"answers": tuple(Get(path=path) for path in self.on)}


NAME = "X-Content-Type-Options"
STATED = Params(headers=(NAME,), on=("/", "/missing"))
FULL = Exchange(status=404, headers=((NAME.lower(), "nosniff"),))
HOLDS = given(STATED, answers=(FULL, FULL))
FAILS = [
    given(STATED, answers=(FULL, Exchange(status=404))),
    given(STATED, answers=(FULL, Exchange(status=404, headers=((NAME, " "),)))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether a header that ``fault`` drops is stated, or an error answer is."""
    if fault == "headers-missing-on-errors":
        return not all(good(path, reference) for path in stated.on)
    return DROPS[fault] in {name.lower() for name in stated.headers}


@rule(
    severity="error",
    faults=[*DROPS, "headers-missing-on-errors"],
    refs=["OWASP Secure Headers Project"],
)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Look for each stated header on each answer."""
    for answer in answers:
        present = [name for name in stated.headers if (answer.header(name) or "").strip()]
        yield Seen(f"{len(present)} of {len(stated.headers)}", what=f"headers on {answer.status}")
        for name in stated.headers:
            if name not in present:
                yield Finding(answer.place, f"{name} is missing on {answer.status}", name, "absent")
