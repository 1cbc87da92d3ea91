"""What may be sent, enforced where bytes leave: method, host, budget, rate, and nothing smuggled."""

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote_plus

from verify.effects.addresses import forbidden
from verify.effects.deadline import Call
from verify.effects.errors import Refused
from verify.effects.origin import Origin
from verify.model.text import abridged
from verify.model.units import Duration, Rate

__all__ = ["Gate", "Origin", "Policy"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Compared with _ written as -, as CGI and WSGI servers read them.
_OVERRIDES = frozenset({"x-http-method-override", "x-http-method", "x-method-override", "-method"})
_FRAMING = frozenset({"transfer-encoding", "upgrade", "http2-settings", "te", "trailer", "expect"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_TARGET = re.compile(r"/[!-~]*", re.ASCII)
_OVER = "the run is over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an environment allows.

    ``origins`` may be sent to and no others; ``destructive`` allows POST, PUT, PATCH and
    DELETE; ``budget`` is the most requests of a run, ``rate`` the most a second, which the
    transport waits for; ``private`` lets a declared name lie at a private address.
    """

    origins: frozenset[Origin]
    destructive: bool = False
    budget: int | None = None
    rate: Rate | None = None
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request as it is about to leave."""

    origin: Origin
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    def __str__(self) -> str:
        """Write the request line."""
        return f"{self.method} {self.origin}{self.target}"


class Gate:
    """Lets through what ``policy`` allows, counts it, and spaces it out; safe in threads."""

    def __init__(self, policy: Policy) -> None:
        """Start with nothing sent."""
        self.policy = policy
        self.sent = 0
        self._lock = threading.Lock()
        self._next = 0.0
        self._closed = threading.Event()

    def close(self) -> None:
        """Let nothing through any more, and wake whoever waits for the rate."""
        self._closed.set()

    def check_open(self, origin: Origin) -> None:
        """Raise ``Refused`` once nothing is let through any more."""
        if self._closed.is_set():
            raise Refused(str(origin), _OVER)

    def check(self, request: Outgoing) -> None:
        """Raise ``Refused`` where the policy forbids ``request`` or it could be read in two ways."""
        reason = (
            self._host_problem(request.origin)
            or self._method_problem(request.method)
            or _target_problem(request.target)
            or _headers_problem(request)
            or self._hidden_change(request)
        )
        if reason:
            raise Refused(_line(request), reason)

    def check_origin(self, origin: Origin) -> None:
        """Raise ``Refused`` where ``origin`` is not declared."""
        reason = self._host_problem(origin)
        if reason:
            raise Refused(str(origin), reason)

    def check_address(self, origin: Origin, address: str) -> None:
        """Raise ``Refused`` where ``origin`` may not lie at ``address``."""
        reason = forbidden(origin, address, private=self.policy.private)
        if reason:
            raise Refused(str(origin), reason)

    def spend(self, call: Call, request: Outgoing) -> None:
        """Take one request out of the budget and wait for its turn; raise ``Refused``."""
        policy = self.policy
        with self._lock:
            if self._closed.is_set():
                raise Refused(_line(request), _OVER)
            if policy.budget is not None and self.sent >= policy.budget:
                raise Refused(
                    _line(request), f"the environment's budget of {policy.budget} requests is used up"
                )
            now = time.monotonic()
            turn = max(now, self._next)
            if policy.rate is not None:
                if not policy.rate or turn > call.until:
                    raise Refused(
                        _line(request),
                        f"its turn at {policy.rate} comes after its deadline of {Duration(call.seconds)}",
                    )
                self._next = turn + 1 / float(policy.rate)
            self.sent += 1
        if turn > now and self._closed.wait(turn - now):
            raise Refused(_line(request), _OVER)

    def _host_problem(self, origin: Origin) -> str | None:
        if origin in self.policy.origins:
            return None
        declared = ", ".join(sorted(map(str, self.policy.origins))) or "none"
        return f"{origin} is not a declared address of this environment (declared: {declared})"

    def _method_problem(self, method: str) -> str | None:
        if method in _SAFE:
            return None
        if method in _UNSAFE:
            return (
                None
                if self.policy.destructive
                else f"{method} may change it, and the environment is read-only"
            )
        return f"expected one of {', '.join(sorted(_SAFE | _UNSAFE))}, got the method {method!r}"

    def _hidden_change(self, request: Outgoing) -> str | None:
        """Find a change dressed as a read, which frameworks carry out as a change."""
        if self.policy.destructive:
            return None
        if request.body:
            return f"a body with {request.method} may change it, and the environment is read-only"
        for name, _ in request.headers:
            if name.lower().replace("_", "-") in _OVERRIDES:
                return f"header {name} may change it, and the environment is read-only"
        if "_method" in unquote_plus(request.target):
            return "parameter _method may change it, and the environment is read-only"
        return None


def _target_problem(target: str) -> str | None:
    if _TARGET.fullmatch(target):
        return None
    return f"expected a path and query of visible ASCII characters, got {abridged(repr(target), 200)}"


def _headers_problem(request: Outgoing) -> str | None:
    for name, value in request.headers:
        if not _NAME.fullmatch(name):
            return f"expected a header name, got {name!r}"
        if not _VALUE.fullmatch(value):
            return f"header {name} has a character that a header cannot have"
        lowered = name.lower().replace("_", "-")
        if lowered in _FRAMING or (lowered == "connection" and value.lower() not in {"close", "keep-alive"}):
            return f"header {name} would change how the request is framed"
        if lowered == "content-length" and value != str(len(request.body or b"")):
            return f"header {name} says {value}, the body has {len(request.body or b'')} bytes"
    return _doubled(name.lower() for name, _ in request.headers)


def _doubled(names: Iterable[str]) -> str | None:
    single = [name for name in names if name in {"host", "content-length"}]
    return "header Host or Content-Length is given twice" if len(single) != len(set(single)) else None


def _line(request: Outgoing) -> str:
    return ascii(str(request))[1:-1]
