"""When cron runs, how long it pauses at most, and what a run meets."""

import datetime as dt
import zoneinfo
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.facts.schedule import Schedule, ScheduleError, Window, collisions, interval

HOUR, DAY = 3600, 86400


def at(text: str, zone: str = "UTC") -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("text", "zone", "longest"),
    [
        ("0 2 * * *", "UTC", DAY),
        ("0 2 * * *", "Europe/Berlin", DAY + HOUR),
        ("0 2 * * *", "Asia/Kathmandu", DAY),
        ("30 * * * *", "UTC", HOUR),
        ("0 */6 * * *", "UTC", 6 * HOUR),
        ("0 1,4 * * *", "UTC", 21 * HOUR),
        ("*/5 9-17 * * 1-5", "UTC", 63 * HOUR + 300),
        ("*/5 9-17 * * *", "Europe/Berlin", 15 * HOUR + 300 + HOUR),
        ("0-59/10 0-1,5-23 * * *", "Europe/Berlin", 3 * HOUR + 600 + HOUR),
        ("*/15 * * * *", "Europe/Berlin", 900),
        ("0 2 * * 0", "UTC", 7 * DAY),
        ("0 3 1 * *", "UTC", 31 * DAY),
        ("0 0 29 2 *", "UTC", 1461 * DAY),
        ("* * * 1 *", "UTC", (365 - 31 + 1) * DAY + 60),
    ],
)
def test_the_longest_pause(text: str, zone: str, longest: float) -> None:
    assert interval(Schedule.parse(text, zone)) == longest


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["5", "*/20", "0,30", "0-50/10"]),
    st.sampled_from(["*", "2", "*/4", "0-1,5-23", "22-23"]),
    st.sampled_from(["*", "1", "1-5", "0,3"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_no_pause_of_a_year_is_longer(minute, hour, weekday, zone) -> None:
    schedule = Schedule.parse(f"{minute} {hour} * * {weekday}", zone)
    times = list(schedule.between(at("2025-01-01T00:00:00"), at("2026-01-01T00:00:00")))
    assert max(later - earlier for earlier, later in pairwise(times)) <= interval(schedule)


def test_next_and_previous_are_not_the_moment_itself() -> None:
    schedule = Schedule.parse("0 2 * * *", "Europe/Berlin")
    two = at("2026-05-05T02:00:00", "Europe/Berlin")
    assert schedule.next(two - 1) == two
    assert schedule.next(two) == two + DAY
    assert schedule.previous(two + 1) == two
    assert schedule.previous(two) == two - DAY
    assert list(schedule.between(two, two + DAY)) == [two]


def test_the_night_without_the_hour_and_the_night_with_two() -> None:
    schedule = Schedule.parse("30 2 * * *", "Europe/Berlin")
    spring = list(islice(schedule.iterate(at("2026-03-28T12:00:00")), 2))
    assert [dt.datetime.fromtimestamp(one, dt.UTC).isoformat() for one in spring] == [
        "2026-03-29T01:00:00+00:00",  # there is no half past two: as soon as the clock goes on
        "2026-03-30T00:30:00+00:00",
    ]
    autumn = list(schedule.between(at("2026-10-24T12:00:00"), at("2026-10-26T12:00:00")))
    assert len(autumn) == 2


@pytest.mark.parametrize(
    ("text", "zone", "says"),
    [
        ("0 25 * * *", "UTC", "cron cannot read '0 25 * * *': Bad hour"),
        ("0 2 * *", "UTC", "expected five fields"),
        ("0 0 2 * * *", "UTC", "expected five fields"),
        ("@daily", "UTC", "expected five fields"),
        ("0 0 31 2 *", "UTC", "cannot read"),
        ("0 2 * * *", "Europe/Bonn", "unknown time zone 'Europe/Bonn'"),
        ("0 2 * * *", "../../etc", "unknown time zone"),
    ],
)
def test_what_cron_cannot_read(text: str, zone: str, says: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        Schedule.parse(text, zone)
    assert says in str(caught.value)


def test_a_backup_collides_with_the_stated_maintenance() -> None:
    window = Window.parse("Sun 02:00-04:00 UTC monthly")
    met = collisions(Schedule.parse("0 2 * * *"), window)
    assert len(met) == 52
    assert {dt.datetime.fromtimestamp(one, dt.UTC).weekday() for one in met} == {6}
    assert collisions(Schedule.parse("0 4 * * *"), window) == ()
    assert collisions(Schedule.parse("30 1 * * *"), window) == ()
    assert len(collisions(Schedule.parse("30 1 * * *"), window, took=HOUR)) == 52
    assert collisions(Schedule.parse("0 2 * * 1"), window) == ()


def test_a_window_over_midnight_and_in_another_zone() -> None:
    window = Window.parse("Sat 23:00-01:00 Europe/Berlin")
    assert window.overlaps(at("2026-06-06T22:30:00"), at("2026-06-06T22:31:00"))  # Sunday, half past midnight
    assert not window.overlaps(at("2026-06-06T23:00:00"), at("2026-06-06T23:30:00"))
    assert not window.overlaps(at("2026-06-06T20:59:00"), at("2026-06-06T21:00:00"))
    assert window.overlaps(at("2026-06-06T20:59:00"), at("2026-06-06T21:00:01"))
    assert window.overlaps(at("2026-06-06T21:00:00"), at("2026-06-06T21:00:00"))
    daily = Window.parse("03:00-04:00")
    assert len(collisions(Schedule.parse("15 3 * * *"), daily)) == 366


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Sun 02:00-04:00 UTC monthly", "Sun 02:00-04:00 UTC monthly"),
        ("sunday 2:00-4:00 monthly", "Sun 02:00-04:00 UTC monthly"),
        ("03:00 - 04:00", "03:00-04:00 UTC"),
        ("daily 03:00-04:00 Europe/Berlin", "03:00-04:00 Europe/Berlin"),
        ("Sat 23:00-24:00 weekly", "Sat 23:00-24:00 UTC"),
    ],
)
def test_windows_are_read_and_written(text: str, written: str) -> None:
    assert str(Window.parse(text)) == written
    assert Window.parse(written) == Window.parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Sun", "expected a window such as"),
        (7, "expected a window such as"),
        ("Son 02:00-04:00", "expected a weekday such as Sun"),
        ("Sun 02:00-04:61", "no clock shows 04:61"),
        ("Sun 02:00-25:00", "no clock shows 25:00"),
        ("Sun 02:00-04:00 Mars/Base", "unknown time zone 'Mars/Base'"),
    ],
)
def test_windows_that_cannot_be_read(text: object, says: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        Window.parse(text)
    assert says in str(caught.value)
