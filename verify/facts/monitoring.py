"""How what watches a system is asked, kind by kind, and how its answers are read.

Each kind by its documented interface: Prometheus' and Loki's HTTP API, a search of Elasticsearch,
a search of Grafana, or a page as it is.
"""

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

from verify.contract.monitoring import Kind, Source
from verify.contract.words import shown
from verify.facts.http import Exchange, PartError
from verify.model.need import Need
from verify.model.units import Duration, seconds

#: for how long Prometheus answers an instant query with the last sample
LOOKBACK = seconds(300)
#: how old what Prometheus has is under metrics-stale
STALE = seconds(600)
#: looks into the past where that is not enough
LOOKS = 500
#: the kinds that keep logs
LOGS = frozenset({"loki", "elasticsearch", "cloudwatch"})
#: the one that keeps series and knows targets
METRICS = "prometheus"
_LINES = 10
_OK = 200
#: an HTTP date
_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class OddAnswerError(ValueError):
    """An answer that says nothing: an error, or not what the kind documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Need):
    """Ask a stated source of kind ``of`` for ``path``, below where its interface begins."""

    kind: ClassVar[str] = "monitoring"
    answer: ClassVar[type] = Exchange

    source: str
    path: str
    of: str = METRICS


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a source answered to a look at it; None where there was no answer because of ``reason``.

    ``listed`` is what it names, where it is asked for that in several requests.
    """

    kind: Kind
    answer: Exchange | None = None
    listed: tuple[str, ...] | None = None
    reason: str = ""
    url: str = "https://monitoring.example/"
    knows: str = ""
    expect: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Need):
    """Ask a stated source for the service that it knows, or only for an answer."""

    kind: ClassVar[str] = "monitoring"
    answer: ClassVar[type] = Looked

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A request with ``marker``, and the lines that a store of logs had of it after ``took``.

    ``last`` is the store's last answer; ``problem`` is why it says nothing, if so.
    """

    marker: str
    marked: Exchange
    lines: tuple[str, ...] = ()
    last: Exchange | None = None
    problem: str = ""
    took: Duration = field(default=seconds(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship(Need):
    """Ask the system for ``path`` with an id of ours in ``header``, then a stated source for its lines."""

    kind: ClassVar[str] = "monitoring"
    answer: ClassVar[type] = Shipped

    source: str
    path: str
    header: str = "X-Request-ID"
    account: str | None = None
    within: Duration = field(default=seconds(60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target as Prometheus sees it; ``scraped`` is how long ago, None for never."""

    job: str
    instance: str
    health: str
    error: str
    scraped: Duration | None


TARGETS = "/api/v1/targets?state=active"


def age_path(series: str, within: Duration) -> str:
    """Return the query for the age of the newest sample of ``series``, by Prometheus' own clock."""
    newest = f"timestamp({series})"
    if within > LOOKBACK:  # what is older than that is in no instant vector
        step = max(1, math.floor(within / LOOKS))
        newest = f"{newest} or max_over_time({newest}[{math.ceil(within)}s:{step}s])"
    return f"/api/v1/query?query={_quoted(f'time() - max({newest})')}"


def look_path(source: Source) -> str:
    """Return what ``source`` is asked for, below its own path."""
    word = _quoted(source.knows or "")
    if source.kind == "grafana":
        return f"/api/search?type=dash-db&query={word}" if word else "/api/health"
    if source.kind == "elasticsearch":
        return (
            _search(source, source.knows)
            if source.knows
            else f"/{_quoted(source.index or '')}/_search?size=0"
        )
    return {
        "prometheus": "/api/v1/label/job/values",
        "loki": f"/loki/api/v1/series?match%5B%5D={_quoted(source.select or '')}",
    }.get(source.kind, "")


def lines_path(source: Source, marker: str) -> str:
    """Return what a store of logs is asked for to find the lines with ``marker``."""
    if source.kind == "elasticsearch":
        return _search(source, marker)
    query = f'{source.select} |= "{marker}"'
    return f"/loki/api/v1/query_range?query={_quoted(query)}&limit={_LINES}"


def _search(source: Source, text: str) -> str:
    phrase = text.replace("\\", "\\\\").replace('"', '\\"')
    return f"/{_quoted(source.index or '')}/_search?size={_LINES}&q={_quoted(chr(34) + phrase + chr(34))}"


def _quoted(text: str) -> str:
    return quote(text, safe="")


