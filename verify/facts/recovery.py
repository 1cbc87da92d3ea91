"""How much is lost, and how long it takes to come back: RPO and RTO from what was seen."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from verify.facts.backup import Sample
from verify.model.units import Duration, Size

#: three sizes show that time grows with size, and leave something to see the scatter by
SIZES = 3
#: stages that are of the RTO, and how the time of each grows
GROWTH = {
    "fetch": "bytes",
    "decrypt": "bytes",
    "decompress": "bytes",
    "restore": "bytes",
    "indexes": "n log n",
    "analyze": "bytes",
    "smoke": "constant",
}
_SHARE = 0.975  # both ends of 95 %


class NotEnough(ValueError):  # noqa: N818 - something that was not seen, not a mistake of the program
    """Samples that nothing can be concluded from; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is lost where the worst moment is chosen: everything from ``start`` to ``end`` (Unix times)."""

    start: float
    end: float

    @property
    def length(self) -> Duration:
        """Return its seconds."""
        return Duration(max(0.0, self.end - self.start))


def age(times: Iterable[float], now: float) -> Duration | None:
    """Return the age of the newest of ``times`` at ``now``, None where there is none.

    What is dated in the future is no backup yet.
    """
    past = [at for at in times if at <= now]
    return Duration(now - max(past)) if past else None


def worst_gap(times: Iterable[float], now: float, took: float = 0.0) -> Gap | None:
    """Return the longest time that would have been lost, None without any backup.

    ``times`` are those of the snapshots, in any order; one protects only when it is whole,
    ``took`` seconds later. From the newest one until ``now`` counts as well.
    """
    past = sorted({at for at in times if at <= now})
    if not past:
        return None
    gaps = [Gap(start=earlier, end=later + took) for earlier, later in pairwise(past)]
    return max((*gaps, Gap(start=past[-1], end=now)), key=lambda gap: gap.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds to restore ``size`` bytes: ``lower`` and ``upper`` are where 95 of 100 restores lie.

    ``stages`` are the points of each; ``factor`` is how many times larger ``size`` is than the
    largest sample: 1 or less is no extrapolation. ``sizes`` and ``samples`` are how many there were.
    """

    size: Size
    point: Duration
    lower: Duration
    upper: Duration
    factor: float
    sizes: int
    samples: int
    stages: Mapping[str, Duration] = field(default_factory=dict)

    def within(self, limit: float) -> bool:
        """Say whether ``limit`` holds: only where even the upper bound is within it."""
        return self.upper <= limit


def extrapolate(samples: Sequence[Sample], size: float) -> Estimate:
    """Return how long restoring ``size`` bytes takes, from restores of parts; raise ``NotEnough``.

    Each stage grows by its own law (``GROWTH``) and is fitted by least squares with a constant
    part, its scatter growing as its size does (Draper and Smith, Applied Regression Analysis,
    3rd ed., 1998, ch. 9: weighted least squares; 1.4 and 3.1: the interval of a new observation, by
    Student's t). What stages share, such as a busy machine, is kept as the covariance of
    their residuals (Zellner, JASA 57, 1962), so that their scatter is not assumed to cancel out.
    """
    _check(samples, size)
    largest = max(samples, key=lambda sample: sample.size)
    stages = [stage for stage in GROWTH if any(stage in sample.seconds for sample in samples)]
    fits = {stage: _fit(stage, samples, size, largest) for stage in stages}
    free = len(samples) - 2
    variance = 0.0
    for one in fits.values():
        for other in fits.values():
            shared = math.fsum(a * b for a, b in zip(one.scatter, other.scatter, strict=True)) / free
            spread = math.fsum(a * b for a, b in zip(one.influence, other.influence, strict=True))
            variance += shared * (one.scale * other.scale + spread)
    point = math.fsum(fit.point for fit in fits.values())
    half = student(free, _SHARE) * math.sqrt(max(0.0, variance))
    return Estimate(
        size=Size(size),
        point=Duration(max(0.0, point)),
        lower=Duration(max(0.0, point - half)),
        upper=Duration(max(0.0, point + half)),
        factor=size / largest.size,
        sizes=len({sample.size for sample in samples}),
        samples=len(samples),
        stages={stage: Duration(max(0.0, fit.point)) for stage, fit in fits.items()},
    )


