"""Origins that serve, refuse, stay silent or show another's certificate, asked past their edge."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from verify.collectors.knock import collect
from verify.facts.edge import Knock, Knocked
from verify.model.need import Unseen
from verify.model.units import seconds

Make = Callable[..., Any]


def knocked(origin: str, world: Any) -> Knocked:
    need = Knock(origin=origin, path="/a")
    found = dict(collect((need,), world))[need]
    assert isinstance(found, Knocked), found
    assert found.url == f"{world.origin or origin}/a"
    return found


def certified(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_an_origin_is_asked_under_its_own_name_and_the_systems(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    behind = serve(lambda asked: reply(status=200 if asked.headers["host"] == system.url[7:] else 400))
    found = knocked(behind.url, world(system.url, hosts=(behind.url,)))
    assert [(one.host, one.status) for one in found.tries] == [(behind.url[7:], 400), (system.url[7:], 200)]
    assert behind.lines == ["GET /a"] * 2
    assert system.asked == []


def test_an_origin_under_the_systems_own_address_is_asked_once(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(status=403))
    found = knocked(system.url, world(system.url))
    assert [one.status for one in found.tries] == [403]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_its_certificate_may_be_for_either_name(
    name: str, serve: Make, world: Make, reply: Make, authority: trustme.CA, bundle: Path
) -> None:
    system = serve(lambda _: reply())
    behind = serve(lambda _: reply(status=404), certified(authority, name))
    origin = f"https://127.0.0.1:{behind.port}"
    there = world(system.url, hosts=(origin,), trust=bundle)
    assert [one.status for one in knocked(origin, there).tries] == [404, 404]
    assert there.sent == 2, "a handshake that ends badly sends nothing"


def test_a_certificate_for_neither_name_tells_nothing(
    serve: Make, world: Make, reply: Make, authority: trustme.CA, bundle: Path
) -> None:
    system = serve(lambda _: reply())
    behind = serve(lambda _: reply(), certified(authority, "other.example"))
    origin = f"https://127.0.0.1:{behind.port}"
    found = knocked(origin, world(system.url, hosts=(origin,), trust=bundle))
    assert [one.reason for one in found.tries] == ["certificate: wrong host"] * 2
    assert not any(one.shut_out or one.let_in for one in found.tries)
    assert behind.asked == []


def test_a_server_that_wants_a_certificate_of_the_edge_is_shut(
    serve: Make, world: Make, reply: Make, authority: trustme.CA, bundle: Path
) -> None:
    context = certified(authority, "localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    behind = serve(lambda _: reply(), context)
    found = knocked(behind.url, world("http://localhost:1", hosts=(behind.url,), trust=bundle))
    assert [one.shut_out for one in found.tries] == [True, True], found
    assert behind.asked == []


def test_a_closed_port_is_tried_once(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    (one,) = knocked(origin, world(system.url, hosts=(origin,))).tries
    assert one.reason == "connection refused"
    assert one.shut_out


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes no more connections, like one behind a firewall that drops what comes."""
    with socket.socket() as full, contextlib.ExitStack() as queue:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the socket's own signature
            waiting.connect_ex(full.getsockname())
        yield int(full.getsockname()[1])


def test_packets_that_are_dropped_are_a_guard(silent: int, serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    origin = f"http://127.0.0.1:{silent}"
    there = world(system.url, hosts=(origin,))
    there = type(there)(**{**vars(there), "deadline": seconds(0.5)})
    (one,) = knocked(origin, there).tries
    assert one.reason == "deadline of 500ms passed while connecting"
    assert one.shut_out
    assert there.sent == 0


def test_an_address_that_is_not_declared_is_not_asked(serve: Make, world: Make, reply: Make) -> None:
    system, other = serve(lambda _: reply()), serve(lambda _: reply())
    need = Knock(origin=other.url, path="/a")
    found = dict(collect((need,), world(system.url)))[need]
    assert isinstance(found, Unseen)
    assert "is not a declared address of this environment" in found.reason
    assert other.asked == []


def test_the_references_own_origin_stands_in_for_any(serve: Make, world: Make, reply: Make) -> None:
    system, own = serve(lambda _: reply()), serve(lambda _: reply(status=403))
    there = world(system.url, hosts=(own.url,), origin=own.url)
    assert [one.status for one in knocked("https://origin.example", there).tries] == [403, 403]
