"""The certificate is valid for the stated time to come.

A renewal that broke shows weeks before the end, if anybody looks.

Fix: repair the renewal; automatic issuers renew with a third of the lifetime left.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.tls import Handshake, Shake
from verify.rules import Duration, Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule, seconds

DAY = 86400


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The shortest time that must be left."""

    at_least: Duration = seconds(30 * DAY)

    def needs(self) -> dict[str, Shake]:
        """Ask for a handshake with whatever version both sides like best."""
        return {"handshake": Shake()}


STATED = Params()
HOLDS = given(STATED, handshake=Handshake(at=0, not_after=31 * DAY))
FAILS = given(STATED, handshake=Handshake(at=0, not_after=29 * DAY))

SOON = 5 * DAY  # when the certificate of cert-expires-soon ends


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the certificate of ``fault`` ends before the stated time."""
    return fault == "cert-expired" or stated.at_least > SOON


@rule(severity="error", faults=["cert-expires-soon", "cert-expired"])
def check(handshake: Handshake, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare the time left with the stated one."""
    if not handshake.trusted and handshake.problem != "expired":
        yield Unknown(f"{handshake.host}: the certificate is {handshake.problem}, so its end says nothing")
        return
    left = seconds(max(0.0, handshake.not_after - handshake.at))
    yield Seen(left, limit=stated.at_least, what="left", better="higher")
    if left < stated.at_least:
        yield Finding(
            handshake.host,
            "the certificate ends too soon",
            str(stated.at_least),
            left.beside(stated.at_least),
        )
