"""The front as a part: granian with TLS, the plain port in the same process."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from verify.reference import shared
from verify.reference.certificates import Authority, Certificate
from verify.reference.parts import Part, Run
from verify.reference.ports import Port
from verify.reference.shared import Shared

_THREADS = 16
_DEADLINE = 1.0


class Granian(Part):
    """Serves Django; ready when its application is loaded and both ports listen."""

    name = "front"

    def __init__(self, run: Run, counters: Shared) -> None:
        """Know the counters it reports in."""
        super().__init__(run)
        self._shared = counters
        self._port = 0
        self._http = "auto"
        self._certificate = Certificate(Path(), Path())

    def use(self, port: int, certificate: Certificate, http: str = "auto") -> None:
        """Set what it serves with from its next start on."""
        self._port, self._certificate, self._http = port, certificate, http

    def argv(self) -> Sequence[str | Path]:
        """Return the program."""
        return [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--factory"),
            *("--host", "127.0.0.1", "--port", str(self._port)),
            *("--workers", "1", "--blocking-threads", str(_THREADS), "--log-level", "warning"),
            *("--ssl-certificate", self._certificate.chain, "--ssl-keyfile", self._certificate.key),
            *("--ssl-protocol-min", "tls1.2", "--http", self._http),
            "verify.reference.server.main:build",
        ]

    def start(self) -> None:
        """Start it, its readiness taken back first."""
        self._shared[shared.READY] = 0
        super().start()

    def ready(self) -> bool:
        """Say whether the front has told so, and takes connections: granian listens a moment later."""
        return self._shared[shared.READY] == 1 and _takes(self._port)


class Relay(Part):
    """The TLS relay before granian, for protocols that granian refuses."""

    name = "relay"

    def __init__(self, run: Run, port: int) -> None:
        """Know the port it listens on."""
        super().__init__(run)
        self._port = port
        self._target = 0
        self._certificate = Certificate(Path(), Path())

    def use(self, target: int, certificate: Certificate) -> None:
        """Set what it serves with from its next start on."""
        self._target, self._certificate = target, certificate

    def argv(self) -> Sequence[str | Path]:
        """Return the program."""
        ports = (str(self._port), str(self._target))
        return [
            sys.executable,
            "-m",
            "verify.reference.relay",
            *ports,
            self._certificate.chain,
            self._certificate.key,
        ]

    def ready(self) -> bool:
        """Say whether it takes connections."""
        return _takes(self._port)


class Front:
    """Granian, and the relay before it where one is wanted, on one unchanging port."""

    def __init__(self, run: Run, counters: Shared, port: int) -> None:
        """Belong to ``run``; ``port`` is the TLS port."""
        self._port = port
        self._inner: Port | None = None
        self._folder = run.folder
        self._authority: Authority | None = None
        self._mode = ("", False, False)
        self.granian = Granian(run, counters)
        self.relay = Relay(run, port)

    @property
    def authority(self) -> Authority:
        """Return the authority of the run, made on first use."""
        if self._authority is None:
            self._authority = Authority(self._folder)
        return self._authority

    def change(self, kind: str, *, legacy: bool, http1: bool = False) -> bool:
        """Start with a certificate of ``kind`` unless so already; return whether to wait."""
        if self._mode == (kind, legacy, http1):
            return False
        self.stop()
        certificate = self.authority.issue(kind)
        if legacy:
            self._inner = self._inner or Port()
            self.relay.use(self._inner.number, certificate)
            self.relay.start()
        port = self._inner.number if legacy and self._inner else self._port
        self.granian.use(port, certificate, "1" if http1 else "auto")
        self.granian.start()
        self._mode = (kind, legacy, http1)
        return True

    def wait(self) -> None:
        """Wait until all of it serves."""
        self.granian.wait()
        self.relay.wait()

    def stop(self) -> None:
        """Stop both; safe to repeat."""
        self._mode = ("", False, False)
        self.relay.stop(grace=0.0)
        self.granian.stop(grace=0.0)

    def close(self) -> None:
        """Stop both and give the inner port back."""
        self.stop()
        if self._inner is not None:
            self._inner.close()
            self._inner = None


def _takes(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), _DEADLINE).close()
    except OSError:
        return False
    return True
