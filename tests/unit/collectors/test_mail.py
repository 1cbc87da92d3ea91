"""STARTTLS with good, bad and silent mail servers on loopback."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from verify.collectors.mail import collect
from verify.facts.mail import Greeting, Hello
from verify.model.need import Unseen
from verify.model.units import seconds

Script = Callable[[socket.socket], None]


class Server:
    """Lets a function talk to each client."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            with sock:
                sock.settimeout(5)
                try:
                    self._script(sock)
                except OSError:
                    continue

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(6)


@pytest.fixture
def mail() -> Iterator[Callable[[Script], Server]]:
    running: list[Server] = []

    def start(script: Script) -> Server:
        running.append(Server(script))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def see(world: Any, bundle: Path) -> Callable[..., Any]:
    def ask(server: Server, *, declared: bool = True, host: str = "localhost", **more: Any) -> Any:
        address = f"http://{host}:{server.port}"
        here = world("http://localhost:9", hosts=(address,) if declared else (), trust=bundle)
        here = replace(here, **more)
        ((need, seen),) = collect((Hello(host=host, port=server.port),), here)
        assert need == Hello(host=host, port=server.port)
        return seen

    return ask


def talk(*offers: bytes, context: ssl.SSLContext | None = None, answer: bytes = b"220 go on") -> Script:
    """Return a script that greets, offers, and shakes hands where it has a context."""

    def script(sock: socket.socket) -> None:
        sock.sendall(b"220 ready\r\n")
        sock.recv(1000)
        sock.sendall(b"".join(b"250-" + offer + b"\r\n" for offer in offers) + b"250 8BITMIME\r\n")
        if sock.recv(1000).startswith(b"STARTTLS"):
            sock.sendall(answer + b"\r\n")
        if context is not None:
            with context.wrap_socket(sock, server_side=True) as secure:
                assert secure.recv(1000).upper().startswith(b"QUIT")
                secure.sendall(b"221 bye\r\n")

    return script


def context_of(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_good_server_is_secured(mail: Any, see: Any, authority: trustme.CA) -> None:
    server = mail(talk(b"localhost", b"STARTTLS", context=context_of(authority)))
    assert see(server) == Greeting(server=f"localhost:{server.port}", version="TLSv1.3")


def test_no_starttls_and_a_login_in_the_clear(mail: Any, see: Any) -> None:
    seen = see(mail(talk(b"localhost", b"AUTH PLAIN")))
    assert (seen.offered, seen.secured, seen.clear_login) == (False, False, True)


def test_a_certificate_for_another_name(mail: Any, see: Any, authority: trustme.CA) -> None:
    seen = see(mail(talk(b"a", b"STARTTLS", context=context_of(authority, "other.example"))))
    assert (seen.offered, seen.secured) == (True, False)
    assert "mismatch" in seen.problem


def test_an_authority_that_nobody_trusts(mail: Any, see: Any) -> None:
    seen = see(mail(talk(b"a", b"STARTTLS", context=context_of(trustme.CA()))))
    assert not seen.secured
    assert "issuer" in seen.problem


def test_a_refusal_after_the_offer(mail: Any, see: Any) -> None:
    seen = see(mail(talk(b"a", b"STARTTLS", answer=b"454 not now")))
    assert (seen.secured, seen.problem) == (False, "454 not now")


@pytest.mark.parametrize(
    "words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"554 no\r\n", b"220 " + b"x" * 20_000]
)
def test_what_is_no_mail_server_is_unseen(mail: Any, see: Any, words: bytes) -> None:
    seen = see(mail(lambda sock: sock.sendall(words)))
    assert isinstance(seen, Unseen)
    assert "SMTP localhost:" in seen.reason


def test_an_endless_greeting_ends_at_the_deadline(mail: Any, see: Any) -> None:
    done = threading.Event()

    def drip(sock: socket.socket) -> None:
        while not done.wait(0.05):
            sock.sendall(b"220-wait\r\n")

    try:
        seen = see(mail(drip), deadline=seconds(0.5))
    finally:
        done.set()
    assert isinstance(seen, Unseen)


def test_an_undeclared_server_is_not_asked(mail: Any, see: Any) -> None:
    asked: list[int] = []
    seen = see(mail(lambda _: asked.append(1)), declared=False)
    assert isinstance(seen, Unseen)
    assert "not a declared address" in seen.reason
    assert asked == []
