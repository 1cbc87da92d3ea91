"""A described system: the document first, then what it describes."""

from collections.abc import Callable
from typing import Any

import pytest

from verify.collectors.openapi import collect
from verify.facts.openapi import MOST_OPERATIONS, Describe, Described
from verify.model.need import Unseen
from verify.model.units import seconds

Make = Callable[..., Any]
NEED = Describe(path="/schema")
GET: dict[str, Any] = {"get": {"responses": {}}}


def document(**paths: object) -> dict[str, Any]:
    named = {path.replace("_", "/"): item for path, item in paths.items()}
    return {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}, "paths": named or {"/a": GET}}


def see(world: Any) -> Described:
    found = dict(collect((NEED,), world))[NEED]
    assert isinstance(found, Described), found
    return found


def test_the_operations_are_asked_after_the_document(serve: Make, world: Make, reply: Make) -> None:
    good = document(_a=GET, _b=GET, _c={"post": {}})
    system = serve({"/schema": reply(body=good), "/a": reply(), "/b": reply(status=500)})
    seen = see(world(system.url))
    assert system.lines[0] == "GET /schema"
    assert sorted(system.lines[1:]) == ["GET /a", "GET /b"]
    assert [(each.url, each.status) for each in seen.operations] == [
        (f"{system.url}/a", 200),
        (f"{system.url}/b", 500),
    ]
    assert seen.problems == ()
    assert "openapi" in system.asked[0].headers["accept"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[1]", b"null", b"{}", b'{"openapi": "3.1.0"}', b'{"openapi": 3, "paths": {"/a": {}}}'],
)
def test_no_document_no_operations(serve: Make, world: Make, reply: Make, body: bytes) -> None:
    system = serve({"/schema": reply(body=body)})
    seen = see(world(system.url))
    assert seen.problems
    assert system.lines == ["GET /schema"]


@pytest.mark.parametrize("status", [404, 500, 302])
def test_what_an_error_page_describes_is_not_asked(
    serve: Make, world: Make, reply: Make, status: int
) -> None:
    system = serve({"/schema": reply(status=status, body=document(), headers={"Location": "/x"})})
    seen = see(world(system.url))
    assert seen.document.status == status
    assert (seen.operations, system.lines) == ((), ["GET /schema"])


def test_what_needs_more_than_asking_is_left_alone(serve: Make, world: Make, reply: Make) -> None:
    secured: dict[str, Any] = {"get": {"security": [{"bearer": []}]}}
    optional = {"get": {"security": [{}, {"bearer": []}], "parameters": [{"name": "q", "in": "query"}]}}
    wanting = {"get": {"parameters": [{"name": "q", "in": "query", "required": True}]}}
    shared = {**GET, "parameters": [{"$ref": "#/components/parameters/q"}]}
    paths = {
        "/open": optional,
        "/own": secured,
        "/find": wanting,
        "/shared": shared,
        "/{id}": GET,
        "/none": {"get": 3},
    }
    told = {**document(), "paths": paths}
    system = serve({"/schema": reply(body=told), "/open": reply()})
    see(world(system.url))
    assert "GET /open" in system.lines
    assert not {"GET /own", "GET /find", "GET /none", "GET /{id}"} & set(system.lines)


@pytest.mark.parametrize(
    "item",
    [
        {"get": {"parameters": 3}},
        {"get": {}, "parameters": {"a": 1}},
        {"get": {"parameters": None}},
        {"get": {"security": 3}},
        {"parameters": "x", "get": {"security": [3]}},
    ],
)
def test_a_wild_document_harms_nobody(serve: Make, world: Make, reply: Make, item: object) -> None:
    system = serve({"/schema": reply(body={**document(), "paths": {"/a": item}})})
    assert see(world(system.url)).document.status == 200


def test_a_path_that_leads_elsewhere_is_not_followed(serve: Make, world: Make, reply: Make) -> None:
    other = serve({})
    told = {**document(), "paths": {"//localhost:1/x": GET, "/@evil": GET}}
    told["paths"][f"/..//{other.url}"] = GET
    system = serve({"/schema": reply(body=told)})
    dict(collect((NEED,), world(system.url)))
    assert other.asked == []


def test_an_endless_document_is_bounded(serve: Make, world: Make, reply: Make) -> None:
    many = {**document(), "paths": {f"/p{number}": GET for number in range(500)}}
    system = serve(lambda asked: reply(body=many if asked.path == "/schema" else b""))
    seen = see(world(system.url))
    assert len(seen.operations) == MOST_OPERATIONS
    assert len(system.asked) == MOST_OPERATIONS + 1


def test_an_operation_that_breaks_off_makes_it_unseen(serve: Make, world: Make, reply: Make) -> None:
    system = serve({"/schema": reply(body=document(_a=GET)), "/a": reply(after=3)})
    found = dict(collect((NEED,), world(system.url, deadline=seconds(0.5))))[NEED]
    assert isinstance(found, Unseen)
    assert "deadline" in found.reason


def test_a_document_that_does_not_come_is_unseen(world: Make) -> None:
    found = dict(collect((NEED,), world("http://localhost:1")))[NEED]
    assert isinstance(found, Unseen)
