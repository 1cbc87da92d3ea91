"""Shakes hands with the environment's host: once as clients do, once for each old version."""

import re
import socket
import ssl
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests.utils

from verify.collectors.world import World, concurrently, seen
from verify.effects.errors import EffectError
from verify.facts.tls import Handshake, Shake
from verify.model.need import Need, Unseen

#: OpenSSL's verification errors, by the words the facts use
_PROBLEMS = {
    10: "expired",
    9: "not yet valid",
    18: "self-signed",
    19: "untrusted",
    20: "untrusted",
    62: "wrong host",
}
_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
#: what a server that refuses says, or does; an internal error only where it is the other side's
_REFUSALS = re.compile(
    r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE|ALERT_INTERNAL_ERROR"
    r"|EOF|UNEXPECTED_EOF|INSUFFICIENT_SECURITY"
)
_OURS = re.compile(r"NO_PROTOCOLS_AVAILABLE|NO_CIPHERS|UNSUPPORTED_SSL_VERSION")


def collect(needs: tuple[Shake, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each handshake; a refusal only beside one that the same port completes."""
    found = dict(concurrently(_see, needs, world))
    silent = _silent(found, world)
    for need, answer in found.items():
        yield need, Unseen(silent) if silent and _refused(answer) else answer


def _refused(answer: object) -> bool:
    return isinstance(answer, Handshake) and not answer.accepted


def _completed(answer: object) -> bool:
    return isinstance(answer, Handshake) and answer.accepted


def _silent(found: Mapping[Shake, object], world: World) -> str:
    """Return why nothing shows that TLS is spoken there: what refuses everybody refuses no version."""
    if not any(map(_refused, found.values())) or any(map(_completed, found.values())):
        return ""
    usual = found.get(Shake()) or seen(_see, Shake(), world)
    if not isinstance(usual, Unseen):
        return ""
    others = (Shake(version) for version in _VERSIONS if Shake(version) not in found)
    if any(_completed(answer) for _, answer in concurrently(_see, others, world)):
        return ""
    return f"{usual.reason}; a port that completes no handshake at all does not refuse a version"


def _see(need: Shake, world: World) -> object:
    if urlsplit(world.url).scheme != "https":
        raise EffectError(f"{world.url} is not an https address, so there is no handshake to look at")
    return _offer(need.offer, world) if need.offer else _usual(world)


def _usual(world: World) -> Handshake:
    """Shake hands as a client does; where that fails, say what the verifier found."""
    context = ssl.create_default_context(cafile=str(world.trust or requests.utils.DEFAULT_CA_BUNDLE_PATH))
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        return _described(_shake(context, world), world)
    except ssl.SSLCertVerificationError as error:
        problem = _PROBLEMS.get(error.verify_code, error.verify_message)
        return Handshake(host=_host(world), trusted=False, problem=problem, version="", at=time.time())
    except (ssl.SSLError, OSError) as error:
        raise EffectError(f"{_host(world)}: the handshake failed: {_words(error)}") from error


def _offer(version: str, world: World) -> object:
    """Offer one version alone; our own library may be unable to, which proves nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the question is what is accepted, not who answers
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # offering old versions is the point
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = _VERSIONS[version]
    except (ssl.SSLError, ValueError) as error:
        return Unseen(f"{_host(world)}: this Python cannot offer {version}: {_words(error)}")
    try:
        version_seen, *_ = _shake(context, world)
    except (ssl.SSLError, ConnectionError) as error:
        if _OURS.search(str(error)):
            return Unseen(f"{_host(world)}: this Python cannot offer {version}: {_words(error)}")
        if isinstance(error, ConnectionError) or _REFUSALS.search(str(error)):
            return Handshake(host=_host(world), accepted=False, version="", at=time.time())
        raise EffectError(f"{_host(world)}: the handshake failed: {_words(error)}") from error
    except OSError as error:
        raise EffectError(f"{_host(world)}: the handshake failed: {_words(error)}") from error
    return Handshake(host=_host(world), version=version_seen, at=time.time())


def _shake(context: ssl.SSLContext, world: World) -> tuple[str, str, dict[str, Any]]:
    name = urlsplit(world.url).hostname
    with world.wire.dial(world.url) as sock, _wrapped(context, sock, name, world) as secure:
        agreed = secure.selected_alpn_protocol() or ""
        return secure.version() or "", agreed, dict(secure.getpeercert() or {})


def _wrapped(context: ssl.SSLContext, sock: socket.socket, name: str | None, world: World) -> ssl.SSLSocket:
    plain = socket.socket(fileno=sock.detach())  # the guarded class cannot be wrapped by a plain context
    plain.settimeout(float(world.deadline))
    secure = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
    world.wire.adopt(secure)  # so that an interrupt wakes whoever waits for the other side
    try:
        secure.do_handshake()
    except BaseException:
        secure.close()
        raise
    return secure


def _described(shaken: tuple[str, str, dict[str, Any]], world: World) -> Handshake:
    version, protocol, certificate = shaken
    issuer = ", ".join(value for part in certificate.get("issuer", ()) for _, value in part)
    return Handshake(
        host=_host(world),
        version=version,
        protocol=protocol,
        names=tuple(str(name) for _, name in certificate.get("subjectAltName", ())),
        issuer=issuer,
        not_after=float(ssl.cert_time_to_seconds(certificate["notAfter"])),
        at=time.time(),
    )


def _host(world: World) -> str:
    parts = urlsplit(world.url)
    return f"{parts.hostname}:{parts.port or 443}"


def _words(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)
