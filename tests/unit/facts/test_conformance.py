"""Answers against their OpenAPI document."""

import builtins
import json
from typing import Any

import pytest

from verify.facts.conformance import INSTALL, UnjudgeableError, deviations
from verify.facts.http import Exchange
from verify.facts.openapi import Described


def described(
    schema: dict[str, Any], value: Any, version: str = "3.0.3", status: int = 200, **more: Any
) -> Described:
    content = {"application/json": {"schema": schema}}
    operation = {
        "responses": {"200": {"content": content}, "4XX": {"description": "no"}} | more.pop("responses", {})
    }
    document = {"openapi": version, "paths": {"/a/": {"get": operation}}, "components": more}
    answer = Exchange(
        url="https://system.example/a/?b=1",
        status=status,
        body=json.dumps(value).encode(),
        headers=(("Content-Type", "application/json; charset=utf-8"),),
    )
    return Described(document=Exchange(status=200, body=json.dumps(document).encode()), operations=(answer,))


def said(*args: Any, **more: Any) -> list[str]:
    return [f"{message}: {seen}" for _, message, _, seen in deviations(described(*args, **more))]


NAME = {"type": "string", "nullable": True}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 3, "3"),
        (NAME, None, 3),
        (
            {"type": "object", "properties": {"nullable": {"type": "boolean"}}},
            {"nullable": True},
            {"nullable": 1},
        ),
        ({"$ref": "#/components/schemas/A"}, {"n": None}, {"n": 1}),
        ({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, [{"n": "x"}], [{}]),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, 1, 0),
        ({"enum": ["a"], "nullable": True, "type": "string"}, "a", "b"),
        ({"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": True}, None, {}),
    ],
)
def test_version_3_0(schema: dict[str, Any], good: Any, bad: Any) -> None:
    schemas = {"A": {"type": "object", "required": ["n"], "properties": {"n": NAME}}}
    assert said(schema, good, schemas=schemas) == []
    assert said(schema, bad, schemas=schemas)


def test_version_3_1_has_types_of_its_own() -> None:
    assert said({"type": ["string", "null"]}, None, "3.1.0") == []
    assert said({"type": "number", "exclusiveMinimum": 0}, 0, "3.1.0")


def test_statuses_are_documented_by_number_class_or_default() -> None:
    assert said({}, {}, status=404) == []
    assert said({}, {}, status=500) == ["the status is not documented: 500"]
    assert said({}, {}, status=500, responses={"default": {}}) == []


def test_a_response_may_be_a_reference() -> None:
    shared = {"R": {"content": {"application/*": {"schema": {"type": "integer"}}}}}
    responses = {"200": {"$ref": "#/components/responses/R"}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/a/": {"get": {"responses": responses}}},
        "components": {"responses": shared},
    }
    answers = [
        Exchange(
            url="https://s.example/a/", status=200, body=body, headers=(("Content-Type", "application/json"),)
        )
        for body in (b"3", b'"3"', b"{")
    ]
    found = deviations(
        Described(
            document=Exchange(status=200, body=json.dumps(document).encode()), operations=tuple(answers)
        )
    )
    assert [answer.body for answer, *_ in found] == [b'"3"', b"{"]


def test_another_type_is_a_deviation() -> None:
    one = described({}, {})
    page = Exchange(url="https://s.example/a/", status=200, headers=(("Content-Type", "text/html"),))
    found = list(deviations(Described(document=one.document, operations=(page,))))
    assert found[0][1:] == ("the type is not documented", "application/json", "text/html")


@pytest.mark.parametrize(
    "elsewhere", ["https://other.example/a.json", "other.json#/A", "#/components/schemas/B"]
)
def test_nothing_outside_of_the_document_is_followed(elsewhere: str) -> None:
    with pytest.raises(UnjudgeableError, match="inside of the document"):
        said({"$ref": elsewhere}, {})


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def missing(name: str, *args: Any, **more: Any) -> Any:
        if name == "jsonschema":
            raise ImportError(name)
        return load(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UnjudgeableError) as caught:
        said({}, {})
    assert INSTALL in str(caught.value)
