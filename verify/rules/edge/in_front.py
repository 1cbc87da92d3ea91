"""The stated provider stands in front of the system, and nobody comes past it.

A provider's edge keeps floods away only while all traffic passes it. Its marks are on every
answer: without them a DNS record leads straight to your servers. Where the ``origin`` behind is
stated (declared as well: ``hosts: [https://203.0.113.10]``), that address is asked itself, under
its own name and under the system's: a page, a redirect or a 404 means that whoever knows the
address walks around the edge. A refusal, a closed port and silence are what is wanted; a
certificate that is not trusted tells nothing (add its authority to ``trust:``). For the
reference its own stand-in answers.

Fix: let the provider proxy the record; let the origin's firewall take only the provider's
addresses, or demand its client certificate or a secret header.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.contract.reference import Cdn
from verify.facts.edge import MARKS, Knock, Knocked, Try, in_front
from verify.facts.http import Exchange, Get
from verify.rules import Finding, OriginUrl, ReferenceSpec, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The providers of which one has to answer at ``path``, which is served; the ``origin`` behind it."""

    providers: Some[Cdn]
    path: str = "/"
    origin: OriginUrl | None = None

    def needs(self) -> dict[str, Get | tuple[Knock, ...]]:
        """Ask the system, and the origin past it."""
        behind = (Knock(origin=self.origin, path=self.path),) if self.origin else ()
        return {"answer": Get(path=self.path), "behind": behind}


STATED = Params(providers=("cloudflare",), origin="https://203.0.113.10")
RAY = ("CF-Ray", "9ab9830f8f01234f-LHR")
GOOD = Exchange(status=200, headers=(("Server", "cloudflare"), RAY))
CLOSED, SILENT, OPEN = (
    (Knocked(tries=(Try(host="203.0.113.10", status=status, reason=reason),)),)
    for status, reason in ((403, ""), (0, "connection refused"), (404, ""))
)
HOLDS = [given(STATED, answer=GOOD, behind=behind) for behind in (CLOSED, SILENT)]
FAILS = [
    given(STATED, answer=Exchange(status=200, headers=(("Server", "nginx"), RAY)), behind=CLOSED),
    given(STATED, answer=GOOD, behind=OPEN),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether what ``fault`` opens is stated, of a reference with an edge."""
    return reference.cdn in stated.providers and (fault == "edge-bypassed" or stated.origin is not None)


@rule(severity="error", faults=["edge-bypassed", "origin-open"], refs=["RFC 9110 7.6.3"])
def check(
    answer: Exchange, behind: tuple[Knocked, ...], stated: Params
) -> Iterator[Finding | Unknown | Seen]:
    """Look for the marks, then at what came past them."""
    found = ", ".join(in_front(answer))
    yield Seen(found or "none of the known providers", what="in front")
    if not {*in_front(answer)} & {*stated.providers}:
        marks = " or ".join(" and ".join(name for name, _ in MARKS[one]) for one in stated.providers)
        yield Finding(answer.place, "no stated provider is in front", f"the marks {marks}", found or "absent")
    for knocked in behind:
        for one in knocked.tries:
            at = f"GET {knocked.url}"
            yield Seen(str(one), what=f"{at} past the edge:")
            if one.let_in:
                yield Finding(at, "the origin serves whoever comes past the edge", "a refusal", str(one))
            elif one.status == answer.status:
                yield Unknown(f"{at} says {one}, and so does the system: state a `path` that is served")
            elif not one.shut_out:
                yield Unknown(f"{at} ended in {one}, which shows neither guard nor page")
