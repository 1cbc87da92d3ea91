"""Where a fault shows: the conditions that the matrix computes its expectation from."""

from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.contract.reference import ReferenceSpec
from verify.judge.registry import Registry
from verify.model.units import seconds

REGISTRY = Registry(("verify.rules",))
PROMISED = ReferenceSpec.model_validate(
    {
        "health": "/health/",
        "schema": "/schema/",
        "dependencies": {"db": "database", "cache": "redis", "celery": "worker"},
        "edge": {"read": "10/s", "write": "5/s", "burst": 20},
    }
)
HEALTH, PRODUCTS, OTHER = (EndpointSpec(path=path) for path in ("/health/", "/api/v1/products/", "/other/"))


def breaks(rule_id: str, fault: str, **stated: Any) -> bool:
    rule = REGISTRY.get(rule_id)
    assert fault in rule.about.faults
    assert rule.params is not None
    return rule.breaks(fault, rule.params(**stated), PROMISED)


@pytest.mark.parametrize(
    ("rule_id", "fault", "where", "elsewhere"),
    [
        (
            "headers/present",
            "no-hsts",
            {"headers": ("strict-transport-security",), "on": ("/",)},
            {"headers": ("X-A",), "on": ("/",)},
        ),
        (
            "headers/present",
            "headers-missing-on-errors",
            {"headers": ("X-A",), "on": ("/health/", "/no")},
            {"headers": ("X-A",), "on": ("/health/",)},
        ),
        ("endpoint/answers", "endpoint-500", {"endpoint": PRODUCTS}, {"endpoint": OTHER}),
        ("endpoint/answers", "health-wrong-status", {"endpoint": HEALTH}, {"endpoint": PRODUCTS}),
        ("health/status", "redis-down", {"endpoint": HEALTH}, {"endpoint": OTHER}),
        (
            "health/dependencies",
            "health-missing-dependency",
            {"endpoint": HEALTH, "dependencies": ("celery",)},
            {"endpoint": HEALTH, "dependencies": ("db", "cache")},
        ),
        (
            "health/dependencies",
            "redis-down",
            {"endpoint": HEALTH, "dependencies": ("celery",)},
            {"endpoint": HEALTH, "dependencies": ("db",)},
        ),
        (
            "health/dependencies",
            "worker-down",
            {"endpoint": HEALTH, "dependencies": ("celery",)},
            {"endpoint": HEALTH, "dependencies": ("cache",)},
        ),
        (
            "host/refused",
            "host-forgotten",
            {"hosts": ("https://b.example",)},
            {"path": "/health"},
        ),
        (
            "logs/json",
            "endpoint-500",
            {"endpoint": PRODUCTS, "fields": {"status": 200}},
            {"endpoint": PRODUCTS, "fields": {"status": "integer", "level": "level"}},
        ),
        (
            "logs/json",
            "endpoint-404",
            {"endpoint": PRODUCTS, "fields": {"status": 200}},
            {"endpoint": OTHER, "fields": {"status": 200}},
        ),
        (
            "openapi/served",
            "schema-missing",
            {"endpoint": EndpointSpec(path="/schema/")},
            {"endpoint": OTHER},
        ),
        (
            "rate-limit/over",
            "no-write-limit",
            {"endpoint": PRODUCTS, "rate": 5.0, "burst": 2, "method": "POST"},
            {"endpoint": PRODUCTS, "rate": 10.0, "burst": 2},
        ),
        (
            "rate-limit/over",
            "no-edge-limit",
            {"endpoint": PRODUCTS, "rate": 10.0, "burst": 2},
            {"endpoint": OTHER, "rate": 10.0, "burst": 2},
        ),
        (
            "rate-limit/under",
            "edge-limit-tight",
            {"endpoint": PRODUCTS, "rate": 10.0},
            {"endpoint": HEALTH, "rate": 10.0},
        ),
        ("readiness/within", "slow-start", {"within": 2.0}, {"within": 30.0}),
        ("readiness/within", "slow-start", {"within": 2.0}, {}),
        ("redirect/https", "redirect-temporary", {}, {"status": (301, 302)}),
        ("tls/days-left", "cert-expires-soon", {"at_least": 30 * 86400.0}, {"at_least": 3 * 86400.0}),
    ],
)
def test_a_fault_shows_for_some_values_only(
    rule_id: str, fault: str, where: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    assert breaks(rule_id, fault, **where)
    assert not breaks(rule_id, fault, **elsewhere)


@pytest.mark.parametrize(
    ("burst", "rate", "method", "endpoint", "hidden"),
    [
        (20, 10.0, "GET", PRODUCTS, True),
        (20, 10.0, "POST", PRODUCTS, False),
        (20, 10.0, "GET", OTHER, False),
        (20, 5.0, "GET", PRODUCTS, False),  # slow as it is, the reference answers more than the limit allows
        (19, 10.0, "GET", PRODUCTS, False),  # three waves of answers, the last one in time
        (15, 10.0, "GET", PRODUCTS, False),
    ],
)
def test_a_slow_endpoint_hides_a_limit(
    burst: int,
    rate: float,
    method: str,
    endpoint: EndpointSpec,
    hidden: bool,  # noqa: FBT001 - what is expected
) -> None:
    rule = REGISTRY.get("rate-limit/over")
    assert rule.params is not None
    stated = rule.params(endpoint=endpoint, rate=rate, burst=burst, method=method)  # type: ignore[call-arg] # its own
    assert rule.hides("endpoint-slow", stated, PROMISED) is hidden
    assert not rule.hides("no-edge-limit", stated, PROMISED)
    assert not REGISTRY.get("rate-limit/under").hides("endpoint-slow", stated, PROMISED)


def test_what_the_reference_does_at_once_is_what_the_rules_count_with() -> None:
    from verify.facts.broken import AT_ONCE, SLOW
    from verify.reference.faults import FAULTS
    from verify.reference.front import _THREADS

    assert (_THREADS, FAULTS["endpoint-slow"].turns["products_delay"]) == (AT_ONCE, SLOW)


def test_a_part_that_no_dependency_names_can_be_missing() -> None:
    bare = PROMISED.model_copy(update={"dependencies": {"db": "database"}})
    rule = REGISTRY.get("readiness/within")
    assert rule.params is not None
    assert not rule.breaks("worker-down", rule.params(), bare)
    assert rule.breaks("database-down", rule.params(), bare)


def test_a_slow_endpoint_shows_where_less_time_is_stated() -> None:
    patient = EndpointSpec(path="/api/v1/products/", within=seconds(5))
    assert breaks("endpoint/answers", "endpoint-slow", endpoint=PRODUCTS)
    assert not breaks("endpoint/answers", "endpoint-slow", endpoint=PRODUCTS, within=4.0)
    assert not breaks("endpoint/answers", "endpoint-slow", endpoint=patient)
