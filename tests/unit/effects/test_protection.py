"""Nothing but what the policy allows ever reaches a server, whoever asks and however."""

import contextlib
import itertools
import socket
from collections.abc import Callable

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verify.effects.addresses import forbidden
from verify.effects.errors import EffectError, Refused, Unreachable
from verify.effects.origin import Origin
from verify.effects.transport import Request
from verify.model.need import Effect
from verify.model.units import seconds


@pytest.mark.parametrize(
    "method",
    ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "Get", "GET ", " GET", "", "PURGE", "MKCOL",
     "GET / HTTP/1.1\r\nX: y\r\n\r\nDELETE", "GE\u0054\u200b", "GET\x00", "QUERY"],
)  # fmt: skip
def test_a_read_only_environment_gets_no_other_method(
    method: str, serve: Callable, transport: Callable
) -> None:
    server = serve()
    client = transport(server)
    with pytest.raises(Refused) as caught:
        client.send(Request(url=server.url, method=method))
    assert "\n" not in str(caught.value)
    assert (server.heads, client.sent, client.connections) == ([], 0, 0)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "post", "DELETE "])
def test_a_disposable_environment_gets_no_odd_method(
    method: str, serve: Callable, transport: Callable
) -> None:
    server = serve()
    with pytest.raises(Refused, match="expected one of DELETE, GET, HEAD"):
        transport(server, destructive=True).send(Request(url=server.url, method=method))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_disposable_environment_may_be_changed(method: str, serve: Callable, transport: Callable) -> None:
    server = serve()
    seen = transport(server, destructive=True).send(
        Request(url=server.url, method=method, body=b"x", headers=(("X-HTTP-Method-Override", "PUT"),)),
        effect=Effect.DESTROYS,
    )
    assert seen.place == f"{method} {server.url}"


def test_a_destroying_effect_needs_a_policy_that_allows_it(serve: Callable, transport: Callable) -> None:
    server = serve()
    with pytest.raises(Refused, match="it changes the environment, which is read-only"):
        transport(server).send(Request(url=server.url), effect=Effect.DESTROYS)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ((("X-HTTP-Method-Override", "DELETE"),), "header X-HTTP-Method-Override may change it"),
        ((("x_http_method_override", "DELETE"),), "header x_http_method_override may change it"),
        ((("X-HTTP-Method", "DELETE"),), "may change it"),
        ((("X-Method-Override", "DELETE"),), "may change it"),
        ((("_method", "DELETE"),), "may change it"),
        ((("X", "a\r\nY: b"),), "has a character that a header cannot have"),
        ((("X", "a\x00"),), "has a character that a header cannot have"),
        ((("X", "a\n b"),), "has a character that a header cannot have"),
        ((("X", "\u20ac"),), "has a character that a header cannot have"),
        ((("X\r\nY", "a"),), "expected a header name"),
        ((("X:", "a"),), "expected a header name"),
        ((("", "a"),), "expected a header name"),
        ((("Transfer-Encoding", "chunked"),), "would change how the request is framed"),
        ((("Content-Length", "5"),), "header Content-Length says 5, the body has 0 bytes"),
        ((("Connection", "Upgrade"),), "would change how the request is framed"),
        ((("Upgrade", "h2c"),), "would change how the request is framed"),
        ((("Expect", "100-continue"),), "would change how the request is framed"),
        ((("Host", "a"), ("host", "b")), "is given twice"),
    ],
)
def test_a_header_that_does_more_than_it_says_is_refused(
    headers: tuple, reason: str, serve: Callable, transport: Callable
) -> None:
    server = serve()
    client = transport(server)
    with pytest.raises(Refused) as caught:
        client.send(Request(url=server.url, headers=headers))
    assert reason in caught.value.reason
    assert client.connections == 0


@pytest.mark.parametrize("part", ["?_method=DELETE", "?a=1&_method=PUT", "?%5Fmethod=DELETE"])
def test_a_method_in_the_query_is_refused(part: str, serve: Callable, transport: Callable) -> None:
    server = serve()
    with pytest.raises(Refused, match="parameter _method may change it"):
        transport(server).send(Request(url=f"{server.url}/{part}"))


