"""What a plain exchange looks like, and what the connections do."""

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from verify.effects.errors import Refused, Unreachable
from verify.effects.transport import Origin, Request
from verify.facts.http import Part
from verify.model.need import Effect
from verify.model.units import Rate, seconds


def test_an_exchange_says_what_was_sent_and_seen(serve: Callable, transport: Callable) -> None:
    def handler(peer) -> None:
        peer.head()
        peer.answer(b"hello", "201 Created", "X-A: 1", "X-B: 2", "X-A: 3")

    server = serve(handler)
    before = time.time()
    seen = transport(server).send(
        Request(url=f"{server.url}/a/../b%2f?q=1#part", headers=(("X-Mine", "yes"),))
    )
    assert (seen.status, seen.body, seen.partial, seen.method) == (201, b"hello", False, "GET")
    assert seen.headers == (("Content-Length", "5"), ("X-A", "1"), ("X-B", "2"), ("X-A", "3"))
    assert seen.url == f"{server.url}/a/../b%2f?q=1#part"
    assert before <= seen.at <= time.time()
    assert 0 < seen.elapsed < 5
    assert ("X-Mine", "yes") in seen.sent
    head = server.heads[0].decode().lower()
    assert head.startswith("get /a/../b%2f?q=1 http/1.1\r\n")
    assert "accept-encoding: identity\r\n" in head
    assert "user-agent: verify/0\r\n" in head
    assert head.count("host:") == 1


def test_many_threads_share_connections(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server)

    def ask(number: int) -> int:
        return client.send(Request(url=f"{server.url}/{number}")).status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(64))) == {200}
    assert client.sent == 64
    assert client.connections <= 16
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(64))) == {200}
    assert client.connections == server.accepted <= 16


def test_a_foreign_host_header_goes_to_the_declared_address(serve: Callable, transport: Callable) -> None:
    server = serve()
    transport(server).send(Request(url=server.url, headers=(("Host", "evil.example"),)))
    assert server.heads[0].lower().count(b"host:") == 1
    assert b"Host: evil.example\r\n" in server.heads[0]


def test_a_source_address_is_used(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server)
    client.send(Request(url=server.url, source_address="127.0.0.7"))
    client.send(Request(url=server.url))
    assert [host for host, _ in server.peers] == ["127.0.0.7", "127.0.0.1"]


def test_a_source_address_that_is_not_ours_is_a_reason(serve: Callable, transport: Callable) -> None:
    server = serve()
    with pytest.raises(Unreachable, match="cannot assign requested address"):
        transport(server).send(Request(url=server.url, source_address="192.0.2.1"))


def test_the_environment_has_no_say(
    serve: Callable, transport: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    server = serve()
    client = transport(server)
    assert client.send(Request(url=server.url)).status == 200
    assert client.session.get(server.url).text == "ok"
    assert client.session.get(server.url, proxies={"http": "http://127.0.0.1:1"}).text == "ok"


def test_cookies_are_not_carried_over(serve: Callable, transport: Callable) -> None:
    def handler(peer) -> None:
        while peer.head():
            peer.answer(b"", "200 OK", "Set-Cookie: session=abc")

    server = serve(handler)
    client = transport(server)
    for _ in range(2):
        client.send(Request(url=server.url))
        client.session.get(server.url)
    assert b"cookie" not in b"".join(server.heads).lower()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"text", mtime=0)),
        ("x-gzip", gzip.compress(b"text", mtime=0)),
        ("deflate", zlib.compress(b"text")),
        ("identity", b"text"),
        ("gzip", gzip.compress(b"te") + gzip.compress(b"") + gzip.compress(b"xt")),
        ("GZIP", gzip.compress(b"te") + bytes(100) + gzip.compress(b"xt") + bytes(9)),
        ("identity, gzip", gzip.compress(b"text")),
    ],
)
def test_a_coded_body_is_decoded(coding: str, body: bytes, serve: Callable, transport: Callable) -> None:
    server = serve(lambda peer: peer.head() and peer.answer(body, "200 OK", f"Content-Encoding: {coding}"))
    request = Request(url=server.url, headers=(("Accept-Encoding", coding),))
    assert transport(server).send(request).body == b"text"
    assert f"Accept-Encoding: {coding}".encode() in server.heads[0]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("Content-Encoding: br", "br"),
        ("Content-Encoding: gzip, gzip", "gzip and gzip"),
        ("Content-Encoding: gzip\r\nContent-Encoding: br", "gzip and br"),
        ("Content-Encoding: \x1b[2J", "something unknown"),
        ("Transfer-Encoding: gzip, chunked", "gzip"),
    ],
)
def test_a_coding_that_cannot_be_undone_shows_nothing_but_the_head(
    line: str, named: str, serve: Callable, transport: Callable
) -> None:
    server = serve(lambda peer: peer.head() and peer.answer(b"\x0b\x02", "500 Oh", line))
    seen = transport(server).send(Request(url=server.url))
    assert seen.status == 500
    assert seen.body == Part(why=f"its body is coded as {named}, which cannot be undone here")


