"""Servers that do as they please, on loopback, gone when the test is."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from verify.effects.redact import Redactor
from verify.effects.transport import Origin, Policy, Transport
from verify.model.units import seconds

Handler = Callable[["Peer"], None]


@dataclass
class Peer:
    """One connection as its server sees it."""

    sock: socket.socket
    server: "Server"
    number: int

    def head(self) -> bytes:
        """Read one request's head, and remember it; empty when the client is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            block = self.sock.recv(65536)
            if not block:
                return b""
            data += block
        found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", data)
        missing = data.index(b"\r\n\r\n") + 4 + int(found[1] if found else 0) - len(data)
        while missing > 0:
            missing -= len(self.sock.recv(min(missing, 65536))) or missing
        self.server.heads.append(data)
        return data

    def answer(self, body: bytes = b"ok", status: str = "200 OK", *lines: str) -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""]
        self.sock.sendall("\r\n".join(head).encode("latin-1") + body)


@dataclass
class Server:
    """Listens on ``address``; each connection runs ``handler`` in a thread."""

    handler: Handler
    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    announced: str = ""
    heads: list[bytes] = field(default_factory=list)
    accepted: int = 0
    peers: list[tuple[str, int]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listening = socket.create_server((self.host, 0))
        self.port: int = self._listening.getsockname()[1]
        self._living: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def scheme(self) -> str:
        return self.announced or ("https" if self.context else "http")

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def origin(self) -> Origin:
        return Origin.of(self.url)

    @property
    def lines(self) -> list[str]:
        """The request lines that came."""
        return [head.split(b"\r\n")[0].decode("latin-1") for head in self.heads]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, address = self._listening.accept()
                self.accepted += 1
                self.peers.append(address)
                self._living.add(sock)
                thread = threading.Thread(target=self._serve, args=(sock, self.accepted), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.context is not None:
                    self._living.discard(sock)
                    sock = self.context.wrap_socket(sock, server_side=True)
                    self._living.add(sock)
                self.handler(Peer(sock, self, number))
        finally:
            self._living.discard(sock)
            sock.close()

    def stop(self) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._threads[0].join(5)
        for sock in tuple(self._living):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


def polite(peer: Peer) -> None:
    """Answer every request with ``ok``, on one connection."""
    while peer.head():
        peer.answer()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers."""
    running: list[Server] = []

    def start(handler: Handler = polite, **options: object) -> Server:
        running.append(Server(handler, **options))  # type: ignore[arg-type] # passed through
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def transport() -> Iterator[Callable[..., Transport]]:
    """Make transports that may reach the given servers; two seconds for each request."""
    made: list[Transport] = []

    def make(*servers: Server, **options: object) -> Transport:
        named = {
            name: options.pop(name)
            for name in ("destructive", "budget", "rate", "private")
            if name in options
        }
        policy = Policy(origins=frozenset(server.origin for server in servers), **named)  # type: ignore[arg-type] # passed through
        settings = {
            "redactor": Redactor(),
            "user_agent": "verify/0",
            "default_deadline": seconds(2),
            **options,
        }
        made.append(Transport(policy, **settings))  # type: ignore[arg-type] # passed through
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A throw-away certificate authority."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    """The bundle that trusts ``authority`` alone."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def secured(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """Make server contexts with a certificate for the given names."""

    def make(*names: str, **options: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("127.0.0.1",)), **options).configure_cert(context)  # type: ignore[arg-type] # passed through
        return context

    return make