def test_a_body_is_no_read(serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server)
    with pytest.raises(Refused, match="a body with GET may change it"):
        client.send(Request(url=server.url, body=b"x"))
    with pytest.raises(Refused, match="a body with GET may change it"):
        client.session.get(server.url, data="x")


@pytest.mark.parametrize(
    "url",
    ["ftp://a/", "//a/", "", "a", "http:///x", "http://a b/", "http://a/\r\nX: y", "http://a/\x00", "http://user:secret@a/",
     "http://a:0/", "http://a:65536/", "http://a:8e1/", "http://é/", "http://[::1/", "http://[zz]/", "http://a..b/",
     "http://.a/", "http://./", "http://[::ffff:1.2.3.4.5]/", "http://a/" + "x" * 9000, "http://a\\b/"],
)  # fmt: skip
def test_what_is_no_url_is_refused(url: str, transport: Callable) -> None:
    with pytest.raises(ValueError, match=r"expected|IPv|Only|octet|four") as caught:
        Origin.of(url)
    assert "secret" not in str(caught.value)
    with pytest.raises(Refused):
        transport().send(Request(url=url))


def test_origins() -> None:
    assert Origin.of("HTTPS://Example.COM./x") == Origin("https", "example.com", 443)
    assert str(Origin.of("http://example.com:8080/x?y#z")) == "http://example.com:8080"
    assert str(Origin.of("http://[0:0::1]:80/")) == "http://[::1]"
    assert Origin.split("http://a?x=1") == (Origin("http", "a", 80), "/?x=1")
    assert Origin.split("http://a:/x") == (Origin("http", "a", 80), "/x")


@pytest.mark.parametrize(
    ("host", "address", "private", "fine"),
    [
        ("example.com", "93.184.216.34", False, True),
        ("example.com", "2606:2800:220:1::1", False, True),
        ("example.com", "127.0.0.1", False, False),
        ("example.com", "10.0.0.1", False, False),
        ("example.com", "10.0.0.1", True, True),
        ("example.com", "127.0.0.1", True, True),
        ("example.com", "0.0.0.0", False, False),
        ("example.com", "::1", False, False),
        ("example.com", "::ffff:127.0.0.1", False, False),
        ("example.com", "64:ff9b::7f00:1", False, False),
        ("example.com", "2002:7f00:1::", False, False),
        ("example.com", "fc00::1", False, False),
        ("example.com", "169.254.169.254", True, False),
        ("169.254.169.254", "169.254.169.254", True, False),
        ("example.com", "::ffff:169.254.169.254", True, False),
        ("example.com", "64:ff9b::a9fe:a9fe", True, False),
        ("example.com", "fe80::1%lo", True, False),
        ("example.com", "fd00:ec2::254", True, False),
        ("example.com", "fd20:ce::254", True, False),
        ("example.com", "168.63.129.16", False, False),
        ("168.63.129.16", "168.63.129.16", False, False),
        ("example.com", "168.63.129.17", False, True),
        ("example.com", "100.100.100.200", True, False),
        ("example.com", "224.0.0.1", True, False),
        ("example.com", "240.0.0.1", True, False),
        ("localhost", "127.0.0.1", False, True),
        ("localhost", "::1", False, True),
        ("localhost", "10.0.0.1", False, False),
        ("app.localhost", "127.0.0.1", False, True),
        ("127.0.0.1", "127.0.0.1", False, True),
        ("10.1.2.3", "10.1.2.3", False, True),
        ("10.1.2.3", "10.1.2.4", False, False),
        ("::1", "::1", False, True),
        ("0x7f.1", "127.0.0.1", False, False),
    ],
)
def test_where_a_name_may_lie(host: str, address: str, private: bool, fine: bool) -> None:  # noqa: FBT001 - a table
    reason = forbidden(Origin("http", host, 80), address, private=private)
    assert (reason is None) == fine
    assert fine or (reason and host in reason)


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str, port: int = 80) -> list[str]:
    asked: list[str] = []
    real = socket.getaddrinfo

    def lookup(host: str, *args: object, **named: object) -> list:
        if host != "app.example":
            return real(host, *args, **named)  # type: ignore[arg-type] # passed through
        if named.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "not an address")
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


