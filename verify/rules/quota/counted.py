"""An identity may send as many requests as its quota states, and not one more.

A quota that is not counted protects nothing, one that is tighter than promised turns
paying clients away. It is counted out, so it is used up afterwards: state an account that
nobody else needs, and a pace below the limit at the edge. Counting may take an hour.

Fix: correct the quota of the application, or the promise; let a refusal say in Retry-After
when the identity may come back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, Strict

from verify.facts.broken import in_api
from verify.facts.http import Exchange
from verify.facts.quota import Counted, CountOut
from verify.rules import (
    AccountName,
    Duration,
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

PACE = Rate.parse("5/s")
LONGEST = seconds(3600)
SLACK = 5  # seconds that clocks and rounding may take from Retry-After


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Endpoint, account (nobody where none is stated), requests allowed in a window, status of a refusal.

    ``pace`` is what one address may send; ``addresses`` are used on the reference only.
    """

    endpoint: Endpoint
    requests: Annotated[int, Strict(), Field(ge=1)]
    window: Duration
    account: AccountName | None = None
    pace: Rate = PACE
    addresses: Annotated[int, Strict(), Field(ge=1, le=254)] = 1
    status: int = 429

    def __post_init__(self) -> None:
        """Refuse a count that nobody waits for."""
        takes = Duration(self.requests / self.pace)
        if takes > LONGEST:
            asked, most = f"{self.requests} requests at {self.pace}", f"at most {LONGEST} are spent"
            raise ValueError(f"{asked} take {takes.beside(LONGEST)}, {most}: state a faster `pace`")

    def needs(self) -> dict[str, CountOut]:
        """Ask for as many requests as are allowed, and one more."""
        asked = CountOut(
            path=self.endpoint.path,
            count=self.requests,
            pace=self.pace,
            status=self.status,
            account=self.account,
            addresses=self.addresses,
        )
        return {"counted": asked}


STATED = Params(endpoint=EndpointSpec(path="/"), requests=100, window=seconds(3600))
REFUSED = Exchange(status=429, headers=(("Retry-After", "3590"),))
GOOD = Counted(passed=100, last=REFUSED, took=seconds(10))
HOLDS = given(STATED, counted=GOOD)
FAILS = [
    given(STATED, counted=replace(GOOD, last=Exchange(status=200))),
    given(STATED, counted=replace(GOOD, passed=10)),
    given(STATED, counted=replace(GOOD, last=Exchange(status=429))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - all three show alike
    """Tell whether the reference counts what is stated at all."""
    quotas = reference.quotas
    counted = quotas.authenticated if stated.account else quotas.anonymous
    return counted is not None and in_api(stated.endpoint.path, reference)


@rule(severity="error", faults=["no-quota", "quota-tight", "no-retry-after"], refs=["RFC 6585 4"])
def check(counted: Counted, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Expect the refusal after the stated number, with the time to come back."""
    last, limit = counted.last, f"{stated.requests} in {stated.window}"
    yield Seen(counted.passed, limit=stated.requests, what="passed", better="higher")
    if last.status != stated.status:
        message = "a request above the quota is answered"
        yield Finding(last.place, message, str(stated.status), str(last.status))
        return
    if counted.wait is None:
        yield Finding(last.place, "a refusal does not say when to come back", "Retry-After", "absent")
    if counted.passed >= stated.requests:
        return
    left = stated.window - counted.took - SLACK
    if counted.wait is not None and counted.wait < left:
        yield Unknown(
            f"{last.place}: refused after {counted.passed} requests, for {counted.wait} s only: another "
            f"limit refused it, or others have used the quota before: choose a pace or account of its own"
        )
    else:
        yield Finding(last.place, "refused before the quota is used up", limit, str(counted.passed))
