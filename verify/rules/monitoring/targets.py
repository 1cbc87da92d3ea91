"""The targets of the stated jobs are up, and were scraped a short time ago.

What Prometheus cannot scrape it knows nothing about, and an alert on a series that is not
there never fires. A job without any target is down too: discovery finds nobody.

Fix: look at the last error of the target; open its port to Prometheus, mend the path or the
certificate, or add what discovery looks for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.contract.words import shown
from verify.facts.body import shortened
from verify.facts.broken import unhealthy
from verify.facts.http import Exchange
from verify.facts.monitoring import STALE, TARGETS, Ask, OddAnswerError, Target, targets
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
    """The source, of kind `prometheus`, the jobs, and how long ago their scrapes may be."""

    source: SourceName
    jobs: Some[str]
    within: Duration = seconds(300)

    def needs(self) -> dict[str, Ask]:
        """Ask for the active targets once."""
        return {"answer": Ask(source=self.source, path=TARGETS)}


STATED = Params(source="metrics", jobs=("shop",))
AT = (("Date", "Sat, 21 Nov 2026 18:00:10 GMT"),)
UP = """{"status": "success", "data": {"activeTargets": [{"labels": {"job": "shop", "instance": "a:80"},
 "health": "up", "lastError": "", "lastScrape": "2026-11-21T18:00:00.123456789Z"}]}}"""
HOLDS = given(STATED, answer=Exchange(status=200, headers=AT, body=UP.encode()))
FAILS = [
    given(STATED, answer=Exchange(status=200, headers=AT, body=UP.replace(old, new).encode()))
    for old, new in (('"up"', '"down"'), ('"shop"', '"other"'), ("T18:00", "T17:00"), ("2026-", "0001-"))
]
_LONG = 200  # characters: the reason stands at the end of an error


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether scrapes fail, or ended too long ago, because of ``fault``."""
    return not unhealthy(fault, reference) and (fault != "metrics-stale" or stated.within <= STALE)


@rule(
    severity="error",
    faults=["target-down", "metrics-missing", "metrics-stale"],
    refs=["Prometheus: HTTP API, targets"],
)
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Judge each target of each job."""
    try:
        found = targets(answer)
    except OddAnswerError as error:
        yield Unknown(str(error))
        return
    for job in stated.jobs:
        own = [target for target in found if target.job == job]
        yield Seen(len(own), what=f"targets of {job}")
        if not own:
            yield Finding(answer.place, f"job {job} has no target", "at least one", "none")
        for target in own:
            yield from _judged(target, stated)


def _judged(target: Target, stated: Params) -> Iterator[Finding]:
    at = f"{target.job} {shown(target.instance)}"
    if target.health != "up":
        yield Finding(
            at, "the target is not up", "up", f"{shown(target.health)}: {shortened(target.error, _LONG)}"
        )
    elif target.scraped is None or target.scraped > stated.within:
        seen = "never" if target.scraped is None else f"{target.scraped.beside(stated.within)} ago"
        yield Finding(at, "the target is not scraped", f"within {stated.within}", seen)
