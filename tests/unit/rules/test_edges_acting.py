"""At the edge: numbers, times and what was done: what still holds, and what nobody can tell.

Proofs say that a rule can hold and fail; these say where the line is, and what is said then.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.facts.again import Repeated
from verify.facts.burst import Shot, Volley
from verify.facts.flow import Stride, Walk
from verify.facts.http import Exchange
from verify.facts.logs import Logged, Recorded
from verify.facts.mail import Greeting
from verify.facts.openapi import Described
from verify.facts.quota import Counted
from verify.facts.readiness import Readiness
from verify.facts.replicas import Versions
from verify.facts.session import Returned
from verify.facts.task import Task
from verify.facts.tls import Handshake
from verify.facts.watch import Watched
from verify.model.finding import Finding
from verify.model.units import Duration, Rate, Ratio, seconds
from verify.rules.readiness import within

Said = Callable[..., tuple[str, ...]]
Findings = Callable[..., list[tuple[str, str, str]]]
Shown = Callable[..., list[str]]
HOLDS: tuple[str, ...] = ()
UNCLEAR = ("?",)
HTML = b"<!doctype html><title>Shop</title>"
PAGE = EndpointSpec(path="/a")
DAY = 86400.0


def ok(*headers: tuple[str, str], status: int = 200, body: bytes = b"", **more: Any) -> Exchange:
    return Exchange(status=status, headers=headers, body=body, **more)


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        ({"offered": False, "secured": False}, ("STARTTLS is not offered",)),
        (
            {"offered": False, "clear_login": True},
            ("STARTTLS is not offered", "a login is offered in the clear"),
        ),
        ({"version": ""}, HOLDS),
    ],
)
def test_mail(said: Said, greeting: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert said("mail/starttls", {"host": "a"}, greeting=Greeting(**greeting)) == expected


@pytest.mark.parametrize(
    ("unapplied", "equals", "expected"),
    [(b"0", 0, True), (b"1", True, False), (b"[]", (), True), (b"true", True, True), (b"null", None, False)],
)
def test_migrations(said: Said, unapplied: bytes, equals: Any, expected: bool) -> None:  # noqa: FBT001 - what is expected
    stated = {"endpoint": PAGE, "member": "n", "equals": equals}
    seen = said("migrations/applied", stated, answer=ok(body=b'{"n": ' + unapplied + b"}"))
    assert (seen == HOLDS) is expected
    assert said("migrations/applied", stated, answer=ok(body=b"<html>")) == (
        "the probe's answer is not JSON",
    )


def test_a_schema_without_operations_judges_nothing(said: Said) -> None:
    empty = Described(document=ok(body=b"{}"))
    assert said("openapi/conforms", {"endpoint": PAGE}, described=empty) == UNCLEAR
    assert said("openapi/conforms", {"endpoint": PAGE}, described=replace(empty, problems=("a", "b"))) == (
        "there is no valid document to compare with",
    )


@pytest.mark.parametrize(
    ("status", "works"), [(404, False), (405, False), (410, False), (499, True), (500, False), (403, True)]
)
def test_a_described_operation_works(said: Said, status: int, works: bool) -> None:  # noqa: FBT001 - what is expected
    described = Described(document=ok(), operations=(ok(status=status),))
    assert (said("openapi/served", {"endpoint": PAGE}, described=described) == HOLDS) is works


def arrived(**values: str) -> Exchange:
    body = ", ".join(f'"{name.replace("_", "-")}": "{value}"' for name, value in values.items())
    return ok(body=f"{{{body}}}".encode())


@pytest.mark.parametrize(
    ("stated", "spoofed", "expected"),
    [
        ({"headers": ("X-Real-IP",)}, "203.0.113.7", ("X-Real-IP of a client is believed",)),
        ({"headers": ("X-Real-IP",)}, "198.51.100.2", HOLDS),
        ({"headers": ("X-Real-IP",)}, "198.51.100.2 , 203.0.113.7", ("X-Real-IP of a client is believed",)),
        ({"headers": ("X-Real-IP",), "appends": True}, "203.0.113.7, 198.51.100.2", HOLDS),
        (
            {"headers": ("X-Real-IP",), "appends": True},
            "198.51.100.2, 203.0.113.7",
            ("X-Real-IP of a client is believed",),
        ),
    ],
)
def test_what_a_client_claims(
    said: Said, stated: dict[str, Any], spoofed: str, expected: tuple[str, ...]
) -> None:
    plain = arrived(X_Real_IP="198.51.100.2")
    facts = {"plain": plain, "spoofed": arrived(X_Real_IP=spoofed)}
    assert said("proxy/headers", {"endpoint": PAGE, **stated}, **facts) == expected


@pytest.mark.parametrize("key", ["Host", "host", "HTTP_HOST"])
def test_what_arrived_is_found_however_it_is_called(said: Said, key: str) -> None:
    answer = ok(body=f'{{"{key}": ["system.example"]}}'.encode())
    assert (
        said("proxy/headers", {"endpoint": PAGE, "headers": ("Host",)}, plain=answer, spoofed=answer) == HOLDS
    )
    none = ok(body=b"<html>")
    assert said("proxy/headers", {"endpoint": PAGE}, plain=none, spoofed=none) == UNCLEAR
    real = ok(body=b'{"HTTP_X_REAL_IP": "198.51.100.2"}')
    assert (
        said("proxy/headers", {"endpoint": PAGE, "headers": ("X-Real-IP",)}, plain=real, spoofed=real)
        == HOLDS
    )


@pytest.mark.parametrize(
    ("passed", "wait", "expected"),
    [
        (10, "86", HOLDS),
        (10, None, ("a refusal does not say when to come back",)),
        (9, "86", ("refused before the quota is used up",)),
        (9, "85", ("refused before the quota is used up",)),
        (9, "84", UNCLEAR),
        (9, None, ("a refusal does not say when to come back", "refused before the quota is used up")),
    ],
)
def test_a_quota(said: Said, passed: int, wait: str | None, expected: tuple[str, ...]) -> None:
    last = ok(*([("Retry-After", wait)] if wait else []), status=429)
    counted = Counted(passed=passed, last=last, took=seconds(10))
    stated = {"endpoint": PAGE, "requests": 10, "window": seconds(100)}
    assert said("quota/counted", stated, counted=counted) == expected


def volley(pace: float, *statuses: int) -> Volley:
    return Volley(shots=tuple(Shot(sent=seconds(n / pace), status=one) for n, one in enumerate(statuses)))


@pytest.mark.parametrize(
    ("rule_id", "fired", "expected"),
    [
        ("rate-limit/under", volley(4, 200, 429), ("refused at 4/s",)),
        ("rate-limit/under", volley(2, 200, 429, 200), ("refused at 2/s",)),
        ("rate-limit/under", volley(5, 200, 429), UNCLEAR),
        ("rate-limit/under", volley(5, 200, 200), HOLDS),
        ("rate-limit/over", volley(4, 200, 200), UNCLEAR),
        ("rate-limit/over", volley(5, 200, 200), ("nothing was refused",)),
        ("rate-limit/over", volley(4, 200), UNCLEAR),
    ],
)
def test_a_rate(said: Said, rule_id: str, fired: Volley, expected: tuple[str, ...]) -> None:
    assert said(rule_id, {"endpoint": PAGE, "rate": Rate(4)}, volley=fired) == expected


def test_versions_are_compared_and_silence_is_unclear(said: Said) -> None:
    stated = {"requests": 3}
    assert said("readiness/same-version", stated, versions=Versions(shown=("1", "1", None))) == UNCLEAR
    mixed = Versions(shown=("1", "2", None))
    assert said("readiness/same-version", stated, versions=mixed) == ("replicas run different versions",)


def test_a_version_is_compared_only_where_one_is_expected(said: Said) -> None:
    assert said("readiness/version", {}, readiness=Readiness(ready=True, version="1")) == UNCLEAR
    assert said("readiness/version", {}, readiness=Readiness(ready=True, expected="1")) == UNCLEAR


def test_ready_at_the_last_moment_is_ready(said: Said) -> None:
    stated = {"within": seconds(30)}
    assert said("readiness/within", stated, readiness=Readiness(ready=True, took=seconds(30))) == HOLDS
    assert said("readiness/within", stated, readiness=Readiness(ready=False)) == ("not ready",)


def test_without_a_time_of_its_own_the_environment_states_it(findings: Findings, shown: Shown) -> None:
    ready = Readiness(ready=True, took=seconds(200), within=seconds(300))
    late = Readiness(ready=True, took=seconds(3), within=seconds(2))
    assert shown("readiness/within", {}, readiness=ready)[0].endswith("(≤ 5m)")
    assert findings("readiness/within", {}, readiness=ready) == []
    assert findings("readiness/within", {}, readiness=late) == [("ready too late", "2s", "3s")]


def test_a_wait_shorter_than_the_claim_says_where_it_is_made_longer() -> None:
    said = within.check(Readiness(ready=False), within.Params(within=seconds(600)))
    (finding,) = (one for one in said if isinstance(one, Finding))
    assert finding.fix == "the environment waits 3m: state `readiness: {within: 10m}` there"


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (Returned(answers=(ok(),)), HOLDS),
        (Returned(answers=(ok(), ok(status=401))), ("the session does not work on every connection",)),
        (Returned(answers=(ok(status=401),) * 2), UNCLEAR),
        (Returned(answers=()), UNCLEAR),
        (Returned(answers=(ok(),), begun=ok()), UNCLEAR),
    ],
)
def test_a_session(said: Said, returned: Returned, expected: tuple[str, ...]) -> None:
    assert said("session/stateless", {"endpoint": PAGE, "account": "a"}, returned=returned) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (HTML, HOLDS),
        (b"<!doctype html><title> Shop </title>", HOLDS),
        (b"<!doctype html><title>Other</title>", ("an unknown page gives another page",)),
        (b"{}", ("an unknown page does not give the start page",)),
    ],
)
def test_a_fallback(said: Said, page: bytes, expected: tuple[str, ...]) -> None:
    index, api = ok(body=HTML), ok(status=404)
    assert said("spa/fallback", {}, index=index, page=ok(body=page), api=api) == expected


LONG = ("Cache-Control", "max-age=60")
SHORT, MISSED = "the lifetime is too short", "the second answer does not come from the edge"


@pytest.mark.parametrize(
    ("stated", "headers", "expected"),
    [
        ({}, [LONG], HOLDS),
        ({}, [("Cache-Control", "max-age=59")], (SHORT,)),
        ({}, [("Cache-Control", "max-age=1, s-maxage=60")], HOLDS),
        ({}, [("Cache-Control", "public"), LONG], HOLDS),
        ({}, [LONG, ("Cache-Control", "private")], (SHORT,)),
        ({}, [LONG, ("Cache-Control", "no-cache")], (SHORT,)),
        ({}, [], (SHORT,)),
        ({"type": "text/CSS"}, [LONG, ("Content-Type", "Text/css ; charset=utf-8")], HOLDS),
        ({"type": "text/css"}, [LONG], ("the type is another",)),
        ({"edge": ("A", "B")}, [LONG, ("b", "1")], HOLDS),
        ({"edge": ("A", "B")}, [LONG], ("no edge marked the answer",)),
        ({"hit": True}, [LONG], (MISSED,)),
        ({"hit": True}, [LONG, ("X-Cache", "STALE")], HOLDS),
        ({"hit": True}, [LONG, ("X-Cache", "x"), ("CF-Cache-Status", "REVALIDATED")], HOLDS),
        ({"hit": True}, [LONG, ("CF-Cache-Status", "updating")], HOLDS),
        ({"hit": True}, [LONG, ("X-Cache", "hit from x")], HOLDS),
        ({"hit": True}, [LONG, ("Age", "1")], HOLDS),
        ({"hit": True}, [LONG, ("Age", "0")], (MISSED,)),
    ],
)
def test_a_cached_file(
    said: Said, stated: dict[str, Any], headers: list[tuple[str, str]], expected: tuple[str, ...]
) -> None:
    seen = Repeated(answers=(ok(status=500), ok(*headers)))
    assert (
        said("static/cached", {"path": "/a.js", "lifetime": seconds(60), **stated}, repeated=seen) == expected
    )


def test_days_left(said: Said, findings: Findings) -> None:
    stated = {"at_least": Duration(2 * DAY)}
    assert said("tls/days-left", stated, handshake=Handshake(at=DAY, not_after=3 * DAY)) == HOLDS
    late = Handshake(at=3 * DAY, not_after=DAY, trusted=False, problem="expired")
    assert findings("tls/days-left", stated, handshake=late) == [
        ("the certificate ends too soon", "2d", "0s")
    ]
    other = Handshake(not_after=9 * DAY, trusted=False, problem="wrong host")
    assert said("tls/days-left", stated, handshake=other) == UNCLEAR


def test_the_protocol_of_a_handshake_that_broke_off_is_unclear(said: Said) -> None:
    assert said("tls/alpn", {}, handshake=Handshake(trusted=False, protocol="h2")) == UNCLEAR


WATCHED = Watched(rounds=10, judged=100, failed=1, planned=seconds(60))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, HOLDS),
        ({"failed": 2}, ("the error budget is spent",)),
        ({"stopped": "interrupted"}, UNCLEAR),
        ({"spent": True}, UNCLEAR),
        ({"planned": seconds(59)}, UNCLEAR),
        ({"judged": 0, "failed": 0}, HOLDS),
    ],
)
def test_a_watch(said: Said, change: dict[str, Any], expected: tuple[str, ...]) -> None:
    stated = {"for_": seconds(60), "budget": Ratio(0.01)}
    assert said("watch/error-budget", stated, watched=replace(WATCHED, **change)) == expected


def test_a_task_that_is_done_at_the_last_moment_is_done(said: Said) -> None:
    stated = {"start": PAGE, "state": "/t/{task}", "done": {"a": 1}, "within": seconds(8)}
    done = Task(started=ok(status=202), last=ok(), done=True, took=seconds(8))
    assert said("worker/canary", stated, task=done) == HOLDS
    assert said("worker/canary", stated, task=replace(done, last=None)) == ("no task was started",)
    assert said("worker/canary", stated, task=replace(done, done=False)) == ("the task is not done",)
    assert said("worker/canary", stated, task=replace(done, took=seconds(9))) == (
        "the task is done too late",
    )


LINE = '{"request_id": "a", "path": "/a"}'


def test_among_several_lines_the_stated_one_is_picked(said: Said) -> None:
    logged = Logged(given="a", marked=ok(), plain=ok(), lines=('{"path": "/b"}', LINE))
    stated = {"endpoint": PAGE, "fields": {"path": "/a"}, "where": {"request_id": "string"}}
    assert said("logs/json", stated, logged=logged) == HOLDS
    assert said("logs/json", {**stated, "where": {"request_id": "b"}}, logged=logged) == (
        "lines with its X-Request-ID",
    )
    twice = replace(logged, odd=("x", "x"), lines=(*logged.lines, "x"))
    assert said("logs/json", stated, logged=twice) == ("a line is no JSON object",)


def test_of_several_lines_of_an_event_the_best_is_judged(said: Said) -> None:
    walk = Walk(flow="f", strides=())
    lines = (
        '{"event": "paid", "a": 1, "b": 2}',
        '{"event": "paid", "a": 2, "b": 1}',
        '{"event": "paid", "a": 1, "b": 1}',
    )
    stated = {"flow": "f", "events": {"paid": {"a": 1}}, "common": {"b": 1}}
    assert said("logs/events", stated, recorded=Recorded(walk=walk, lines=lines)) == HOLDS
    assert len(said("logs/events", stated, recorded=Recorded(walk=walk, lines=lines[:2]))) == 1
    renamed = {**stated, "name": "type", "events": {"paid": {}}, "common": {}}
    assert said("logs/events", renamed, recorded=Recorded(walk=walk, lines=('{"type": "paid"}',))) == HOLDS
    broken = Stride(request="GET /", status=500, expected="200", problems=("status 500",))
    assert said("logs/events", stated, recorded=Recorded(walk=replace(walk, strides=(broken,)))) == UNCLEAR
