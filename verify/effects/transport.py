"""HTTP as the gate needs it: protected, within a deadline, bounded in memory, never surprising."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import requests
import requests.utils

from verify.effects.adapter import GuardedAdapter
from verify.effects.bodies import read_body
from verify.effects.connections import Wiring, tls_context
from verify.effects.deadline import Call
from verify.effects.errors import FileError, Refused, Unreachable
from verify.effects.failures import NETWORK_ERRORS, unreachable
from verify.effects.origin import Origin
from verify.effects.protection import Gate, Outgoing, Policy
from verify.effects.redact import Redactor
from verify.facts.http import Exchange, Headers
from verify.model.need import Effect
from verify.model.text import abridged
from verify.model.units import Duration, seconds

__all__ = ["Origin", "Policy", "Refused", "Request", "Transport", "Unreachable"]

BODY_LIMIT = 1024 * 1024
DEADLINE = seconds(10)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REWRITING = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND})
_OF_BODY = frozenset({"content-type", "content-length"})
_SHOWN = 500
_KEPT_ELSEWHERE = frozenset({"accept", "user-agent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    A ``Host`` among the ``headers`` replaces the URL's, while the connection still goes to
    the URL's host. ``source_address`` is the local IP address to send from. ``server_name`` is whom TLS
    asks for, and whom the certificate has to be for, in place of the URL's host.
    """

    url: str
    method: str = "GET"
    headers: Headers = ()
    body: bytes | None = None
    source_address: str | None = None
    server_name: str | None = None


