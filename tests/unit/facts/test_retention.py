"""What a policy keeps, for any listing, any zone, any clock."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verify.facts.backup import Artefact
from verify.facts.retention import Missing, Point, gaps, keep, local_day, overdue, points
from verify.facts.tiers import Retention, RetentionError, Tier

DAY = 86400.0
LEATHER = Retention.parse("daily: 7d, weekly (sunday): 30d, monthly (1): 90d")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe")


def at(text: str, zone: str = "UTC") -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp()


def daily(start: str, count: int, zone: str = "UTC", *, good: bool | None = True) -> list[Point]:
    first = dt.datetime.fromisoformat(start).replace(tzinfo=zoneinfo.ZoneInfo(zone))
    times = [(first + dt.timedelta(number)).timestamp() for number in range(count)]
    return [Point(key=str(number), at=time, good=good) for number, time in enumerate(times)]


TIERS = st.builds(
    lambda every, on, amount, number, inclusive: Tier(
        every=every,
        on=on % 7 if every == "weekly" and on else on if every == "monthly" else None,
        **{amount: number},
        inclusive=inclusive and amount != "last",
    ),
    st.sampled_from(["all", "daily", "weekly", "monthly"]),
    st.one_of(st.none(), st.integers(1, 31)),
    st.sampled_from(["days", "last", "months"]),
    st.integers(1, 14),
    st.booleans(),
)
POLICIES = st.lists(TIERS, min_size=1, max_size=3, unique_by=lambda tier: tier.name).map(
    lambda tiers: Retention(tuple(tiers))
)
BASE = at("2024-02-20T00:00:00")
POINTS = st.lists(
    st.builds(
        lambda hours, good: Point(key=f"{hours}-{good}", at=BASE + hours * 3600, good=good),
        st.integers(-24 * 90, 24 * 90),
        st.sampled_from([True, True, True, None, False]),
    ),
    max_size=60,
)
NOW = st.integers(-24 * 60, 24 * 120).map(lambda hours: BASE + hours * 3600)
ZONE = st.sampled_from(ZONES)


@settings(max_examples=200)
@given(POLICIES, POINTS, NOW, ZONE)
def test_keeping_what_was_kept_drops_nothing(policy, backups, now, zone) -> None:
    kept = keep(policy, backups, now, zone).points
    assert keep(policy, kept, now, zone).points == kept


@settings(max_examples=200)
@given(POLICIES, POINTS, NOW, st.integers(0, 24 * 90), ZONE)
def test_what_was_dropped_is_never_needed_later(policy, backups, now, hours, zone) -> None:
    later = now + hours * 3600
    known = {one for one in backups if one.at <= now}
    new = set(backups) - known
    left = keep(policy, known, now, zone).points
    assert keep(policy, known | new, later, zone).points <= left | new
    assert keep(policy, left | new, later, zone).points == keep(policy, known | new, later, zone).points


@settings(max_examples=200)
@given(POLICIES, POINTS, NOW, ZONE)
def test_the_newest_good_one_stays_however_old(policy, backups, now, zone) -> None:
    good = [one for one in backups if one.good and one.at <= now]
    assume(good)
    kept = keep(policy, backups, now + 5000 * DAY, zone).points
    assert max(one.at for one in backups if one.good) in {one.at for one in kept if one.good}
    assert max(one.at for one in good) in {one.at for one in keep(policy, backups, now, zone).points}


@settings(max_examples=200)
@given(POLICIES, POINTS, POINTS, NOW, ZONE)
def test_what_failed_or_was_not_tried_displaces_no_good_one(policy, backups, others, now, zone) -> None:
    good = [one for one in backups if one.good]
    worse = [
        Point(key=f"other {number}", at=one.at, good=None if number % 2 else False)
        for number, one in enumerate(others)
    ]
    alone = keep(policy, good, now, zone).points
    with_others = keep(policy, [*good, *worse], now, zone).points
    counted = any(tier.last is not None for tier in policy.tiers)
    failed = [one for one in worse if one.good is False]
    assert keep(policy, [*good, *failed], now, zone).points == alone
    if not counted:
        assert alone <= with_others


@settings(max_examples=200)
@given(POLICIES, POINTS, NOW, ZONE)
def test_keeping_opens_no_gap(policy, backups, now, zone) -> None:
    kept = keep(policy, backups, now, zone).points
    assert gaps(policy, kept, now, zone) == gaps(policy, backups, now, zone)


@settings(max_examples=100)
@given(POLICIES, POINTS, NOW, ZONE, st.randoms())
def test_neither_order_nor_repetition_matters(policy, backups, now, zone, random) -> None:
    shuffled = [*backups, *backups]
    random.shuffle(shuffled)
    assert keep(policy, shuffled, now, zone) == keep(policy, backups, now, zone)
    assert gaps(policy, shuffled, now, zone) == gaps(policy, backups, now, zone)
    assert overdue(policy, shuffled, now, zone) == overdue(policy, backups, now, zone)


@settings(max_examples=100)
@given(POLICIES, POINTS, NOW, ZONE)
def test_nothing_that_is_kept_is_overdue(policy, backups, now, zone) -> None:
    kept = keep(policy, backups, now, zone).points
    assert not set(overdue(policy, backups, now, zone, slack=0)) & kept
    assert set(overdue(policy, backups, now, zone)) <= set(overdue(policy, backups, now, zone, slack=0))


@settings(max_examples=40, deadline=None)
@given(st.dates(dt.date(2023, 6, 1), dt.date(2029, 1, 1)), st.integers(0, 23), ZONE)
def test_every_promised_point_is_there_when_one_was_taken_each_day(day, hour, zone) -> None:
    """Leap days, changes of the clock, the ends of months, and the date line are among these."""
    backups = daily(f"{day}T{hour:02}:30:00", 130, zone)
    now = backups[-1].at
    kept = keep(LEATHER, backups, now, zone)
    assert gaps(LEATHER, kept.points, now, zone) == ()
    days = {local_day(one.at, zone) for one in kept.points}
    today = local_day(now, zone)
    assert {today - dt.timedelta(number) for number in range(7)} <= days
    sundays = [one for one in days if one.weekday() == 6 and today - one < dt.timedelta(30)]
    assert len(sundays) in {4, 5}
    assert len([one for one in days if one.day == 1 and one > today - dt.timedelta(90)]) in {2, 3, 4}
    assert overdue(LEATHER, kept.points, now, zone, slack=0) == ()


@pytest.mark.parametrize(
    ("policy", "count"),
    [("30d", 30), ("daily: 30d inclusive", 31), ("all: last 30", 30), ("daily: 4w", 28), ("daily: 1mo", 31)],
)
def test_how_many_days_a_number_means(policy: str, count: int) -> None:
    backups = daily("2026-01-01T02:00:00", 100)  # until the tenth of April
    assert len(keep(Retention.parse(policy), backups, backups[-1].at + 60, "UTC").points) == count


def test_weeks_and_months_by_count() -> None:
    atlas = Retention.parse("weekly: last 4, monthly: last 12")
    backups = daily("2025-01-01T02:00:00", 420)
    kept = keep(atlas, backups, backups[-1].at, "UTC")
    assert sum("weekly" in names for names in kept.reasons.values()) == 4
    assert sum("monthly" in names for names in kept.reasons.values()) == 12
    assert gaps(atlas, kept.points, backups[-1].at, "UTC") == ()


def test_the_thirty_first_is_the_last_day_of_a_shorter_month() -> None:
    policy = Retention.parse("monthly (31): 12mo")
    backups = daily("2024-01-01T02:00:00", 366)
    days = {
        local_day(one.at, "UTC").isoformat() for one in keep(policy, backups, backups[-1].at, "UTC").points
    }
    assert {"2024-02-29", "2024-04-30", "2024-12-31"} <= days
    assert len(days) == 12


def test_a_hole_is_named_with_its_tier() -> None:
    backups = [
        one
        for one in daily("2026-03-01T02:00:00", 60)
        if local_day(one.at, "UTC").isoformat() != "2026-04-26"
    ]
    found = gaps(LEATHER, backups, at("2026-04-29T12:00:00"), "UTC")
    assert Missing(dt.date(2026, 4, 26), "daily") in found
    assert Missing(dt.date(2026, 4, 26), "weekly (sunday)") in found
    assert {one.tier for one in found if one.day < dt.date(2026, 3, 1)} == {"monthly (1)"}
    assert gaps(LEATHER, backups, at("2026-04-29T12:00:00"), "UTC", since=dt.date(2026, 4, 27)) == ()


def test_today_is_not_asked_for_before_it_is_over() -> None:
    backups = daily("2026-03-01T22:00:00", 30)
    assert gaps(Retention.parse("7d"), backups, at("2026-03-31T12:00:00"), "UTC") == ()
    assert gaps(Retention.parse("7d"), backups, at("2026-04-01T00:00:01"), "UTC") == (
        Missing(dt.date(2026, 3, 31), "all"),
    )


def test_a_backup_that_failed_fills_no_gap() -> None:
    backups = daily("2026-03-01T02:00:00", 30, good=False)
    assert len(gaps(Retention.parse("7d"), backups, at("2026-03-30T12:00:00"), "UTC")) == 6


def test_one_that_nobody_tried_does_not_take_the_place_of_a_good_one() -> None:
    monday, tuesday = daily("2026-03-02T02:00:00", 2)
    later = daily("2026-03-20T02:00:00", 1)[0]
    newest = Point(key="newest", at=later.at, good=True)
    backups = [monday, Point(key="untried", at=tuesday.at), newest]
    kept = keep(Retention.parse("weekly: 30d"), backups, newest.at, "UTC")
    assert kept.reasons == {"0": ("weekly",), "newest": ("newest", "weekly")}
    failed = [Point(key="failed", at=tuesday.at, good=False), monday, newest]
    assert "0" in keep(Retention.parse("weekly: 30d"), failed, newest.at, "UTC").reasons


def test_another_zone_has_other_sundays() -> None:
    late = Point(key="x", at=at("2026-03-01T23:30:00"))  # a Sunday in London, Monday in Berlin
    newer = daily("2026-03-20T02:00:00", 1)
    policy = Retention.parse("weekly (sunday): 30d")
    now = at("2026-03-20T12:00:00")
    assert keep(policy, [late, *newer], now, "UTC").reasons["x"] == ("weekly (sunday)",)
    assert "x" not in keep(policy, [late, *newer], now, "Europe/Berlin").reasons


def test_what_is_dated_in_the_future_stays_and_counts_for_nothing() -> None:
    backups = [
        *daily("2026-03-01T02:00:00", 10),
        Point(key="skewed", at=at("2030-01-01T00:00:00"), good=True),
    ]
    kept = keep(Retention.parse("daily: last 2"), backups, at("2026-03-10T12:00:00"), "UTC")
    assert kept.reasons == {"8": ("daily",), "9": ("newest", "daily"), "skewed": ("future",)}


def test_an_hour_of_the_clock_is_not_kept_too_long() -> None:
    backups = daily("2026-03-10T02:30:00", 40, "Europe/Berlin")
    policy = Retention.parse("30d")
    oldest = next(one for one in backups if local_day(one.at, "Europe/Berlin") == dt.date(2026, 3, 10))
    now = at("2026-04-09T02:30:00", "Europe/Berlin")  # 29 days and 23 hours later
    assert oldest not in keep(policy, backups, now, "Europe/Berlin").points
    assert oldest not in overdue(policy, backups, now, "Europe/Berlin", slack=0)
    assert oldest in overdue(policy, backups, now + 3600, "Europe/Berlin", slack=0)


def test_overdue_gives_the_next_prune_time() -> None:
    backups = daily("2026-03-01T02:00:00", 32)
    policy, now = Retention.parse("30d"), at("2026-04-01T01:00:00")
    assert [one.key for one in overdue(policy, backups, now, "UTC", slack=0)] == ["0"]
    assert overdue(policy, backups, now, "UTC") == ()
    assert [one.key for one in overdue(policy, backups, now + 3601, "UTC")] == ["0"]


def test_an_empty_file_is_no_good_backup() -> None:
    files = [
        Artefact(key="a", at=1, modified=1, size=0),
        Artefact(key="b", at=1, modified=1, size=9, form="empty"),
        Artefact(key="c", at=1, modified=1, size=9, form="gzip"),
        Artefact(key="d", at=1, modified=1, size=9, good=True),
    ]
    assert [one.good for one in points(files)] == [False, False, None, True]


@pytest.mark.parametrize(
    "text",
    [
        "daily: 7d, weekly (sunday): 30d, monthly (1): 90d",
        "all: 30d",
        "weekly: last 4, monthly: last 12",
        "monthly (31): 12mo inclusive",
    ],
)
def test_a_policy_is_written_as_it_is_read(text: str) -> None:
    assert str(Retention.parse(text)) == text
    assert Retention.parse(Retention.parse(text)) == Retention.parse(text)


def test_words_and_short_forms_mean_the_same() -> None:
    assert Retention.parse("Daily: 1 week, weekly (Sun): 4 weeks, monthly: 1 year") == Retention.parse(
        "daily: 7d, weekly (sunday): 28d, monthly: 12mo"
    )
    assert Retention.parse("30d") == Retention.parse("all: 30 days")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected how long backups are kept"),
        (7, "expected how long backups are kept"),
        ("daily: 7", "7 has no unit in 'daily: 7': write d, w, mo or y"),
        ("daily: 7dy", "unknown unit 'dy' in 'daily: 7dy': did you mean 'day'"),
        ("daily: 7q", "unknown unit 'q'"),
        ("dayly: 7d", "unknown tier 'dayly' in 'dayly: 7d': did you mean 'daily'"),
        ("hourly: 7d", "unknown tier 'hourly'"),
        ("weekly (sontag): 7d", "expected a weekday such as 'weekly (sunday)'"),
        ("monthly (32): 7d", "expected a day from 1 to 31"),
        ("monthly (sun): 7d", "expected a day from 1 to 31"),
        ("daily (1): 7d", "'daily' takes no day in 'daily (1): 7d': remove (1)"),
        ("daily: 0d", "expected a number from 1 to 3660"),
        ("daily: -7d", "expected how long in"),
        ("daily: 50y", "expected ten years at most"),
        ("daily: 7d, daily: 8d", "'daily' is stated twice"),
        ("daily: 7d,", "expected a tier such as"),
        ("daily 7d", "expected how long in"),
        ("daily: last 0", "expected a number from 1"),
    ],
)
def test_what_cannot_be_read_says_what_is_expected(text: object, says: str) -> None:
    with pytest.raises(RetentionError) as caught:
        Retention.parse(text)
    assert says in str(caught.value)