@pytest.mark.parametrize("coding", ["br", "gzip", "deflate", "gzip, gzip"])
def test_where_there_is_no_body_its_coding_says_nothing(
    coding: str, serve: Callable, transport: Callable
) -> None:
    server = serve(lambda peer: peer.head() and peer.answer(b"", "200 OK", f"Content-Encoding: {coding}"))
    assert transport(server).send(Request(url=server.url)).body == b""
    assert transport(server).send(Request(url=server.url, method="HEAD")).body == b""


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", gzip.compress(bytes(range(256)))[:-9], "the body ends within its gzip"),
        ("gzip", gzip.compress(b"a") + gzip.compress(b"b")[:5], "the body ends within its gzip"),
        ("deflate", zlib.compress(bytes(range(256)))[:-1], "the body ends within its deflate"),
        ("gzip", gzip.compress(b"a") + b"Traceback", "the body is not the gzip that it says it is"),
        ("deflate", zlib.compress(b"a") + b"b", "the body goes on after the end of its deflate"),
        ("gzip", gzip.compress(b"") * 1001, "the body goes on after the end of its gzip"),
    ],
)
def test_a_coded_body_that_is_broken_is_no_answer(
    coding: str, body: bytes, reason: str, serve: Callable, transport: Callable
) -> None:
    server = serve(lambda peer: peer.head() and peer.answer(body, "200 OK", f"Content-Encoding: {coding}"))
    with pytest.raises(Unreachable, match=f"broken protocol: {reason}"):
        transport(server).send(Request(url=server.url))


def test_what_is_unpacked_is_cut_as_well(serve: Callable, transport: Callable) -> None:
    packed = gzip.compress(b"a" * 600) + gzip.compress(b"b" * 600)
    server = serve(lambda peer: peer.head() and peer.answer(packed, "200 OK", "Content-Encoding: gzip"))
    seen = transport(server, body_limit=1000).send(Request(url=server.url))
    assert seen.body == Part(read=b"a" * 600 + b"b" * 400, why="its body was cut after 1000 bytes")
    whole = transport(server, body_limit=1200).send(Request(url=server.url))
    assert whole.content == b"a" * 600 + b"b" * 600


def _stale(peer) -> None:
    """Answer once, then reset the idle connection the moment it is used again."""
    peer.head()
    peer.answer()
    if peer.number == 1:
        peer.sock.recv(1)
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        peer.head()


def test_a_stale_connection_is_replaced_once(serve: Callable, transport: Callable) -> None:
    server = serve(_stale)
    client = transport(server)
    assert client.send(Request(url=server.url)).status == 200
    assert client.send(Request(url=server.url)).status == 200
    assert (client.sent, client.connections) == (3, 2)


def test_a_repeated_request_is_paid_for(serve: Callable, transport: Callable) -> None:
    server = serve(_stale)
    client = transport(server, budget=2)
    client.send(Request(url=server.url))
    with pytest.raises(Refused, match="budget of 2 requests is used up"):
        client.send(Request(url=server.url))
    assert client.sent == 2


def test_what_may_have_happened_is_not_repeated(serve: Callable, transport: Callable) -> None:
    server = serve(_stale)
    client = transport(server, destructive=True)
    client.send(Request(url=server.url))
    with pytest.raises(Unreachable, match=r"connection reset|connection closed without an answer"):
        client.send(Request(url=server.url, method="POST", body=b"x"), effect=Effect.DESTROYS)
    assert client.sent == 2


def test_a_second_reset_is_a_reason(serve: Callable, transport: Callable) -> None:
    def handler(peer) -> None:
        if peer.number == 1:
            _stale(peer)
        else:
            peer.head()

    server = serve(handler)
    client = transport(server)
    client.send(Request(url=server.url))
    with pytest.raises(Unreachable, match="connection closed without an answer"):
        client.send(Request(url=server.url))
    assert client.sent == 3


