"""How sources are asked, and what is read of their answers: as documented, or said to be odd."""

import datetime as dt
import json
from dataclasses import replace
from email.utils import format_datetime
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verify.contract.monitoring import Kind, Source
from verify.effects.origin import Origin
from verify.facts.http import Exchange, Part, PartError
from verify.facts.monitoring import (
    LOGS,
    Looked,
    OddAnswerError,
    age,
    age_path,
    knows,
    lines,
    lines_path,
    look_path,
    named,
    names,
    shipped,
    targets,
)
from verify.model.units import seconds

KINDS: tuple[Kind, ...] = get_args(Kind)
DATE = (("Date", "Sat, 21 Nov 2026 18:00:10 GMT"),)


def said(body: object, status: int = 200, **more: Any) -> Exchange:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(status=status, body=data, **more)


def vector(*values: object) -> Exchange:
    result = [{"metric": {}, "value": value} for value in values]
    return said({"status": "success", "data": {"resultType": "vector", "result": result}})


def source(kind: Kind, **more: Any) -> Source:
    own = {
        "loki": {"select": '{app="shop"}'},
        "elasticsearch": {"index": "logs-*"},
        "cloudwatch": {"region": "eu-west-1", "access": "$A", "secret": "$B"},
    }
    return Source.model_validate({"kind": kind, "url": "https://a.example", **own.get(kind, {}), **more})


def asked(path: str) -> str:
    return parse_qs(urlsplit(path).query)["query"][0]


def test_the_age_is_asked_by_prometheus_own_clock() -> None:
    assert asked(age_path('up{job="a b"}', seconds(300))) == 'time() - max(timestamp(up{job="a b"}))'


def test_what_is_older_than_an_instant_vector_shows_is_looked_for_further_back() -> None:
    wanted = "time() - max(timestamp(up) or max_over_time(timestamp(up)[3600s:7s]))"
    assert asked(age_path("up", seconds(3600))) == wanted
    assert "[301s:1s]" in asked(age_path("up", seconds(300.2)))


@pytest.mark.parametrize(
    ("kind", "knows", "path"),
    [
        ("grafana", None, "/api/health"),
        ("grafana", "shop & co", "/api/search?type=dash-db&query=shop%20%26%20co"),
        ("elasticsearch", None, "/logs-%2A/_search?size=0"),
        ("elasticsearch", 'a"b\\', "/logs-%2A/_search?size=10&q=%22a%5C%22b%5C%5C%22"),
        ("prometheus", "shop", "/api/v1/label/job/values"),
        ("loki", "shop", "/loki/api/v1/series?match%5B%5D=%7Bapp%3D%22shop%22%7D"),
        ("page", "shop", ""),
    ],
)
def test_a_look(kind: Kind, knows: str | None, path: str) -> None:
    assert look_path(source(kind, knows=knows)) == path


def test_lines_are_asked_for_by_their_marker() -> None:
    loki = lines_path(source("loki"), "verify-1")
    assert asked(loki) == '{app="shop"} |= "verify-1"'
    assert parse_qs(urlsplit(loki).query)["limit"] == ["10"]
    elastic = lines_path(source("elasticsearch"), "verify-1")
    assert parse_qs(urlsplit(elastic).query) == {"q": ['"verify-1"'], "size": ["10"]}


@given(st.text(min_size=1, max_size=30), st.sampled_from(KINDS))
def test_whatever_is_stated_can_be_sent(knows: str, kind: Kind) -> None:
    try:
        knows.encode()
    except UnicodeEncodeError:
        return  # no YAML holds half a character
    Origin.split("https://a.example" + look_path(source(kind, knows=knows)))


def test_the_age_is_read() -> None:
    assert age(vector([1700000000.1, "14.25"])) == seconds(14.25)
    assert age(vector([1700000000.1, "-0.5"])) == seconds(0)
    assert age(vector([1, "3"], [1, "4"])) == seconds(3)
    assert age(vector()) is None


@pytest.mark.parametrize(
    "value", [[1, "NaN"], [1, "+Inf"], [1], [1, []], [1, None], [1, "soon"], "ab", 5, None]
)
def test_what_is_no_age_is_odd(value: object) -> None:
    with pytest.raises(OddAnswerError, match=r"shows no age|answered what such a source does not"):
        age(vector(value))


def target(**more: object) -> dict[str, object]:
    labels = {"job": "shop", "instance": "a:80"}
    known = {
        "labels": labels,
        "health": "up",
        "lastError": "",
        "lastScrape": "2026-11-21T18:00:00.123456789Z",
    }
    return known | more


@pytest.mark.parametrize(
    ("last", "headers", "ago"),
    [
        ("2026-11-21T18:00:00.5Z", DATE, seconds(9.5)),
        ("2026-11-21T19:00:00+01:00", DATE, seconds(10)),
        ("2026-11-21T18:00:00Z", (), seconds(5)),
        ("2026-11-21T18:00:00Z", (("Date", "now"),), seconds(5)),
        ("2026-11-21T18:00:00Z", (("Date", "Sat, 31 Feb 2026 18:00:10 GMT"),), seconds(5)),
        ("2026-11-21T18:00:00Z", (("Date", "Sat, 21 Abc 2026 18:00:10 GMT"),), seconds(5)),
        ("2026-11-21T18:00:40Z", DATE, seconds(0)),
        ("0001-01-01T00:00:00Z", DATE, None),
        ("1970-01-01T00:00:00Z", DATE, None),
        ("1970-01-01T00:00:01Z", DATE, seconds(1795284009)),
        ("yesterday", DATE, None),
        (None, DATE, None),
    ],
)
def test_when_a_target_was_scraped(last: object, headers: Any, ago: object) -> None:
    answer = said({"data": {"activeTargets": [target(lastScrape=last)]}}, headers=headers, at=1795284005.0)
    (found,) = targets(answer)
    assert (found.job, found.instance, found.health, found.error, found.scraped) == (
        *("shop", "a:80", "up", ""),
        ago,
    )


