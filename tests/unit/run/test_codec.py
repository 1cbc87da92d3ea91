"""What is written of a fact reads back as the same fact, or not at all."""

import dataclasses
import json
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.facts.burst import Burst, Volley
from verify.facts.flow import Walk, WalkThrough
from verify.facts.http import Exchange, Get
from verify.facts.openapi import Describe, Described
from verify.facts.readiness import Readiness, Ready
from verify.facts.tls import Handshake, Shake
from verify.model.need import Unseen
from verify.model.units import Duration, Quantity, Rate, seconds
from verify.run.codec import decode, encode, mapped_bytes

FACTS = (Exchange, Volley, Walk, Described, Readiness, Handshake)
NEEDS = (Get, Burst, WalkThrough, Describe, Ready, Shake)


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """Return any value of an annotation that facts use."""
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(_values(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(_values, arguments))
    if arguments:
        return st.one_of(*map(_values, arguments))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{one.name: _values(hints[one.name]) for one in dataclasses.fields(kind)})
    if issubclass(kind, Quantity):
        return st.floats(0, 1e12).map(kind)
    plain = {str: st.text(max_size=9), bytes: st.binary(max_size=9), float: st.floats(allow_nan=False)}
    return plain[kind] if kind in plain else st.from_type(kind)


@pytest.mark.parametrize("kind", [*FACTS, *NEEDS, Unseen])
@given(data=st.data())
def test_each_fact_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    value = data.draw(_values(kind))
    read = decode(kind, json.loads(json.dumps(encode(value), allow_nan=False)))
    assert read == value
    assert type(read) is type(value)


class Colour(Enum):
    """An enumeration whose values are no texts."""

    RED = 1


@dataclass(frozen=True)
class Everything:
    """What facts of other packages may be made of."""

    colour: Colour = Colour.RED
    word: Literal["a", 1] = "a"
    maybe: Optional[int] = None  # noqa: UP045 - the older way to write it
    either: int | str = "x"
    floats: tuple[float, ...] = (math.inf, -math.inf, 0.5)
    members: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=lambda: {"a": (1, 2)})
    listed: list[str] = dataclasses.field(default_factory=lambda: ["a"])
    chosen: frozenset[int] = frozenset({3, 1})
    free: Any = dataclasses.field(default_factory=lambda: {"a": (1, "b", None), "b": math.inf, "c": b"\xff"})
    plain: tuple = (1, (2,))  # type: ignore[type-arg]  # an annotation without arguments is what is tried
    raw: bytes = b"\xff\x00"


def test_what_other_facts_are_made_of_comes_back() -> None:
    value = Everything()
    assert decode(Everything, json.loads(json.dumps(encode(value), allow_nan=False))) == value


def test_a_number_without_a_value_comes_back() -> None:
    assert math.isnan(decode(float, encode(math.nan)))


def test_text_that_is_no_unicode_comes_back() -> None:
    value = Exchange(status=200, headers=(("X", "\udc80"),))
    assert decode(Exchange, json.loads(json.dumps(encode(value)).encode("ascii"))) == value


@pytest.mark.parametrize("value", [object(), {1: "a"}, (object(),), {"a": {2}}])
def test_what_could_not_be_read_back_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


WHOLE = encode(Handshake())


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        (Handshake, {}, "other fields: accepted"),
        (Handshake, {**WHOLE, "more": 1}, "other fields: more"),
        (Handshake, [], "dict expected"),
        (Handshake, {**WHOLE, "trusted": "yes"}, "bool expected"),
        (Handshake, {**WHOLE, "not_after": "0"}, "a number expected"),
        (Handshake, {**WHOLE, "not_after": True}, "a number expected"),
        (Handshake, {**WHOLE, "not_after": {"$float": "1"}}, "'1'"),
        (Handshake, {**WHOLE, "names": "abc"}, "list expected"),
        (int, True, "int expected"),
        (int, 1.0, "int expected"),
        (bytes, 1, "dict expected"),
        (bytes, {"$base64": "é"}, "only ASCII"),
        (bytes, {"$base64": "a"}, "base64 expected"),
        (bytes, {}, "base64"),
        (tuple[int, str], [1], "2 values expected"),
        (int | None, "a", "none of"),
        (Literal["a"], "b", "one of"),
        (Literal[1], True, "one of"),
        (Colour, 2, "2"),
        (Duration, [], "a number expected"),
        pytest.param(Duration, 10**400, "too large", id="too large a duration"),
        pytest.param(float | None, 10**400, "none of", id="too large for any"),
        pytest.param(Handshake, {**WHOLE, "not_after": 10**400}, "too large", id="too large a time"),
        (set[int], [1], "cannot read"),
        ("Exchange", {}, "cannot read"),
        (Mapping[str, int], [], "dict expected"),
    ],
)
def test_what_is_not_exactly_right_is_an_error(kind: Any, data: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decode(kind, data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["$base64", "status"]), inner)
        ),
    ),
    st.sampled_from([*FACTS, *NEEDS, Everything]),
)
def test_whatever_is_read_is_a_value_or_a_value_error(data: Any, kind: type) -> None:
    try:
        assert isinstance(decode(kind, data), kind)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is right


def test_a_quantity_keeps_its_kind() -> None:
    assert isinstance(decode(Burst, encode(Burst(path="/", count=1, pace=Rate(2)))).pace, Rate)
    assert isinstance(decode(Exchange, encode(Exchange(status=1, elapsed=seconds(2)))).elapsed, Duration)


def test_bytes_are_changed_where_they_are_hidden() -> None:
    data = {"a": [{"$base64": "/3NlY3JldA=="}, "text", 1], "b": {"c": {"$base64": "/w=="}}}
    changed = mapped_bytes(data, lambda raw: raw.replace(b"secret", b"***"))
    assert changed == {"a": [{"$base64": "/yoqKg=="}, "text", 1], "b": {"c": {"$base64": "/w=="}}}
    assert mapped_bytes({"$base64": "/w=="}, lambda _: b"text") == "text"