class _Named:
    """A server that is declared under another name."""

    def __init__(self, url: str) -> None:
        self.origin = Origin.of(url)


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (["169.254.169.254"], "a link-local or cloud metadata address"),
        (["93.184.216.34", "169.254.169.254"], "a link-local or cloud metadata address"),
        (["127.0.0.1"], "a private or loopback address"),
    ],
)
def test_a_name_that_leads_inside_is_refused(
    addresses: list[str], reason: str, transport: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, *addresses)
    client = transport(_Named("http://app.example/"))
    with pytest.raises(Refused) as caught:
        client.send(Request(url="http://app.example/"))
    assert reason in str(caught.value)
    assert (client.sent, client.connections) == (0, 0)


def test_a_private_environment_is_reached_at_the_address_that_was_checked(
    serve: Callable, transport: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    asked = _resolve_to(monkeypatch, "127.0.0.9", "127.0.0.1", port=server.port)
    url = f"http://app.example:{server.port}/"
    client = transport(_Named(url), private=True)
    assert client.send(Request(url=url)).status == 200
    assert asked == ["app.example"]
    assert f"Host: app.example:{server.port}".encode() in server.heads[0]


def test_a_name_that_is_not_found_is_a_reason(transport: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: object, **__: object) -> list:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(Unreachable) as caught:
        transport(_Named("http://app.example/")).send(Request(url="http://app.example/"))
    assert caught.value.reason == "name not found"


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "localhost.a" + "b" * 70])
def test_a_name_that_cannot_be_is_not_found(host: str, transport: Callable) -> None:
    with pytest.raises(Unreachable, match="name not found"):
        transport(_Named(f"http://{host}/")).send(Request(url=f"http://{host}/"))


