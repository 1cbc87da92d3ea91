"""The stated application protocol is agreed on in the handshake.

Without ALPN a browser falls back to HTTP/1.1 silently: pages get slower, and nobody sees why.

Fix: switch it on at whatever ends TLS (nginx: ``http2 on``), and check what stands before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from verify.facts.tls import Handshake, Shake
from verify.rules import Finding, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The protocol that has to be chosen when h2 and http/1.1 are offered."""

    protocol: Literal["h2", "http/1.1"] = "h2"

    def needs(self) -> dict[str, Shake]:
        """Ask for a handshake with whatever version both sides like best."""
        return {"handshake": Shake()}


STATED = Params()
HOLDS = given(STATED, handshake=Handshake(protocol="h2"))
FAILS = [given(STATED, handshake=Handshake(protocol=protocol)) for protocol in ("http/1.1", "")]


def breaks(fault: str, stated: Params, reference: object) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the stated protocol is the one that ``fault`` takes away."""
    return stated.protocol == "h2" or fault == "tls-legacy"


@rule(severity="error", faults=["no-h2", "tls-legacy"], refs=["RFC 7301", "RFC 9113 3.2"])
def check(handshake: Handshake, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare what was agreed on with what is stated."""
    if not handshake.trusted:
        yield Unknown(f"{handshake.host}: the handshake ended before: the certificate is {handshake.problem}")
        return
    yield Seen(handshake.protocol or "none", what="protocol")
    if handshake.protocol != stated.protocol:
        yield Finding(
            handshake.host, "another protocol is agreed on", stated.protocol, handshake.protocol or "none"
        )
