"""Where a fault shows in the rules that do something and then look."""

from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.contract.reference import ReferenceSpec
from verify.judge.registry import Registry
from verify.model.units import seconds

REGISTRY = Registry(("verify.rules",))
PROMISED = ReferenceSpec.model_validate(
    {
        "liveness": "/live/",
        "media": "/media",
        "cdn": "fastly",
        "dependencies": {"db": "database", "cache": "redis", "celery": "worker"},
        "quotas": {"anonymous": "100/h", "authenticated": None},
    }
)
HEALTH, LIVE, PRODUCTS, SESSION, OTHER = (
    EndpointSpec(path=path)
    for path in ("/health/", "/live/", "/api/v1/products/", "/api/v1/session/", "/other/")
)
COUNTED = {"requests": 100, "window": seconds(3600)}
TASK = {"start": OTHER, "state": "/{task}", "done": {"state": "done"}}
KEY = REGISTRY.get("environments/differ").check.__globals__["Key"]
TWO = {"environments": ("a", "b")}


@pytest.mark.parametrize(
    ("rule_id", "fault", "where", "elsewhere"),
    [
        (
            "quota/counted",
            "no-quota",
            COUNTED | {"endpoint": PRODUCTS},
            COUNTED | {"endpoint": PRODUCTS, "account": "bob"},  # nobody is counted who signs in
        ),
        ("quota/counted", "quota-tight", COUNTED | {"endpoint": PRODUCTS}, COUNTED | {"endpoint": OTHER}),
        (
            "health/outage",
            "liveness-deep",
            {"endpoint": HEALTH, "dependencies": ("db",), "liveness": LIVE},
            {"endpoint": HEALTH, "dependencies": ("db",)},
        ),
        (
            "health/shallow",
            "liveness-deep",
            {"endpoint": LIVE, "dependencies": ("db", "other")},
            {"endpoint": LIVE, "dependencies": ("other",)},
        ),
        (
            "health/shallow",
            "liveness-deep",
            {"endpoint": LIVE, "dependencies": ("db",)},
            {"endpoint": HEALTH, "dependencies": ("db",)},
        ),
        (
            "health/outage",
            "health-missing-dependency",
            {"endpoint": HEALTH, "dependencies": ("db", "celery")},
            {"endpoint": HEALTH, "dependencies": ("db", "cache")},
        ),
        (
            "health/outage",
            "health-not-json",
            {"endpoint": HEALTH, "dependencies": ("db",)},
            {"endpoint": HEALTH, "dependencies": ("db",), "named": False},
        ),
        (
            "health/outage",
            "health-lies",
            {"endpoint": HEALTH, "dependencies": ("db",), "named": False},
            {"endpoint": OTHER, "dependencies": ("db",)},
        ),
        (
            "logs/json",
            "log-missing-field",
            {"endpoint": LIVE, "fields": {"level": "level"}},
            {"endpoint": LIVE, "fields": {"timestamp": "timestamp"}},
        ),
        (
            "logs/events",
            "no-request-id",
            {"flow": "go", "events": {"went": {}}, "common": {"request_id": "string"}},
            {"flow": "go", "events": {"went": {"level": "level"}}},
        ),
        (
            "logs/events",
            "log-missing-field",
            {"flow": "go", "events": {"went": {"level": "level"}}},
            {"flow": "go", "events": {"went": {"amount": "string"}}},
        ),
        ("worker/canary", "worker-slow", TASK | {"within": seconds(7)}, TASK | {"within": seconds(9)}),
        (
            "environments/differ",
            "same-database",
            TWO | {"probe": "/verify/identity/"},
            TWO | {"probe": "/who"},
        ),
        (
            "environments/differ",
            "live-key",
            TWO | {"keys": {"a": KEY(at="$.key", prefix="test_")}},
            TWO | {"keys": {"a": KEY(at="$.key", prefix="live_")}},
        ),
        (
            "environments/same-release",
            "another-release",
            TWO | {"probe": "/verify/identity/", "member": "$.image"},
            TWO | {"probe": "/verify/identity/"},
        ),
        ("environments/same-release", "another-release", TWO | {"probe": "/health/"}, TWO | {"probe": "/a"}),
        (
            "environments/same-release",
            "another-release",
            TWO | {"probe": "/live/", "header": "x-release"},
            TWO | {"probe": "/live/", "header": "Server"},
        ),
        ("edge/in-front", "edge-bypassed", {"providers": ("fastly",)}, {"providers": ("cloudflare",)}),
        (
            "edge/in-front",
            "origin-open",
            {"providers": ("fastly",), "origin": "https://o.example"},
            {"providers": ("fastly",)},
        ),
        ("media/served", "media-missing", {"path": "/media/a"}, {"path": "/static/a"}),
        ("media/served", "storage-down", {"path": "/media/a"}, {"path": "/static/a"}),
        ("media/served", "media-mistyped", {"path": "/media/a", "type": "a/b"}, {"path": "/media/a"}),
        (
            "media/served",
            "uploads-open",
            {"path": "/a", "private": ("/media/private/a",)},
            {"path": "/media/a", "private": ("/media/a",)},
        ),
        (
            "session/stateless",
            "sticky-session",
            {"endpoint": SESSION, "account": "alice"},
            {"endpoint": PRODUCTS, "account": "alice"},
        ),
    ],
)
def test_a_fault_shows_where_it_is_stated(
    rule_id: str, fault: str, where: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    rule = REGISTRY.get(rule_id)
    assert fault in rule.about.faults
    assert rule.params is not None
    assert rule.breaks(fault, rule.params(**where), PROMISED)
    assert not rule.breaks(fault, rule.params(**elsewhere), PROMISED)


@pytest.mark.parametrize(
    ("rule_id", "fault", "stated"),
    [
        ("media/served", "media-missing", {"path": "/media/a"}),
        ("edge/in-front", "edge-bypassed", {"providers": ("fastly",)}),
    ],
)
def test_what_the_reference_does_not_have_cannot_break(
    rule_id: str, fault: str, stated: dict[str, Any]
) -> None:
    rule = REGISTRY.get(rule_id)
    assert rule.params is not None
    assert rule.breaks(fault, rule.params(**stated), PROMISED)
    assert not rule.breaks(fault, rule.params(**stated), ReferenceSpec())


def test_an_upload_is_not_looked_at_where_health_tells_of_its_storage() -> None:
    rule = REGISTRY.get("media/served")
    assert rule.params is not None
    stored = PROMISED.model_copy(update={"dependencies": {"files": "storage"}})
    assert not rule.breaks("storage-down", rule.params(path="/media/a"), stored)  # type: ignore[call-arg] # its own
    assert rule.breaks("media-missing", rule.params(path="/media/a"), stored)  # type: ignore[call-arg] # its own


@pytest.mark.parametrize(
    ("rule_id", "fault", "stated"),
    [("worker/canary", "worker-down", TASK), ("watch/error-budget", "liveness-fades", {})],
)
def test_what_needs_a_liveness_endpoint_shows_with_one(
    rule_id: str, fault: str, stated: dict[str, Any]
) -> None:
    rule = REGISTRY.get(rule_id)
    assert rule.params is not None
    assert rule.breaks(fault, rule.params(**stated), PROMISED)
    assert not rule.breaks(fault, rule.params(**stated), PROMISED.model_copy(update={"liveness": None}))
