"""Callers below the stated rate are not refused.

A limit that is tighter than promised turns good clients away, and they retry. Asked is for five
minutes at most, which shows nothing of a rate below one a minute: an allowance of an hour or a day
is counted out by `quota/counted`.

Fix: correct the limit, or the promise; look for a second limit in front of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor
from typing import Literal

from verify.facts.broken import gone, in_api, tight
from verify.facts.burst import LONGEST, Burst, Shot, Volley, burst_of
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    Rate,
    ReferenceSpec,
    Seen,
    Stated,
    Unknown,
    given,
    rule,
    seconds,
)

SLOWER = 0.8
ROUNDING = 1e-9  # of rates a minute
REQUESTS, FEWEST = 16, 5


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Endpoint, rate, and the status of a refusal."""

    endpoint: Endpoint
    rate: Rate
    method: Literal["GET", "POST"] = "GET"
    status: int = 429

    def __post_init__(self) -> None:
        """Refuse a rate of which too little would be seen."""
        if self.requests < FEWEST:
            raise ValueError(
                f"of {FEWEST} requests below {self.rate} only {self.requests} would be sent in {LONGEST}: "
                "count a limit of hours or days out with `quota/counted`"
            )

    @property
    def requests(self) -> int:
        """Return how many fit into the longest time that is spent."""
        return min(REQUESTS, 1 + floor(LONGEST * self.rate * SLOWER + ROUNDING))

    def needs(self) -> dict[str, Burst]:
        """Ask at four fifths of the rate."""
        pace = Rate(self.rate * SLOWER)
        return {
            "volley": burst_of(self.method)(
                path=self.endpoint.path,
                count=self.requests,
                pace=pace,
                method=self.method,
                account=self.endpoint.account,
            )
        }


def volley(pace: float, *statuses: int) -> Volley:
    """Return answers for the proofs."""
    return Volley(
        shots=tuple(Shot(sent=seconds(n / pace), status=status) for n, status in enumerate(statuses))
    )


STATED = Params(endpoint=EndpointSpec(path="/"), rate=Rate.parse("10/s"))
HOLDS = given(STATED, volley=volley(8, 200, 200, 200))
FAILS = given(STATED, volley=volley(8, 200, 429, 200))


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the limit that ``fault`` tightens is met on the stated path."""
    counted = (
        stated.method == "GET" and stated.endpoint.account is None and tight(reference) < stated.requests
    )
    return in_api(stated.endpoint.path, reference) and (fault == "edge-limit-tight" or counted)


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` leaves answers of which none shows a limit."""
    return gone(fault, stated.method, stated.endpoint.path, reference)


@rule(severity="error", faults=["edge-limit-tight", "quota-tight"], refs=["RFC 6585 4"])
def check(volley: Volley, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Expect no refusal."""
    refused = volley.refused(stated.status)
    yield Seen(f"{len(refused)} of {len(volley.shots)}", what=f"refused at {volley.pace}")
    if refused and volley.pace > stated.rate:
        yield Unknown(f"{volley.place}: {volley.pace} was sent, more than the stated {stated.rate}")
    elif refused:
        yield Finding(
            volley.place, f"refused at {volley.pace}", f"none below {stated.rate}", str(len(refused))
        )
    elif strange := volley.strange(stated.status):
        yield Unknown(f"{volley.place}: {len(strange)} answers like {strange[0].status} show no limit at all")
    elif volley.pace < stated.rate * SLOWER / 2:
        yield Unknown(f"{volley.place}: only {volley.pace} could be sent, too far below {stated.rate}")
