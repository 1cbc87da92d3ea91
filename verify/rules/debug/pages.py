"""Error pages show no debug marks: no traceback, no settings, no URL patterns.

A debug page hands an attacker versions, paths, settings and now and then a console. Asked
are the stated paths that give errors, and the stated path under a foreign Host (400).

Fix: switch debugging off where users come (Django: ``DEBUG = False``) and show own pages.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import errs_in_django
from verify.facts.debug import given_away
from verify.facts.http import FOREIGN_HOST, SHOWS_NOTHING, Exchange, Get, PartError
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Paths whose GET is an error (404, 405, 500), and the one to ask under a foreign Host, if any."""

    on: Some[str] = ("/verify-missing-page",)
    host: str = "/"

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask each path once."""
        foreign = Get(path=self.host, headers=(("Host", FOREIGN_HOST),))
        return {"answers": (*(Get(path=path) for path in self.on), *((foreign,) if self.host else ()))}


STATED = Params()
PLAIN = Exchange(status=404, body=b"<h1>Not Found</h1>")
HOLDS = [given(STATED, answers=(page, Exchange(status=400))) for page in (PLAIN, Exchange(status=500))]
FAILS = [
    given(STATED, answers=(PLAIN, Exchange(status=400, body=body)))
    for body in (
        b"<code>DEBUG = True</code> in your Django settings",
        b"Traceback (most recent call last):",
        b"<title>// Werkzeug Debugger</title>",
        b"\tat com.example.Shop.list(Shop.java:12)",
    )
] + [given(STATED, answers=(Exchange(status=500, body=b"You have DEBUG = True"), PLAIN))]
FIRST_ERROR = 400


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a stated path ends in an error page of Django."""
    return bool(stated.host) or any(errs_in_django(path, reference) for path in stated.on)


@rule(
    severity="blocker",
    faults=["debug-on"],
    refs=["OWASP WSTG-ERRH-01", "Django: deployment checklist"],
    telling=SHOWS_NOTHING,
)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Look for marks in each page, whatever its status."""
    errors = [answer for answer in answers if answer.status >= FIRST_ERROR]
    yield Seen(", ".join(str(answer.status) for answer in errors) or "none", what="error pages")
    for answer in answers:
        if answer.shows_nothing:
            yield Unknown(answer.refusal)
        try:
            for what, words in given_away(answer):
                yield Finding(answer.place, f"{what} is shown on {answer.status}", "no debug marks", words)
        except PartError as error:  # the others are looked at all the same
            yield Unknown(str(error))
    for answer in answers[: len(stated.on)]:
        if answer not in errors:
            yield Unknown(f"{answer.place} answered {answer.status}: state a path that gives an error")
