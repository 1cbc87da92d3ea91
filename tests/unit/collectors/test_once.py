"""What several collectors ask alike is asked once in a run, and anew in each round of a watch."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from verify.collectors import http, openapi, readiness
from verify.collectors.once import Once
from verify.effects.errors import EffectError
from verify.facts.http import Exchange, Get
from verify.facts.openapi import Describe, Described
from verify.facts.readiness import Ready
from verify.model.need import Unseen
from verify.model.units import seconds

Make = Callable[..., Any]
GET: dict[str, Any] = {"get": {"responses": {}}}


def document(*paths: str) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}, "paths": dict.fromkeys(paths, GET)}


def test_an_operation_that_is_asked_by_itself_is_asked_once(serve: Make, world: Make, reply: Make) -> None:
    slow = reply(after=0.2, body=b"a")
    system = serve({"/schema": reply(body=document("/a", "/b")), "/a": slow, "/b": reply()})
    there = world(system.url)
    need, described = Get(path="/a"), Describe(path="/schema")
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(lambda: dict(http.collect((need,), there))[need])
        seen = pool.submit(lambda: dict(openapi.collect((described,), there))[described])
    assert sorted(system.lines) == ["GET /a", "GET /b", "GET /schema"]
    found = seen.result()
    assert isinstance(found, Described)
    assert answer.result() in found.operations


def test_what_differs_in_anything_is_asked_by_itself(serve: Make, world: Make, reply: Make) -> None:
    system = serve({"/schema": reply(body=document("/a")), "/a": reply()})
    there = world(system.url, credentials={"alice": (("Authorization", "Bearer t"),)})
    needs = (Get(path="/a", account="alice"), Get(path="/a", headers=(("Origin", "null"),)))
    described = Describe(path="/schema")
    assert all(isinstance(fact, Exchange) for _, fact in http.collect(needs, there))
    assert isinstance(dict(openapi.collect((described,), there))[described], Described)
    assert system.lines.count("GET /a") == 3


def test_the_answer_that_readiness_ends_with_is_enough(serve: Make, world: Make, reply: Make) -> None:
    system = serve({"/schema": reply(body=document("/health")), "/health": reply()})
    there = world(system.url)
    last = dict(readiness.collect((Ready(),), there))[Get(path="/health")]
    described = Describe(path="/schema")
    found = dict(openapi.collect((described,), there))[described]
    assert isinstance(found, Described)
    assert found.operations == (last,)
    assert system.lines == ["GET /health"] * 3 + ["GET /schema"]


def test_what_fails_is_unseen_for_each_that_asks(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(after=5))
    there = world(system.url, deadline=seconds(0.3))
    first, second = (dict(http.collect((Get(path="/a"),), there)) for _ in range(2))
    assert isinstance(first[Get(path="/a")], Unseen)
    assert first == second
    assert system.lines == ["GET /a"]


def test_whoever_comes_meanwhile_waits_for_the_answer() -> None:
    once, begun, go = Once(), threading.Event(), threading.Event()
    asked: list[str] = []

    def ask() -> Exchange:
        asked.append("a")
        begun.set()
        assert go.wait(5)
        return Exchange(status=200)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(once.ask, Get(path="/a"), ask)
        assert begun.wait(5)
        second = pool.submit(once.ask, Get(path="/a"), ask)
        go.set()
        assert first.result() is second.result()
    assert asked == ["a"]


def test_an_error_is_raised_for_each_that_asks() -> None:
    once = Once()

    def ask() -> Exchange:
        raise EffectError("no answer")

    for _ in range(2):
        with pytest.raises(EffectError, match="no answer"):
            once.ask(Get(path="/a"), ask)
