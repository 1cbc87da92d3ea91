"""What an exception of the network stack means, in one line that a reader can act on."""

import http.client
import socket
import ssl
from collections.abc import Iterator

from urllib3.exceptions import HTTPError

from verify.effects.deadline import Call, WireLimit
from verify.effects.errors import Unreachable
from verify.model.text import abridged
from verify.model.units import Duration

#: what the network stack raises; anything else is a mistake of ours and passes through
NETWORK_ERRORS = (OSError, HTTPError, http.client.HTTPException, ValueError)
_CERTIFICATE = {
    9: "not valid yet",
    10: "expired",
    18: "self-signed",
    19: "untrusted (its root is not in the trusted bundle)",
    20: "untrusted (no issuer in the trusted bundle, or an intermediate is missing)",
    21: "untrusted (no issuer in the trusted bundle, or an intermediate is missing)",
    62: "wrong host",
    64: "wrong host",
}


def unreachable(request: str, error: BaseException, call: Call) -> Unreachable:
    """Translate ``error``, which ended ``call``."""
    chain = list(_chain(error))
    if call.expired or any(isinstance(each, TimeoutError) for each in chain):
        reason, transient = f"deadline of {Duration(call.seconds)} passed while {call.phase}", True
    else:
        reason, transient = _reason(chain)
    return Unreachable(request, reason, transient=transient)


def broken_off(error: BaseException) -> bool:
    """Say whether the other side closed the connection, as it may with an idle one."""
    return any(isinstance(each, ConnectionResetError | BrokenPipeError) for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it wraps: urllib3 puts causes into arguments."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            inner = (*each.args, each.__cause__, None if each.__suppress_context__ else each.__context__)
            waiting += [one for one in inner if isinstance(one, BaseException)]


def _reason(chain: list[BaseException]) -> tuple[str, bool]:
    """Return what the most telling error of ``chain`` means, and whether waiting may help."""
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"certificate: {_CERTIFICATE.get(each.verify_code) or each.verify_message}", False
        if isinstance(each, WireLimit):
            return f"broken protocol: {each}", False
        if isinstance(each, ssl.SSLError):
            return f"broken protocol: TLS: {_one_line(each.reason or each)}", False
        for kind, words in _PLAIN.items():
            if isinstance(each, kind):
                return words, True
    strerror = next((each.strerror for each in chain if isinstance(each, OSError) and each.strerror), None)
    if strerror:
        return strerror.lower(), True
    return f"broken protocol: {_one_line(chain[-1])}", False


#: the more special kinds first
_PLAIN: dict[type[BaseException], str] = {
    socket.gaierror: "name not found",
    ConnectionRefusedError: "connection refused",
    http.client.RemoteDisconnected: "connection closed without an answer",
    ConnectionResetError: "connection reset",
    BrokenPipeError: "connection reset",
}


def _one_line(error: object) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return abridged(text, 200)
