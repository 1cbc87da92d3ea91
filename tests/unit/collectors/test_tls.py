"""Handshakes with good, bad and old servers on loopback."""

import datetime as dt
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from verify.collectors import tls
from verify.collectors.tls import collect
from verify.facts.tls import Handshake, Shake
from verify.model.need import Unseen

Make = Callable[..., Any]
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


#: what a server does in place of a handshake: one of two ways to end the connection, else it sends this
RESET = b"reset"
HANG_UP = b"hang up"
MANNERS = {
    "hangs up": HANG_UP,
    "resets": RESET,
    "answers plain HTTP": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "answers an alert": b"\x15\x03\x01\x00\x02\x02\x28",  # handshake_failure
}


def is_old(hello: bytes) -> bool:
    """Tell whether a ClientHello offers less than TLS 1.2."""
    return hello[9:11] < b"\x03\x03"


class Wrapped:
    """Shakes hands and hangs up; ``before`` says what is done in place of that."""

    def __init__(
        self, context: ssl.SSLContext | None, before: Callable[[bytes], bytes] = lambda _: b""
    ) -> None:
        self._context = context
        self._before = before
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            sock.settimeout(5)
            try:
                instead = self._before(sock.recv(65536, socket.MSG_PEEK))
                if instead:
                    sock.recv(65536)  # what is left unread would turn a hang-up into a reset
                    if instead == RESET:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    elif instead != HANG_UP:
                        sock.sendall(instead)
                elif self._context is not None:
                    self._context.wrap_socket(sock, server_side=True).close()
                else:
                    sock.recv(65536)
            except OSError:
                pass
            finally:
                sock.close()

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


