"""Protocol versions below the stated one are refused.

TLS 1.0 and 1.1 are formally deprecated: their ciphers and hashes no longer protect. Where no
handshake is completed at all, whatever is offered, nothing is known about versions: inconclusive.

Fix: set the server's lowest protocol version to the stated one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from verify.facts.tls import Handshake, Shake
from verify.rules import Finding, Seen, Stated, given, rule

VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The lowest version that may be accepted."""

    lowest: Literal["TLSv1.1", "TLSv1.2", "TLSv1.3"] = "TLSv1.2"

    def needs(self) -> dict[str, tuple[Shake, ...]]:
        """Offer each older version alone."""
        return {"handshakes": tuple(Shake(offer=v) for v in VERSIONS[: VERSIONS.index(self.lowest)])}


STATED = Params()
REFUSED = Handshake(accepted=False, version="")
HOLDS = given(STATED, handshakes=(REFUSED, REFUSED))
FAILS = given(STATED, handshakes=(REFUSED, Handshake(accepted=True, version="TLSv1.1")))


@rule(severity="error", faults=["tls-legacy"], refs=["RFC 8996"])
def check(handshakes: tuple[Handshake, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Report each old version that was accepted."""
    yield Seen(
        f"{sum(not one.accepted for one in handshakes)} of {len(handshakes)}", what="old versions refused"
    )
    for one in handshakes:
        if one.accepted:
            yield Finding(
                one.host, "an old protocol version is accepted", f"at least {stated.lowest}", one.version
            )
