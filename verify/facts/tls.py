"""What a TLS handshake showed."""

from dataclasses import dataclass
from typing import ClassVar

from verify.model.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """One handshake with the environment's host.

    ``trusted`` tells whether chain, name and dates verified against the stated trust;
    ``problem`` is the verifier's reason where they did not (``expired``,
    ``wrong host``, ``self-signed``, ``untrusted``). ``not_after`` and ``at`` are Unix
    times; ``names`` are the certificate's DNS names and addresses. ``accepted`` tells
    whether a handshake with an offered old version was completed; where it is false, another one was.
    ``protocol`` is what ALPN agreed on (``h2``, ``http/1.1``), empty where the server took no part.
    """

    host: str = "system.example:443"
    accepted: bool = True
    trusted: bool = True
    problem: str = ""
    version: str = "TLSv1.3"
    protocol: str = ""
    names: tuple[str, ...] = ()
    issuer: str = ""
    not_after: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Shake(Need):
    """Ask for one handshake; ``offer`` limits it to one protocol version, empty means any."""

    kind: ClassVar[str] = "tls"
    answer: ClassVar[type] = Handshake
    after_ready: ClassVar[bool] = False

    offer: str = ""
