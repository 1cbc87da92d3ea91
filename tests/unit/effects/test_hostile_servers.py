"""Whatever a server does, there is a result or a reason in time, at a bounded cost."""

import gzip
import itertools
import re
import socket
import struct
import time
import tracemalloc
from collections.abc import Callable

import pytest

from verify.effects.errors import Unreachable
from verify.effects.transport import Request
from verify.facts.http import Part
from verify.model.units import seconds

_DEADLINE = seconds(0.6)
_SLACK = 3.0  # generous: this bounds a hang, it measures nothing
_MEMORY = 40 * 1024 * 1024
_OK = b"HTTP/1.1 200 OK\r\n"


def _drip(peer, parts) -> None:
    for part in parts:
        peer.sock.sendall(part)
        if peer.server.stopping.wait(0.05):
            return


def _silence(peer) -> None:
    peer.head()
    peer.sock.recv(1)


def _accept_and_say_nothing(peer) -> None:
    peer.sock.recv(1)
    peer.server.stopping.wait(20)


def _drip_head(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"X-Slow: ")
    _drip(peer, itertools.repeat(b"a"))


def _drip_body(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Content-Length: 100000\r\n\r\n")
    _drip(peer, itertools.repeat(b"a"))


def _drip_chunks(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    _drip(peer, itertools.repeat(b"1\r\na\r\n"))


def _endless_trailers(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n")
    while True:
        peer.sock.sendall(b"X-More: and more\r\n" * 1000)


def _endless_chunk_line(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.sock.sendall(b"1" * 65536)


def _chunks_of_negative_size(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n")
    while True:
        peer.sock.sendall(b"a" * 65536)


def _broken_chunks(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")


def _cut_chunks(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\nhello")


def _many_headers(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK)
    while True:
        peer.sock.sendall(b"X-More: and more\r\n" * 1000)


def _long_header(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"X-Long: ")
    while True:
        peer.sock.sendall(b"a" * 65536)


def _interim_flood(peer) -> None:
    peer.head()
    while True:
        peer.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 100)


def _continue_flood(peer) -> None:
    peer.head()
    while True:
        peer.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def _http_09(peer) -> None:
    peer.head()
    peer.sock.sendall(b"<html>hello</html>")


def _short_body(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Content-Length: 100\r\n\r\nonly this")


def _two_lengths(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nok")


def _reset(peer) -> None:
    peer.head()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hang_up(peer) -> None:
    peer.head()


def _not_gzip(peer) -> None:
    peer.head()
    peer.answer(b"plain", "200 OK", "Content-Encoding: gzip")


def _garbage(peer) -> None:
    peer.head()
    peer.sock.sendall(bytes(range(256)) * 50)


def _head(*lines: bytes) -> Callable:
    def handler(peer) -> None:
        peer.head()
        peer.sock.sendall(_OK + b"\r\n".join(lines))

    return handler


def _bad_status(peer) -> None:
    peer.head()
    peer.sock.sendall(b"HTTP/1.1 two hundred\r\n\r\n")


_DEAD = {
    _silence: "deadline of 600ms passed while waiting for the answer",
    _accept_and_say_nothing: "deadline of 600ms passed while waiting for the answer",
    _drip_head: "deadline of 600ms passed while waiting for the answer",
    _drip_body: "deadline of 600ms passed while reading the body",
    _drip_chunks: "deadline of 600ms passed while reading the body",
    _endless_trailers: "deadline|(broken protocol: )?more than",
    _endless_chunk_line: "broken protocol: ",
    _chunks_of_negative_size: "broken protocol: |deadline",
    _broken_chunks: "broken protocol: ",
    _cut_chunks: "broken protocol: ",
    _many_headers: "broken protocol: got more than 100 headers",
    _long_header: "broken protocol: got more than 65536 bytes when reading header line",
    _interim_flood: "broken protocol: more than 16 interim answers",
    _continue_flood: "broken protocol: more than 16 interim answers",
    _http_09: "broken protocol: ",
    _short_body: "broken protocol: ",
    _two_lengths: "broken protocol: ",
    _reset: "connection reset",
    _hang_up: "connection closed without an answer",
    _not_gzip: "broken protocol: the body is not the gzip that it says it is",
    _garbage: "broken protocol: ",
    _bad_status: "broken protocol: ",
}
_END = (b"Content-Length: 0", b"", b"")
#: heads that a lenient parser reads in part, each with what is wrong
_HEADS = {
    (b"A: 1", b"Not a header", b"Set-Cookie: sid=1", *_END): "line 2 of the head is no header",
    (b"From somebody", b"A: 1", *_END): "line 1 of the head is no header",
    (b"A: 1", b"From somebody", *_END): "line 2 of the head is no header",
    (b": nameless", b"A: 1", *_END): "line 1 of the head is no header",
    (b"A : 1", b"B: 1", *_END): "line 1 of the head is no header",
    (b" folded", b"A: 1", *_END): "line 1 of the head is no header",
    (b"A: a\rSet-Cookie: sid=1", *_END): "line 1 of the head is no header",
    (b"A: a\r", *_END): "line 1 of the head is no header",
    (b"A: a\0b", *_END): "line 1 of the head is no header",
    (b"\xc3\x84: 1", *_END): "line 1 of the head is no header",
    (b"A: 1", b"Set-Coo"): "the answer ended within its head",
    (b"A: 1", b"Set-Cookie: sid=1"): "the answer ended within its head",
    (b"A: 1", b""): "the answer ended within its head",
}


@pytest.mark.parametrize(("lines", "reason"), _HEADS.items(), ids=str)
def test_a_head_that_is_not_understood_to_its_end_is_no_answer(
    lines: tuple[bytes, ...], reason: str, serve: Callable, transport: Callable
) -> None:
    server = serve(_head(*lines))
    with pytest.raises(Unreachable) as caught:
        transport(server).send(Request(url=server.url))
    assert caught.value.reason == f"broken protocol: {reason}"


def test_odd_heads_that_can_be_understood_are(serve: Callable, transport: Callable) -> None:
    odd = b"\t\x0b\x0c\x1c\x85Set-Cookie: a=1"
    server = serve(
        _head(b"From: x", b"A:" + odd, b"b:", b"C(d)/=: 1\nE: 2", b"From: y", b"Content-Length: 0", b"", b"")
    )
    seen = transport(server).send(Request(url=server.url))
    assert [name for name, _ in seen.headers] == ["From", "A", "b", "C(d)/=", "E", "From", "Content-Length"]
    assert seen.header("Set-Cookie") is None


def test_a_head_of_blanks_is_read_in_time(serve: Callable, transport: Callable) -> None:
    blanks = b": a" + b" " * 65_000 + b"b"
    server = serve(_head(*(b"X-%d" % number + blanks for number in range(60)), *_END))
    started = time.monotonic()
    seen = transport(server, body_limit=1024 * 1024).send(Request(url=server.url), deadline=seconds(30))
    assert len(seen.headers) == 61
    assert time.monotonic() - started < 30


def test_an_answer_without_headers_is_one(serve: Callable, transport: Callable) -> None:
    server = serve(_head(b"", b"all of it"))
    seen = transport(server).send(Request(url=server.url))
    assert (seen.headers, seen.body) == ((), b"all of it")


@pytest.mark.parametrize(("handler", "reason"), _DEAD.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_an_unusable_answer_is_a_reason_in_time(
    handler: Callable, reason: str, serve: Callable, transport: Callable
) -> None:
    server = serve(handler)
    client = transport(server)
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(Unreachable) as caught:
            client.send(Request(url=f"{server.url}/x"), deadline=_DEADLINE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert re.match(reason, caught.value.reason), caught.value.reason
    assert str(caught.value) == f"GET {server.url}/x: no usable answer: {caught.value.reason}"
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < float(_DEADLINE) + _SLACK
    assert peak < _MEMORY


def _endless_body(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"\r\n")
    while True:
        peer.sock.sendall(b"a" * 65536)


def _gigabyte(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Content-Length: 1073741824\r\n\r\n")
    while True:
        peer.sock.sendall(b"a" * 65536)


def _endless_chunks(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.sock.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")


def _one_huge_chunk(peer) -> None:
    peer.head()
    peer.sock.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n40000000\r\n")
    while True:
        peer.sock.sendall(b"a" * 65536)


_BOMB = gzip.compress(bytes(200 * 1024 * 1024), compresslevel=9)


def _gzip_bomb(peer) -> None:
    peer.head()
    peer.answer(_BOMB, "200 OK", "Content-Encoding: gzip")


@pytest.mark.parametrize("handler", [_endless_body, _gigabyte, _endless_chunks, _one_huge_chunk, _gzip_bomb])
def test_a_huge_body_is_cut_and_its_connection_dropped(
    handler: Callable, serve: Callable, transport: Callable
) -> None:
    server = serve(handler)
    client = transport(server, body_limit=100_000)
    tracemalloc.start()
    try:
        first = client.send(Request(url=server.url))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(first.body, Part)
    assert len(first.body.read) == 100_000
    assert peak < _MEMORY
    assert client.send(Request(url=server.url)).partial
    assert client.connections == 2


def test_a_session_user_cannot_be_flooded_either(serve: Callable, transport: Callable) -> None:
    server = serve(_endless_body)
    client = transport(server, body_limit=100_000)
    with pytest.raises(OSError, match="more than 1848576 bytes"):
        client.session.get(server.url)


def test_header_bytes_that_are_no_text_arrive_as_latin_1(serve: Callable, transport: Callable) -> None:
    def odd(peer) -> None:
        peer.head()
        peer.sock.sendall(
            _OK + b"X-Odd: \xff\xfe\x80\r\nX-Odd: second\r\nx-folded: a\r\n b\r\nContent-Length: 0\r\n\r\n"
        )

    server = serve(odd)
    seen = transport(server).send(Request(url=server.url))
    assert seen.headers == (
        ("X-Odd", "ÿþ\x80"),
        ("X-Odd", "second"),
        ("x-folded", "a b"),
        ("Content-Length", "0"),
    )


def test_what_follows_interim_answers_is_the_answer(serve: Callable, transport: Callable) -> None:
    def hinting(peer) -> None:
        while peer.head():
            peer.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n")
            peer.answer(b"real")

    server = serve(hinting)
    client = transport(server)
    for _ in range(2):
        seen = client.send(Request(url=server.url))
        assert (seen.status, seen.body, seen.header("Link")) == (200, b"real", None)
    assert client.connections == 1


def test_switching_protocols_is_an_answer(serve: Callable, transport: Callable) -> None:
    def switching(peer) -> None:
        peer.head()
        peer.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")

    server = serve(switching)
    assert transport(server).send(Request(url=server.url)).status == 101


def test_a_reset_after_the_head_is_no_answer(serve: Callable, transport: Callable) -> None:
    def cut(peer) -> None:
        peer.head()
        peer.sock.sendall(_OK + b"Content-Length: 100\r\n\r\nab")
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server = serve(cut)
    with pytest.raises(Unreachable) as caught:
        transport(server).send(Request(url=server.url))
    assert caught.value.transient


@pytest.mark.parametrize("handler", [_endless_trailers, _chunks_of_negative_size])
def test_overhead_is_bounded_too(handler: Callable, serve: Callable, transport: Callable) -> None:
    server = serve(handler)
    client = transport(server, body_limit=1000)
    with pytest.raises(Unreachable, match=r"broken protocol: ") as caught:
        client.send(Request(url=server.url), deadline=seconds(20))
    assert not caught.value.transient
