"""Corners of the two formats that answers are written in: metrics of Prometheus, OpenAPI documents."""

import json
import re
from typing import Any

import pytest

from verify.facts.conformance import UnjudgeableError, deviations
from verify.facts.http import Exchange
from verify.facts.openapi import Described
from verify.facts.prometheus import MetricsError, parse


@pytest.mark.parametrize(
    ("kind", "samples"),
    [
        ("counter", ("a_total", "a_created", "a")),
        ("gauge", ("a",)),
        ("summary", ("a_sum", "a_count", "a_created", "a")),
        ("histogram", ("a_bucket", "a_sum", "a_count", "a_created")),
        ("gaugehistogram", ("a_bucket", "a_gsum", "a_gcount")),
        ("info", ("a_info",)),
        ("untyped", ("a",)),
        ("unknown", ("a",)),
        ("stateset", ("a",)),
    ],
)
def test_a_family_owns_the_samples_of_its_kind(kind: str, samples: tuple[str, ...]) -> None:
    text = f"# TYPE a {kind}\n\n" + "".join(f"{name} 1\n" for name in samples)
    assert list(parse(text)) == ["a"]
    assert [name for name, _, _ in parse(text)["a"].samples] == list(samples)
    assert list(parse(f"{text}b 1\n")) == ["a", "b"]


def test_a_last_bucket_may_be_written_without_its_sign() -> None:
    buckets = '# TYPE a histogram\na_bucket{le="%s"} 1\na_sum 1\na_count 1\na_created 1\n'
    assert parse(buckets % "Inf")["a"].whole()
    assert parse(buckets % "+Inf")["a"].whole()
    assert not parse(buckets % "9")["a"].whole()
    least = '# TYPE a histogram\na_sum{le="+Inf"} 1\na_count 1\n'
    assert not parse(least)["a"].whole()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a 1\n# TYPE b speed", "line 2: speed is no type"),
        ("# TYPE b", "line 1: nothing is no type"),
        ("\na " + "x" * 70, f"line 2: expected a number, got '{'x' * 58}…"),
        ("{" + "y" * 70, f"number`, got '{{{'y' * 57}…"),
        ("a{" + "z" * 70 + "} 1", f"repeated: '{'z' * 58}…"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, says: str) -> None:
    with pytest.raises(MetricsError, match=re.escape(says)):
        parse(text)


def found(
    content: dict[str, Any],
    value: Any,
    kind: str = "application/json",
    version: str = "3.0.3",
    path: str = "/a",
    **more: Any,
) -> list[tuple[str, str, str]]:
    """Return what deviates for one answer whose response has ``content``."""
    operation = {"responses": more.pop("responses", {"200": {"content": content}})}
    document = {"openapi": version, "paths": {path: {"get": operation}}, "components": more}
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = (("Content-Type", kind),) if kind else ()
    answer = Exchange(status=200, url=f"https://a.example{path}", body=body, headers=headers)
    seen = Described(document=Exchange(status=200, body=json.dumps(document).encode()), operations=(answer,))
    return [rest for _, *rest in map(tuple, deviations(seen))]


TEXT = {"schema": {"type": "string"}}


@pytest.mark.parametrize(
    ("documented", "kind", "fits"),
    [
        ("application/json", "application/json", True),
        ("application/json; charset=utf-8", "Application/JSON;charset=ascii", True),
        ("*/*", "application/json", True),
        ("application/*", "application/json", True),
        ("text/*", "application/json", False),
        ("app/*", "application/json", False),
        ("application/problem+json", "application/json", False),
        ("application/json", "", False),
    ],
)
def test_which_type_is_documented(documented: str, kind: str, fits: bool) -> None:  # noqa: FBT001 - what is expected
    said = found({documented: TEXT}, "a", kind)
    assert (said == []) is fits
    assert fits or said == [["the type is not documented", documented, kind or "none"]]


