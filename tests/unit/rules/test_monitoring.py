"""The rules about what watches a system, at the edge: what still holds, and what nobody can tell."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.contract.reference import ReferenceSpec
from verify.facts.http import Exchange
from verify.facts.monitoring import Looked, Shipped
from verify.judge.registry import Registry
from verify.model.units import seconds

Said = Callable[..., tuple[str, ...]]
Findings = Callable[..., list[tuple[str, str, str]]]
HOLDS: tuple[str, ...] = ()
UNCLEAR = ("?",)
WATCHED = ReferenceSpec.model_validate({"monitoring": True})
PAGE = EndpointSpec(path="/a")


def said_by(body: object, status: int = 200, **more: Any) -> Exchange:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(status=status, body=data, **more)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ({"answer": said_by({"database": "ok"})}, HOLDS),
        ({"answer": said_by([{"title": "SHOP"}]), "knows": "shop"}, HOLDS),
        ({"answer": said_by([{"title": "Other"}]), "knows": "shop"}, ("a does not know the service",)),
        ({"answer": said_by(b"<html>Sign in")}, UNCLEAR),
        ({"answer": said_by({}, 401)}, UNCLEAR),
        ({"answer": said_by({}, 403)}, UNCLEAR),
        ({"answer": said_by({}, 429)}, UNCLEAR),
        ({"answer": said_by({}, 302)}, ("a does not answer well",)),
        ({"answer": said_by({}, 502)}, ("a does not answer well",)),
        ({"answer": None, "reason": "name not found"}, ("a does not answer",)),
        ({"kind": "page", "answer": said_by(b"", 302), "expect": (200, 302)}, HOLDS),
        ({"kind": "page", "answer": said_by(b"", 401), "expect": (401,)}, HOLDS),
        ({"kind": "page", "answer": said_by(b"", 200), "expect": (302,)}, ("a does not answer well",)),
        ({"answer": said_by({}, 302), "expect": (302,)}, ("a does not answer well",)),
    ],
)
def test_answers(said: Said, one: dict[str, Any], expected: tuple[str, ...]) -> None:
    looked = Looked(**{"kind": "grafana"} | one)
    assert said("monitoring/answers", {"sources": ("a",)}, looked=(looked,)) == expected


def test_each_source_is_told_by_its_name(findings: Findings) -> None:
    good = Looked(kind="page", answer=said_by(b"shop"), knows="shop")
    away = replace(good, answer=None, reason="connection refused")
    told = findings("monitoring/answers", {"sources": ("a", "b", "c")}, looked=(good, away, good))
    assert told == [("b does not answer", "an answer", "connection refused")]


def aged(*ages: str) -> Exchange:
    return said_by({"data": {"result": [{"metric": {}, "value": [0, age]} for age in ages]}})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (aged("60"), HOLDS),
        (aged("60.001"), ("up is out of date",)),
        (aged(), ("up has no sample",)),
        (aged("NaN"), UNCLEAR),
        (said_by(b"<html>"), UNCLEAR),
        (said_by({"error": "x"}, 400), UNCLEAR),
        (said_by({}, 503), UNCLEAR),
    ],
)
def test_samples(said: Said, answer: Exchange, expected: tuple[str, ...]) -> None:
    stated = {"source": "a", "series": ("up",), "within": seconds(60)}
    assert said("monitoring/samples", stated, answers=(answer,)) == expected


def test_one_series_that_cannot_be_read_hides_none_that_is_missing(findings: Findings) -> None:
    stated = {"source": "metrics", "series": ("odd", "gone", "there"), "within": seconds(60)}
    told = findings("monitoring/samples", stated, answers=(said_by(b""), aged(), aged("1")))
    assert told == [("gone has no sample", "one in 1m", "none")]


def target(**more: Any) -> dict[str, Any]:
    known = {"labels": {"job": "shop", "instance": "a:80"}, "health": "up", "lastError": ""}
    return known | {"lastScrape": "2026-11-21T18:00:00Z"} | more


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([target()], HOLDS),
        ([target(), target(labels={"job": "other"}, health="down")], HOLDS),
        ([target(), target(health="down")], ("the target is not up",)),
        ([target(health="unknown")], ("the target is not up",)),
        ([target(lastScrape="2026-11-21T17:59:09Z")], ("the target is not scraped",)),
        ([target(lastScrape="2026-11-21T17:59:10Z")], HOLDS),
        ([target(lastScrape="0001-01-01T00:00:00Z")], ("the target is not scraped",)),
        ([], ("job shop has no target",)),
        (None, UNCLEAR),
    ],
)
def test_targets(said: Said, targets: object, expected: tuple[str, ...]) -> None:
    date = (("Date", "Sat, 21 Nov 2026 18:00:10 GMT"),)
    answer = said_by({"data": {"activeTargets": targets}}, headers=date)
    stated = {"source": "a", "jobs": ("shop",), "within": seconds(60)}
    assert said("monitoring/targets", stated, answer=answer) == expected


def test_a_target_is_named_with_its_reason(findings: Findings) -> None:
    stated = {"source": "a", "jobs": ("shop",)}
    body = {"data": {"activeTargets": [target(health="down", lastError="refused"), target(lastScrape="0")]}}
    assert findings("monitoring/targets", stated, answer=said_by(body)) == [
        ("the target is not up", "up", "'down': 'refused'"),
        ("the target is not scraped", "within 5m", "never"),
    ]


def test_what_a_target_says_of_itself_is_shown_within_bounds(findings: Findings) -> None:
    body = {"data": {"activeTargets": [target(health="down", lastError="x\x1b[2J" * 500)]}}
    ((_, _, seen),) = findings("monitoring/targets", {"source": "a", "jobs": ("shop",)}, answer=said_by(body))
    assert "\x1b" not in seen
    assert len(seen) < 300


MARKED = Shipped(marker="m", marked=Exchange(status=200))


@pytest.mark.parametrize(
    ("shipped", "expected"),
    [
        (replace(MARKED, lines=("m",), last=said_by({})), HOLDS),
        (replace(MARKED, lines=("m",), marked=Exchange(status=500)), HOLDS),
        (replace(MARKED, last=said_by({})), ("the request is not among the collected logs",)),
        (replace(MARKED, problem="a.example answered 401"), UNCLEAR),
        (replace(MARKED, last=said_by({}, 503)), UNCLEAR),
        (replace(MARKED, marked=Exchange(status=429), last=said_by({})), UNCLEAR),
    ],
)
def test_logs(said: Said, shipped: Shipped, expected: tuple[str, ...]) -> None:
    assert said("monitoring/logs", {"source": "a", "endpoint": PAGE}, shipped=shipped) == expected


def breaks(rule_id: str, fault: str, reference: ReferenceSpec = WATCHED, **stated: Any) -> bool:
    rule = Registry(("verify.rules",)).get(rule_id)
    assert fault in rule.about.faults
    assert rule.params is not None
    return rule.breaks(fault, rule.params(**stated), reference)


@pytest.mark.parametrize("fault", ["target-down", "metrics-missing"])
def test_what_is_not_scraped_has_no_samples(fault: str) -> None:
    assert breaks("monitoring/samples", fault, source="a", series=("up",))
    assert breaks("monitoring/targets", fault, source="a", jobs=("reference",))


def test_old_samples_are_new_enough_for_some() -> None:
    for rule_id, stated in (("samples", {"series": ("up",)}), ("targets", {"jobs": ("reference",)})):
        rule = f"monitoring/{rule_id}"
        assert breaks(rule, "metrics-stale", source="a", within=seconds(600), **stated)
        assert not breaks(rule, "metrics-stale", source="a", within=seconds(700), **stated)


def test_a_family_without_samples_is_missed_by_its_name() -> None:
    def missed(fault: str, series: str) -> bool:
        return breaks("monitoring/samples", fault, source="a", series=("http_requests_total", series))

    assert missed("metrics-no-samples", 'db_active_connections{job="reference"}')
    assert not missed("metrics-no-samples", "celery_queue_length")
    assert not missed("redis-down", "celery_queue_length")  # which is not ready then
    apart = ReferenceSpec.model_validate({"monitoring": True, "dependencies": {"db": "database"}})
    assert breaks("monitoring/samples", "redis-down", apart, source="a", series=("celery_queue_length",))


def test_who_is_not_watched_knows_no_dashboard() -> None:
    assert breaks("monitoring/answers", "dashboard-unknown", sources=("a",))
    assert not breaks("monitoring/answers", "dashboard-unknown", ReferenceSpec(), sources=("a",))