def _check(samples: Sequence[Sample], size: float) -> None:
    sizes = sorted({sample.size for sample in samples})
    if not (math.isfinite(size) and size > 0):
        raise NotEnough(f"expected a size above zero to extrapolate to, got {size}")
    if any(value <= 0 for value in sizes):
        raise NotEnough("a sample is of nothing: restore parts that hold data")
    if len(sizes) < SIZES:
        raise NotEnough(f"{len(sizes)} sizes were restored: at least {SIZES} different ones are needed")
    known = {frozenset(GROWTH.keys() & sample.seconds.keys()) for sample in samples}
    if len(known) > 1 or not next(iter(known)):
        raise NotEnough("the samples went through different stages, or through none that counts")
    if any(not math.isfinite(took) or took < 0 for sample in samples for took in sample.seconds.values()):
        raise NotEnough("a stage took no time that a clock shows")
    totals = []
    for value in sizes:
        took = [_total(sample) for sample in samples if sample.size == value]
        totals.append((value, math.fsum(took) / len(took)))
    for (small, quick), (large, slow) in pairwise(totals):
        if slow < quick:
            raise NotEnough(
                f"restoring {Size(large)} took {Duration(slow)}, less than {Duration(quick)} for "
                f"{Size(small)}: "
                "something else than the size decides; restore larger parts, or more often"
            )


def _total(sample: Sample) -> float:
    return math.fsum(took for stage, took in sample.seconds.items() if stage in GROWTH)


@dataclass(frozen=True, slots=True)
class _Fit:
    """One stage at the wanted size: its point, and how residuals reach it.

    ``scale`` is the stage's size there, ``scatter`` the residuals by unit of size, ``influence``
    how much each sample's scatter moves the point.
    """

    point: float
    scale: float
    scatter: tuple[float, ...]
    influence: tuple[float, ...]


def _fit(stage: str, samples: Sequence[Sample], size: float, largest: Sample) -> _Fit:
    law = _LAWS[GROWTH[stage]]
    rows = largest.rows * size / largest.size
    # relative to the largest sample: numbers near one keep the sums exact
    unit = law(largest.size, largest.rows)
    x = [law(sample.size, sample.rows) / unit for sample in samples]
    wanted = law(size, rows) / unit
    y = [sample.seconds[stage] for sample in samples]
    constant = GROWTH[stage] == "constant"
    weights = [1 / value**2 for value in x]
    whole = math.fsum(weights)
    mean = math.fsum(w * value for w, value in zip(weights, x, strict=True)) / whole
    spread = math.fsum(w * (value - mean) ** 2 for w, value in zip(weights, x, strict=True))
    # the point is a sum of what was seen, each times its share
    reach = 0.0 if constant else (wanted - mean) / spread
    shares = [w / whole + w * (value - mean) * reach for w, value in zip(weights, x, strict=True)]
    slope = (
        0.0
        if constant
        else math.fsum(w * (value - mean) * seen for w, value, seen in zip(weights, x, y, strict=True))
        / spread
    )
    level = math.fsum(w * seen for w, seen in zip(weights, y, strict=True)) / whole
    scatter = [(seen - level - slope * (value - mean)) / value for value, seen in zip(x, y, strict=True)]
    return _Fit(
        point=math.fsum(share * seen for share, seen in zip(shares, y, strict=True)),
        scale=wanted,
        scatter=tuple(scatter),
        influence=tuple(share * value for share, value in zip(shares, x, strict=True)),
    )


def _sorting(size: float, rows: float) -> float:
    count = rows or size
    return count * math.log2(max(count, 2.0))


_LAWS: dict[str, Callable[[float, float], float]] = {
    "bytes": lambda size, _: size,
    "n log n": _sorting,
    "constant": lambda _, __: 1.0,
}


def student(freedom: int, share: float) -> float:
    """Return what ``share`` (above one half) of Student's t with ``freedom`` degrees lies below.

    The distribution is the finite sum of Abramowitz and Stegun, 26.7.3 and 26.7.4, searched by
    halving.
    """
    low, high = 0.0, 1.0
    while _between(freedom, high) < 2 * share - 1:
        low, high = high, high * 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        low, high = (middle, high) if _between(freedom, middle) < 2 * share - 1 else (low, middle)
    return high


def _between(freedom: int, t: float) -> float:
    """Return the probability that Student's t lies between ``-t`` and ``t``."""
    angle = math.atan2(t, math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = freedom % 2 == 1
    term, whole = (cosine, 0.0) if odd else (1.0, 0.0)
    for number in range(1 if odd else 0, freedom - 1, 2):
        whole += term
        term *= cosine**2 * (number + 1) / (number + 2)
    return 2 / math.pi * (angle + sine * whole) if odd else sine * whole
