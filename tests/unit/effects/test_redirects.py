"""Redirects are followed only to declared addresses, and carry nothing there that is not theirs."""

from collections.abc import Callable

import pytest

from verify.effects.errors import Refused, Unreachable
from verify.effects.transport import Request
from verify.model.need import Effect

_SECRETS = (
    ("Authorization", "Bearer abcdef"),
    ("Cookie", "session=abcdef"),
    ("X-Api-Key", "abcdef"),
    ("X-Custom", "abcdef"),
    ("Host", "abcdef.example"),
    ("Accept", "text/html"),
)


def _to(location: str, status: str = "302 Found") -> Callable:
    def handler(peer) -> None:
        while peer.head():
            peer.answer(b"", status, f"Location: {location}")

    return handler


def test_a_redirect_is_an_answer_for_send(serve: Callable, transport: Callable) -> None:
    server = serve(_to("/elsewhere"))
    seen = transport(server).send(Request(url=server.url))
    assert (seen.status, seen.header("location")) == (302, "/elsewhere")
    assert server.lines == ["GET / HTTP/1.1"]


def test_a_session_user_is_checked_on_each_hop_too(serve: Callable, transport: Callable) -> None:
    server = serve(_to("http://undeclared.example/"))
    with pytest.raises(Refused, match=r"http://undeclared\.example is not a declared address"):
        transport(server).session.get(server.url)


def test_the_same_origin_keeps_the_headers(serve: Callable, transport: Callable) -> None:
    def handler(peer) -> None:
        while head := peer.head():
            if head.startswith(b"GET /a "):
                peer.answer(b"", "301 Moved Permanently", "Location: b?x=1")
            else:
                peer.answer(b"there")

    server = serve(handler)
    seen = transport(server).follow(Request(url=f"{server.url}/a", headers=_SECRETS))
    assert [each.status for each in seen] == [301, 200]
    assert seen[1].url == f"{server.url}/b?x=1"
    assert server.heads[1].count(b"abcdef") == server.heads[0].count(b"abcdef") == 5


@pytest.mark.parametrize("status", ["301 A", "302 A", "303 A", "307 A", "308 A"])
def test_another_origin_gets_nothing_of_ours(status: str, serve: Callable, transport: Callable) -> None:
    second = serve()
    first = serve(_to(f"{second.url}/landed", status))
    seen = transport(first, second).follow(Request(url=first.url, headers=_SECRETS))
    assert [each.status for each in seen] == [int(status[:3]), 200]
    assert b"abcdef" not in second.heads[0]
    assert b"Accept: text/html" in second.heads[0]
    assert f"Host: 127.0.0.1:{second.port}".encode() in second.heads[0]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://undeclared.example/x", "http://undeclared.example is not a declared address"),
        ("//undeclared.example/x", "http://undeclared.example is not a declared address"),
        ("http://169.254.169.254/latest/meta-data/", "http://169.254.169.254 is not a declared address"),
        ("http://[fd00:ec2::254]/", "is not a declared address"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1 is not a declared address"),
        ("https://{host}/", "is not a declared address"),
        ("http://{host}@undeclared.example/", "expected a URL without user or password"),
        ("http://{host}\\@undeclared.example/", "expected a URL without user or password"),
        ("ftp://{host}/", "expected an http:// or https:// URL"),
        ("file:///etc/passwd", "expected an http:// or https:// URL"),
        ("javascript:alert(1)", "expected an http:// or https:// URL"),
        ("http://{host}:99999/", "expected"),
        ("http://\u00e9.example/", "expected an http:// or https:// URL"),
        ("http://" + "a" * 9000, "expected an http:// or https:// URL"),
        ("http://[::1/", "a redirect to what is not a URL"),
    ],
)
def test_a_redirect_to_elsewhere_is_refused(
    location: str, reason: str, serve: Callable, transport: Callable
) -> None:
    targets: list[str] = []

    def handler(peer) -> None:
        peer.head()
        peer.answer(b"", "302 Found", f"Location: {targets[0]}")

    server = serve(handler)
    targets.append(location.replace("{host}", f"127.0.0.1:{server.port}"))
    client = transport(server)
    with pytest.raises(Refused) as caught:
        client.follow(Request(url=server.url))
    assert reason in caught.value.reason
    assert [each.status for each in caught.value.seen] == [302]
    assert client.sent == 1


def test_a_loop_ends(serve: Callable, transport: Callable) -> None:
    server = serve(_to("/again"))
    client = transport(server)
    with pytest.raises(Unreachable) as caught:
        client.follow(Request(url=server.url), limit=3)
    assert caught.value.reason == f"more than 3 redirects, the next to {server.url}/again"
    assert len(caught.value.seen) == client.sent == 4


def test_a_redirect_without_a_place_is_the_end(serve: Callable, transport: Callable) -> None:
    server = serve(lambda peer: peer.head() and peer.answer(b"", "302 Found"))
    assert len(transport(server).follow(Request(url=server.url))) == 1


def test_one_deadline_covers_all_hops(serve: Callable, transport: Callable) -> None:
    from verify.model.units import seconds

    def slow(peer) -> None:
        while peer.head():
            peer.server.stopping.wait(0.2)
            peer.answer(b"", "302 Found", "Location: /again")

    server = serve(slow)
    with pytest.raises(Unreachable, match="deadline of 500ms passed") as caught:
        transport(server).follow(Request(url=server.url), limit=50, deadline=seconds(0.5))
    assert 1 <= len(caught.value.seen) <= 3


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", "301 A", "GET"), ("POST", "302 A", "GET"), ("POST", "303 A", "GET"),
        ("POST", "307 A", "POST"), ("PUT", "302 A", "PUT"), ("DELETE", "303 A", "GET"),
        ("HEAD", "303 A", "HEAD"),
        ("GET", "303 A", "GET"),
    ],
)  # fmt: skip
def test_the_method_after_a_redirect(
    method: str, status: str, then: str, serve: Callable, transport: Callable
) -> None:
    def handler(peer) -> None:
        while head := peer.head():
            if b" /start " in head:
                peer.answer(b"", status, "Location: /end")
            else:
                peer.answer(b"")

    server = serve(handler)
    body = b"x" if method in {"POST", "PUT"} else None
    headers = (("Content-Type", "text/plain"),) if body else ()
    request = Request(url=f"{server.url}/start", method=method, body=body, headers=headers)
    transport(server, destructive=True).follow(request, effect=Effect.DESTROYS)
    assert server.lines[1] == f"{then} /end HTTP/1.1"
    assert (b"Content-Type" in server.heads[1]) == (then == method and body is not None)


def test_a_body_is_not_handed_to_another_host(serve: Callable, transport: Callable) -> None:
    second = serve()
    first = serve(_to(second.url, "307 Temporary Redirect"))
    with pytest.raises(Refused, match="a redirect would hand the body to another host"):
        transport(first, second, destructive=True).follow(
            Request(url=first.url, method="POST", body=b"x"), effect=Effect.DESTROYS
        )
    assert second.heads == []
