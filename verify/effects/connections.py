"""The connections that requests leave through: nothing gets past the gate here."""

import http.client
import re
import socket
import ssl
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, ClassVar

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from verify.effects.deadline import Call, PlainSocket, SecureSocket
from verify.effects.errors import Refused
from verify.effects.names import Names
from verify.effects.origin import Origin
from verify.effects.protection import Gate, Outgoing

_INTERIM = 16
_HEADER = re.compile(rb"[!-9;-~]+:[^\r\n\0]*")
_FOLDED = re.compile(rb"[ \t][^\r\n\0]*")
_FOLD = re.compile(r"(?<![ \t])[ \t]*\r?\n[ \t]*")


class Wiring:
    """What the connections of one transport share."""

    def __init__(self, gate: Gate, *, seconds: float, wire: int) -> None:
        """Connect through ``gate``; a call that states no deadline gets ``seconds``."""
        self.gate = gate
        self.names = Names()
        self.connections = 0
        self.sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.lock = threading.Lock()
        self._seconds, self._wire = seconds, wire
        self._current = threading.local()

    def new_call(self, seconds: float | None = None) -> Call:
        """Start the clock of an exchange."""
        return Call(seconds=self._seconds if seconds is None else seconds, wire=self._wire)

    @property
    def call(self) -> Call:
        """Return this thread's exchange, or a new one."""
        call: Call | None = getattr(self._current, "call", None)
        return call or self.new_call()

    @contextmanager
    def during(self, call: Call) -> Iterator[None]:
        """Make ``call`` this thread's exchange."""
        before = getattr(self._current, "call", None)
        self._current.call = call
        try:
            yield
        finally:
            self._current.call = before

    def dial(self, origin: Origin, call: Call, source: tuple[str, int] | None) -> PlainSocket:
        """Connect to an address of ``origin`` that was looked up and checked, and to no other."""
        self.gate.check_origin(origin)
        call.phase = "looking up the name"
        found = self.names.look_up(origin.host, origin.port, call.left())
        for _, address in found:
            self.gate.check_address(origin, str(address[0]))
        call.phase = "connecting"
        problem: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
        for tried, (family, address) in enumerate(found):
            with ExitStack() as undo:
                sock = undo.enter_context(PlainSocket(family, socket.SOCK_STREAM))
                try:
                    # One silent address must not use up the time of the others.
                    sock.settimeout(call.left() / (len(found) - tried))
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    if source is not None:
                        sock.bind(source)
                    with self.lock:
                        self.gate.check_open(origin)  # who comes after ``shut`` would be seen by nobody
                        self.sockets.add(sock)
                    sock.connect(address)
                    sock.settimeout(call.left())
                except OSError as error:
                    problem = error
                    continue
                undo.pop_all()
                return sock
        raise problem

    def opened(self, sock: socket.socket) -> None:
        """Count a connection and keep it in sight for ``shut``."""
        with self.lock:
            self.connections += 1
            self.sockets.add(sock)

    def adopt(self, sock: socket.socket) -> None:
        """Keep another form of an opened connection in sight."""
        with self.lock:
            self.sockets.add(sock)

    def shut(self) -> None:
        """Break off what is under way in other threads."""
        with self.lock:
            living = list(self.sockets)
        for sock in living:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Head:
    """What ``http.client`` reads a head from, whose parser stops silently at a line that it cannot read."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.lines: list[bytes] = []

    def readline(self, limit: int) -> bytes:
        line: bytes = self.file.readline(limit)
        self.lines.append(line)
        return line

    def close(self) -> None:
        self.file.close()

    def check(self) -> None:
        """Raise ``HTTPException`` unless the head came to its end, and each line of it is a header's."""
        *lines, end = self.lines
        if not end:
            raise http.client.HTTPException("the answer ended within its head")
        for number, line in enumerate(lines, start=1):
            written = line.removesuffix(b"\n").removesuffix(b"\r")
            if not _HEADER.fullmatch(written) and (number == 1 or not _FOLDED.fullmatch(written)):
                raise http.client.HTTPException(f"line {number} of the head is no header")


