"""What each rule asks to be seen for what is stated: a request too many harms, one too few sees nothing."""

from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.facts.again import Again
from verify.facts.burst import Burst
from verify.facts.edge import Knock
from verify.facts.environments import Compare
from verify.facts.http import Get
from verify.facts.logs import Leak, Mark, Record
from verify.facts.mail import Hello
from verify.facts.monitoring import Ask, Look, Ship
from verify.facts.openapi import Describe
from verify.facts.outage import Stop
from verify.facts.quota import CountOut
from verify.facts.replicas import Sample
from verify.facts.session import Return, SignIn
from verify.facts.task import Enqueue
from verify.facts.tls import Shake
from verify.facts.webhook import CallWebhook
from verify.judge.registry import Registry
from verify.model.units import Rate, seconds

REGISTRY = Registry(("verify.rules",))
PAGE = EndpointSpec(path="/a")
OTHER = EndpointSpec(path="/b", host="https://b.example", account="alice")
FOREIGN = "verify.invalid"
PLAIN = "/verify/redirect?probe=1"
LIE = (("X-Forwarded-Proto", "http"), ("X-Forwarded-For", "203.0.113.7"), ("X-Real-IP", "203.0.113.7"))
TOKEN = (("Authorization", "Bearer verify-wrong-token"),)
PREFLIGHT = ("Access-Control-Request-Method", "GET")
SLOW = Rate.parse("1/m")
BURST, QUOTA = {"endpoint": PAGE, "rate": Rate(10)}, {"endpoint": PAGE, "requests": 9, "window": seconds(60)}


def paths(*names: str) -> tuple[Get, ...]:
    return tuple(Get(path=name) for name in names)


def origin(name: str, method: str = "GET", *more: tuple[str, str]) -> Get:
    return Get(path="/api/", method=method, headers=(("Origin", name), *more))


