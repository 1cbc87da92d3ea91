"""Sources as a run meets them: asked with their own account, waited for in bounds, whatever they answer."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from verify.collectors.monitoring import collect
from verify.collectors.world import World
from verify.contract.load import load
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.facts.http import Exchange
from verify.facts.monitoring import Ask, Look, Looked, Ship, Shipped
from verify.model.need import Need, Unseen
from verify.model.units import seconds
from verify.run.environment import open_world
from verify.run.evidence import dump
from verify.run.options import Options, UsageError
from verify.run.session import Session, prepare

CONTRACT = """verify: 1
system: sample
document: d.md
environments:
  prod:
    url: SYSTEM
    monitoring:
      metrics: {kind: prometheus, url: WATCH, path: /prometheus/, account: reader}
      logs: {kind: loki, url: WATCH, select: '{app="shop"}', account: password}
      elk: {kind: elasticsearch, url: WATCH, index: logs-*}
      dashboards: {kind: grafana, url: WATCH, knows: shop, account: key}
      page: {kind: page, url: WATCH, path: /status, expect: [200, 302]}
  other: {url: SYSTEM}
endpoints:
  health: {path: /health}
  orders: {path: /orders, account: buyer}
accounts:
  buyer: {bearer: $BUYER_TOKEN}
  reader: {bearer: $READER_TOKEN}
  password: {basic: {user: verify, password: $LOKI_PASSWORD}}
  key: {header: {name: X-Grafana-Key, value: $GRAFANA_KEY}}