def test_nobody_listens(transport: Callable, serve: Callable) -> None:
    server = serve()
    server.stop()
    with pytest.raises(Unreachable) as caught:
        transport(server).send(Request(url=server.url))
    assert caught.value.reason == "connection refused"
    assert caught.value.transient


def test_the_budget_ends(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server, budget=3)
    for _ in range(3):
        client.send(Request(url=server.url))
    with pytest.raises(Refused, match="budget of 3 requests is used up"):
        client.send(Request(url=server.url))
    with pytest.raises(Refused):
        client.session.get(server.url)
    assert client.sent == len(server.heads) == 3


def test_the_rate_is_waited_for_within_the_deadline(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server, rate=Rate(10))
    started = time.monotonic()
    for _ in range(4):
        client.send(Request(url=server.url))
    assert time.monotonic() - started >= 0.3
    slow = transport(server, rate=Rate(0.01))
    slow.send(Request(url=server.url))
    with pytest.raises(Refused, match=r"its turn at 36/h comes after its deadline of 200ms"):
        slow.send(Request(url=server.url), deadline=seconds(0.2))
    assert slow.sent == 1


def test_a_rate_of_nothing_lets_nothing_through(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server, rate=Rate(0))
    with pytest.raises(Refused, match=r"its turn at 0/d comes after its deadline"):
        client.send(Request(url=server.url))
    assert client.sent == len(server.heads) == 0


def test_closing_wakes_whoever_waits(serve: Callable, transport: Callable) -> None:
    def silent(peer) -> None:
        peer.head()
        peer.sock.recv(1)

    waiting, quiet = serve(), serve(silent)
    client = transport(waiting, quiet, rate=Rate(0.1))
    problems: list[Exception] = []

    def ask(url: str) -> None:
        try:
            client.send(Request(url=url), deadline=seconds(30))
        except (Refused, Unreachable) as error:
            problems.append(error)

    threads = [threading.Thread(target=ask, args=(server.url,)) for server in (quiet, waiting)]
    threads[0].start()
    while not quiet.heads:
        threads[0].join(0.01)
    threads[1].start()
    while client.sent < 2:
        threads[1].join(0.01)
    client.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert {type(problem) for problem in problems} == {Refused, Unreachable}
    for ask_again in (lambda: client.send(Request(url=waiting.url)), lambda: client.dial(waiting.url)):
        with pytest.raises(Refused, match="the run is over"):
            ask_again()
    client.close()


def test_head_and_options_have_no_body_to_wait_for(serve: Callable, transport: Callable) -> None:
    def handler(peer) -> None:
        while peer.head():
            peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

    server = serve(handler)
    assert transport(server).send(Request(url=server.url, method="HEAD")).body == b""


def test_errors_and_exchanges_do_not_show_secrets(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server)
    client._redactor.add("TOKEN", "s3cret-value")
    seen = client.send(
        Request(
            url=f"{server.url}/?t=s3cret-value",
            headers=(("Authorization", "Bearer s3cret-value"), ("X-T", "s3cret-value")),
        )
    )
    assert "s3cret-value" not in repr(seen)
    assert b"/?t=s3cret-value " in server.heads[0]
    assert b"X-T: s3cret-value" in server.heads[0]
    server.stop()
    with pytest.raises((Unreachable, Refused)) as caught:
        client.send(Request(url=f"{server.url}/?t=s3cret-value"))
    assert "s3cret-value" not in str(caught.value)
    with pytest.raises(Refused) as refused:
        client.send(Request(url="http://s3cret-value.example/"))
    assert "s3cret-value" not in str(refused.value)


@pytest.mark.parametrize("length", range(440, 500, 5))
def test_no_part_of_a_secret_stands_where_an_error_is_cut(
    serve: Callable, transport: Callable, length: int
) -> None:
    client = transport(serve())
    client._redactor.add("TOKEN", "s3cret-value-0123456789")
    path = f"/{'y' * length}?t=s3cret-value-0123456789&more={'z' * 100}"
    for send in (client.send, client.follow, lambda request: client.dial(request.url)):
        with pytest.raises(Refused) as refused:
            send(Request(url=f"http://undeclared.example{path}"))
        assert "s3cret" not in str(refused.value)
    with pytest.raises(Refused) as refused:
        client.send(Request(url=f"http://[{path}"))
    assert "s3cret" not in str(refused.value)


def test_a_session_user_gets_the_same_errors_and_deadline(serve: Callable, transport: Callable) -> None:
    def silent(peer) -> None:
        peer.head()
        peer.sock.recv(1)

    server = serve(silent)
    with pytest.raises(Unreachable, match="deadline of 300ms passed while waiting for the answer"):
        transport(server).session.get(server.url, timeout=0.3)


