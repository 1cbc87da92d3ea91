"""At the edge: what an answer may still be, is no longer, and what nobody can tell.

Proofs say that a rule can hold and fail; these say where the line is, and what is said then.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.facts.environments import Side, Sides
from verify.facts.exposure import Probed
from verify.facts.flow import Stride, Walk
from verify.facts.http import Exchange
from verify.facts.logs import Recorded
from verify.facts.outage import Outage
from verify.model.units import seconds

Said = Callable[..., tuple[str, ...]]
Findings = Callable[..., list[tuple[str, str, str]]]
HOLDS: tuple[str, ...] = ()
UNCLEAR = ("?",)
HTML = b"<!doctype html><title>Shop</title>"
PAGE = EndpointSpec(path="/a")
DAY = 86400.0


def ok(*headers: tuple[str, str], status: int = 200, body: bytes = b"", **more: Any) -> Exchange:
    return Exchange(status=status, headers=headers, body=body, **more)


@pytest.mark.parametrize(
    ("stated", "status", "expected"),
    [
        ((401, 403), 429, UNCLEAR),
        ((401, 429), 429, HOLDS),
        ((401,), 403, ("nobody in particular is not refused",)),
    ],
)
def test_access(said: Said, stated: tuple[int, ...], status: int, expected: tuple[str, ...]) -> None:
    facts = {"endpoints": (PAGE,), "status": stated, "token": False}
    assert said("access/anonymous-refused", facts, answers=(ok(status=status),)) == expected


def test_access_says_who_was_let_in(findings: Findings) -> None:
    stated = {"endpoints": (PAGE,)}
    let_in = ok(sent=(("Authorization", "Bearer verify-wrong-token"),))
    assert findings("access/anonymous-refused", stated, answers=(ok(status=401), let_in)) == [
        ("a wrong token is not refused", "401 or 403", "200")
    ]


@pytest.mark.parametrize(
    ("stated", "lines", "expected"),
    [
        ({}, [], UNCLEAR),
        ({"cookies": ("a",)}, [], ("cookie a is not set",)),
        ({"cookies": ("a",)}, ["__Host-a=1; Secure; HttpOnly; SameSite=Lax; Path=/"], HOLDS),
        ({"cookies": ("a",)}, ["__Secure-a=1; Secure; HttpOnly; SameSite=Lax"], HOLDS),
        ({"cookies": ("a",)}, ["a=; Max-Age=0"], ("cookie a is not set",)),
        ({}, ["a=; Max-Age=-1"], UNCLEAR),
        (
            {},
            ["a=; Max-Age=1"],
            ("cookie a lacks Secure", "cookie a lacks HttpOnly", "cookie a lacks SameSite=Lax"),
        ),
        ({"secure": False, "http_only": False, "same_site": "any"}, ["a=1"], HOLDS),
        ({}, ["XSRF-TOKEN=1; Secure; SameSite=Lax"], HOLDS),
        ({"same_site": "Strict"}, ["a=1; Secure; HttpOnly; SameSite=Strict"], HOLDS),
        (
            {"same_site": "Strict"},
            ["a=1; Secure; HttpOnly; SameSite=Lax"],
            ("cookie a lacks SameSite=Strict",),
        ),
        ({"same_site": "None"}, ["a=1; Secure; HttpOnly; SameSite=None"], HOLDS),
        ({"same_site": "None"}, ["a=1; Secure; HttpOnly; SameSite=Strict"], HOLDS),
        ({"same_site": "None"}, ["a=1; Secure; HttpOnly; SameSite=Lax"], HOLDS),
        ({"same_site": "None"}, ["a=1; Secure; HttpOnly"], ("cookie a lacks SameSite=None",)),
        ({"same_site": "None"}, ["a=1; Secure; HttpOnly; SameSite=odd"], ("cookie a lacks SameSite=None",)),
        ({"secure": False}, ["__Secure-a=1; HttpOnly; SameSite=Lax"], ("cookie __Secure-a lacks Secure",)),
        ({}, ["__Host-a=1; Secure; HttpOnly; SameSite=Lax"], ("cookie __Host-a lacks Path=/",)),
        (
            {},
            ["__Host-a=1; Secure; HttpOnly; SameSite=Lax; Path=/; Domain=b"],
            ("cookie __Host-a lacks no Domain",),
        ),
    ],
)  # fmt: skip
def test_cookies(said: Said, stated: dict[str, Any], lines: list[str], expected: tuple[str, ...]) -> None:
    answer = ok(*(("Set-Cookie", line) for line in lines))
    assert said("cookies/flags", {"on": ("/",), **stated}, answers=answer) == expected


def test_cookies_shows_what_was_set(findings: Findings) -> None:
    answer = ok(("Set-Cookie", "b=1; Path=/; Secure"), ("Set-Cookie", "a=1; HttpOnly; Secure; SameSite=Lax"))
    assert findings("cookies/flags", {"on": ("/",), "cookies": ("c",)}, answers=answer) == [
        ("cookie b lacks HttpOnly", "HttpOnly", "path=/; secure"),
        ("cookie b lacks SameSite=Lax", "SameSite=Lax", "path=/; secure"),
        ("cookie c is not set", "c", "a, b"),
    ]
    assert findings("cookies/flags", {"on": ("/",), "cookies": ("c",)}, answers=ok()) == [
        ("cookie c is not set", "c", "none")
    ]


ALLOW, CREDENTIALS = "Access-Control-Allow-Origin", ("Access-Control-Allow-Credentials", "true")


@pytest.mark.parametrize(
    ("origin", "headers", "expected"),
    [
        ("https://a.example", [(ALLOW, "https://a.example"), ("Vary", "Accept"), ("Vary", "ORIGIN")], HOLDS),
        (
            "https://a.example",
            [(ALLOW, "*"), ("Vary", "Origin")],
            ("the origin https://a.example may not read answers",),
        ),
        ("null", [(ALLOW, "https://a.example")], HOLDS),
        ("null", [(ALLOW, "*")], ("the origin null may read answers",)),
        ("null", [(ALLOW, "*"), CREDENTIALS], ("the origin null may read answers with credentials",)),
        ("null", [], HOLDS),
    ],
)
def test_cors(said: Said, origin: str, headers: list[tuple[str, str]], expected: tuple[str, ...]) -> None:
    stated = {"origins": ("https://a.example",), "path": "/", "preflight": False}
    answer = ok(*headers, sent=(("Accept", "*/*"), ("Origin", origin)))
    assert said("cors/origins", stated, answers=(answer,) * 3) == expected * 3


@pytest.mark.parametrize(
    ("page", "foreign", "expected"),
    [(400, 200, HOLDS), (399, 400, UNCLEAR), (404, 399, HOLDS), (500, 500, HOLDS)],
)
def test_debug(said: Said, page: int, foreign: int, expected: tuple[str, ...]) -> None:
    assert said("debug/pages", {}, answers=(ok(status=page), ok(status=foreign))) == expected


@pytest.mark.parametrize("rule_id", ["endpoint/answers", "health/status"])
def test_the_stated_time_is_still_in_time(said: Said, rule_id: str) -> None:
    stated = {"endpoint": PAGE, "within": seconds(1)}
    assert said(rule_id, stated, answer=ok(elapsed=seconds(1))) == HOLDS
    assert said(rule_id, stated, answer=ok(elapsed=seconds(1.01))) == ("answers too late",)
    assert said(rule_id, stated, answer=ok(status=404, elapsed=seconds(3))) == ("wrong status",)


def test_the_time_of_an_endpoint_goes_before_that_of_the_claim(said: Said) -> None:
    slow = EndpointSpec(path="/a", within=seconds(5))
    assert said("endpoint/answers", {"endpoint": slow}, answer=ok(elapsed=seconds(4))) == HOLDS


A = Side(name="a", host="a.example", identity="1", key=True, status=200)
B = Side(name="b", host="b.example", identity="2")
AT = replace(A, addresses=("192.0.2.1:443",))


@pytest.mark.parametrize(
    ("stated", "sides", "expected"),
    [
        ({"probe": "/who"}, (replace(A, identity=None), replace(B, identity=None)), UNCLEAR),
        ({"probe": "/who"}, (replace(A, identity=None), B), UNCLEAR),
        ({}, (replace(A, identity=None), replace(B, identity=None)), HOLDS),
        ({}, (A, B, replace(B, name="c")), ("the same host", "the same database")),
        ({"probe": "/who"}, (AT, replace(B, addresses=AT.addresses)), HOLDS),
        ({"probe": "/who"}, (AT, replace(AT, name="b", host="b.example")), ("one system, two names",)),
        ({}, (replace(AT, identity=None), replace(B, identity=None, addresses=AT.addresses)), UNCLEAR),
        ({}, (replace(AT, identity=None), replace(B, identity=None, addresses=("192.0.2.2:443",))), HOLDS),
    ],
)
def test_environments(
    said: Said, stated: dict[str, Any], sides: tuple[Side, ...], expected: tuple[str, ...]
) -> None:
    assert (
        said("environments/differ", {"environments": ("a", "b"), **stated}, seen=Sides(sides=sides))
        == expected
    )


@pytest.mark.parametrize(
    ("key", "expected"), [(None, UNCLEAR), (True, HOLDS), (False, ("the key at $K begins otherwise",))]
)
def test_the_keys_of_environments(said: Said, key: bool | None, expected: tuple[str, ...]) -> None:  # noqa: FBT001 - what is expected
    one = type("Key", (), {"at": "$K", "prefix": "test_"})()
    sides = Sides(sides=(replace(A, key=key), replace(B, key=None)))
    assert (
        said("environments/differ", {"environments": ("a", "b"), "keys": {"a": one}}, seen=sides) == expected
    )


def test_each_path_is_named_that_is_served(findings: Findings) -> None:
    probes = (Probed(), Probed(status=200, shown="A"))
    assert findings("exposure/paths", {"allow": tuple(PATHS), "also": ("/x", "/y")}, probes=probes) == [
        ("/y is served", "not served", "A")
    ]


PATHS = [
    "/.env",
    "/.git/HEAD",
    "/.git/config",
    "/__debug__/",
    "/server-status",
    "/admin/",
    "/backup.sql",
    "/dump.sql",
]


def test_banner_names_each_header_that_names_a_version(findings: Findings) -> None:
    answer = ok(("Server", "nginx"), ("X-Powered-By", "PHP/8.2"))
    assert findings("exposure/banner", {}, answers=answer) == [
        ("X-Powered-By names a version", "no version", "PHP/8.2")
    ]


def test_a_flow_that_stopped_is_not_judged(said: Said) -> None:
    stride = Stride(request="GET /", status=200, expected="200")
    walk = Walk(flow="f", strides=(stride,), stopped="the limit refused it")
    assert said("flow/works", {"flow": "f"}, walk=walk) == UNCLEAR
    assert said("logs/events", {"flow": "f", "events": {}}, recorded=Recorded(walk=walk)) == UNCLEAR


HSTS = "Strict-Transport-Security"


@pytest.mark.parametrize(
    ("value", "stated", "expected"),
    [
        ("max-age=300", 300, HOLDS),
        ("max-age=299", 300, (f"{HSTS} is too short",)),
        ("max-age=0", 0, HOLDS),
        ("", 300, (f"{HSTS} is too short",)),
        ("max-age=300; preload", 300, HOLDS),
    ],
)
def test_hsts(said: Said, value: str, stated: float, expected: tuple[str, ...]) -> None:
    facts = {"max_age": seconds(stated), "on": ("/",)}
    assert said("headers/hsts", facts, answers=ok((HSTS, value))) == expected


def test_hsts_asks_for_preload_where_stated_and_for_https_always(said: Said, findings: Findings) -> None:
    stated = {"on": ("/",), "preload": True, "max_age": seconds(1)}
    assert said("headers/hsts", stated, answers=ok((HSTS, "max-age=1; preload"))) == HOLDS
    assert said("headers/hsts", stated, answers=ok((HSTS, "max-age=1"))) == (f"{HSTS} lacks preload",)
    assert findings("headers/hsts", stated, answers=ok())[1] == (f"{HSTS} lacks preload", "preload", "absent")
    plain = ok(url="http://system.example/")
    assert said("headers/hsts", stated, answers=plain) == UNCLEAR


def test_the_score_names_each_deduction_the_largest_first(findings: Findings) -> None:
    named = findings("headers/score", {"at_least": 100, "plain": False}, page=ok(body=HTML), plain=())
    assert named[0] == ("the score is too low", "100", "30")
    points = [int(seen.removesuffix(" points")) for _, _, seen in named[1:]]
    assert points == sorted(points)
    assert sum(points) == 30 - 100
    assert max(points) < 0


def test_a_value_that_differs_is_told_from_one_that_is_missing(findings: Findings) -> None:
    stated = {"header": "X-A", "values": ("1", "2"), "on": ("/",)}
    assert findings("headers/value", stated, answers=ok()) == [("X-A is missing on 200", "1 or 2", "absent")]
    assert findings("headers/value", stated, answers=ok(("X-A", "3"), ("x-a", "1"))) == [
        ("X-A differs on 200", "1 or 2", "3, 1")
    ]


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ([("Cache-Control", "max-age=0")], HOLDS),
        ([("Cache-Control", "private"), ("Cache-Control", "no-store")], HOLDS),
        ([("Cache-Control", "no-cache")], HOLDS),
        ([("Cache-Control", "max-age=1")], ("caches may keep the answer",)),
        ([], ("caches may keep the answer",)),
    ],
)
def test_health_is_not_kept(said: Said, control: list[tuple[str, str]], expected: tuple[str, ...]) -> None:
    assert said("health/anonymous", {"endpoint": PAGE}, answer=ok(*control)) == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 403, 407])
def test_health_needs_no_login(said: Said, status: int) -> None:
    assert said("health/anonymous", {"endpoint": PAGE}, answer=ok(status=status)) == (
        "health asks for a login",
    )


DOWN = ok(status=503, body=b'{"db": "down"}')


@pytest.mark.parametrize(
    ("stated", "outage", "expected"),
    [
        ({"named": False}, {"during": ok(status=503)}, HOLDS),
        ({}, {"during": ok(status=503)}, ("db is down",)),
        ({}, {"during": ok(status=503, body=b'{"db": "ok"}')}, ("db is down",)),
        ({}, {"alive": ok(status=500)}, ("liveness fails while db is down",)),
        ({"liveness": PAGE}, {"alive": ok()}, HOLDS),
        ({"liveness": PAGE}, {"recovered": seconds(1)}, HOLDS),
        ({}, {"recovered": None}, ("no recovery after db is back",)),
    ],
)
def test_an_outage(
    said: Said, stated: dict[str, Any], outage: dict[str, Any], expected: tuple[str, ...]
) -> None:
    seen = replace(Outage(dependency="db", during=DOWN, after=ok()), **outage)
    assert (
        said("health/outage", {"endpoint": PAGE, "dependencies": ("db",), **stated}, outages=(seen,))
        == expected
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, HOLDS),
        (404, HOLDS),
        (499, HOLDS),
        (500, ("a stated host is not served",)),
        (400, ("a stated host is not served",)),
    ],
)
def test_a_stated_host_is_served(said: Said, status: int, expected: tuple[str, ...]) -> None:
    served = (ok(status=status),)
    assert (
        said(
            "host/refused",
            {"hosts": ("https://a.example",)},
            refused=ok(status=400),
            served=served,
            spoofed=ok(),
        )
        == expected
    )