class Transport:
    """Sends requests as ``policy`` allows; share one among all threads of a run."""

    def __init__(
        self,
        policy: Policy,
        *,
        redactor: Redactor,
        user_agent: str,
        trust: Path | None = None,
        body_limit: int = BODY_LIMIT,
        default_deadline: Duration = DEADLINE,
    ) -> None:
        """Verify certificates against ``trust`` (PEM), by default the bundle of ``requests``.

        No environment variable has a say, neither in trust nor in proxies. ``body_limit`` is in
        bytes, for a body as it came and as it is decoded. Raise ``FileError`` for a bundle that
        cannot be used.
        """
        self.policy = policy
        self._redactor = redactor
        self._user_agent = user_agent
        self._limit = body_limit
        self._deadline = default_deadline
        self._gate = Gate(policy)
        # Framing may cost several times the body in tiny chunks; more is not an honest answer.
        self._wiring = Wiring(self._gate, seconds=float(default_deadline), wire=8 * body_limit + 1024 * 1024)
        self._adapter = GuardedAdapter(self._wiring, _context(trust))
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.adapters.clear()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self._adapter)
        # An answer's cookies must not change what the next request, perhaps another thread's, gets back.
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @property
    def sent(self) -> int:
        """Return how many requests were really sent, repeated ones included."""
        return self._gate.sent

    @property
    def connections(self) -> int:
        """Return how many connections were opened."""
        return self._wiring.connections

    def send(
        self, request: Request, *, deadline: Duration | None = None, effect: Effect = Effect.READS
    ) -> Exchange:
        """Send ``request`` and return what came back; a redirect is an answer like any other.

        ``deadline`` bounds everything from the name's look-up to the last byte. ``effect`` is
        what the request does to the system: ``destroys`` needs a policy that allows it. Raise
        ``Refused`` where protection says no, ``Unreachable`` where nothing usable came.
        """
        call = self._wiring.new_call(float(self._deadline if deadline is None else deadline))
        return self._send(request, call, effect)

    def follow(
        self,
        request: Request,
        *,
        limit: int = 5,
        deadline: Duration | None = None,
        effect: Effect = Effect.READS,
    ) -> tuple[Exchange, ...]:
        """Send ``request`` and follow at most ``limit`` redirects; return each exchange in order.

        ``deadline`` bounds all of it. Where the origin changes, only Accept and User-Agent go
        along. Raise as ``send`` does, with the exchanges so far in ``seen``.
        """
        ends = self._wiring.new_call(float(self._deadline if deadline is None else deadline))
        seen: list[Exchange] = []
        following: Request | None = request
        try:
            while following is not None and len(seen) <= limit:
                seen.append(self._send(following, replace(ends), effect))
                following = _next(following, seen[-1], self._shown)
        except (Refused, Unreachable) as error:
            error.seen = tuple(seen)
            raise
        if following is not None:
            reason = f"more than {limit} redirects, the next to {self._shown(following.url)}"
            raise Unreachable(seen[0].place, reason, transient=False, seen=tuple(seen))
        return tuple(seen)

    def dial(self, url: str, *, deadline: Duration | None = None) -> socket.socket:
        """Connect to the origin of ``url`` and send nothing; the caller closes the socket.

        It is checked, spaced out and counted like a request. Raise as ``send`` does.
        """
        call = self._wiring.new_call(float(self._deadline if deadline is None else deadline))
        name = f"CONNECT {self._shown(url)}"
        try:
            origin = Origin.of(url)
        except ValueError as error:
            raise Refused(name, self._redactor.text(str(error))) from None
        try:
            self._gate.check_origin(origin)
            self._gate.spend(call, Outgoing(origin=origin, method="GET", target="/", headers=(), body=None))
            sock = self._wiring.dial(origin, call, None)
        except Refused as error:
            raise Refused(name, self._redactor.text(error.reason)) from None
        except NETWORK_ERRORS as error:
            raise unreachable(name, error, call) from error
        self._wiring.opened(sock)
        return sock

    def addresses(self, url: str, *, deadline: Duration | None = None) -> tuple[str, ...]:
        """Look up where the host of ``url`` lies, and send nothing; raise as ``send`` does.

        Each is an IP address with the port, in order.
        """
        call = self._wiring.new_call(float(self._deadline if deadline is None else deadline))
        origin, call.phase = Origin.of(url), "looking up the name"
        self._gate.check_origin(origin)
        try:
            found = self._wiring.names.look_up(origin.host, origin.port, call.left())
        except NETWORK_ERRORS as error:
            raise unreachable(self._redactor.text(origin.netloc), error, call) from error
        plain = {str(address[0]) for _, address in found}
        return tuple(sorted(f"[{ip}]:{origin.port}" if ":" in ip else f"{ip}:{origin.port}" for ip in plain))

    def adopt(self, sock: socket.socket) -> None:
        """Break off ``sock`` too when the transport is closed: one that a dialled one was turned into."""
        self._wiring.adopt(sock)

    def close(self) -> None:
        """Break off what is under way, close every connection, send nothing any more. Safe to repeat."""
        self._gate.close()
        self._wiring.shut()
        self.session.close()

    def __enter__(self) -> Self:
        """Return the transport itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _shown(self, text: str) -> str:
        """Return ``text`` in ASCII for one line; half a secret is one too, so they go before it is cut."""
        return abridged(self._redactor.text(ascii(text)[1:-1]), _SHOWN)

    def _send(self, request: Request, call: Call, effect: Effect) -> Exchange:
        name = self._shown(f"{request.method} {request.url}")
        if effect >= Effect.DESTROYS and not self.policy.destructive:
            raise Refused(name, "it changes the environment, which is read-only")
        call.source, call.server_name = request.source_address, request.server_name
        headers = _with_defaults(request.headers, self._user_agent)
        try:
            answer = self._adapter.open(request.method, request.url, headers, request.body, call)
            call.phase = "reading the body"
            try:
                body = read_body(answer, self._limit)
            except NETWORK_ERRORS as error:
                raise unreachable(name, error, call) from error
        except Refused as error:
            raise Refused(name, self._redactor.text(error.reason)) from None
        except Unreachable as error:
            reason = self._redactor.text(error.reason)
            raise Unreachable(name, reason, transient=error.transient) from error.__cause__
        return Exchange(
            status=answer.status,
            url=self._redactor.text(request.url),
            method=request.method,
            headers=call.headers,
            body=body,
            elapsed=seconds(time.perf_counter() - call.started),
            at=call.at,
            sent=tuple((key, self._redactor.header(key, value)) for key, value in headers),
        )


def _with_defaults(headers: Headers, user_agent: str) -> Headers:
    defaults = (("User-Agent", user_agent), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
    given = {name.lower() for name, _ in headers}
    return tuple(line for line in defaults if line[0].lower() not in given) + headers


def _next(request: Request, answer: Exchange, shown: Callable[[str], str]) -> Request | None:
    """Return the request that a redirect asks for, or None where ``answer`` is none."""
    location = answer.header("Location")
    if answer.status not in _REDIRECTS or location is None:
        return None
    try:
        url = urljoin(request.url, location)
    except ValueError:
        raise Refused(f"GET {shown(location)}", "a redirect to what is not a URL") from None
    method, body = request.method, request.body
    if answer.status == HTTPStatus.SEE_OTHER or (answer.status in _REWRITING and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), None
    headers = tuple(line for line in request.headers if body is not None or line[0].lower() not in _OF_BODY)
    if not _same_origin(request.url, url):
        if body is not None:
            raise Refused(f"{method} {shown(url)}", "a redirect would hand the body to another host")
        headers = tuple(line for line in headers if line[0].lower() in _KEPT_ELSEWHERE)
    return replace(request, url=url, method=method, body=body, headers=headers)


def _same_origin(first: str, second: str) -> bool:
    try:
        return Origin.of(first) == Origin.of(second)
    except ValueError:  # refused with its reason when it is sent
        return False


def _context(trust: Path | None) -> ssl.SSLContext:
    try:
        return tls_context(str(trust or requests.utils.DEFAULT_CA_BUNDLE_PATH))
    except OSError as error:
        raise FileError(f"{trust}: expected a bundle of CA certificates in PEM: {error}") from error
