"""Protected endpoints refuse whoever shows no token, or a wrong one.

One forgotten decorator opens an endpoint to everybody, and every test that logs in
first stays green.

Fix: refuse by default (Django REST framework: ``DEFAULT_PERMISSION_CLASSES``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import in_api, products
from verify.facts.http import SHOWS_NOTHING, Exchange, Get
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Some,
    Stated,
    Unknown,
    given,
    rule,
)

WRONG = (("Authorization", "Bearer verify-wrong-token"),)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The protected endpoints, the statuses of a refusal, and whether a wrong token is tried."""

    endpoints: Some[Endpoint]
    status: Some[int] = (401, 403)
    token: bool = True

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask each endpoint without its account."""
        shown = ((), WRONG) if self.token else ((),)
        return {
            "answers": tuple(
                Get(path=one.path, origin=one.host or "", headers=headers)
                for one in self.endpoints
                for headers in shown
            )
        }


STATED = Params(endpoints=(EndpointSpec(path="/accounts/me/"),))
BAD = Exchange(status=401)
HOLDS = given(STATED, answers=(BAD, Exchange(status=403)))
FAILS = [
    given(STATED, answers=(Exchange(status=200), BAD)),
    given(STATED, answers=(BAD, Exchange(status=200))),
    given(STATED, answers=(BAD, Exchange(status=500))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether a stated endpoint is one that ``fault`` opens."""
    public = (products(reference),)
    opened = [one.path for one in stated.endpoints if in_api(one.path, reference)]
    return any(not path.startswith(public) for path in opened) and (fault == "access-open" or stated.token)


@rule(
    severity="blocker",
    faults=["access-open", "any-token"],
    refs=["RFC 9110 15.5.2", "OWASP API2:2023"],
    telling=SHOWS_NOTHING,
)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Expect a refusal each time."""
    refused = [answer for answer in answers if answer.status in stated.status]
    yield Seen(f"{len(refused)} of {len(answers)}", what="refused")
    for answer in answers:
        if answer.shows_nothing and answer not in refused:
            yield Unknown(answer.refusal)
        elif answer not in refused:
            who = "a wrong token" if ("Authorization" in dict(answer.sent)) else "nobody in particular"
            expected = " or ".join(map(str, stated.status))
            yield Finding(answer.place, f"{who} is not refused", expected, str(answer.status))
