"""Quantities: what is written is read, what is wrong is told with the nearest unit."""

import copy
import pickle
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from verify.model.units import Duration, Quantity, Rate, Ratio, Size, UnitError, seconds

KINDS = [Duration, Ratio, Rate, Size]
kinds = st.sampled_from(KINDS)


@given(kinds, st.floats(min_value=0, max_value=1e25))
def test_what_is_written_is_read_and_written_the_same(kind: type[Quantity], value: float) -> None:
    written = str(kind(value))
    assume(not written.startswith("0/"))  # a rate of nothing is refused
    read = kind.parse(written)
    assert str(read) == written
    smallest = next(iter(kind.units.values()))
    assert abs(read - value) <= max(value * 1.1e-5, smallest * 1e-9)


@given(kinds, st.integers(min_value=0, max_value=999_999), st.data())
def test_whole_numbers_of_a_unit_lose_nothing(kind: type[Quantity], number: int, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(list(kind.units)))
    assume(number or kind is not Rate)
    read = kind.parse(f"{number}{unit}")
    assert read == pytest.approx(number * kind.units[unit], rel=1e-12)
    assert kind.parse(str(read)) == pytest.approx(read, rel=1e-5)


@given(kinds, st.text() | st.from_regex(r"\A[+-]?[0-9]{1,70}(\.[0-9]+)? ?[a-zA-Z/%]{0,5}\Z"))
def test_any_text_is_a_quantity_or_an_error_in_one_line(kind: type[Quantity], text: str) -> None:
    try:
        read = kind.parse(text)
    except UnitError as error:
        told = str(error)
        assert kind.what in told
        assert "\n" not in told
        assert len(told) < 500
    else:
        assert read >= 0
        assert isinstance(read, kind)


@given(
    kinds,
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.lists(st.text())
    | st.dictionaries(st.text(), st.text()),
)
def test_other_values_are_refused_and_containers_not_repeated(kind: type[Quantity], value: object) -> None:
    with pytest.raises(UnitError, match="write the unit") as caught:
        kind.parse(value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("kind", "text", "value", "written"),
    [
        (Duration, "500ms", 0.5, "500ms"),
        (Duration, " 1.5 h ", 5400.0, "1.5h"),
        (Duration, "30d", 2_592_000.0, "30d"),
        (Duration, "90s", 90.0, "1.5m"),
        (Duration, "100s", 100.0, "100s"),
        (Duration, "0.9999999s", 0.9999999, "1s"),
        (Duration, "-0s", 0.0, "0us"),
        (Ratio, "0.1%", 0.001, "0.1%"),
        (Ratio, "7ppm", 7e-6, "7ppm"),
        (Ratio, "+50%", 0.5, "50%"),
        (Rate, "100/h", 100 / 3600, "100/h"),
        (Rate, "1000/s", 1000.0, "1000/s"),
        (Rate, "300/h", 300 / 3600, "300/h"),
        (Rate, " +60 /m ", 1.0, "60/m"),
        (Rate, "86400/d", 1.0, "86400/d"),
        (Rate, "1234567/h", 1234567 / 3600, "1234567/h"),
        (Rate, "0.50/s", 0.5, "0.50/s"),
        (Size, "5GiB", 5 * 1024.0**3, "5GiB"),
        (Size, "5GB", 5e9, "5GB"),
    ],
)
def test_known_quantities(kind: type[Quantity], text: str, value: float, written: str) -> None:
    read = kind.parse(text)
    assert read == pytest.approx(value)
    assert str(read) == written
    assert kind.parse(read) is read
    assert repr(read) == f"{kind.__name__}('{read}')"


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (Duration, "5 mins", "unknown unit 'mins' in '5 mins' for a duration: did you mean 'm'?"),
        (Duration, "5 Seconds", "unknown unit 'Seconds' in '5 Seconds' for a duration: did you mean 's'?"),
        (Duration, "5MS", "unknown unit 'MS' in '5MS' for a duration: did you mean 'ms'?"),
        (Size, "5gib", "unknown unit 'gib' in '5gib' for a size: did you mean 'GiB'?"),
        (Size, "5Gi", "unknown unit 'Gi' in '5Gi' for a size: did you mean 'GiB'?"),
        (Rate, "5rps", "unknown unit 'rps' in '5rps' for a rate: did you mean '/s'?"),
        (Rate, "5pc", "unknown unit 'pc' in '5pc' for a rate: write the unit, one of /d, /h, /m, /s"),
        (Rate, "0/s", "expected a rate above zero such as 10/s, got '0/s'"),
        (Rate, "-0.00/h", "expected a rate above zero such as 10/s, got '-0.00/h'"),
        (Ratio, "5", "expected a ratio such as 0.1%, got '5': write the unit, one of ppm, %"),
        (Ratio, 5, "expected a ratio such as 0.1%, got 5: write the unit, one of ppm, %"),
        (Ratio, None, "expected a ratio such as 0.1%, got nothing: write the unit, one of ppm, %"),
        (Duration, "soon", "expected a duration such as 500ms, got 'soon'"),
        (Duration, "-5s", "expected a duration of zero or more, got '-5s'"),
        (Duration, "1" * 65, f"expected a duration such as 500ms, got '{'1' * 63}…'"),
    ],
)  # fmt: skip
def test_wrong_quantities(kind: type[Quantity], text: object, told: str) -> None:
    with pytest.raises(UnitError) as caught:
        kind.parse(text)
    assert str(caught.value) == told


def test_a_stated_rate_is_the_same_number_and_keeps_its_words() -> None:
    stated = Rate.parse("300/h")
    assert stated == Rate.parse("5/m") == Rate(5 / 60)
    assert hash(stated) == hash(Rate(300 / 3600))
    assert f"above {stated}" == "above 300/h"
    for copied in (copy.deepcopy(stated), pickle.loads(pickle.dumps(stated))):  # noqa: S301 - our own
        assert (copied, str(copied)) == (stated, "300/h")
    assert str(Rate(stated * 2)) == "10/m", "what is computed is in the largest unit that is exact"


def test_editors_are_told_which_rates_are_taken() -> None:
    pattern = re.compile(TypeAdapter(Rate).json_schema()["pattern"])
    assert [text for text in ("5/m", "0.5/s", "10/s", "0/s", "0.0/s", "00/d") if pattern.match(text)] == [
        "5/m",
        "0.5/s",
        "10/s",
    ]


def test_seconds() -> None:
    assert seconds(1.5) == Duration.parse("1.5s")