def plain(name: str) -> Get:
    return Get(path=PLAIN, plain=True, headers=((name, FOREIGN),))


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "access/anonymous-refused",
        {"endpoints": (OTHER,)},
        {"answers": tuple(Get(path="/b", origin="https://b.example", headers=h) for h in ((), TOKEN))},
    ),
    ("access/anonymous-refused", {"endpoints": (PAGE,), "token": False}, {"answers": paths("/a")}),
    ("cookies/flags", {"on": ("/a", "/b")}, {"answers": paths("/a", "/b")}),
    (
        "cors/origins",
        {"origins": ("https://app.example",), "path": "/api/"},
        {
            "answers": tuple(
                one
                for name in ("https://app.example", f"https://{FOREIGN}", "null")
                for one in (origin(name), origin(name, "OPTIONS", PREFLIGHT))
            )
        },
    ),
    (
        "cors/origins",
        {"origins": (), "path": "/api/", "preflight": False},
        {"answers": (origin(f"https://{FOREIGN}"), origin("null"))},
    ),
    (
        "debug/pages",
        {},
        {"answers": (*paths("/verify-missing-page"), Get(path="/", headers=(("Host", FOREIGN),)))},
    ),
    ("debug/pages", {"on": ("/a", "/b"), "host": ""}, {"answers": paths("/a", "/b")}),
    (
        "environments/differ",
        {"environments": ("a", "b"), "probe": "/who"},
        {"seen": Compare(environments=("a", "b"), probe="/who", member="$.database")},
    ),
    ("environments/differ", {"environments": ("a", "b")}, {"seen": Compare(environments=("a", "b"))}),
    (
        "environments/same-release",
        {"environments": ("a", "b"), "probe": "/who"},
        {"seen": Compare(environments=("a", "b"), probe="/who", member="$.version")},
    ),
    (
        "environments/same-release",
        {"environments": ("a", "b"), "probe": "/who", "header": "X-Release"},
        {"seen": Compare(environments=("a", "b"), probe="/who", header="X-Release")},
    ),
    ("edge/in-front", {"providers": ("fastly",)}, {"answer": Get(path="/"), "behind": ()}),
    (
        "edge/in-front",
        {"providers": ("fastly",), "path": "/a", "origin": "https://o.example"},
        {"answer": Get(path="/a"), "behind": (Knock(origin="https://o.example", path="/a"),)},
    ),
    ("exposure/banner", {"on": ("/a",)}, {"answers": paths("/a")}),
    ("headers/score", {"at_least": 90}, {"page": Get(path="/"), "plain": (Get(path=PLAIN, plain=True),)}),
    ("headers/score", {"at_least": 90, "plain": False}, {"page": Get(path="/"), "plain": ()}),
    (
        "health/anonymous",
        {"endpoint": OTHER},
        {"answer": Get(path="/b", origin="https://b.example")},
    ),
    ("health/anonymous", {"endpoint": PAGE}, {"answer": Get(path="/a")}),
    (
        "health/status",
        {"endpoint": OTHER},
        {"answer": Get(path="/b", origin="https://b.example", account="alice")},
    ),
    ("health/status", {"endpoint": PAGE}, {"answer": Get(path="/a")}),
    (
        "health/outage",
        {"endpoint": PAGE, "dependencies": ("db", "cache"), "liveness": OTHER},
        {"outages": tuple(Stop(dependency=name, path="/a", liveness="/b") for name in ("db", "cache"))},
    ),
    (
        "health/outage",
        {"endpoint": PAGE, "dependencies": ("db",)},
        {"outages": (Stop(dependency="db", path="/a"),)},
    ),
    (
        "media/served",
        {"path": "/a", "private": ("/b", "/c")},
        {"answer": Get(path="/a"), "hidden": paths("/b", "/c")},
    ),
    (
        "host/refused",
        {"hosts": ("https://b.example",), "links": ("/reset",)},
        {
            "refused": Get(path="/", headers=(("Host", FOREIGN),)),
            "served": (Get(path="/", origin="https://b.example"),),
            "spoofed": tuple(
                Get(path=path, headers=(("X-Forwarded-Host", FOREIGN),)) for path in ("/reset", "/")
            ),
        },
    ),
    (
        "logs/events",
        {"flow": "deposit", "events": {}},
        {"recorded": Record(flow="deposit", within=seconds(5))},
    ),
    (
        "logs/json",
        {"endpoint": OTHER, "fields": {}, "header": "X-Id"},
        {"logged": Mark(path="/b", header="X-Id", account="alice", within=seconds(5))},
    ),
    (
        "logs/request-id",
        {"endpoint": OTHER, "header": "X-Id"},
        {"logged": Mark(path="/b", header="X-Id", account="alice", within=seconds(5))},
    ),
    (
        "logs/secret",
        {"endpoint": PAGE, "post": OTHER},
        {"leaks": Leak(path="/a", post="/b", member="password", within=seconds(5))},
    ),
    ("mail/starttls", {"host": "smtp.example"}, {"greeting": Hello(host="smtp.example", port=587)}),
    ("metrics/not-public", {}, {"answer": Get(path="/metrics")}),
    ("openapi/conforms", {"endpoint": OTHER}, {"described": Describe(path="/b", account="alice")}),
    (
        "openapi/conforms",
        {"endpoint": OTHER, "account": "bob"},
        {"described": Describe(path="/b", account="bob", secured=True)},
    ),
    ("openapi/served", {"endpoint": OTHER}, {"described": Describe(path="/b", account="alice")}),
    (
        "proxy/headers",
        {"endpoint": OTHER},
        {
            "plain": Get(path="/b", origin="https://b.example", account="alice"),
            "spoofed": Get(path="/b", origin="https://b.example", account="alice", headers=LIE),
        },
    ),
    ("proxy/headers", {"endpoint": PAGE}, {"plain": Get(path="/a"), "spoofed": Get(path="/a", headers=LIE)}),
    ("quota/counted", QUOTA, {"counted": CountOut(path="/a", count=9, pace=Rate(5))}),
    (
        "rate-limit/over",
        {**BURST, "burst": 4},
        {"volley": Burst(path="/a", count=18, pace=Rate(50), rest=seconds(0.6))},
    ),
    ("rate-limit/over", BURST, {"volley": Burst(path="/a", count=50, pace=Rate(50), rest=seconds(2.2))}),
    ("rate-limit/under", BURST, {"volley": Burst(path="/a", count=16, pace=Rate(8))}),
    (
        "rate-limit/under",
        {"endpoint": PAGE, "rate": SLOW},
        {"volley": Burst(path="/a", count=5, pace=Rate(0.8 / 60))},
    ),
    ("readiness/same-version", {}, {"versions": Sample(count=10)}),
    ("redirect/https", {}, {"answer": Get(path=PLAIN, plain=True)}),
    (
        "redirect/open",
        {"on": ("/a",), "through": ("/login/?next=",)},
        {
            "answers": (
                *paths(
                    f"/login/?next=https://{FOREIGN}/",
                    f"/login/?next=//{FOREIGN}/",
                    f"/login/?next=/%5C{FOREIGN}/",
                    f"//{FOREIGN}/%2e%2e",
                ),
                Get(path="/a", headers=(("X-Forwarded-Host", FOREIGN),)),
                plain("Host"),
                plain("X-Forwarded-Host"),
            )
        },
    ),
    ("redirect/open", {"plain": False}, {"answers": paths(f"//{FOREIGN}/%2e%2e")}),
    (
        "session/stateless",
        {"endpoint": PAGE, "account": "bob", "login": OTHER},
        {"returned": SignIn(path="/a", count=8, account="bob", login="/b")},
    ),
    (
        "session/stateless",
        {"endpoint": PAGE, "account": "bob"},
        {"returned": Return(path="/a", count=8, account="bob")},
    ),
    (
        "spa/fallback",
        {},
        dict(
            zip(
                ("index", "page", "api"),
                paths("/", "/verify-missing-page", "/api/verify-missing-page"),
                strict=True,
            )
        ),
    ),
    ("static/cached", {"path": "/app.js"}, {"repeated": Again(path="/app.js", times=1)}),
    (
        "static/cached",
        {"path": "/app.js", "host": "https://cdn.example", "hit": True},
        {"repeated": Again(path="/app.js", origin="https://cdn.example", times=2)},
    ),
    ("tls/floor", {}, {"handshakes": (Shake(offer="TLSv1"), Shake(offer="TLSv1.1"))}),
    ("tls/floor", {"lowest": "TLSv1.3"}, {"handshakes": tuple(map(Shake, ("TLSv1", "TLSv1.1", "TLSv1.2")))}),
    (
        "webhook/signed",
        {"webhook": "payment"},
        {"calls": CallWebhook(webhook="payment", body='{"id": "{id}"}')},
    ),
    (
        "webhook/signed",
        {"webhook": "payment", "body": {}, "state": "/p/{id}", "account": "bob"},
        {"calls": CallWebhook(webhook="payment", body="{}", state="/p/{id}", account="bob")},
    ),
    (
        "monitoring/answers",
        {"sources": ("a", "b")},
        {"looked": (Look(source="a"), Look(source="b"))},
    ),
    (
        "monitoring/samples",
        {"source": "a", "series": ("up", "b"), "within": seconds(60)},
        {
            "answers": (
                Ask(source="a", path="/api/v1/query?query=time%28%29%20-%20max%28timestamp%28up%29%29"),
                Ask(source="a", path="/api/v1/query?query=time%28%29%20-%20max%28timestamp%28b%29%29"),
            )
        },
    ),
    (
        "monitoring/targets",
        {"source": "a", "jobs": ("b",)},
        {"answer": Ask(source="a", path="/api/v1/targets?state=active")},
    ),
    (
        "monitoring/logs",
        {"source": "a", "endpoint": OTHER, "within": seconds(9)},
        {"shipped": Ship(source="a", path="/b", account="alice", within=seconds(9))},
    ),
    (
        "worker/canary",
        {"start": OTHER, "state": "/t/{task}", "done": {"a": 1}},
        {"task": Enqueue(path="/b", state="/t/{task}", done='{"a": 1}', account="alice")},
    ),
]


@pytest.mark.parametrize(("rule_id", "stated", "asked"), CASES, ids=[case[0] for case in CASES])
def test_it_asks_for_this_and_no_more(rule_id: str, stated: dict[str, Any], asked: dict[str, Any]) -> None:
    params = REGISTRY.get(rule_id).params
    assert params is not None
    assert params(**stated).needs() == asked


def test_the_paths_that_must_not_be_served_are_asked_but_for_those_allowed() -> None:
    params = REGISTRY.get("exposure/paths").params
    assert params is not None
    usual = [probe.path for probe in params().needs()["probes"]]
    assert usual == [
        "/.env", "/.git/HEAD", "/.git/config", "/__debug__/", "/server-status", "/admin/",
        "/backup.sql", "/dump.sql",
    ]  # fmt: skip
    fewer = params(allow=("/.env",), also=("/notes.txt",)).needs()["probes"]
    assert [probe.path for probe in fewer] == [*usual[1:], "/notes.txt"]