@pytest.mark.parametrize("month", range(1, 13))
def test_a_date_of_http_is_read_in_each_month(month: int) -> None:
    when = dt.datetime(2026, month, 7, 18, 0, 10, tzinfo=dt.UTC)
    last = when.replace(second=3).isoformat()
    body = {"data": {"activeTargets": [target(lastScrape=last, lastError="refused")]}}
    (found,) = targets(said(body, headers=(("Date", format_datetime(when, usegmt=True)),)))
    assert (found.scraped, found.error) == (seconds(7), "refused")


def test_the_kinds_that_keep_logs() -> None:
    assert {"loki", "elasticsearch", "cloudwatch"} == LOGS


def test_targets_that_lack_everything_are_targets_all_the_same() -> None:
    found = targets(said({"data": {"activeTargets": [5, {}, {"labels": []}]}}))
    assert [(one.job, one.health, one.scraped) for one in found] == [("None", "None", None)] * 3


@pytest.mark.parametrize(
    ("kind", "body", "known"),
    [
        ("prometheus", {"status": "success", "data": ["shop", "node"]}, ("shop", "node")),
        ("loki", {"data": [{"app": "shop", "env": "a"}, 5]}, ("shop", "a")),
        ("grafana", [{"title": "Shop / Overview"}, {}], ("Shop / Overview", "None")),
        ("grafana", {"database": "ok"}, ()),
        ("elasticsearch", {"hits": {"hits": [{"_source": {"a": "b"}}]}}, ('{"_source": {"a": "b"}}',)),
        ("page", b"<h1>Shop</h1>", ("<h1>Shop</h1>",)),
    ],
)
def test_names(kind: Kind, body: object, known: tuple[str, ...]) -> None:
    assert names(kind, said(body)) == known


def test_a_word_is_found_in_whatever_case() -> None:
    assert named(("Other", "Shop / Overview"), "shop")
    assert not named(("Other",), "shop")
    assert not named((), "shop")


def test_a_page_that_is_too_long_tells_by_what_was_read_of_it() -> None:
    part = Part(read=b"Shop and so on", why="its body was cut after 14 bytes")
    page = Looked(kind="page", answer=replace(said(b""), body=part), knows="shop")
    assert knows(page)
    assert knows(replace(page, knows=""))
    with pytest.raises(PartError, match="cut after 14 bytes"):
        knows(replace(page, knows="other"))


def test_what_is_listed_is_looked_through() -> None:
    assert knows(Looked(kind="cloudwatch", listed=("Shop",), knows="shop"))
    assert knows(Looked(kind="cloudwatch", listed=()))
    assert not knows(Looked(kind="cloudwatch", listed=(), knows="shop"))


def test_lines_are_read_and_compared_with_the_marker() -> None:
    streams = [{"stream": {}, "values": [["1", "a marked"], ["2", "b", {}], ["3"], 5]}, {"values": []}]
    loki = said({"data": {"result": streams}})
    assert lines("loki", loki) == ("a marked", "b")
    assert shipped("loki", loki, "marked") == ("a marked",)
    elastic = said({"hits": {"hits": [{"_source": {"request_id": "marked"}}, {"_source": {}}]}})
    assert len(shipped("elasticsearch", elastic, "marked")) == 1
    assert shipped("elasticsearch", elastic, "other") == ()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said({"status": "error", "error": "parse error"}, 400), "answered 400: 'parse error'"),
        (said({"message": "Unauthorized"}, 401), "answered 401: 'Unauthorized'"),
        (said(b"", 500), "answered 500"),
        (said(b"<html>"), "answered no JSON that could be read"),
        (said(b"[" * 100_000), "nested too deeply"),
        (said(b"null"), "answered no JSON"),
        (said([]), "answered what such a source does not"),
        (said({"data": 5}), "answered what such a source does not"),
        (replace(said(b""), body=Part(read=b"{", why="it was cut after 1 byte")), "cut after"),
        (replace(said(b"", 500), body=Part(read=b"{", why="it was cut after 1 byte")), "answered 500$"),
    ],
)
def test_an_answer_that_says_nothing(answer: Exchange, words: str) -> None:
    for read in (age, targets, lambda one: lines("loki", one), lambda one: lines("elasticsearch", one)):
        with pytest.raises(OddAnswerError, match=words):
            read(answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                *[
                    (
                        "data",
                        "result",
                        "value",
                        "values",
                        "hits",
                        "activeTargets",
                        "labels",
                        "lastScrape",
                        "error",
                    )
                ]
            ),
            each,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@example({"data": {"activeTargets": [{"lastScrape": "9999-12-31T23:59:59.9-23:59"}]}})
@example({"data": {"result": [{"value": [0, 10**400]}]}})
@example({"data": {"result": [{"values": [[0]]}]}})
@example({"data": ["\ud800"]})
def test_whatever_comes_is_read_or_odd(body: object) -> None:
    answer = said(body)
    for read in (age, targets):
        try:
            read(answer)
        except OddAnswerError as error:
            str(error).encode()  # which every report can write
    for kind in KINDS:
        for take in (names, lines):
            try:
                take(kind, answer)
            except OddAnswerError as error:
                str(error).encode()
