"""requests' way out, with our connections in place of its own."""

import ssl
from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, PoolManager
from urllib3.response import BaseHTTPResponse

from verify.effects.connections import Wiring, pool_classes
from verify.effects.deadline import Call
from verify.effects.errors import Refused, Unreachable
from verify.effects.failures import NETWORK_ERRORS, broken_off, unreachable
from verify.effects.origin import Origin
from verify.effects.protection import Outgoing
from verify.model.text import abridged

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_POOLS, _POOL_SIZE = 64, 32


class GuardedAdapter(HTTPAdapter):
    """Sends what the gate lets through; proxies, redirects, retries and ``verify=False`` have no say."""

    def __init__(self, wiring: Wiring, context: ssl.SSLContext) -> None:
        """Connect through ``wiring`` and verify certificates with ``context``."""
        self._wiring, self._context = wiring, context
        super().__init__(pool_connections=_POOLS, pool_maxsize=_POOL_SIZE, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **named: Any) -> None:  # noqa: FBT001, FBT002 - requests' signature
        """Make the pools out of our connections."""
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, ssl_context=self._context, **named
        )
        self.poolmanager.pool_classes_by_scheme = pool_classes(self._wiring)

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - requests' signature
        timeout: Any = None,
        verify: Any = True,  # noqa: ARG002, FBT002 - requests' signature
        cert: Any = None,  # noqa: ARG002 - requests' signature
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - requests' signature
    ) -> Response:
        """Send for whoever uses the session directly; ``timeout`` seconds are the whole deadline."""
        call = self._wiring.new_call(float(timeout) if isinstance(timeout, int | float) else None)
        raw = self.open(request.method or "", request.url or "", request.headers.items(), request.body, call)
        return self.build_response(request, raw)

    def open(self, method: str, url: str, headers: Any, body: Any, call: Call) -> BaseHTTPResponse:
        """Send one request and return its answer, the body unread; raise ``Refused``, ``Unreachable``."""
        try:
            origin, target = Origin.split(url)
        except ValueError as error:
            raise Refused(abridged(ascii(f"{method} {url}")[1:-1], 200), str(error)) from None
        lines = tuple((str(name), _text(value)) for name, value in headers)
        outgoing = Outgoing(origin=origin, method=method, target=target, headers=lines, body=body)
        self._wiring.gate.check(outgoing)
        try:
            return self._once(outgoing, call)
        except NETWORK_ERRORS as error:
            if not (call.reused and method in _IDEMPOTENT and broken_off(error) and not call.expired):
                raise unreachable(str(outgoing), error, call) from error
        # The server closed an idle connection just as we used it; that says nothing about the system.
        call.fresh = True
        try:
            return self._once(outgoing, call)
        except NETWORK_ERRORS as error:
            raise unreachable(str(outgoing), error, call) from error

    def _once(self, outgoing: Outgoing, call: Call) -> BaseHTTPResponse:
        origin = outgoing.origin
        own: dict[str, Any] = {"source_address": (call.source, 0)} if call.source else {}
        if call.server_name and origin.scheme == "https":  # urllib3's plain connections do not know it
            own["server_hostname"] = call.server_name
        with self._wiring.during(call):
            pool = self.poolmanager.connection_from_host(
                origin.host, origin.port, origin.scheme, pool_kwargs=own
            )
            answer: BaseHTTPResponse = pool.urlopen(
                outgoing.method,
                outgoing.target,
                body=outgoing.body,
                headers=HTTPHeaderDict(outgoing.headers),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                timeout=call.seconds,
            )
            return answer


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


__all__ = ["GuardedAdapter", "Unreachable"]
