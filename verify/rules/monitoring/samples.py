"""Each stated metric has a sample that is not older than stated.

A metric that is named in a plan and has no samples cannot warn anybody, and its panel is empty
when it is looked at. Prometheus is asked for the age of the newest sample, by its own clock.

Fix: export the metric under the stated name, let Prometheus scrape what exports it, and look at
its targets page for what does not answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.contract.monitoring import Series
from verify.facts.broken import unhealthy, unmeasured
from verify.facts.http import Exchange
from verify.facts.monitoring import STALE, Ask, OddAnswerError, age, age_path
from verify.rules import (
    Duration,
    Finding,
    ReferenceSpec,
    Seen,
    Some,
    SourceName,
    Stated,
    Unknown,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The source, of kind `prometheus`, and the series: names, with labels where they are needed."""

    source: SourceName
    series: Some[Series]
    within: Duration = seconds(300)

    def needs(self) -> dict[str, tuple[Ask, ...]]:
        """Ask for the age of each."""
        asked = (age_path(each, self.within) for each in self.series)
        return {"answers": tuple(Ask(source=self.source, path=path) for path in asked)}


STATED = Params(source="metrics", series=("http_requests_total",), within=seconds(60))


def _aged(result: str) -> tuple[Exchange, ...]:
    body = f'{{"status": "success", "data": {{"resultType": "vector", "result": [{result}]}}}}'
    return (Exchange(status=200, body=body.encode()),)


HOLDS = given(STATED, answers=_aged('{"metric": {}, "value": [1700000000.1, "14.2"]}'))
FAILS = [
    given(STATED, answers=_aged("")),
    given(STATED, answers=_aged('{"metric": {}, "value": [1700000000.1, "61"]}')),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether a stated series has no sample in time because of ``fault``."""
    if fault == "metrics-stale":
        return stated.within <= STALE
    names = {each.partition("{")[0] for each in stated.series}
    return not unhealthy(fault, reference) and (
        fault in {"target-down", "metrics-missing"} or not unmeasured(fault).isdisjoint(names)
    )


@rule(
    severity="warning",
    faults=[
        *("metrics-stale", "target-down", "metrics-missing", "metrics-no-samples"),
        *("redis-down", "redis-hang", "database-down"),
    ],
    refs=["Prometheus: HTTP API, instant queries"],
)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare the age of each series with what is stated."""
    for series, answer in zip(stated.series, answers, strict=True):
        try:
            found = age(answer)
        except OddAnswerError as error:
            yield Unknown(str(error))
            continue
        yield Seen("no sample" if found is None else found, limit=stated.within, what=series)
        if found is None:
            yield Finding(stated.source, f"{series} has no sample", f"one in {stated.within}", "none")
        elif found > stated.within:
            yield Finding(
                stated.source,
                f"{series} is out of date",
                f"at most {stated.within} old",
                found.beside(stated.within),
            )
