"""What would be lost, and how long a restore of the whole takes, judged by parts."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.facts.backup import Sample
from verify.facts.recovery import NotEnough, age, extrapolate, student, worst_gap

DAY = 86400.0
GB = 10**9


def test_the_age_is_that_of_the_newest() -> None:
    assert age([10.0, 30.0, 20.0], 40.0) == 10.0
    assert age([10.0, 99.0], 40.0) == 30.0
    assert age([99.0], 40.0) is None
    assert age([], 40.0) is None


def test_the_worst_gap_counts_how_long_a_backup_takes_and_the_time_until_now() -> None:
    gap = worst_gap([0.0, 2 * DAY, DAY], now=2.5 * DAY, took=600)
    assert gap is not None
    assert gap.length == DAY + 600
    late = worst_gap([0.0, DAY], now=5 * DAY, took=600)
    assert late is not None
    assert (late.start, late.length) == (DAY, 4 * DAY)
    assert worst_gap([], 1.0) is None
    assert worst_gap([2.0], 1.0) is None


@given(st.lists(st.integers(0, 10**6).map(float), min_size=1), st.integers(0, 10**6).map(float))
def test_no_moment_loses_more_than_the_worst_gap(times: list[float], now: float) -> None:
    gap = worst_gap(times, now)
    newest = age(times, now)
    assert (gap is None) == (newest is None)
    if gap is not None and newest is not None:
        assert gap.length >= newest
        assert worst_gap([*times, now], now).length <= gap.length


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [
        (1, 12.7062047),
        (2, 4.3026527),
        (3, 3.1824463),
        (4, 2.7764451),
        (9, 2.2621572),
        (30, 2.0422725),
        (200, 1.9718962),
    ],
)
def test_student_as_tables_have_it(freedom: int, quantile: float) -> None:
    assert student(freedom, 0.975) == pytest.approx(quantile, rel=1e-7)


def exact(size: float) -> dict[str, float]:
    rows = size / 200
    return {
        "fetch": 1 + size / (100 * 10**6),
        "restore": size / (20 * 10**6),
        "indexes": rows * math.log2(rows) / 10**7,
        "smoke": 0.5,
    }


def sample(size: int, took: dict[str, float]) -> Sample:
    return Sample(size=size, rows=size // 200, seconds=took)


def test_without_scatter_the_whole_is_hit() -> None:
    parts = [sample(size, exact(size)) for size in (GB // 20, GB // 10, GB // 5)]
    estimate = extrapolate(parts, GB)
    total = sum(exact(GB).values())
    assert estimate.point == pytest.approx(total, rel=1e-6)
    assert estimate.lower == pytest.approx(total, rel=1e-3)
    assert estimate.upper == pytest.approx(total, rel=1e-3)
    assert dict(estimate.stages) == pytest.approx(exact(GB), rel=1e-6)
    assert (estimate.factor, estimate.sizes, estimate.samples) == (5.0, 3, 3)


def test_the_point_is_that_of_weighted_least_squares() -> None:
    """Solved here by the normal equations: what is ten times as large scatters ten times as much."""
    sizes, took = [10.0, 20.0, 40.0], [1.0, 2.3, 3.6]
    weights = [1 / size**2 for size in sizes]
    rows = list(zip(weights, sizes, took, strict=True))
    s0, s1, s2 = (sum(w * x**power for w, x, _ in rows) for power in (0, 1, 2))
    t0, t1 = (sum(w * x**power * y for w, x, y in rows) for power in (0, 1))
    slope = (s0 * t1 - s1 * t0) / (s0 * s2 - s1**2)
    level = (t0 - slope * s1) / s0
    parts = [sample(int(size), {"restore": seconds}) for size, seconds in zip(sizes, took, strict=True)]
    assert extrapolate(parts, 200).point == pytest.approx(level + slope * 200, rel=1e-9)
    flat = [
        sample(int(size), {"smoke": seconds}) for size, seconds in zip(sizes, (1.0, 1.2, 1.4), strict=True)
    ]
    assert extrapolate(flat, 200).point == pytest.approx(1.2)


def test_it_holds_only_where_the_upper_bound_does() -> None:
    noise = random.Random(7)
    parts = [
        sample(size, {name: took * noise.uniform(0.95, 1.05) for name, took in exact(size).items()})
        for size in (GB // 20, GB // 10, GB // 5) * 2
    ]
    estimate = extrapolate(parts, GB)
    assert estimate.lower < estimate.point < estimate.upper
    assert not estimate.within((estimate.point + estimate.upper) / 2)
    assert estimate.within(estimate.upper)


def test_what_is_no_part_of_the_rto_counts_for_nothing() -> None:
    sizes = (GB // 20, GB // 10, GB // 5)
    plain = extrapolate([sample(size, exact(size)) for size in sizes], GB)
    more = extrapolate([sample(size, exact(size) | {"verify": 1e6, "take": 1e5}) for size in sizes], GB)
    assert more == plain


@pytest.mark.parametrize("shared", [0.0, 1.0], ids=["each stage by itself", "a busy machine"])
@pytest.mark.parametrize("kind", ["relative", "absolute"])
@pytest.mark.parametrize("repeats", [1, 2, 4])
def test_95_of_100_restores_lie_within(repeats: int, kind: str, shared: float) -> None:
    noise = random.Random(20260101 + repeats)
    hits, trials = 0, 600

    def seen(size: int) -> dict[str, float]:
        common = noise.gauss(0, 1)
        took = {}
        for name, value in exact(size).items():
            scatter = shared * common + (1 - shared) * noise.gauss(0, 1)
            took[name] = max(1e-6, value + scatter * (0.02 if kind == "absolute" else 0.04 * value))
        return took

    for _ in range(trials):
        parts = [sample(size, seen(size)) for size in (GB // 20, GB // 10, GB // 5) for _ in range(repeats)]
        estimate = extrapolate(parts, GB)
        hits += estimate.lower <= sum(seen(GB).values()) <= estimate.upper
    assert hits / trials >= 0.93


@pytest.mark.parametrize(
    ("parts", "size", "says"),
    [
        ([], GB, "0 sizes were restored: at least 3"),
        ([sample(GB, exact(GB))] * 5, GB, "1 sizes were restored"),
        ([sample(GB, exact(GB)), sample(2 * GB, exact(2 * GB))], GB, "2 sizes were restored"),
        ([sample(size * GB, exact(size * GB)) for size in (1, 2, 3)], 0, "expected a size above zero"),
        ([sample(size * GB, exact(size * GB)) for size in (1, 2, 3)], math.inf, "expected a size above zero"),
        ([Sample(size=0, rows=0, seconds={"restore": 1.0})] * 3, GB, "a sample is of nothing"),
        (
            [sample(size * GB, {"restore": 10.0 - size}) for size in (1, 2, 3)],
            GB,
            "something else than the size decides",
        ),
        ([sample(size * GB, {"restore": math.nan}) for size in (1, 2, 3)], GB, "no time that a clock shows"),
        ([sample(size * GB, {"restore": -1.0}) for size in (1, 2, 3)], GB, "no time that a clock shows"),
        ([sample(size * GB, {"verify": 1.0}) for size in (1, 2, 3)], GB, "different stages"),
        (
            [sample(size * GB, {"restore": 1.0} if size else {"fetch": 1.0}) for size in (1, 2)]
            + [sample(3 * GB, {"fetch": 1.0})],
            GB,
            "different stages",
        ),
    ],
)
def test_nothing_is_concluded_from_nonsense(parts: list[Sample], size: float, says: str) -> None:
    with pytest.raises(NotEnough) as caught:
        extrapolate(parts, size)
    assert says in str(caught.value)
