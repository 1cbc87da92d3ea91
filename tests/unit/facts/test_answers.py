"""What answers hold is read without trusting it: any JSON gives facts, never an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.facts.body import KINDS, compare, differences, member, shortened
from verify.facts.health import find_member, is_well
from verify.facts.http import Exchange
from verify.facts.openapi import open_gets, problems_of

NAMES = st.sampled_from(
    ["openapi", "info", "title", "version", "paths", "/a", "get", "parameters", "security", "status", "name"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
INFO = {"title": "t", "version": "1"}


@given(JSON)
def test_any_document_is_described(document: Any) -> None:
    problems = problems_of(document)
    paths = list(open_gets(document))
    assert not (problems and paths)


@given(JSON)
def test_any_paths_of_a_good_document_are_read(paths: Any) -> None:
    document = {"openapi": "3.1.0", "info": INFO, "paths": paths}
    for path in open_gets(document):
        assert path.startswith("/")
        assert "{" not in path


@given(JSON, NAMES)
def test_any_health_answer_is_read(body: Any, name: str) -> None:
    found, value = find_member(body, name)
    assert isinstance(is_well(value), bool)
    assert found or value is None


@given(JSON, st.dictionaries(NAMES, JSON, max_size=3))
def test_any_answer_is_compared(body: Any, stated: dict[str, Any]) -> None:
    for difference in compare(body, stated, ""):
        assert all(isinstance(text, str) and len(text) < 500 for text in difference)


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_what_is_stated_as_it_is_does_not_differ(body: dict[str, Any]) -> None:
    literal = {name: value for name, value in body.items() if not _speaks_of_kinds(value)}
    assert list(compare(body, literal, "")) == []


def _speaks_of_kinds(value: Any) -> bool:
    return (isinstance(value, str) and value in KINDS) or isinstance(value, dict)


@pytest.mark.parametrize(
    ("seen", "stated", "words"),
    [
        ({"a": 1}, {"a": "integer"}, ""),
        ({"a": True}, {"a": "integer"}, "a is not of the stated kind"),
        ({"a": 1}, {"a": "boolean"}, "a is not of the stated kind"),
        ({"a": 1.5}, {"a": "number"}, ""),
        ({"a": None}, {"a": "null"}, ""),
        ({"a": []}, {"a": "array"}, ""),
        ({}, {"a": "string"}, "a is missing"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b differs"),
        ({"a": 3}, {"a": {"b": 2}}, "a is not an object"),
        ([], {"a": 1}, "the answer is not an object"),
    ],
)
def test_differences(seen: Any, stated: dict[str, Any], words: str) -> None:
    answer = Exchange(status=200, body=json.dumps(seen).encode())
    assert [message for message, _, _ in differences(answer, stated)] == ([words] if words else [])


@pytest.mark.parametrize("body", [b"", b"<", b"\xff", b"[" * 100_000])
def test_what_is_no_json_differs(body: bytes) -> None:
    found = list(differences(Exchange(status=200, body=body), {"a": 1}))
    assert [message for message, _, _ in found] == ["the answer is not JSON"]
    assert list(differences(Exchange(status=200, body=body), None)) == []


@pytest.mark.parametrize(
    ("seen", "stated", "same"),
    [
        (1, True, False),
        (True, 1, False),
        (0, False, False),
        (False, 0.0, False),
        (True, True, True),
        (1, 1.0, True),
        (None, False, False),
        ([1], [True], False),
        ([1, [True]], [1, [True]], True),
        ([1], [1, 2], False),
        ([{"a": 1}], [{"a": True}], False),
        ([{"a": True}], [{"a": True}], True),
        ([{"a": True}], [{"b": True}], False),
        ({"a": 1}, {"a": True}, False),
    ],
)
def test_true_is_not_one(seen: object, stated: object, *, same: bool) -> None:
    assert (list(compare({"member": seen}, {"member": stated}, "")) == []) is same


@pytest.mark.parametrize(
    ("value", "well"),
    [
        ("OK", True),
        ("Healthy", True),
        ("down", False),
        ("", False),
        (True, True),
        (False, False),
        (None, False),
        (1, False),
        ({"status": "up"}, True),
        ({"status": "up", "state": "down"}, False),
        ({"healthy": True, "ok": "ok"}, True),
        ({}, False),
        ({"latency": 3}, False),
        ([], False),
    ],
)
def test_well_being(value: object, *, well: bool) -> None:
    assert is_well(value) is well


def test_a_member_is_found_at_the_least_depth() -> None:
    body = {"details": {"db": {"status": "down"}}, "db": "ok", "checks": [{"name": "redis", "status": "up"}]}
    assert find_member(body, "db") == (True, "ok")
    assert find_member(body, "redis") == (True, {"name": "redis", "status": "up"})
    assert find_member(body, "queue") == (False, None)


def test_a_huge_answer_is_not_searched_for_ever() -> None:
    assert find_member([[number] for number in range(100_000)], "db") == (False, None)


@pytest.mark.parametrize(
    ("path", "value"), [("a.b", 1), ("$.a.b", 1), ("a", {"b": 1}), ("a.c", None), ("a.b.c", None), ("", None)]
)
def test_a_member_by_path(path: str, value: object) -> None:
    assert member({"a": {"b": 1}}, path) == value


def test_long_values_are_shortened() -> None:
    assert len(shortened("x" * 1000)) == 80
    assert shortened({"a": 1}) == "{'a': 1}"
