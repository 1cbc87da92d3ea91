"""One deadline for a whole exchange: no matter how slowly its bytes drip, it ends in time."""

import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from verify.facts.http import Headers


class WireLimit(OSError):  # noqa: N818 - an OSError, so that it passes through http.client and urllib3
    """More bytes came than any honest answer needs."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One exchange under way: its deadline, how far it is, what it has cost.

    ``seconds`` is the whole deadline, ``until`` its monotonic end; ``wire`` the most bytes
    that may come in; ``phase`` completes the sentence "deadline passed while …".
    """

    seconds: float
    wire: int
    until: float = 0.0
    phase: str = "waiting for its turn"
    received: int = 0
    #: the connection had served another request before: it may be stale
    reused: bool = False
    #: do not take a connection that was used before
    fresh: bool = False
    #: perf_counter and Unix time of sending
    started: float = 0.0
    at: float = 0.0
    headers: Headers = ()
    source: str | None = None
    server_name: str | None = None
    sent: Headers = field(default=())

    def __post_init__(self) -> None:
        """Start the clock, unless an end is given."""
        self.until = self.until or time.monotonic() + self.seconds

    def left(self) -> float:
        """Return the seconds that are left; raise ``TimeoutError`` where none are."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        return left

    @property
    def expired(self) -> bool:
        """Say whether the deadline has passed."""
        return time.monotonic() >= self.until

    def sending(self) -> None:
        """Start the measurement: the request leaves now."""
        self.phase = "sending the request"
        self.received = 0
        self.at = time.time()
        self.started = time.perf_counter()

    def came(self, count: int) -> None:
        """Count ``count`` bytes; raise ``WireLimit`` where it is too much."""
        self.received += count
        if self.received > self.wire:
            raise WireLimit(f"more than {self.wire} bytes")


class PlainSocket(socket.socket):
    """A socket whose every step gets what is left of its call's deadline, not a time of its own."""

    call: Call | None = None

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive within the deadline."""
        if self.call is None:
            return super().recv_into(buffer, nbytes, flags)
        self.settimeout(self.call.left())
        count = super().recv_into(buffer, nbytes, flags)
        self.call.came(count)
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send within the deadline; the standard library spends one timeout on the whole."""
        if self.call is not None:
            self.settimeout(self.call.left())
        super().sendall(data, flags)


class SecureSocket(ssl.SSLSocket):
    """The same over TLS."""

    call: Call | None = None

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive within the deadline."""
        if self.call is None:
            return super().recv_into(buffer, nbytes, flags)
        self.settimeout(self.call.left())
        count = super().recv_into(buffer, nbytes, flags)
        self.call.came(count)
        return count

    def send(self, data: Any, flags: int = 0) -> int:
        """Send within the deadline; ``sendall`` is made of this."""
        if self.call is not None:
            self.settimeout(self.call.left())
        return super().send(data, flags)