class _Answer(http.client.HTTPResponse):
    """Reads past interim answers, a bounded number, and keeps the header lines as they came."""

    fp: Any

    def __init__(self, sock: Any, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self._call: Call = sock.call

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_INTERIM):
            status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc] # no stub, see below
            if not _is_interim(status[1]):
                self.fp.lines.clear()
                return status
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {_INTERIM} interim answers")

    def begin(self) -> None:
        head = self.fp = _Head(self.fp)
        try:
            super().begin()
        finally:
            self.fp = head.file if self.fp is head else self.fp
        head.check()
        self._call.headers = tuple((name, _FOLD.sub(" ", str(value))) for name, value in self.msg.items())


def _is_interim(status: int) -> bool:
    """Say whether another answer follows; after 101 another protocol does."""
    return 100 <= status < 200 and status != http.HTTPStatus.SWITCHING_PROTOCOLS  # noqa: PLR2004 - RFC 9110 15.2


class _Guarded(HTTPConnection):
    """A connection that asks the gate before it connects and before it sends."""

    scheme: ClassVar[str] = "http"
    response_class = _Answer

    def __init__(self, wiring: Wiring, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._wiring = wiring
        self._served = 0
        self._admitted = False

    @property
    def _origin(self) -> Origin:
        return Origin(self.scheme, self.host.lower(), int(self.port or 0))

    def _new_conn(self) -> socket.socket:
        call = self._wiring.call
        sock = self._wiring.dial(self._origin, call, self.source_address)
        self._served = 0
        call.phase = "agreeing on TLS"
        return sock

    def connect(self) -> None:
        super().connect()
        self._wiring.opened(self.sock)

    def set_tunnel(self, host: str, *args: Any, **named: Any) -> None:  # noqa: ARG002 - urllib3's signature
        raise Refused(f"CONNECT {host}", "requests go to the declared address, not through a proxy")

    def request(  # type: ignore[override] # urllib3 itself departs from http.client here
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None, **named: Any
    ) -> None:
        call = self._wiring.call
        outgoing = Outgoing(
            origin=self._origin,
            method=method,
            target=url,
            headers=tuple((_text(name), _text(value)) for name, value in (headers or {}).items()),
            body=_bytes(body, method, url),
        )
        self._wiring.gate.check(outgoing)
        if call.fresh and self._served:
            self.close()
        if self.sock is None:
            self.connect()
        call.phase = "waiting for its turn"
        self._wiring.gate.spend(call, outgoing)
        self.sock.call = call  # type: ignore[union-attr] # ours, with a deadline
        call.reused = self._served > 0
        self._served += 1
        call.sent = outgoing.headers
        call.sending()
        self._admitted = True
        try:
            super().request(method, url, body=outgoing.body, headers=headers, **named)
        finally:
            self._admitted = False
        call.phase = "waiting for the answer"

    def putrequest(self, method: str, url: str, *args: Any, **named: Any) -> None:
        if not self._admitted:
            raise Refused(f"{method} {url}", "requests are made whole, not piece by piece")
        super().putrequest(method, url, *args, **named)


class _GuardedTLS(_Guarded, HTTPSConnection):
    scheme: ClassVar[str] = "https"
    _aside: ExitStack

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        twin = self._aside.enter_context(sock.dup())
        self._wiring.adopt(twin)  # while hands are shaken nothing else is in sight
        return sock

    def connect(self) -> None:
        with ExitStack() as self._aside:
            super().connect()


def _text(part: str | bytes) -> str:
    return part.decode("latin-1") if isinstance(part, bytes) else part


def _bytes(body: Any, method: str, url: str) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise Refused(f"{method} {url}", f"expected a body of bytes, got {type(body).__name__}")


class _Pool(HTTPConnectionPool):
    def __init__(self, wiring: Wiring, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.ConnectionCls = partial(_Guarded, wiring)  # type: ignore[assignment] # a factory does


class _TLSPool(HTTPSConnectionPool):
    def __init__(self, wiring: Wiring, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.ConnectionCls = partial(_GuardedTLS, wiring)  # type: ignore[assignment] # a factory does


def pool_classes(wiring: Wiring) -> dict[str, Any]:
    """Return urllib3's table of pools by scheme, ours and no others."""
    return {"http": partial(_Pool, wiring), "https": partial(_TLSPool, wiring)}


def tls_context(trust: str) -> ssl.SSLContext:
    """Return a verifying client context that trusts the bundle ``trust`` and nothing else."""
    context = ssl.create_default_context(cafile=trust)
    context.sslsocket_class = SecureSocket
    return context
