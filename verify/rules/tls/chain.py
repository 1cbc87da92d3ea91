"""The certificate is valid for the host: chain, name and dates.

A client that meets a bad certificate stops, or worse, its user learns to click it away.

Fix: install the full chain for this host name, and renew before the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.tls import Handshake, Shake
from verify.rules import Finding, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Nothing is stated: the host is the environment's."""

    def needs(self) -> dict[str, Shake]:
        """Ask for a handshake with whatever version both sides like best."""
        return {"handshake": Shake()}


STATED = Params()
HOLDS = given(STATED, handshake=Handshake(issuer="Example CA"))
FAILS = [
    given(STATED, handshake=Handshake(trusted=False, problem=problem))
    for problem in ("expired", "wrong host", "self-signed")
]


@rule(
    severity="blocker",
    faults=["cert-expired", "cert-wrong-name", "cert-untrusted"],
    refs=["RFC 5280", "RFC 9525"],
)
def check(handshake: Handshake, stated: Params) -> Iterator[Finding | Seen]:  # noqa: ARG001 - a rule names its parameters even where they hold nothing
    """Report what the verifier said."""
    yield Seen(f"{handshake.version} issued by {handshake.issuer or 'unknown'}", what="handshake")
    if not handshake.trusted:
        yield Finding(
            handshake.host, "the certificate is not valid", "chain, name and dates valid", handshake.problem
        )
