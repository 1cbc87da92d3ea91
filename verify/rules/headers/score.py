"""The security headers of a page reach the stated score of the MDN HTTP Observatory.

One number is easy to promise and to compare; every deduction is named. From 100 points
each missing or weak header takes some away, bonuses count from 90 on.

Fix: repair what is named, the largest deduction first.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import DROPS, SETS, dressed
from verify.facts.http import PLAIN_PROBE, Exchange, Get
from verify.facts.observatory import modifiers, score
from verify.rules import Finding, ReferenceSpec, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The page, the least score, and whether plain HTTP is judged (not where nothing listens)."""

    path: str = "/"
    at_least: int
    plain: bool = True

    def needs(self) -> dict[str, Get | tuple[Get, ...]]:
        """Ask for the page, and for the redirect to it."""
        return {
            "page": Get(path=self.path),
            "plain": (Get(path=PLAIN_PROBE, plain=True),) if self.plain else (),
        }


STATED = Params(at_least=90)
HEADERS = (
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Content-Security-Policy", "default-src 'self'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
PAGE = Exchange(status=200, headers=HEADERS)
MOVED = Exchange(status=301, url="http://system.example/", headers=(("Location", "https://system.example/"),))
HOLDS = [
    given(STATED, page=PAGE, plain=(MOVED,)),
    given(Params(at_least=105, plain=False), page=PAGE, plain=()),
]
FAILS = [
    given(STATED, page=Exchange(status=200, headers=HEADERS[1:]), plain=(MOVED,)),
    given(STATED, page=PAGE, plain=(Exchange(status=200),)),
    given(Params(at_least=110), page=PAGE, plain=(MOVED,)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the score under ``fault`` is below the stated one."""
    plain = Exchange(status=200) if fault == "plain-http" and stated.plain else None
    if fault == "redirect-wrong-host" and stated.plain:
        plain = Exchange(status=301, url="http://other.example/", headers=MOVED.headers)
    return score(modifiers(dressed(fault, stated.path, reference), plain)) < stated.at_least


@rule(
    severity="warning",
    faults=[
        *DROPS, *SETS, "headers-missing-on-errors", "plain-http", "redirect-wrong-host",
        "cookie-insecure", "cookie-readable", "cookie-cross-site",
    ],
    refs=["MDN HTTP Observatory: tests and scoring"],
)  # fmt: skip
def check(page: Exchange, plain: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Add the score up and name what was taken from it."""
    found = modifiers(page, plain[0] if plain else None)
    total = score(found)
    yield Seen(total, limit=stated.at_least, what="score", better="higher")
    if total < stated.at_least:
        yield Finding(page.place, "the score is too low", str(stated.at_least), str(total))
        for one in sorted(found, key=lambda one: one.points):
            if one.points < 0:
                yield Finding(page.place, one.why, "no deduction", f"{one.points} points")