"""
SECRETS = {
    "BUYER_TOKEN": "buyer-of-the-system",
    "READER_TOKEN": "reader-of-prometheus",
    "LOKI_PASSWORD": "password-of-loki",
    "GRAFANA_KEY": "key-of-grafana",
}
TARGETS = Ask(source="metrics", path="/api/v1/targets?state=active")
LOGS = Ship(source="logs", path="/orders", account="buyer", within=seconds(5))
ELK = replace(LOGS, source="elk")
Open = Callable[..., World]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def opened(tmp_path: Path, serve: object) -> Iterator[Callable[..., World]]:
    """Open the environment ``prod`` as a run does; ``serve`` ends after it."""
    assert serve
    with ExitStack() as closing:
        journal = closing.enter_context(Journal.open("sources", tmp_path))

        def opened(text: str, *needs: Need, environment: str = "prod", **options: Any) -> World:
            return open_world(
                load(text.encode(), "verify.yaml").contract,
                Options(environment=environment, **options),
                needs,
                root=tmp_path,
                journal=journal,
                redactor=Redactor(),
                closing=closing,
            )

        yield opened


def text(system: Any, watch: Any) -> str:
    return CONTRACT.replace("SYSTEM", system.url).replace("WATCH", watch.url)


def seen(world: World, *needs: Any) -> dict[Need, Any]:
    return dict(collect(needs, world))


def streams(*lines: str) -> dict[str, Any]:
    values = [[str(time.time_ns()), line] for line in lines]
    return {
        "status": "success",
        "data": {"resultType": "streams", "result": [{"stream": {}, "values": values}]},
    }


def marker_of(path: str) -> str:
    """Return the marker that a store is asked for."""
    asked = parse_qs(urlsplit(path).query)
    return asked.get("query", asked.get("q", [""]))[0].split('"')[-2]


class Store:
    """A store of logs: what the system was asked shows in it after ``late`` questions."""

    def __init__(self, reply: Any, late: int = 0, first: Any = None) -> None:
        self.reply, self.late, self.first = reply, late, first
        self.written: list[str] = []
        self.questions = 0
        self._lock = threading.Lock()

    def system(self, asked: Any) -> Any:
        line = {"path": asked.path, "request_id": asked.headers.get("x-request-id")}
        self.written.append(json.dumps(line))
        return self.reply()

    def answer(self, asked: Any) -> Any:
        with self._lock:
            self.questions += 1
            early = self.questions <= self.late
        found = [line for line in self.written if marker_of(asked.path) in line and not early]
        if early and self.first is not None:
            return self.first
        if "_search" in asked.path:
            hits = [{"_index": "logs-1", "_id": "a", "_source": json.loads(line)} for line in found]
            return self.reply(body={"timed_out": False, "hits": {"hits": hits}})
        return self.reply(body=streams(*found))


def test_each_is_asked_below_its_path_with_its_own_account(opened: Open, serve: Any, reply: Any) -> None:
    store = Store(reply)
    system = serve(store.system)
    watch = serve(lambda asked: store.answer(asked) if "query" in asked.path else reply(body=[]))
    needs = (TARGETS, LOGS, Look(source="dashboards"), Look(source="page"))
    answers = seen(opened(text(system, watch), *needs), *needs)
    assert not [one for one in answers.values() if isinstance(one, Unseen)]
    shown = {asked.path.partition("?")[0]: asked.headers for asked in watch.asked}
    assert sorted(shown) == [
        "/api/search",
        "/loki/api/v1/query_range",
        "/prometheus/api/v1/targets",
        "/status",
    ]
    assert shown["/prometheus/api/v1/targets"]["authorization"] == "Bearer reader-of-prometheus"
    pair = base64.b64encode(b"verify:password-of-loki").decode()
    assert shown["/loki/api/v1/query_range"]["authorization"] == f"Basic {pair}"
    assert shown["/api/search"]["x-grafana-key"] == "key-of-grafana"
    assert "authorization" not in shown["/api/search"]
    assert "authorization" not in shown["/status"]
    assert {asked.method for asked in (*watch.asked, *system.asked)} == {"GET"}
    (marked,) = system.asked
    assert marked.headers["authorization"] == "Bearer buyer-of-the-system"
    assert marked.headers["x-request-id"].startswith("verify-")
    told = repr([(asked.path, asked.headers) for asked in watch.asked])
    assert "buyer-of-the-system" not in told
    assert not any(secret in repr(system.asked) for secret in SECRETS.values() if "buyer" not in secret)


def test_only_what_is_asked_needs_its_secret(opened: Open, serve: Any, monkeypatch: Any) -> None:
    system, watch = serve({}), serve({})
    monkeypatch.delenv("READER_TOKEN")
    assert sorted(opened(text(system, watch), LOGS).watchers) == ["logs"]
    with pytest.raises(UsageError, match="account reader needs the environment variable READER_TOKEN"):
        opened(text(system, watch), TARGETS)
    assert (system.asked, watch.asked) == ([], [])


def test_a_secret_of_the_system_is_shown_to_nobody_else(opened: Open, serve: Any) -> None:
    system, watch = serve({}), serve({})
    same = text(system, watch).replace("$READER_TOKEN", "$BUYER_TOKEN")
    with pytest.raises(UsageError, match="source metrics would be shown BUYER_TOKEN, which is the system's"):
        opened(same, TARGETS)
    signed = "{kind: cloudwatch, region: eu-west-1, access: $BUYER_TOKEN, secret: $B}"
    cloud = same.replace(
        "metrics: {kind: prometheus", f"cloud: {signed}\n      metrics: {{kind: prometheus", 1
    )
    with pytest.raises(UsageError, match="source cloud would be shown BUYER_TOKEN"):
        opened(cloud, Look(source="cloud"))
    by_rule = replace(LOGS, account="reader")  # named by a claim alone, so the file looks well
    with pytest.raises(UsageError, match="declare an account of the source's own"):
        opened(text(system, watch), TARGETS, by_rule)
    assert (system.asked, watch.asked) == ([], [])


def test_production_is_read_and_so_are_its_sources(opened: Open, serve: Any) -> None:
    system, watch = serve({}), serve({})
    disposable = text(system, watch).replace("monitoring:\n", "protection: disposable\n    monitoring:\n", 1)
    world = opened(disposable, TARGETS, allow_destructive="prod")
    assert world.wire.policy.destructive
    policy = world.watchers["metrics"].transport.policy
    assert (policy.destructive, policy.budget, str(policy.rate)) == (False, 200, "5/s")
    assert {str(origin) for origin in policy.origins} == {watch.url}
    assert watch.url not in {str(origin) for origin in world.wire.policy.origins}
    assert world.watchers["metrics"].transport in world.transports


@pytest.mark.parametrize("need", [LOGS, ELK])
@pytest.mark.parametrize("late", [0, 3])
def test_a_marked_request_is_waited_for(opened: Open, serve: Any, reply: Any, need: Ship, late: int) -> None:
    store = Store(reply, late)
    system, watch = serve(store.system), serve(store.answer)
    found = seen(opened(text(system, watch), need), need)[need]
    assert isinstance(found, Shipped)
    assert len(found.lines) == 1
    assert found.marker in found.lines[0]
    assert (found.marked.status, found.problem, store.questions) == (200, "", late + 1)
    assert found.took < seconds(5)


def test_a_request_that_never_shows_is_waited_for_no_longer_than_stated(
    opened: Open, serve: Any, reply: Any
) -> None:
    store = Store(reply, late=10_000)
    system, watch = serve(store.system), serve(store.answer)
    need = replace(LOGS, within=seconds(0.6))
    began = time.monotonic()
    found = seen(opened(text(system, watch), need), need)[need]
    assert (found.lines, found.problem) == ((), "")
    assert seconds(0.6) <= found.took < seconds(3)
    assert time.monotonic() - began < 5
    assert 3 <= store.questions <= 6  # less and less often


@pytest.mark.parametrize("status", [200, 500, 503])
def test_a_store_that_is_away_for_a_moment(opened: Open, serve: Any, reply: Any, status: int) -> None:
    store = Store(reply, 2, reply(status=status, body=b"<html>starting"))
    system, watch = serve(store.system), serve(store.answer)
    found = seen(opened(text(system, watch), LOGS), LOGS)[LOGS]
    assert len(found.lines) == 1
    assert found.problem == ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "answered no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"x" * 3_000_000, "was cut after"),
        ({"data": {"result": 5}}, "answered what such a source does not"),
    ],
)
def test_a_store_that_answers_nonsense(
    opened: Open, serve: Any, reply: Any, body: object, words: str
) -> None:
    system, watch = serve({"/orders": reply()}), serve(lambda _: reply(body=body))
    need = replace(LOGS, within=seconds(0.1))
    found = seen(opened(text(system, watch), need), need)[need]
    assert found.lines == ()
    assert words in found.problem


def test_a_store_that_refuses_connections(opened: Open, serve: Any, reply: Any) -> None:
    system, watch = serve({"/orders": reply()}), serve({})
    written = text(system, watch)
    watch.stop()
    need = replace(LOGS, within=seconds(0.3))
    found = seen(opened(written, need), need)[need]
    assert (found.lines, found.last) == ((), None)
    assert "no usable answer" in found.problem


def test_one_that_never_answers_has_a_deadline(opened: Open, serve: Any, reply: Any) -> None:
    system, watch = serve({"/orders": reply()}), serve(lambda _: reply(after=30.0))
    need = replace(LOGS, within=seconds(0.2))
    look = Look(source="page")
    world = opened(text(system, watch), need, look, TARGETS, deadline=seconds(1))
    began = time.monotonic()
    answers = seen(world, need, look, TARGETS)
    assert time.monotonic() - began < 8
    watch.stopping.set()
    assert "deadline" in answers[need].problem
    assert answers[look].answer is None
    assert "deadline" in answers[look].reason
    assert isinstance(answers[TARGETS], Unseen)


def test_who_breaks_off_waits_for_no_line(opened: Open, serve: Any, reply: Any) -> None:
    store = Store(reply, late=10_000)
    system, watch = serve(store.system), serve(store.answer)
    need = replace(LOGS, within=seconds(60))
    world = opened(text(system, watch), need)
    threading.Timer(0.3, world.stopping.set).start()
    began = time.monotonic()
    found = seen(world, need)[need]
    assert isinstance(found, Unseen)
    assert "broken off" in found.reason
    assert time.monotonic() - began < 5


def test_a_look_keeps_what_is_stated(opened: Open, serve: Any, reply: Any) -> None:
    system, watch = serve({}), serve(lambda _: reply(status=302))
    needs = (Look(source="page"), Look(source="dashboards"))
    page, dashboards = seen(opened(text(system, watch), *needs), *needs).values()
    found = {one.kind: one for one in (page, dashboards)}
    assert isinstance(page, Looked)
    assert (found["page"].expect, found["page"].knows, found["page"].url) == (
        (200, 302),
        "",
        f"{watch.url}/status",
    )
    assert (found["grafana"].expect, found["grafana"].knows) == ((200,), "shop")
    assert isinstance(found["page"].answer, Exchange)  # a redirect is an answer, and not followed
    assert len(watch.asked) == 2


@pytest.mark.parametrize(
    ("need", "environment", "words"),
    [
        (Ask(source="logs", path="/api/v1/query"), "prod", "source logs is of kind loki, and prometheus is"),
        (replace(LOGS, source="metrics"), "prod", "elasticsearch or loki is asked for"),
        (TARGETS, "other", "no source metrics is stated here"),
    ],
)
def test_what_cannot_be_asked_is_unseen_and_says_why(
    opened: Open, serve: Any, need: Any, environment: str, words: str
) -> None:
    system, watch = serve({}), serve({})
    found = seen(opened(text(system, watch), need, environment=environment), need)[need]
    assert isinstance(found, Unseen)
    assert words in found.reason
    assert (system.asked, watch.asked) == ([], [])


CLAIMS = """
claims:
  answers: {says: s, at: a, rule: monitoring/answers, with: {sources: [dashboards, page]}}
  samples: {says: s, at: a, rule: monitoring/samples, with: {source: metrics, series: [up]}}
  targets: {says: s, at: a, rule: monitoring/targets, with: {source: metrics, jobs: [shop]}}
  logs: {says: s, at: a, rule: monitoring/logs, with: {source: logs, endpoint: health, within: 2s}}
  elsewhere: {says: s, at: a, rule: monitoring/logs, with: {source: logs, endpoint: health}}