@pytest.fixture
def wrapped() -> Iterator[Callable[..., Wrapped]]:
    running: list[Wrapped] = []

    def start(context: ssl.SSLContext | None, **more: Any) -> Wrapped:
        running.append(Wrapped(context, **more))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def context_of(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(context)
    return context


def old(authority: trustme.CA, version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a server that speaks one old version and no other."""
    context = context_of(authority, "localhost")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


def see(world: Any, need: Shake = Shake()) -> object:  # noqa: B008 - a frozen value
    return dict(collect((need,), world))[need]


def usual(world: Any) -> Handshake:
    found = see(world)
    assert isinstance(found, Handshake), found
    return found


def test_a_good_certificate(wrapped: Make, world: Make, authority: trustme.CA, bundle: Path) -> None:
    server = wrapped(context_of(authority, "localhost", "127.0.0.1", not_after=NOW + 40 * DAY))
    seen = usual(world(server.url, trust=bundle))
    assert seen.trusted
    assert seen.accepted
    assert seen.problem == ""
    assert seen.names == ("localhost", "127.0.0.1")
    assert seen.version == "TLSv1.3"
    assert "trustme" in seen.issuer
    assert 39 < (seen.not_after - seen.at) / 86400 < 41
    assert seen.host == server.url.removeprefix("https://")


def test_expired(wrapped: Make, world: Make, authority: trustme.CA, bundle: Path) -> None:
    ended = context_of(authority, "localhost", not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    seen = usual(world(wrapped(ended).url, trust=bundle))
    assert (seen.trusted, seen.problem) == (False, "expired")


def test_not_yet_valid(wrapped: Make, world: Make, authority: trustme.CA, bundle: Path) -> None:
    coming = context_of(authority, "localhost", not_before=NOW + DAY, not_after=NOW + 9 * DAY)
    seen = usual(world(wrapped(coming).url, trust=bundle))
    assert (seen.trusted, seen.problem) == (False, "not yet valid")


def test_the_wrong_name(wrapped: Make, world: Make, authority: trustme.CA, bundle: Path) -> None:
    seen = usual(world(wrapped(context_of(authority, "elsewhere.example")).url, trust=bundle))
    assert (seen.trusted, seen.problem) == (False, "wrong host")


def test_an_unknown_authority(wrapped: Make, world: Make, authority: trustme.CA) -> None:
    seen = usual(world(wrapped(context_of(authority, "localhost")).url))
    assert (seen.trusted, seen.problem) == (False, "untrusted")


def test_self_signed(wrapped: Make, world: Make, bundle: Path, tmp_path: Path) -> None:
    from verify.reference.certificates import Authority

    made = Authority(tmp_path).issue("self-signed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.chain, made.key)
    seen = usual(world(wrapped(context).url, trust=bundle))
    assert (seen.trusted, seen.problem) == (False, "self-signed")


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1"])
def test_an_old_version_is_refused(wrapped: Make, world: Make, authority: trustme.CA, version: str) -> None:
    context = context_of(authority, "localhost")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    seen = see(world(wrapped(context).url), Shake(version))
    assert isinstance(seen, Handshake)
    assert not seen.accepted


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("TLSv1", ssl.TLSVersion.TLSv1),
        ("TLSv1.1", ssl.TLSVersion.TLSv1_1),
        ("TLSv1.2", ssl.TLSVersion.TLSv1_2),
    ],
)
def test_an_old_version_is_accepted(
    wrapped: Make, world: Make, authority: trustme.CA, name: str, version: ssl.TLSVersion
) -> None:
    seen = see(world(wrapped(old(authority, version)).url), Shake(name))
    assert isinstance(seen, Handshake)
    assert (seen.accepted, seen.version) == (True, name)


@pytest.mark.parametrize("manner", ["hangs up", "resets"])
def test_a_server_that_hangs_up_at_an_old_version_refuses_it(
    wrapped: Make, world: Make, authority: trustme.CA, manner: str
) -> None:
    server = wrapped(context_of(authority, "localhost"), before=lambda hello: MANNERS[manner] * is_old(hello))
    seen = see(world(server.url), Shake("TLSv1.1"))
    assert isinstance(seen, Handshake)
    assert not seen.accepted


@pytest.mark.parametrize("manner", ["hangs up", "resets", "answers plain HTTP", "answers an alert"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_port_that_completes_no_handshake_refuses_no_version(
    wrapped: Make, world: Make, manner: str, *, alone: bool
) -> None:
    there = world(wrapped(None, before=lambda _: MANNERS[manner]).url)
    asked = (Shake("TLSv1"), Shake("TLSv1.1"), *(() if alone else (Shake(),)))
    answers = dict(collect(asked, there))
    assert answers.keys() == set(asked)
    for seen in answers.values():
        assert isinstance(seen, Unseen)
        assert "the handshake failed" in seen.reason


def test_a_server_of_one_old_version_refuses_the_older_one(
    wrapped: Make, world: Make, authority: trustme.CA
) -> None:
    """No usual client gets in, yet the port speaks TLS: what it refuses and what it accepts is known."""
    there = world(wrapped(old(authority, ssl.TLSVersion.TLSv1_1)).url)
    answers = dict(collect((Shake("TLSv1"), Shake("TLSv1.1")), there))
    accepted = {need.offer: answer.accepted for need, answer in answers.items()}  # type: ignore[attr-defined] # a fact
    assert accepted == {"TLSv1": False, "TLSv1.1": True}
    alone = see(there, Shake("TLSv1"))
    assert isinstance(alone, Handshake)
    assert not alone.accepted


def test_a_bad_certificate_shows_that_tls_is_spoken(
    wrapped: Make, world: Make, authority: trustme.CA, bundle: Path
) -> None:
    context = context_of(authority, "elsewhere.example")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    seen = see(world(wrapped(context).url, trust=bundle), Shake("TLSv1.1"))
    assert isinstance(seen, Handshake)
    assert not seen.accepted


def test_an_internal_error_of_our_own_library_is_no_refusal(
    wrapped: Make, world: Make, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shake(*_: object) -> None:
        raise ssl.SSLError(1, "[SSL: INTERNAL_ERROR] internal error (_ssl.c:1006)")

    monkeypatch.setattr(tls, "_shake", shake)
    seen = see(world(wrapped(context_of(authority, "localhost")).url), Shake("TLSv1"))
    assert isinstance(seen, Unseen)
    assert "internal error" in seen.reason.lower()


def test_a_server_that_hangs_up_shows_no_certificate(wrapped: Make, world: Make) -> None:
    seen = see(world(wrapped(None).url))
    assert isinstance(seen, Unseen)
    assert "the handshake failed" in seen.reason


def test_a_version_that_this_python_cannot_offer_proves_nothing(
    wrapped: Make, world: Make, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where OpenSSL was built without it: setting the version raises."""
    monkeypatch.setitem(tls._VERSIONS, "TLSv1", 12345)
    seen = see(world(wrapped(context_of(authority, "localhost")).url), Shake("TLSv1"))
    assert isinstance(seen, Unseen)
    assert "this Python cannot offer TLSv1" in seen.reason


def test_a_library_that_finds_no_protocol_proves_nothing(
    wrapped: Make, world: Make, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the system's policy forbids it: the handshake fails on our side."""

    def shake(*_: object) -> None:
        raise ssl.SSLError(1, "[SSL: NO_PROTOCOLS_AVAILABLE] no protocols available")

    monkeypatch.setattr(tls, "_shake", shake)
    seen = see(world(wrapped(context_of(authority, "localhost")).url), Shake("TLSv1"))
    assert isinstance(seen, Unseen)
    assert "this Python cannot offer TLSv1" in seen.reason


def test_nobody_there(world: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        there = world(f"https://localhost:{free.getsockname()[1]}")
        for need in (Shake(), Shake("TLSv1")):
            seen = see(there, need)
            assert isinstance(seen, Unseen)
            assert "refused" in seen.reason


def test_a_plain_address_has_no_handshake(world: Make) -> None:
    seen = see(world("http://localhost:1"))
    assert isinstance(seen, Unseen)
    assert "not an https address" in seen.reason
