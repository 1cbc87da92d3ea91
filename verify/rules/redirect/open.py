"""No redirect leads to an address that the caller chose.

A link to the trusted name that ends on another site is what phishing mails are made of.
Tried are the stated parameters, Host and X-Forwarded-Host, and paths that begin with ``//``.

Fix: go on only to paths of your own; build redirects from the configured name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from verify.facts.broken import redirects
from verify.facts.http import FOREIGN_HOST, PLAIN_PROBE, SHOWS_NOTHING, Exchange, Get
from verify.facts.links import host_of, target_of
from verify.rules import Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule

TARGETS = (f"https://{FOREIGN_HOST}/", f"//{FOREIGN_HOST}/", f"/%5C{FOREIGN_HOST}/")


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Paths that redirect (``on``); ``through`` are paths to append a target to: ``/login/?next=``.

    Without ``plain`` the plain HTTP address is not asked.
    """

    on: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    plain: bool = True

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask with each target in each place."""
        asked = [Get(path=path + target) for path, target in product(self.through, TARGETS)]
        asked.append(Get(path=f"//{FOREIGN_HOST}/%2e%2e"))
        spoof = (("X-Forwarded-Host", FOREIGN_HOST),)
        asked += [Get(path=path, headers=spoof) for path in self.on]
        if self.plain:
            asked += [
                Get(path=PLAIN_PROBE, plain=True, headers=((n, FOREIGN_HOST),)) for n in ("Host", spoof[0][0])
            ]
        return {"answers": tuple(asked)}


def moved(location: str) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=302, headers=(("Location", location),))


STATED = Params()
HOLDS = [
    given(STATED, answers=Exchange(status=400)),
    given(STATED, answers=moved("/?next=https://verify.invalid/")),
    given(STATED, answers=moved("https://system.example/verify.invalid")),
]
FAILS = [
    given(STATED, answers=moved(location))
    for location in (
        "https://verify.invalid/a",
        "//verify.invalid/",
        r"/\verify.invalid",
        "/\t/verify.invalid/",
    )
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether a stated place is one that ``fault`` opens."""
    if fault == "open-redirect":
        return any(path.startswith(f"{reference.signin}?next=") for path in stated.through)
    if fault == "any-host":
        return stated.plain
    return stated.plain or any(redirects(path, reference) for path in stated.on)


@rule(
    severity="error",
    faults=["open-redirect", "trusts-forwarded-host", "any-host"],
    refs=["CWE-601", "OWASP WSTG-CLNT-04"],
    telling=SHOWS_NOTHING,
)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:  # noqa: ARG001 - what is stated is in the questions
    """Look where each answer leads."""
    targets = [(answer, target_of(answer) or "") for answer in answers]
    led = [(answer, target) for answer, target in targets if host_of(target) == FOREIGN_HOST]
    yield Seen(f"{len(answers) - len(led)} of {len(answers)}", what="attempts stay here")
    for answer in answers:
        if answer.shows_nothing:
            yield Unknown(answer.refusal)
    for answer, target in led:
        yield Finding(answer.place, "the redirect leads where the caller wants", "an own address", target)