baseline: none
"""


def test_a_whole_run_keeps_every_secret(
    tmp_path: Path, serve: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources that repeat what they are shown: verdicts as they should be, and evidence without it."""
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))
    store = Store(reply)

    def watch(asked: Any) -> Any:
        shown = " ".join(asked.headers.values())
        if "targets" in asked.path:
            down = {"labels": {"job": "shop", "instance": shown}, "health": "down", "lastError": shown}
            return reply(body={"data": {"activeTargets": [down]}})
        if "query_range" in asked.path:
            return store.answer(asked)
        if "/api/v1/query" in asked.path:
            return reply(status=400, body={"error": f"unknown token {shown}"})
        return reply(body=[{"title": f"Shop {shown}"}], headers={"X-Shown": shown})

    path = tmp_path / "verify.yaml"
    path.write_text(text(serve(store.system), serve(watch)) + CLAIMS)
    session = Session(prepare(path, Options(environment="prod")))
    try:
        session.open([entry.id for entry in session.prepared.plan.selected])
        session.judge()
    finally:
        session.close()
    outcomes = {name.partition("::")[2]: one.outcome.name for name, one in session.verdicts.items()}
    assert outcomes == {
        "answers": "HOLDS",
        "samples": "INCONCLUSIVE",
        "targets": "VIOLATED",
        "logs": "HOLDS",
        "elsewhere": "HOLDS",
    }
    kept = dump(session.run(), session.redactor)
    assert "***READER_TOKEN***" in kept
    pair = base64.b64encode(b"verify:password-of-loki").decode()
    assert [secret for secret in (*SECRETS.values(), pair) if secret in kept] == []
