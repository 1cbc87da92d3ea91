"""Quantities: what is written is read, what is wrong is told with the nearest unit."""

import copy
import math
import pickle
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from verify.model.units import LONGEST, Duration, Quantity, Rate, Ratio, Size, UnitError, seconds

KINDS = [Duration, Ratio, Rate, Size]
kinds = st.sampled_from(KINDS)


@given(kinds, st.floats(min_value=0, max_value=1e25))
def test_what_is_written_is_read_and_written_the_same(kind: type[Quantity], value: float) -> None:
    written = str(kind(value))
    assume(not written.startswith("0/"))  # a rate of nothing is refused
    if kind is Duration and value >= LONGEST * 0.999:
        return
    read = kind.parse(written)
    assert str(read) == written
    smallest = next(iter(kind.units.values()))
    near = 0.022 if kind is Duration else 1.1e-5  # what was measured is written as people say it
    assert abs(read - value) <= max(value * near, smallest * 1e-3)


@given(kinds, st.integers(min_value=0, max_value=999_999), st.data())
def test_whole_numbers_of_a_unit_lose_nothing(kind: type[Quantity], number: int, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(list(kind.units)))
    assume(number or kind is not Rate)
    number = min(number, int(LONGEST / kind.units[unit])) if kind is Duration else number
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
        (Duration, "90s", 90.0, "90s"),
        (Duration, "2w", 1_209_600.0, "2w"),
        (Duration, "3m24s", 204.0, "3m24s"),
        (Duration, " +1h 30m ", 5400.0, "1h30m"),
        (Duration, "1m0.25s", 60.25, "1m0.25s"),
        (Duration, "100s", 100.0, "100s"),
        (Duration, "0.9999999s", 0.9999999, "0.9999999s"),
        (Duration, "-0s", 0.0, "0s"),
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
        (Duration, "1m1m", "unknown unit 'm1m' in '1m1m' for a duration: did you mean 'm'?"),
        (Duration, "1s3m", "unknown unit 's3m' in '1s3m' for a duration: did you mean 's'?"),
        (Duration, "3m2x", "unknown unit 'm2x' in '3m2x' for a duration: did you mean 'm'?"),
        (
            Duration,
            "36526d",
            "expected a duration such as 500ms, got '36526d': a hundred years (36525d) are the most",
        ),
        (Duration, "1.5h3m", "unknown unit 'h3m' in '1.5h3m' for a duration: did you mean 'm'?"),
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


DAY = 86400.0


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (20 * DAY - 1.7, "20d"),
        (20.3 * DAY, "20d7h"),
        (365 * DAY, "365d"),
        (100 * DAY + 5000, "100d"),
        (14 * DAY, "14d"),
        (DAY - 10, "1d"),
        (5400.0, "1h30m"),
        (204.435, "3m24s"),
        (60.2, "1m"),
        (59.97, "1m"),
        (12.34, "12.3s"),
        (2.857, "2.86s"),
        (0.250446, "250ms"),
        (670.246e-6, "670us"),
        (1.5e-6, "1.5us"),
        (3e-10, "0s"),
        (0.0, "0s"),
        (-1.0, "0s"),
        (float("inf"), "endless"),
    ],
)
def test_what_was_measured_is_written_as_people_say_it(value: float, written: str) -> None:
    assert str(seconds(value)) == written


@pytest.mark.parametrize(
    ("value", "bound", "written"),
    [
        (20 * DAY - 1.7, "30d", "20d"),
        (30 * DAY - 0.9, "30d", "29d23h59m59s"),
        (30 * DAY - 40, "30d", "29d23h59m"),
        (30 * DAY, "30d", "30d"),
        (204.435, "3m", "3m24s"),
        (204.435, "3m24s", "3m24.4s"),
        (0.2504, "250ms", "250.4ms"),
        (0.2496, "250ms", "249.6ms"),
        (2.0000004, "2s", "2.0000004s"),
        (2.0, "2s", "2s"),
        (1e25, "2s", "115740740740740743168d"),
    ],
)
def test_beside_a_bound_nothing_is_rounded_to_its_other_side(value: float, bound: str, written: str) -> None:
    assert seconds(value).beside(Duration.parse(bound)) == written


def test_what_no_digit_tells_apart_is_written_with_all_of_them() -> None:
    assert seconds(math.nextafter(30.0, 31.0)).beside(seconds(30)) == "30s"
    assert seconds(1.25).beside(3) == "1.25s", "beside another kind it is written as ever"


@given(st.floats(min_value=0, max_value=1e9), st.floats(min_value=0, max_value=1e9))
def test_beside_any_bound_it_lies_on_its_own_side(value: float, bound: float) -> None:
    stated = Duration.parse(str(seconds(bound)))
    shown = Duration.parse(seconds(value).beside(stated))
    if abs(value - stated) > 1e-6 * max(value, 1e-3):
        assert (shown > stated, shown < stated) == (value > stated, value < stated)


def test_a_stated_duration_is_the_same_number_and_keeps_its_words() -> None:
    stated = Duration.parse("120m")
    assert stated == Duration.parse("2h") == seconds(7200)
    for copied in (copy.deepcopy(stated), pickle.loads(pickle.dumps(stated))):  # noqa: S301 - our own
        assert (copied, str(copied)) == (stated, "120m")


@pytest.mark.parametrize(
    "text", ["500ms", "1h30m", " +1h 30m ", "1.5 h", "1d2h3m4.5s", str(seconds(93_784.25))]
)
def test_editors_are_told_what_is_read(text: str) -> None:
    pattern = str(Duration.__get_pydantic_json_schema__({}, None)["pattern"])
    assert re.fullmatch(pattern, text)
    assert Duration.parse(text)
