"""At the edge: what is shown beside a finding, and answers that show nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.facts.again import Repeated
from verify.facts.burst import Shot, Volley
from verify.facts.edge import Knocked, Try
from verify.facts.environments import Side, Sides
from verify.facts.exposure import Probed
from verify.facts.flow import Stride, Walk
from verify.facts.http import Exchange
from verify.facts.logs import Logged, Recorded
from verify.facts.openapi import Described
from verify.facts.replicas import Versions
from verify.facts.session import Returned
from verify.facts.task import Task
from verify.facts.tls import Handshake
from verify.facts.watch import Watched
from verify.facts.webhook import Call, Calls
from verify.judge.registry import Registry
from verify.model.units import Rate, seconds

Said = Callable[..., tuple[str, ...]]
Shown = Callable[..., list[str]]
Findings = Callable[..., list[tuple[str, str, str]]]
PAGE = EndpointSpec(path="/a")
HTML = b"<!doctype html><title>Shop</title>"
HOLDS: tuple[str, ...] = ()
UNCLEAR = ("?",)


def ok(*headers: tuple[str, str], status: int = 200, body: bytes = b"", **more: Any) -> Exchange:
    return Exchange(status=status, headers=headers, body=body, **more)


@pytest.mark.parametrize(
    ("rule_id", "stated"),
    [
        ("debug/pages", {"on": (), "host": "/"}),
        ("exposure/banner", {}),
        ("exposure/listing", {"folders": ("/",)}),
        ("redirect/open", {"plain": False}),
    ],
)
def test_an_answer_of_a_broken_server_shows_nothing(said: Said, rule_id: str, stated: dict[str, Any]) -> None:
    assert said(rule_id, stated, answers=ok(status=503)) == UNCLEAR
    assert said(rule_id, stated, answers=ok(status=400)) == HOLDS


def test_a_path_of_a_broken_server_shows_nothing(said: Said) -> None:
    stated = {"allow": ("/.env",)}
    assert said("exposure/paths", stated, probes=Probed(status=503)) == UNCLEAR
    assert said("exposure/paths", stated, probes=Probed(status=404)) == HOLDS


def test_a_missing_vary_is_shown(findings: Findings) -> None:
    stated = {"origins": ("https://a.example", "https://b.example"), "path": "/", "preflight": False}
    sent = (("Origin", "https://a.example"),)
    allow = ("Access-Control-Allow-Origin", "https://a.example")
    for headers, seen in (((), "absent"), ((("Vary", "Accept"),), "Accept")):
        answer = ok(allow, *headers, sent=sent)
        assert findings("cors/origins", stated, answers=(answer,) * 4)[0] == (
            "caches may hand the answer to others", "Vary: Origin", seen,
        )  # fmt: skip
    foreign = ok(("Access-Control-Allow-Origin", "*"), sent=(("Origin", "null"),))
    assert findings("cors/origins", stated, answers=(foreign,) * 4)[0] == (
        "the origin null may read answers",
        "https://a.example, https://b.example",
        "Access-Control-Allow-Origin: *",
    )
    assert findings("cors/origins", {**stated, "origins": ()}, answers=(foreign,) * 2)[0][1] == "no origin"
    silent = ok(sent=sent)
    assert findings("cors/origins", stated, answers=(silent,) * 4)[0][2] == "absent"


def test_a_short_lifetime_is_shown_as_it_was_sent(findings: Findings) -> None:
    name = "Strict-Transport-Security"
    for headers, seen in (((), "absent"), (((name, "max-age=1"),), "max-age=1")):
        assert findings("headers/hsts", {"on": ("/",)}, answers=ok(*headers)) == [
            (f"{name} is too short", "max-age of 365d", seen)
        ]


@pytest.mark.parametrize(
    ("rule_id", "stated", "answer", "message"),
    [
        ("health/dependencies", {"dependencies": ("a",)}, ok(body=b"OK"), "the health answer is not JSON"),
        ("metrics/families", {"families": ("a",)}, ok(status=404), "there are no metrics"),
        ("metrics/families", {"families": ("a",)}, ok(body=b"a many\n"), "the metrics cannot be read"),
        ("migrations/applied", {"member": "n"}, ok(status=404), "the probe does not answer"),
        ("migrations/applied", {"member": "n"}, ok(body=b"<html>"), "the probe's answer is not JSON"),
    ],
)
def test_what_cannot_be_read_is_one_finding(
    said: Said, rule_id: str, stated: dict[str, Any], answer: Exchange, message: str
) -> None:
    assert said(rule_id, {"endpoint": PAGE, **stated}, answer=answer) == (message,)


def test_a_family_without_samples_is_told_from_one_that_is_absent(findings: Findings) -> None:
    body = b"# TYPE a counter\n"
    seen = [
        one[2]
        for one in findings(
            "metrics/families", {"endpoint": PAGE, "families": ("a", "b")}, answer=ok(body=body)
        )
    ]
    assert seen == ["declared, without a whole set of samples", "absent"]


def test_a_document_that_is_not_there_is_one_finding(said: Said, findings: Findings) -> None:
    broken = Described(document=ok(status=404), operations=(ok(status=500),), problems=("a",))
    assert said("openapi/served", {"endpoint": PAGE}, described=broken) == ("no document",)
    assert (
        findings("openapi/conforms", {"endpoint": PAGE}, described=replace(broken, problems=("a", "b")))[0][2]
        == "a; b"
    )
    assert [
        one[2]
        for one in findings("openapi/conforms", {"endpoint": PAGE}, described=replace(broken, problems=()))
    ] == ["404"]


def test_a_document_that_refers_elsewhere_is_unclear(said: Said) -> None:
    body = b'{"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {"$ref": "other.yaml"}}}}}}'
    described = Described(document=ok(body=body), operations=(ok(url="https://a.example/a"),))
    assert said("openapi/conforms", {"endpoint": PAGE}, described=described) == UNCLEAR


def test_what_is_redirected_wrongly_is_one_finding(said: Said) -> None:
    assert said("redirect/https", {}, answer=ok(status=200)) == ("plain HTTP is not redirected for good",)
    asked = {"path": "/a?b=1"}
    assert said("redirect/slash", asked, answer=ok(("Location", "/a/"), status=301)) == HOLDS
    assert said("redirect/slash", {"path": "/a", "status": (201,)}, answer=ok(status=201)) == HOLDS
    assert said("redirect/slash", {"path": "/a", "status": (300,)}, answer=ok(status=300)) == (
        "the redirect leads elsewhere",
    )


def test_the_part_of_the_session_that_failed_is_shown(said: Said) -> None:
    lines = (("Cache-Control", "no-store, max-age=999999999"),)
    assert said("static/cached", {"path": "/"}, repeated=Repeated(answers=(ok(*lines),))) == (
        "the lifetime is too short",
    )
    assert said(
        "static/cached",
        {"path": "/", "type": "a/b", "edge": ("X",)},
        repeated=Repeated(answers=(ok(status=404),)),
    ) == ("the file is not served",)
    assert said(
        "static/cached", {"path": "/", "lifetime": seconds(1)}, repeated=Repeated(answers=(ok(),))
    ) == ("the lifetime is too short",)
    assert (
        said("static/cached", {"path": "/", "lifetime": seconds(0)}, repeated=Repeated(answers=(ok(),)))
        == HOLDS
    )


def test_a_lifetime_is_shown_as_it_was_sent(findings: Findings) -> None:
    for headers, seen in (((), "no Cache-Control"), ((("Cache-Control", "max-age=1"),), "max-age=1")):
        assert findings("static/cached", {"path": "/"}, repeated=Repeated(answers=(ok(*headers),))) == [
            ("the lifetime is too short", "30d", seen)
        ]


def test_a_handshake_that_is_not_trusted_is_unclear_whatever_it_shows(said: Said) -> None:
    odd = Handshake(trusted=False, problem="wrong host", protocol="http/1.1", at=1.0, not_after=0.0)
    assert said("tls/alpn", {}, handshake=odd) == UNCLEAR
    assert said("tls/days-left", {}, handshake=odd) == UNCLEAR


def test_a_webhook_without_state_is_judged_by_its_answers(said: Said) -> None:
    no, yes = Call(answer=ok(status=401)), Call(answer=ok(status=202))
    assert said("webhook/signed", {"webhook": "a"}, calls=Calls(unsigned=no, forged=no, signed=yes)) == HOLDS
    assert said("webhook/signed", {"webhook": "a"}, calls=Calls(unsigned=yes, forged=no, signed=yes)) == (
        "an unsigned call is answered otherwise",
    )


def test_what_was_processed_is_shown(findings: Findings) -> None:
    no = Call(answer=ok(status=401), state=ok(status=200))
    yes = Call(answer=ok(status=202), state=ok(status=404))
    assert findings("webhook/signed", {"webhook": "a"}, calls=Calls(unsigned=no, forged=no, signed=yes)) == [
        ("an unsigned call is processed", "not processed", "processed"),
        ("a wrongly signed call is processed", "not processed", "processed"),
        ("a rightly signed call is not processed", "processed", "not processed"),
    ]


def test_a_spent_budget_shows_examples(findings: Findings) -> None:
    watched = Watched(rounds=1, judged=2, failed=1, examples=("a", "b"))
    assert findings("watch/error-budget", {}, watched=watched) == [
        ("the error budget is spent", "at most 1%", "50%: a; b")
    ]


def test_a_task_that_was_not_started_shows_the_answer(findings: Findings) -> None:
    stated = {"start": PAGE, "state": "/t/{task}", "done": {"a": 1}}
    task = Task(started=ok(status=503, body=b"x" * 90))
    assert findings("worker/canary", stated, task=task)[0][2] == "503 " + "x" * 79 + "…"
    late = Task(started=ok(), last=ok(body=b"y" * 90))
    assert findings("worker/canary", stated, task=late)[0][1:] == ("{'a': 1} within 10s", "y" * 79 + "…")


def volley(pace: float, *statuses: int) -> Volley:
    return Volley(shots=tuple(Shot(sent=seconds(n / pace), status=one) for n, one in enumerate(statuses)))


@pytest.mark.parametrize(
    ("fired", "expected"),
    [
        (volley(8, 200, 404), UNCLEAR),
        (volley(8, 200, 500), UNCLEAR),
        (volley(4, 200, 200), HOLDS),
        (volley(3.9, 200, 200), UNCLEAR),
    ],
)
def test_below_a_rate(said: Said, fired: Volley, expected: tuple[str, ...]) -> None:
    assert said("rate-limit/under", {"endpoint": PAGE, "rate": Rate(10)}, volley=fired) == expected


def test_proxies_show_who_asked(said: Said, findings: Findings) -> None:
    real = {"endpoint": PAGE, "headers": ("X-Real-IP",)}
    several = ok(body=b'{"X-Real-IP": ["198.51.100.2", "198.51.100.3"]}')
    none, own = ok(body=b"{}"), ok(body=b'{"X-Real-IP": "198.51.100.2"}')
    assert said("proxy/headers", real, plain=several, spoofed=several) == HOLDS
    assert findings("proxy/headers", real, plain=none, spoofed=none) == [
        ("X-Real-IP does not arrive as it should", "the client's address", "absent")
    ]
    listed = ok(body=b'{"X-Real-IP": "203.0.113.7, 198.51.100.2, 198.51.100.3"}')
    assert said("proxy/headers", {**real, "appends": True}, plain=own, spoofed=listed) == HOLDS
    with_port = ok(url="https://system.example:8443/a", body=b'{"Host": "system.example:8443"}')
    assert said("proxy/headers", {**real, "headers": ("Host",)}, plain=with_port, spoofed=with_port) == HOLDS
    alone = ok(url="https://system.example:8443/a", body=b'{"Host": "system.example"}')
    assert said("proxy/headers", {**real, "headers": ("Host",)}, plain=alone, spoofed=alone) == HOLDS


def test_an_event_that_is_not_logged_is_one_finding(said: Said) -> None:
    recorded = Recorded(walk=Walk(flow="f", strides=()), lines=('{"event": "other"}',))
    stated = {"flow": "f", "events": {"paid": {"a": 1}}}
    assert said("logs/events", stated, recorded=recorded) == ("event paid is not logged",)
    bad = Stride(request="GET /", status=500, expected="200", problems=("status 500", "late"))
    unfinished = replace(recorded, walk=Walk(flow="f", strides=(bad,), stopped="x"))
    assert said("logs/events", stated, recorded=unfinished) == UNCLEAR


def test_an_id_may_stand_anywhere_in_a_line_that_is_no_json(said: Said) -> None:
    logged = Logged(
        given="a1",
        marked=ok(("X-Request-ID", "a1")),
        lines=("id=a1",),
        plain=ok(),
        made="b1",
        plain_lines=("id=b1",),
    )
    stated = {"endpoint": PAGE}
    assert said("logs/request-id", stated, logged=logged) == HOLDS
    assert said("logs/request-id", stated, logged=replace(logged, lines=("id=c",))) == (
        "the id that was sent is not logged",
    )


def test_a_path_that_was_refused_is_counted(shown: Shown) -> None:
    stated = {"allow": ("/.env", "/.git/HEAD", "/.git/config", "/__debug__/")}
    probes = tuple(Probed(status=status) for status in (401, 403, 404, 404))
    assert shown("exposure/paths", stated, probes=probes) == ["not served (2 refused) 4 of 4"]


def test_a_session_that_never_works_says_so(shown: Shown) -> None:
    stated = {"endpoint": PAGE, "account": "a"}
    refused = Returned(answers=(ok(status=401), ok(status=403)))
    assert shown("session/stateless", stated, returned=refused) == [
        "/a answers 401 each time: the session never works"
    ]
    assert shown("session/stateless", stated, returned=Returned(answers=())) == [
        "/a answers nothing each time: the session never works"
    ]


def test_each_host_is_shown(shown: Shown) -> None:
    facts = {"refused": ok(status=400), "served": (ok(),), "spoofed": ok()}
    assert shown("host/refused", {"hosts": ("https://a.example",)}, **facts) == [
        "Host verify.invalid is answered 400",
        "https://system.example/ is answered 200",
    ]


def test_versions_are_shown_the_most_common_first(shown: Shown, findings: Findings) -> None:
    mixed = Versions(shown=("1", "2", "2"))
    assert (
        findings("readiness/same-version", {"requests": 3}, versions=mixed)[0][2]
        == "2 (2 times), 1 (1 times)"
    )
    silent = Versions(shown=(None, None), statuses=(503, 200))
    lines = shown("readiness/same-version", {"requests": 2}, versions=silent)
    assert lines[0] == "versions over 2 connections none"
    assert "2 of 2 answers (200, 503) show no version" in lines[1]


def test_why_a_flow_stopped_is_shown(shown: Shown) -> None:
    bad = Stride(request="GET /", status=500, expected="200", problems=("status 500", "late"))
    walk = Walk(flow="f", strides=(bad,))
    for stopped, reason in (("", "status 500"), ("no quota", "no quota")):
        recorded = Recorded(walk=replace(walk, stopped=stopped))
        assert shown("logs/events", {"flow": "f", "events": {}}, recorded=recorded) == [
            "lines written 0",
            f"flow f was not walked to its end: {reason}",
        ]


def test_the_body_of_a_webhook_is_its_id_where_none_is_stated() -> None:
    params = Registry(("verify.rules",)).get("webhook/signed").params
    assert params is not None
    assert params(webhook="a").body == {"id": "{id}"}


def test_a_header_that_a_proxy_drops_from_a_lie_is_no_header(said: Said) -> None:
    real = {"endpoint": PAGE, "headers": ("X-Real-IP",)}
    own = ok(body=b'{"X-Real-IP": "198.51.100.2"}')
    assert said("proxy/headers", real, plain=own, spoofed=ok(body=b"{}")) == HOLDS


@pytest.mark.parametrize(("status", "leads"), [(299, False), (300, True), (399, True), (400, False)])
def test_only_a_redirect_leads_somewhere(said: Said, status: int, leads: bool) -> None:  # noqa: FBT001 - what is expected
    stated = {"path": "/a", "status": (status,)}
    expected = ("the redirect leads elsewhere",) if leads else HOLDS
    assert said("redirect/slash", stated, answer=ok(status=status)) == expected


def test_a_lifetime_of_nothing_is_none(said: Said) -> None:
    answer = Repeated(answers=(ok(("Cache-Control", "no-store")),))
    assert said("static/cached", {"path": "/", "lifetime": seconds(0.5)}, repeated=answer) == (
        "the lifetime is too short",
    )
    assert said("static/cached", {"path": "/", "lifetime": seconds(0)}, repeated=answer) == HOLDS


def fronted(status: int = 200) -> Exchange:
    return ok(("X-Served-By", "cache-lhr7321-LHR"), status=status)


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (404, "", ("the origin serves whoever comes past the edge",)),
        (301, "", ("the origin serves whoever comes past the edge",)),
        (403, "", HOLDS),
        (429, "", UNCLEAR),
        (0, "connection refused", HOLDS),
        (0, "name not found", UNCLEAR),
        (0, "certificate: expired", UNCLEAR),
    ],
)
def test_what_lies_behind_an_edge(said: Said, status: int, reason: str, expected: tuple[str, ...]) -> None:
    stated = {"providers": ("cloudflare", "fastly"), "origin": "https://o.example"}
    behind = Knocked(tries=(Try(host="a", status=403), Try(host="b", status=status, reason=reason)))
    assert said("edge/in-front", stated, answer=fronted(), behind=(behind,)) == expected


def test_a_refusal_that_the_edge_passes_on_as_well_shows_no_guard(said: Said, shown: Shown) -> None:
    stated = {"providers": ("fastly",), "origin": "https://o.example"}
    behind = (Knocked(tries=(Try(host="a", status=403),)),)
    assert said("edge/in-front", stated, answer=fronted(403), behind=behind) == UNCLEAR
    assert shown("edge/in-front", stated, answer=fronted(403), behind=behind) == [
        "in front fastly",
        "GET https://origin.example/ past the edge: 403 as a",
        "GET https://origin.example/ says 403 as a, and so does the system: state a `path` that is served",
    ]


def test_another_provider_is_named(findings: Findings) -> None:
    stated = {"providers": ("cloudflare", "cloudfront")}
    marks = "the marks Server and CF-Ray or Via and X-Amz-Cf-Id"
    assert findings("edge/in-front", stated, answer=fronted(), behind=()) == [
        ("no stated provider is in front", marks, "fastly")
    ]
    assert findings("edge/in-front", stated, answer=ok(), behind=())[0][2] == "absent"


def test_an_upload_and_what_is_not_one(said: Said, findings: Findings) -> None:
    stated = {"path": "/m/a.png", "type": "image/png", "private": ("/m/b", "/m/c"), "refused": (302,)}
    png = ok(("Content-Type", "Image/PNG; a=b"), body=b"a")
    moved = ok(status=302)
    assert said("media/served", stated, answer=png, hidden=(moved, moved)) == HOLDS
    assert said("media/served", stated, answer=png, hidden=(moved, ok(status=503))) == UNCLEAR
    assert said("media/served", stated, answer=ok(status=503), hidden=(moved, moved)) == UNCLEAR
    assert findings("media/served", stated, answer=ok(status=206), hidden=(moved, ok(status=403))) == [
        ("the upload is not served", "200", "206"),
        ("a private upload is served to everybody", "302", "403"),
    ]
    assert findings("media/served", stated, answer=ok(body=b"a"), hidden=(moved, moved)) == [
        ("the type is another", "image/png", "no Content-Type")
    ]


def test_releases_that_are_told_are_compared_and_others_are_not(said: Said, shown: Shown) -> None:
    stated = {"environments": ("a", "b", "c"), "probe": "/who"}
    first, silent, other = (
        Side(name=name, host=name, identity=identity, status=200)
        for name, identity in (("a", "1"), ("b", None), ("c", "2"))
    )
    assert said("environments/same-release", stated, seen=Sides(sides=(first, silent, other))) == (
        "another release",
    )
    assert shown("environments/same-release", stated, seen=Sides(sides=(first, silent))) == [
        "$.version 1 in a, None in b",
        "b: /who answers 200 without $.version",
    ]
    assert said("environments/same-release", stated, seen=Sides(sides=(first,))) == UNCLEAR
    assert said("environments/same-release", stated, seen=Sides(sides=(silent, silent))) == UNCLEAR


def test_what_liveness_names(said: Said, findings: Findings) -> None:
    stated = {"endpoint": PAGE, "dependencies": ("db", "cache")}
    assert said("health/shallow", stated, answer=ok(body=b'["db"]')) == HOLDS
    assert said("health/shallow", stated, answer=ok(body=b"<html>db")) == HOLDS
    assert said("health/shallow", stated, answer=ok(status=503, body=b'{"db": 1}')) == UNCLEAR
    long = b'{"a": [{"name": "cache", "host": "' + b"x" * 99 + b'"}]}'
    (finding,) = findings("health/shallow", stated, answer=ok(body=long))
    assert finding[:2] == ("liveness asks cache", "the process alone")
    assert len(finding[2]) == 80