def age(answer: Exchange) -> Duration | None:
    """Return the age that ``age_path`` asks for, None where there is no sample; raise ``OddAnswerError``."""
    result = _listed(_member(_body(answer), "data", "result"), answer)
    if not result:
        return None
    value = _listed(_member(result[0], "value"), answer)
    try:
        number = float(value[1])
    except (IndexError, TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise OddAnswerError(f"{answer.place} shows no age: {shown(value)}")
    return seconds(max(0.0, number))


def targets(answer: Exchange) -> tuple[Target, ...]:
    """Return the targets in an answer to ``TARGETS``; raise ``OddAnswerError``."""
    found = _listed(_member(_body(answer), "data", "activeTargets"), answer)
    now = _moment(answer)
    return tuple(
        Target(
            job=str(_member(each, "labels", "job")),
            instance=str(_member(each, "labels", "instance")),
            health=str(_member(each, "health")),
            error=str(_member(each, "lastError") or ""),
            scraped=_since(_member(each, "lastScrape"), now),
        )
        for each in found
    )


def names(kind: Kind, answer: Exchange) -> tuple[str, ...]:
    """Return the texts among which a source of ``kind`` names what it knows; raise ``OddAnswerError``."""
    if kind == "page":
        return (answer.text,)
    body = _body(answer)
    if kind == "grafana":
        if isinstance(body, dict):
            return ()  # its health
        return tuple(str(_member(each, "title")) for each in _listed(body, answer))
    if kind == "elasticsearch":
        return lines(kind, answer)
    data = _listed(_member(body, "data"), answer)
    if kind == "loki":
        return tuple(str(value) for each in data if isinstance(each, dict) for value in each.values())
    return tuple(str(each) for each in data)


def lines(kind: Kind, answer: Exchange) -> tuple[str, ...]:
    """Return the lines in the answer of a store of logs; raise ``OddAnswerError``."""
    body = _body(answer)
    if kind == "elasticsearch":
        return tuple(json.dumps(each) for each in _listed(_member(body, "hits", "hits"), answer))
    streams = _listed(_member(body, "data", "result"), answer)
    values = (_listed(_member(stream, "values"), answer) for stream in streams)
    return tuple(str(entry[1]) for each in values for entry in each if isinstance(entry, list) and entry[1:])


def _body(answer: Exchange) -> object:
    """Return the JSON of a good answer."""
    try:
        body = answer.json()
    except PartError as error:
        if answer.status == _OK:
            raise OddAnswerError(str(error)) from error
        body, reason = None, ""
    except ValueError as error:
        body, reason = None, str(error)
    else:
        reason = str(_member(body, "error") or _member(body, "message") or "")
    if answer.status != _OK:
        said = f": {shown(reason)}" if reason else ""
        raise OddAnswerError(f"{answer.place} answered {answer.status}{said}")
    if body is None:
        raise OddAnswerError(f"{answer.place} answered no JSON that could be read: {shown(reason)}")
    return body


def _member(body: object, *path: str) -> Any:
    """Return what is at ``path``, None where nothing is."""
    for name in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(name)
    return body


def _listed(value: object, answer: Exchange) -> list[Any]:
    if not isinstance(value, list):
        raise OddAnswerError(f"{answer.place} answered what such a source does not: {shown(answer.shown)}")
    return value


def _moment(answer: Exchange) -> float:
    """Return when it was answered by the source's own clock, by ours where it does not say."""
    found = _DATE.fullmatch(answer.header("Date") or "")
    if found is None or found[2] not in _MONTHS:
        return answer.at
    month = _MONTHS.index(found[2]) + 1
    try:
        return dt.datetime.fromisoformat(f"{found[3]}-{month:02}-{found[1]}T{found[4]}Z").timestamp()
    except ValueError:
        return answer.at


def _since(moment: object, now: float) -> Duration | None:
    """Return how long ago a time such as ``2026-11-21T18:00:00.123456789Z`` was, None for no such time."""
    try:
        at = dt.datetime.fromisoformat(str(moment)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds(max(0.0, now - at)) if at > 0 else None


def shipped(kind: Kind, answer: Exchange, marker: str) -> tuple[str, ...]:
    """Return the lines of an answer that hold ``marker``; raise ``OddAnswerError``."""
    return tuple(line for line in lines(kind, answer) if marker in line)


def named(texts: Iterable[str], word: str) -> bool:
    """Tell whether one of the texts holds ``word``, in upper or lower case."""
    return any(word.lower() in text.lower() for text in texts)


def knows(one: Looked) -> bool:
    """Tell whether a source that answered names what is stated; raise ``OddAnswerError`` or ``PartError``."""
    texts, answer = one.listed or (), one.answer
    if answer is not None and one.kind == "page" and one.knows:
        return answer.search(re.compile(re.escape(one.knows), re.IGNORECASE)) is not None
    if answer is not None and one.kind != "page":
        texts = names(one.kind, answer)
    return not one.knows or named(texts, one.knows)
