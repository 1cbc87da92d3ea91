"""The same request again, and the handshake's application protocol."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from verify.collectors import again, openapi, tls
from verify.facts.again import Again
from verify.facts.openapi import Describe
from verify.facts.tls import Shake
from verify.model.need import Unseen


def only(answers: Any) -> Any:
    """Return the one fact that was seen."""
    ((_, seen),) = answers
    return seen


def test_asks_in_turn_and_keeps_the_order(serve: Any, reply: Any, world: Any) -> None:
    answers = iter(("MISS", "HIT", "HIT"))
    system = serve(lambda _: reply(headers={"X-Cache": next(answers)}))
    seen = only(again.collect((Again(path="/a.js", times=3),), world(system.url)))
    assert [answer.header("X-Cache") for answer in seen.answers] == ["MISS", "HIT", "HIT"]
    assert system.lines == ["GET /a.js"] * 3


def test_an_undeclared_address_is_not_asked(serve: Any, reply: Any, world: Any) -> None:
    system, other = serve({"/": reply()}), serve({"/": reply()})
    seen = only(again.collect((Again(path="/", origin=other.url),), world(system.url)))
    assert isinstance(seen, Unseen)
    assert "not a declared address" in seen.reason
    assert other.asked == []


def test_a_declared_address_is_asked(serve: Any, reply: Any, world: Any) -> None:
    system, other = serve({"/": reply()}), serve({"/": reply()})
    seen = only(again.collect((Again(path="/", origin=other.url),), world(system.url, hosts=(other.url,))))
    assert len(seen.answers) == len(other.asked) == 2


@pytest.mark.parametrize(("offered", "agreed"), [(["h2"], "h2"), (["http/1.1"], "http/1.1"), ([], "")])
def test_the_protocol_is_what_alpn_agreed_on(
    serve: Any, world: Any, authority: trustme.CA, bundle: Path, offered: list[str], agreed: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    if offered:
        context.set_alpn_protocols(offered)
    system = serve({}, context)
    seen = only(tls.collect((Shake(),), world(system.url, trust=bundle)))
    assert (seen.trusted, seen.protocol) == (True, agreed)


DOCUMENT = {
    "openapi": "3.0.0",
    "info": {"title": "a", "version": "1"},
    "security": [{"bearer": []}],
    "paths": {"/open": {"get": {"security": []}}, "/closed": {"get": {}}, "/with/{id}": {"get": {}}},
}


@pytest.mark.parametrize(("secured", "asked"), [(False, ["/open"]), (True, ["/closed", "/open"])])
def test_secured_operations_are_asked_with_the_account(
    serve: Callable[..., Any], reply: Any, world: Any, *, secured: bool, asked: list[str]
) -> None:
    system = serve({"/schema": reply(body=DOCUMENT), "/open": reply(), "/closed": reply()})
    here = world(system.url, credentials={"alice": (("Authorization", "Bearer x"),)})
    need = Describe(path="/schema", account="alice", secured=secured)
    seen = only(openapi.collect((need,), here))
    assert sorted(request.path for request in system.asked[1:]) == asked
    assert len(seen.operations) == len(asked)
    shown = {request.path: "authorization" in request.headers for request in system.asked}
    assert shown == {"/schema": True} | dict.fromkeys(asked, secured)
