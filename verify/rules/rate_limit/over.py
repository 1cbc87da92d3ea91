"""Callers above the stated rate are refused.

A limit that is written down but not in force is found by the first scraper. The burst
is long enough to use up the stated allowance and goes on above the rate. Sending it, and waiting
until the limit has forgotten it, may take five minutes; a rate an hour or a day is counted out
by `quota/counted`.

Fix: check that the limit covers this path and method, and that it is keyed by client.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, Strict

from verify.facts.broken import in_api, swamped
from verify.facts.burst import Burst, Shot, Volley, brief, burst_of
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

FASTER = 5


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Endpoint, rate, the burst allowed on top, and the status of a refusal.

    Whoever asks afterwards has to wait until the limit has forgotten this burst.
    """

    endpoint: Endpoint
    rate: Rate
    burst: Annotated[int, Strict(), Field(ge=0, le=1000)] = 20
    method: Literal["GET", "POST"] = "GET"
    status: int = 429

    def __post_init__(self) -> None:
        """Refuse what would take longer than anybody expects."""
        brief(self.needs()["volley"])

    def needs(self) -> dict[str, Burst]:
        """Ask faster than the rate, until the allowance is surely used up."""
        count, pace = 2 * self.burst + 10, Rate(self.rate * FASTER)
        rest = seconds((self.burst + 2) / self.rate)
        return {
            "volley": burst_of(self.method)(
                path=self.endpoint.path,
                count=count,
                pace=pace,
                method=self.method,
                account=self.endpoint.account,
                rest=rest,
            )
        }


def volley(pace: float, *statuses: int, retry_after: str | None = "1") -> Volley:
    """Return answers for the proofs."""
    return Volley(
        shots=tuple(
            Shot(sent=seconds(n / pace), status=status, retry_after=retry_after if status == 429 else None)  # noqa: PLR2004 - the stated status
            for n, status in enumerate(statuses)
        )
    )


STATED = Params(endpoint=EndpointSpec(path="/"), rate=Rate.parse("10/s"), burst=2)
GOOD = volley(50, 200, 200, 200, 429, 429)
HOLDS = given(STATED, volley=GOOD)
FAILS = [
    given(STATED, volley=volley(50, 200, 200, 200, 200, 200)),
    given(STATED, volley=replace(GOOD, shots=volley(50, 200, 503, 503).shots)),
    given(STATED, volley=volley(50, 200, 200, 200, 429, 429, retry_after=None)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` lifts the limit that is stated."""
    if fault == "no-write-limit" and stated.method == "GET":
        return False
    return in_api(stated.endpoint.path, reference)


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` slows the burst down: its end is late, and the limit is never met."""
    return swamped(fault, stated.needs()["volley"], stated.rate, stated.burst, reference)


@rule(
    severity="error",
    faults=["no-edge-limit", "no-write-limit", "no-retry-after"],
    refs=["RFC 6585 4", "RFC 9110 10.2.3"],
)
def check(volley: Volley, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Expect refusals, each with the time to come back."""
    refused = volley.refused(stated.status)
    yield Seen(f"{len(refused)} of {len(volley.shots)}", what=f"refused at {volley.pace}")
    if not refused and volley.pace <= stated.rate:
        sent = f"only {volley.pace} could be sent, not more than the stated {stated.rate}"
        yield Unknown(f"{volley.place}: {sent}")
    elif not refused:
        seen = ", ".join(str(status) for status in sorted({shot.status for shot in volley.shots}))
        yield Finding(volley.place, "nothing was refused", f"{stated.status} above {stated.rate}", seen)
    elif any(shot.retry_after is None for shot in refused):
        yield Finding(volley.place, "a refusal does not say when to come back", "Retry-After", "absent")
