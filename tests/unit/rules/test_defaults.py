"""What a claim states where it says nothing: part of every contract, so changed only on purpose."""

import inspect
from typing import Any

import pytest

from verify.judge.registry import Registry
from verify.model.units import Quantity

REGISTRY = Registry(("verify.rules",))
#: rule -> parameter -> default, quantities as a contract writes them
DEFAULTS: dict[str, dict[str, Any]] = {
    "access/anonymous-refused": {"status": (401, 403), "token": True},
    "cookies/flags": {
        "cookies": (),
        "secure": True,
        "http_only": True,
        "same_site": "Lax",
        "readable": ("csrftoken", "XSRF-TOKEN"),
    },
    "cors/origins": {"preflight": True},
    "debug/pages": {"on": ("/verify-missing-page",), "host": "/"},
    "endpoint/answers": {"within": "2s"},
    "edge/in-front": {"path": "/", "origin": None},
    "environments/same-release": {"member": "$.version", "header": ""},
    "media/served": {"type": "", "private": (), "refused": (401, 403, 404)},
    "environments/differ": {"probe": None, "member": "$.database"},
    "exposure/banner": {
        "on": ("/",),
        "headers": ("Server", "X-Powered-By", "X-AspNet-Version", "X-Generator"),
    },
    "exposure/paths": {"also": (), "allow": ()},
    "headers/hsts": {"max_age": "365d", "include_subdomains": False, "preload": False},
    "headers/score": {"path": "/", "plain": True},
    "health/anonymous": {"allow": ()},
    "health/outage": {"status": 503, "named": True, "liveness": None, "within": "10s"},
    "health/status": {"within": "2s"},
    "host/refused": {"path": "/", "status": (400,), "hosts": (), "links": ()},
    "logs/events": {"name": "event", "within": "5s"},
    "logs/json": {"header": "X-Request-ID", "within": "5s"},
    "logs/request-id": {"header": "X-Request-ID", "field": "request_id", "within": "5s"},
    "logs/secret": {"member": "password", "within": "5s"},
    "mail/starttls": {"port": 587},
    "metrics/not-public": {"path": "/metrics", "status": (401, 403, 404)},
    "migrations/applied": {"equals": 0},
    "monitoring/logs": {"header": "X-Request-ID", "within": "1m"},
    "monitoring/samples": {"within": "5m"},
    "monitoring/targets": {"within": "5m"},
    "openapi/conforms": {"account": None},
    "proxy/headers": {
        "headers": ("Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto"),
        "appends": False,
    },
    "quota/counted": {"account": None, "pace": "5/s", "addresses": 1, "status": 429},
    "rate-limit/over": {"burst": 20, "method": "GET", "status": 429},
    "rate-limit/under": {"method": "GET", "status": 429},
    "readiness/same-version": {"requests": 10},
    "readiness/within": {"within": None},
    "redirect/https": {"status": (301, 308)},
    "redirect/open": {"on": (), "through": (), "plain": True},
    "redirect/slash": {"to": "", "status": (301, 308)},
    "session/stateless": {"login": None, "requests": 8},
    "spa/fallback": {"index": "/", "page": "/verify-missing-page", "api": "/api/verify-missing-page"},
    "static/cached": {"host": None, "lifetime": "30d", "type": "", "edge": (), "hit": False},
    "tls/alpn": {"protocol": "h2"},
    "tls/days-left": {"at_least": "30d"},
    "tls/floor": {"lowest": "TLSv1.2"},
    "watch/error-budget": {"for_": "15m", "budget": "1%"},
    "webhook/signed": {
        "accepted": (200, 201, 202, 204),
        "refused": (400, 401, 403),
        "state": None,
        "processed": (200,),
        "account": None,
    },
    "worker/canary": {"task": "$.task", "within": "10s"},
}


@pytest.mark.parametrize("rule_id", DEFAULTS)
def test_a_default_is_a_promise(rule_id: str) -> None:
    params = REGISTRY.get(rule_id).params
    assert params is not None
    given = {
        name: str(one.default) if isinstance(one.default, Quantity) else one.default
        for name, one in inspect.signature(params).parameters.items()
        if one.default is not inspect.Parameter.empty
        and type(one.default).__name__ != "_HAS_DEFAULT_FACTORY_CLASS"
    }
    assert given == DEFAULTS[rule_id]
    # True equals 1 and 0 equals False, but they do not read alike
    assert list(map(repr, given.values())) == list(map(repr, DEFAULTS[rule_id].values()))