def test_a_body_is_sent_whole(serve: Callable, transport: Callable) -> None:
    received: list[bytes] = []

    def handler(peer) -> None:
        data = b""
        while len(data) < 300_000 + data.find(b"\r\n\r\n") + 4:
            data += peer.sock.recv(65536)
        received.append(data.partition(b"\r\n\r\n")[2])
        peer.answer(b"", "204 No Content")

    server = serve(handler)
    client = transport(server, destructive=True)
    seen = client.send(Request(url=server.url, method="POST", body=b"x" * 300_000), effect=Effect.DESTROYS)
    assert seen.status == 204
    assert received == [b"x" * 300_000]


def test_a_server_that_does_not_read_is_not_waited_for(serve: Callable, transport: Callable) -> None:
    server = serve(lambda peer: peer.server.stopping.wait(20))
    client = transport(server, destructive=True)
    with pytest.raises(Unreachable, match="deadline of 300ms passed while sending the request"):
        client.send(
            Request(url=server.url, method="PUT", body=bytes(50_000_000)),
            deadline=seconds(0.3),
            effect=Effect.DESTROYS,
        )


def test_when_every_idle_connection_is_stale_a_new_one_is_made(serve: Callable, transport: Callable) -> None:
    both = threading.Barrier(2)

    def handler(peer) -> None:
        peer.head()
        if peer.number > 2:
            peer.answer()
            return
        both.wait(10)
        peer.answer()
        peer.sock.recv(1)
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server = serve(handler)
    client = transport(server)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(client.send, [Request(url=server.url)] * 2))
    assert client.send(Request(url=server.url)).status == 200
    assert (client.sent, client.connections) == (4, 3)


def test_a_connection_of_its_own(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server, budget=1)
    client._redactor.add("TOKEN", "s3cret-value")
    with client.dial(server.url) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = bytearray(100)
        assert sock.recv_into(received) > 0
        assert received.startswith(b"HTTP/1.1 200")
    assert (client.sent, client.connections) == (1, 1)
    for url, reason in (
        (server.url, "budget of 1 requests is used up"),
        ("http://s3cret-value.example/", r"http://\*\*\*TOKEN\*\*\*.example is not a declared address"),
        ("http://s3cret-value@a/", "expected a URL without user or password"),
    ):
        with pytest.raises(Refused, match=reason) as caught:
            client.dial(url)
        assert "s3cret-value" not in str(caught.value)


def test_where_a_host_lies(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server)
    found = client.addresses(server.url)
    assert f"127.0.0.1:{server.port}" in found
    assert client.sent == client.connections == 0
    with pytest.raises(Refused, match="is not a declared address"):
        client.addresses("http://other.example/")


@pytest.mark.parametrize(
    ("address", "written"), [("192.0.2.1", "192.0.2.1:80"), ("2001:db8::1", "[2001:db8::1]:80")]
)
def test_addresses_are_written_with_their_port(transport: Callable, address: str, written: str) -> None:
    netloc = f"[{address}]" if ":" in address else address
    client = transport(SimpleNamespace(origin=Origin.of(f"http://{netloc}")))
    assert client.addresses(f"http://{netloc}/") == (written,)


def test_a_name_that_nobody_knows_lies_nowhere(transport: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    client = transport(SimpleNamespace(origin=Origin.of("http://unknown.example")))
    monkeypatch.setattr(client._wiring.names, "look_up", _unknown)
    with pytest.raises(Unreachable, match=r"unknown\.example: no usable answer: name not found"):
        client.addresses("http://unknown.example/")


def _unknown(*_: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_connection_of_its_own_where_nobody_listens(serve: Callable, transport: Callable) -> None:
    server = serve()
    server.stop()
    with pytest.raises(Unreachable, match="connection refused"):
        transport(server).dial(server.url, deadline=seconds(1))


def test_a_fresh_connection_is_made_where_one_is_asked_for(serve: Callable, transport: Callable) -> None:
    server = serve()
    with transport(server) as client:
        client.send(Request(url=server.url))
        call = client._wiring.new_call()
        call.fresh = True
        answer = client._adapter.open("GET", server.url, (), None, call)
        assert answer.read() == b"ok"
        assert (client.sent, client.connections, server.accepted) == (2, 2, 2)
    with pytest.raises(Refused, match="the run is over"):
        client.send(Request(url=server.url))