def test_what_is_not_compared() -> None:
    assert found({"text/plain": TEXT}, b"a", "text/plain") == []
    assert found({"application/json": {}}, b"{", "application/json") == []
    assert found({}, b"a") == []
    empty = Described(document=Exchange(status=200, body=b"[]"), operations=(Exchange(status=200),))
    assert list(deviations(empty)) == []


def test_where_it_deviates() -> None:
    nested = {"schema": {"properties": {"a": {"items": {"type": "string"}}}}}
    assert found({"application/json": nested}, {"a": ["b", 1]}) == [
        ["a.1 does not conform", "its documented schema", "1 is not of type 'string'"]
    ]
    assert found({"application/json": TEXT}, 1)[0][0] == "the answer does not conform"
    assert found({}, "a", responses={})[0] == ["the status is not documented", "none", "200"]
    assert found({}, "a", responses={"404": {}, "500": {}})[0][1] == "404 or 500"


def test_three_differences_of_one_answer_are_named_in_short() -> None:
    many = {"schema": {"items": {"type": "string"}}}
    assert len(found({"application/json": many}, [1, 2, 3, 4, 5])) == 3
    long = found({"application/json": {"schema": {"type": "integer"}}}, "x" * 200)
    assert len(long[0][2]) == 160


@pytest.mark.parametrize("name", ["~", "a~1b", "{", "}", "a b"])
def test_names_are_escaped_in_references(name: str) -> None:
    assert found({"application/json": TEXT}, "a", path=f"/{name.replace(' ', '')}") == []


def test_a_response_is_found_through_references() -> None:
    shared = {
        "a/b~c": {"content": {"application/json": TEXT}},
        "again": {"$ref": "#/components/responses/a~1b~0c"},
    }
    asked = {"200": {"$ref": "#/components/responses/again"}}
    assert found({}, "a", responses=dict(asked)) == []
    document = {
        "openapi": "3.1.0",
        "paths": {"/a": {"get": {"responses": asked}}},
        "components": {"responses": shared},
    }
    answer = Exchange(
        status=200, url="https://a.example/a", body=b"1", headers=(("Content-Type", "application/json"),)
    )
    seen = Described(document=Exchange(status=200, body=json.dumps(document).encode()), operations=(answer,))
    assert [rest[1] for _, *rest in deviations(seen)] == ["its documented schema"]
    outside = {"200": {"$ref": "other.yaml#/A"}}
    with pytest.raises(UnjudgeableError, match=r"other\.yaml#/A leads out of the document"):
        found({}, "a", responses=outside)


NULLABLE = {"type": "string", "nullable": True}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": NULLABLE}},
        {"type": "object", "patternProperties": {"a": NULLABLE}},
        {"type": "object", "properties": {"properties": {"type": "object"}, "a": NULLABLE}},
        {"definitions": {"x": NULLABLE}, "properties": {"a": NULLABLE}},
        {"type": "object", "additionalProperties": NULLABLE},
    ],
)
def test_null_is_a_value_in_3_0_where_it_is_said(schema: dict[str, Any]) -> None:
    assert found({"application/json": {"schema": schema}}, {"a": None}) == []
    assert found({"application/json": {"schema": schema}}, {"a": 1}) != []
    assert found({"application/json": {"schema": schema}}, {"a": None}, version="3.1.0") != []


@pytest.mark.parametrize("word", ["enum", "example", "examples", "default"])
def test_values_are_not_taken_for_schemas(word: str) -> None:
    literal = {"type": "string", "nullable": True}
    schema = {word: [literal] if word in {"enum", "examples"} else literal}
    assert found({"application/json": {"schema": schema}}, literal) == []


def test_a_property_may_be_called_like_a_word_of_schemas() -> None:
    schema = {"properties": {"nullable": {"type": "boolean"}, "default": NULLABLE, "enum": NULLABLE}}
    assert (
        found({"application/json": {"schema": schema}}, {"nullable": True, "default": None, "enum": None})
        == []
    )
    assert found({"application/json": {"schema": schema}}, {"nullable": 1}) != []
