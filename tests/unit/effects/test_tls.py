"""Certificates: verified always, and the reason in words."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from verify.effects.connections import tls_context
from verify.effects.errors import FileError, Refused, Unreachable
from verify.effects.transport import Request
from verify.model.need import Effect
from verify.model.units import seconds

_NOW = dt.datetime.now(dt.UTC)


def test_a_trusted_certificate_is_accepted(
    serve: Callable, transport: Callable, secured: Callable, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    server = serve(context=secured())
    client = transport(server, trust=bundle)
    for _ in range(3):
        assert client.send(Request(url=server.url)).body == b"ok"
    assert client.connections == 1
    assert client.session.get(server.url).text == "ok"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ((("other.example",), {}), "certificate: wrong host"),
        ((("127.0.0.2",), {}), "certificate: wrong host"),
        ((("127.0.0.1",), {"not_after": _NOW - dt.timedelta(days=1)}), "certificate: expired"),
    ],
)
def test_a_wrong_certificate_is_named(
    wrong: tuple, reason: str, serve: Callable, transport: Callable, secured: Callable, bundle: Path
) -> None:  # fmt: skip
    server = serve(context=secured(*wrong[0], **wrong[1]))
    client = transport(server, trust=bundle)
    with pytest.raises(Unreachable) as caught:
        client.send(Request(url=server.url))
    assert caught.value.reason == reason
    assert not caught.value.transient
    assert client.sent == 0
    assert server.heads == []


def test_closing_ends_a_handshake_that_the_other_side_leaves_open(
    serve: Callable, transport: Callable, bundle: Path
) -> None:
    greeted = threading.Event()

    def silent(peer) -> None:
        peer.sock.recv(65536)
        greeted.set()
        peer.sock.recv(1)

    server = serve(silent, announced="https")
    client = transport(server, trust=bundle)
    problems: list[Exception] = []

    def ask() -> None:
        with pytest.raises(Unreachable) as caught:
            client.send(Request(url=server.url), deadline=seconds(60))
        problems.append(caught.value)

    thread = threading.Thread(target=ask)
    thread.start()
    assert greeted.wait(20)
    client.close()
    thread.join(20)
    assert not thread.is_alive()
    assert len(problems) == 1
    with pytest.raises(Refused, match="the run is over"):
        client.send(Request(url=server.url), deadline=seconds(60))
    assert server.accepted == 1


def test_a_certificate_may_be_asked_for_under_another_name(
    serve: Callable, transport: Callable, secured: Callable, bundle: Path
) -> None:
    asked: list[str | None] = []
    context = secured("site.example")
    context.sni_callback = lambda _sock, name, _context: asked.append(name)
    server = serve(context=context)
    client = transport(server, trust=bundle)
    with pytest.raises(Unreachable, match="certificate: wrong host"):
        client.send(Request(url=server.url))
    assert client.send(Request(url=server.url, server_name="site.example")).status == 200
    assert asked[1:] == ["site.example"]
    with pytest.raises(Unreachable, match="certificate: wrong host"):
        client.send(Request(url=server.url, server_name="other.example"))
    with pytest.raises(Unreachable, match="certificate: wrong host"):
        client.send(Request(url=server.url))  # what was agreed under another name is not used again
    assert client.sent == 1


def test_without_tls_no_name_is_asked_for(serve: Callable, transport: Callable) -> None:
    server = serve()
    assert transport(server).send(Request(url=server.url, server_name="site.example")).status == 200


def test_an_unknown_authority_is_untrusted(
    serve: Callable, transport: Callable, secured: Callable, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    server = serve(context=secured())
    for client in (transport(server, trust=other), transport(server)):
        with pytest.raises(Unreachable, match="certificate: untrusted"):
            client.send(Request(url=server.url))
        with pytest.raises(Unreachable, match="certificate: untrusted"):
            client.session.get(server.url, verify=False)


def test_a_self_signed_certificate_is_named(serve: Callable, transport: Callable, tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "alone")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_NOW - dt.timedelta(days=1))
        .not_valid_after(_NOW + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "alone.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server = serve(context=context)
    with pytest.raises(Unreachable, match="certificate: self-signed"):
        transport(server).send(Request(url=server.url))


def test_a_port_that_speaks_plain_http_is_a_broken_protocol(serve: Callable, transport: Callable) -> None:
    plain = serve(lambda peer: peer.sock.recv(1) and peer.answer(b"", "400 Bad Request"), announced="https")
    client = transport(plain)
    with pytest.raises(Unreachable, match=r"broken protocol: TLS|connection reset"):
        client.send(Request(url=plain.url))


def test_tls_where_plain_http_is_expected_is_a_broken_protocol(
    serve: Callable, transport: Callable, secured: Callable
) -> None:
    server = serve(context=secured(), announced="http")
    with pytest.raises(Unreachable, match=r"broken protocol|connection"):
        transport(server).send(Request(url=server.url))


def test_a_silent_handshake_ends_in_time(serve: Callable, transport: Callable) -> None:
    silent = serve(lambda peer: peer.server.stopping.wait(20), announced="https")
    client = transport(silent)
    with pytest.raises(Unreachable, match="deadline of 300ms passed while agreeing on TLS"):
        client.send(Request(url=silent.url), deadline=seconds(0.3))


def test_a_slow_drip_over_tls_ends_in_time(
    serve: Callable, transport: Callable, secured: Callable, bundle: Path
) -> None:
    def drip(peer) -> None:
        peer.head()
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not peer.server.stopping.wait(0.05):
            peer.sock.sendall(b"a")

    server = serve(drip, context=secured())
    client = transport(server, trust=bundle)
    with pytest.raises(Unreachable, match="deadline of 500ms passed while reading the body"):
        client.send(Request(url=server.url), deadline=seconds(0.5))


def test_a_body_goes_over_tls(serve: Callable, transport: Callable, secured: Callable, bundle: Path) -> None:
    def handler(peer) -> None:
        data = b""
        while len(data) < 100_000 + data.find(b"\r\n\r\n") + 4:
            data += peer.sock.recv(65536)
        peer.answer(b"%d" % len(data.partition(b"\r\n\r\n")[2]))

    server = serve(handler, context=secured())
    client = transport(server, trust=bundle, destructive=True)
    seen = client.send(Request(url=server.url, method="POST", body=b"x" * 100_000), effect=Effect.DESTROYS)
    assert seen.body == b"100000"


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_bundle_that_is_none_is_an_error(
    content: bytes | None, transport: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=r"bundle\.pem: expected a bundle of CA certificates"):
        transport(trust=path)


def test_a_secure_socket_without_a_call_is_an_ordinary_one(
    serve: Callable, secured: Callable, bundle: Path
) -> None:
    server = serve(context=secured())
    plain = socket.create_connection((server.host, server.port), 10)
    with tls_context(str(bundle)).wrap_socket(plain, server_hostname="127.0.0.1") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = bytearray(100)
        assert sock.recv_into(received) > 0
        assert received.startswith(b"HTTP/1.1 200")