def test_an_empty_lookup_is_not_found(transport: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(monkeypatch)
    with pytest.raises(Unreachable, match="name not found"):
        transport(_Named("http://app.example/")).send(Request(url="http://app.example/"))


def test_a_slow_lookup_ends_in_time_and_is_shared(
    transport: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    release, asked = threading.Event(), []

    def lookup(host: str, *_: object, **named: object) -> list:
        if named.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "not an address")
        asked.append(host)
        release.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    client = transport(_Named("http://app.example/"))
    for _ in range(2):
        with pytest.raises(Unreachable, match="deadline of 200ms passed while looking up the name"):
            client.send(Request(url="http://app.example/"), deadline=seconds(0.2))
    release.set()
    assert asked == ["app.example"]


def _attacks(client, url: str) -> list[Callable[[], object]]:
    """Ways around ``send``."""
    session, adapter = client.session, client._adapter

    def pool():
        return adapter.poolmanager.connection_from_url(url)

    def connection():
        return pool()._new_conn()

    def piecewise() -> None:
        one = connection()
        with contextlib.closing(one):
            one.connect()
            one.putrequest("DELETE", "/")
            one.endheaders()

    def tunnel() -> None:
        one = connection()
        with contextlib.closing(one):
            one.set_tunnel("evil.example", 443)
            one.connect()

    prepared = requests.Request("GET", url).prepare()
    prepared.method = "DELETE"
    return [
        lambda: session.post(url, data="x"),
        lambda: session.delete(url),
        lambda: session.request("TRACE", url),
        lambda: session.request("PURGE", url),
        lambda: session.get(url, headers={"X-HTTP-Method-Override": "DELETE"}),
        lambda: session.get(url, headers={b"X-HTTP-Method-Override": b"DELETE"}),
        lambda: session.get(url, headers={"Transfer-Encoding": "chunked"}),
        lambda: session.get(url, headers={"Content-Length": "0"}, data=b"DELETE / HTTP/1.1\r\n\r\n"),
        lambda: session.get(url, data=iter([b"DELETE / HTTP/1.1\r\n\r\n"])),
        lambda: session.get("http://undeclared.example/"),
        lambda: session.get("http://127.0.0.1:1/"),
        lambda: session.get("file:///etc/passwd"),
        lambda: session.send(prepared),
        lambda: adapter.send(prepared),
        lambda: pool().urlopen("DELETE", "/", retries=False),
        lambda: pool().urlopen("GET", "http://undeclared.example/", retries=False, assert_same_host=False),
        lambda: pool().urlopen("GET", "/", headers={"_method": "DELETE"}, retries=False),
        lambda: adapter.poolmanager.urlopen("POST", url, retries=False),
        lambda: adapter.poolmanager.urlopen("GET", "http://undeclared.example/", retries=False),
        lambda: connection().request("DELETE", "/"),
        lambda: connection().request("GET", "/", body=iter([b"x"])),
        lambda: connection().request("GET", "/", body="DELETE / HTTP/1.1\r\n\r\n"),
        piecewise,
        tunnel,
    ]


@pytest.mark.parametrize("number", range(24))
def test_no_way_around_the_gate(number: int, serve: Callable, transport: Callable) -> None:
    server = serve()
    client = transport(server)
    with pytest.raises((Refused, requests.exceptions.InvalidSchema)):
        _attacks(client, server.url)[number]()
    assert (server.heads, client.sent) == ([], 0)


_METHODS = st.one_of(
    st.sampled_from(
        ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "GET\r\n"]
    ),
    st.text(max_size=12),
)
_NAMES = st.one_of(
    st.sampled_from(["X-HTTP-Method-Override", "X_HTTP_Method", "_method", "Content-Length",
                     "Transfer-Encoding", "Connection", "Host", "Upgrade", "Authorization"]),
    st.text(max_size=12),
)  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(
        ["DELETE", "0", "5", "chunked", "close", "a\r\nX: y", "a\r\n\r\nDELETE / HTTP/1.1\r\n\r\n"]
    ),
    st.text(max_size=20),
)
_PATHS = st.one_of(
    st.sampled_from(
        [
            "/",
            "/a?_method=DELETE",
            "/ HTTP/1.1\r\n\r\nDELETE /",
            "@undeclared.example/",
            "/redirect",
            ":1/",
            "",
        ]
    ),
    st.text(max_size=20),
)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_read_only_environment_only_ever_sees_reads(
    data: st.DataObject, serve: Callable, transport: Callable
) -> None:
    targets: list[str] = ["/"]

    def handler(peer) -> None:
        while peer.head():
            peer.answer(b"", "307 Temporary Redirect", "Location: " + targets[0])

    def silent(peer) -> None:
        peer.head()

    declared, other = serve(handler), serve(silent)
    budget = data.draw(st.integers(0, 6))
    client = transport(declared, budget=budget)
    targets[0] = data.draw(
        st.sampled_from(["/", other.url, "//undeclared.example/", "http://169.254.169.254/", "\x00"])
    )
    for _ in range(data.draw(st.integers(1, 4))):
        base = data.draw(
            st.sampled_from([declared.url, declared.url, other.url, "http://undeclared.example"])
        )
        request = Request(
            url=base + data.draw(_PATHS),
            method=data.draw(_METHODS),
            headers=tuple(data.draw(st.lists(st.tuples(_NAMES, _VALUES), max_size=3))),
            body=data.draw(st.sampled_from([None, b"", b"DELETE / HTTP/1.1\r\n\r\n"])),
        )
        act = data.draw(st.sampled_from([client.send, client.follow]))
        with contextlib.suppress(EffectError):
            act(request, deadline=seconds(2))
        with contextlib.suppress(EffectError, requests.RequestException, ValueError):
            client.session.request(
                request.method, request.url, headers=dict(request.headers), data=request.body
            )
    client.close()
    for server in (declared, other):
        server.stop()
    assert other.heads == []
    assert len(declared.heads) == client.sent <= budget
    for head in declared.heads:
        assert head.startswith((b"GET /", b"HEAD /", b"OPTIONS /"))
        assert head.endswith(b"\r\n\r\n")
        assert head.count(b"\r\n\r\n") == 1
        lowered = head.lower().replace(b"_", b"-")
        assert not any(name in lowered for name in (b"method-override", b"\r\n-method", b"transfer-encoding"))
        assert set(itertools.chain(head)) - set(b"\r\n\t") <= set(range(32, 127)) | set(range(128, 256))
