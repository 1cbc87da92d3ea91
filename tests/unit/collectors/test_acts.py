"""Collectors that do something and look: what is sent, what is kept, and what is unseen."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.collectors import environments, logs, outage, quota, replicas, session, task, webhook
from verify.collectors.tail import Tail
from verify.effects.errors import EffectError
from verify.facts.environments import Compare, Side, Sides
from verify.facts.flow import WalkThrough
from verify.facts.logs import Leak, Leaks, Logged, Mark, Record, Recorded
from verify.facts.outage import Outage, Stop
from verify.facts.quota import Counted, CountOut
from verify.facts.replicas import Sample, Versions
from verify.facts.session import Return, Returned, SignIn
from verify.facts.task import Enqueue, Task
from verify.facts.webhook import Calls, CallWebhook
from verify.model.need import Unseen
from verify.model.units import Rate, seconds

Make = Callable[..., Any]
VERSION = "    version: {header: X-Release}"
LOGS = "    logs: {file: app.log}"


def one(collector: Any, need: Any, world: Any, kind: type) -> Any:
    answer = dict(collector.collect((need,), world))[need]
    assert isinstance(answer, kind), answer
    return answer


def test_each_version_is_asked_over_a_connection_of_its_own(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(headers={"X-Release": "2" if len(system.asked) % 4 == 0 else "1"}))
    there = world(system.url, environment=VERSION)
    before = there.wire.connections
    seen = one(replicas, Sample(count=8), there, Versions)
    assert seen.shown == ("1", "1", "1", "2", "1", "1", "1", "2")
    assert seen.statuses == (200,) * 8
    assert there.wire.connections - before == 8
    assert {asked.headers["connection"] for asked in system.asked} == {"close"}


def test_without_a_stated_version_nothing_is_asked(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    answer = one(replicas, Sample(count=3), world(system.url), Unseen)
    assert "version:" in answer.reason
    assert system.asked == []


@pytest.mark.parametrize(("allows", "passed", "last"), [(5, 5, 429), (3, 3, 429), (99, 5, 200)])
def test_a_quota_is_counted_to_the_first_refusal(
    serve: Make, world: Make, reply: Make, allows: int, passed: int, last: int
) -> None:
    lock, count = threading.Lock(), iter(range(1000))

    def answer(_: Any) -> Any:
        with lock:
            return reply(status=200 if next(count) < allows else 429, headers={"Retry-After": "3590"})

    system = serve(answer)
    seen = one(quota, CountOut(path="/a", count=5, pace=Rate(100)), world(system.url), Counted)
    assert (seen.passed, seen.last.status, seen.wait) == (passed, last, 3590)
    assert len(system.asked) <= 6


@pytest.mark.parametrize("count", [1, 3])  # the last one waits, and one of many
def test_a_quota_is_not_counted_on_once_the_run_is_broken_off(
    serve: Make, world: Make, reply: Make, count: int
) -> None:
    def ending(_: Any) -> Any:
        there.stopping.set()
        return reply()

    system = serve(ending)
    there = world(system.url)
    began = time.monotonic()
    answer = one(quota, CountOut(path="/a", count=count, pace=Rate(1 / 3600)), there, Unseen)
    assert "broken off" in answer.reason
    assert time.monotonic() - began < 30
    assert len(system.asked) == 1


def test_a_line_is_not_waited_for_once_the_run_is_broken_off(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text("")
    there = world(serve(lambda _: reply()).url, environment="    logs: {file: log}", breakable=Machine(log))
    there.stopping.set()
    began = time.monotonic()
    assert "broken off" in one(logs, Mark(path="/a", within=seconds(3600)), there, Unseen).reason
    assert time.monotonic() - began < 30


class Machine:
    """A system whose one dependency can be stopped."""

    def __init__(self, log_file: Path) -> None:
        self.faults: frozenset[str] = frozenset()
        self.log_file = log_file
        self.done: list[str] = []

    def inject(self, name: str) -> None:
        self.done.append(f"stop {name}")
        self.faults |= {name}

    def heal(self, name: str) -> None:
        self.done.append(f"start {name}")
        self.faults -= {name}


def lies(system: Any) -> tuple[str, ...]:
    """Return where the name localhost lies on this machine."""
    found = {each[4][0] for each in socket.getaddrinfo("localhost", system.port, type=socket.SOCK_STREAM)}
    return tuple(sorted(f"[{ip}]:{system.port}" if ":" in ip else f"{ip}:{system.port}" for ip in found))


def broken_world(world: Make, system: Any, machine: Machine) -> Any:
    from dataclasses import replace

    from verify.contract.environment import Environment

    made = world(system.url, breakable=machine)
    environment = Environment.model_validate({"reference": {"dependencies": {"db": "database"}}})
    return replace(made, environment=environment)


def test_a_dependency_is_stopped_looked_at_and_started_again(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "log")
    system = serve(lambda asked: reply(status=503 if machine.faults and asked.path == "/ready" else 200))
    need = Stop(dependency="db", path="/ready", liveness="/live", within=seconds(2))
    seen = one(outage, need, broken_world(world, system, machine), Outage)
    assert (seen.during.status, seen.alive.status, seen.after.status) == (503, 200, 200)
    assert seen.recovered is not None
    assert machine.done == ["stop database-down", "start database-down"]


def test_that_it_is_well_again_is_where_the_next_outage_begins(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "log")
    system = serve(lambda _: reply(status=503 if machine.faults else 200))
    needs = tuple(Stop(dependency="db", path="/ready", good=good) for good in ((200,), (200, 204)))
    seen = dict(outage.collect(needs, broken_world(world, system, machine)))
    assert [(each.during.status, each.after.status) for each in seen.values()] == [(503, 200)] * 2
    assert system.lines == ["GET /ready"] * 5  # well, stopped, well, stopped, well
    assert machine.done == ["stop database-down", "start database-down"] * 2


def test_after_another_path_it_is_asked_again(serve: Make, world: Make, reply: Make, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "log")
    system = serve(lambda _: reply(status=503 if machine.faults else 200))
    stated = (("/ready", (200,)), ("/other", (200,)), ("/ready", (200, 204)))
    needs = tuple(Stop(dependency="db", path=path, good=good) for path, good in stated)
    seen = dict(outage.collect(needs, broken_world(world, system, machine)))
    assert all(isinstance(each, Outage) for each in seen.values())
    assert system.lines == [f"GET {path}" for path, _ in stated for _ in range(3)]


def test_what_does_not_recover_is_not_stopped_again(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "log")
    system = serve(lambda _: reply(status=503 if machine.done else 200))
    needs = tuple(
        Stop(dependency="db", path="/ready", within=seconds(0.2), good=good) for good in ((200,), (200, 204))
    )
    first, second = dict(outage.collect(needs, broken_world(world, system, machine))).values()
    assert isinstance(first, Outage)
    assert first.recovered is None
    assert isinstance(second, Unseen)
    assert "was not well before" in second.reason
    assert machine.done == ["stop database-down", "start database-down"]


def test_a_limit_tells_nothing_of_an_outage(serve: Make, world: Make, reply: Make, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "log")
    answers = iter((200, 429, 503, 429, 200))
    system = serve(lambda _: reply(status=next(answers)))
    need = Stop(dependency="db", path="/ready", within=seconds(2))
    seen = one(outage, need, broken_world(world, system, machine), Outage)
    assert (seen.during.status, seen.after.status) == (503, 200)
    limited = serve(lambda _: reply(status=429))
    refused = one(outage, need, broken_world(world, limited, machine), Unseen)
    assert "answered 429: a limit of requests refused it" in refused.reason
    assert machine.done == ["stop database-down", "start database-down"]


def test_it_is_started_again_whatever_happens(serve: Make, world: Make, reply: Make, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "log")
    system = serve(lambda _: reply(after=3 if machine.faults else 0))
    there = broken_world(world, system, machine)
    answer = one(outage, Stop(dependency="db", path="/ready"), _hasty(there), Unseen)
    assert "/ready" in answer.reason
    assert machine.done == ["stop database-down", "start database-down"]


def _hasty(world: Any) -> Any:
    from dataclasses import replace

    return replace(world, deadline=seconds(0.5))


def test_only_what_can_be_broken_and_is_well_is_stopped(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "log")
    system = serve(lambda _: reply(status=503))
    there = broken_world(world, system, machine)
    sick = one(outage, Stop(dependency="db", path="/ready"), there, Unseen)
    assert "was not well before" in sick.reason
    unknown = one(outage, Stop(dependency="cache", path="/ready"), there, Unseen)
    assert "names db" in unknown.reason
    assert machine.done == []


class Logging:
    """A system that logs each request into a file, as ``line`` says."""

    def __init__(self, path: Path, reply: Make, line: Callable[[Any], str]) -> None:
        self.path, self.reply, self.line = path, reply, line
        path.write_text("an old line\n")

    def __call__(self, asked: Any) -> Any:
        given = asked.headers.get("x-request-id", "made-by-system")
        with self.path.open("a") as file:
            file.write(self.line(asked) + "\n")
        return self.reply(headers={"X-Request-ID": given})


def as_json(asked: Any) -> str:
    return json.dumps({"path": asked.path, "request_id": asked.headers.get("x-request-id", "made-by-system")})


def test_the_lines_of_a_marked_request_are_found(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    system = serve(Logging(tmp_path / "app.log", reply, as_json))
    seen = one(logs, Mark(path="/a"), world(system.url, environment=LOGS), Logged)
    assert len(seen.lines) == len(seen.plain_lines) == 1
    assert seen.given in seen.lines[0]
    assert seen.made == "made-by-system"
    assert seen.odd == ()


def test_a_line_that_never_comes_is_waited_for_no_longer_than_stated(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    system = serve(Logging(tmp_path / "app.log", reply, lambda _: "plain words"))
    need = Mark(path="/a", within=seconds(0.2))
    seen = one(logs, need, world(system.url, environment=LOGS), Logged)
    assert seen.lines == ()
    assert seen.odd == ("plain words", "plain words")


def test_secrets_are_found_wherever_they_come_up(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    def line(asked: Any) -> str:
        hidden = asked.body.hex() + asked.path + asked.headers.get("cookie", "")
        return json.dumps({"id": asked.headers["x-request-id"], "all": hidden})

    system = serve(Logging(tmp_path / "app.log", reply, line))
    need = Leak(path="/a", post="/login", member="password")
    seen = one(logs, need, world(system.url, environment=LOGS), Leaks)
    assert set(seen.logged) == {"query", "cookie", "body"}  # the body's in hexadecimal
    assert seen.answered == ()
    assert [asked.method for asked in system.asked] == ["GET", "POST", "GET"]


FLOW = "flows: {go: {steps: [{post: /go, json: {a: 1}, account: alice}]}}\naccounts: {alice: {bearer: $A}}\n"


def test_what_an_answer_repeats_where_it_cannot_be_read_is_not_known(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    def coded(**_: Any) -> Any:
        return reply(body=b"\x0b", headers={"Content-Encoding": "br"})

    system = serve(Logging(tmp_path / "app.log", coded, lambda asked: asked.headers["x-request-id"]))
    seen = one(
        logs, Leak(path="/a", post="/login", member="password"), world(system.url, environment=LOGS), Leaks
    )
    assert seen.answered == ()
    assert [reason.partition(": ")[0] for reason in seen.refused] == [
        f"GET {system.url}/a",
        f"POST {system.url}/login",
    ]
    assert "canary" not in "".join(seen.refused)


def test_a_flow_is_walked_and_a_secret_of_its_account_is_found(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    def line(asked: Any) -> str:
        return json.dumps([asked.headers["x-request-id"], asked.headers.get("authorization", "")])

    system = serve(Logging(tmp_path / "app.log", reply, line))
    there = world(
        system.url, FLOW, environment=LOGS, credentials={"alice": (("Authorization", "Bearer s3cr3t-token"),)}
    )
    seen = one(logs, Record(flow="go"), there, Recorded)
    assert seen.walk.strides[0].status == 200
    assert len(seen.lines) == 2  # the step and the fence behind it
    assert seen.leaked == ("alice",)


@pytest.mark.parametrize(
    ("account", "header"),
    [
        ("{bearer: $A}", ("Authorization", "Bearer correct horse battery st")),
        ("{header: {name: X-Key, value: $A}}", ("X-Key", "correct horse battery st")),
    ],
)
@pytest.mark.parametrize("leaks", [True, False])
def test_a_secret_of_several_words_is_found_as_a_whole(
    serve: Make,
    world: Make,
    reply: Make,
    tmp_path: Path,
    account: str,
    header: tuple[str, str],
    *,
    leaks: bool,
) -> None:
    said = header[1] if leaks else "status 200: the first step"

    def line(asked: Any) -> str:
        return json.dumps([asked.headers["x-request-id"], said])

    system = serve(Logging(tmp_path / "app.log", reply, line))
    flow = FLOW.replace("{bearer: $A}", account)
    there = world(system.url, flow, environment=LOGS, credentials={"alice": (header,)})
    assert one(logs, Record(flow="go"), there, Recorded).leaked == (("alice",) if leaks else ())


def test_the_walk_that_is_recorded_is_the_walk_of_the_flow(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    system = serve(Logging(tmp_path / "app.log", reply, lambda asked: asked.headers["x-request-id"]))
    alice = {"alice": (("Authorization", "Bearer s3cr3t-token"),)}
    there = world(system.url, FLOW, environment=LOGS, credentials=alice)
    answers = dict(logs.collect((Record(flow="go"),), there))
    recorded = answers[Record(flow="go")]
    assert isinstance(recorded, Recorded)
    assert answers[WalkThrough(flow="go")] is recorded.walk


@pytest.mark.parametrize(
    ("stated", "words"),
    [("", "state `logs:"), ("    logs: {platform: CloudWatch}", "CloudWatch"), (LOGS, "expected a log file")],
)
def test_a_log_that_cannot_be_read_is_unseen(
    serve: Make, world: Make, reply: Make, stated: str, words: str
) -> None:
    system = serve(lambda _: reply())
    answer = one(logs, Mark(path="/a"), world(system.url, environment=stated), Unseen)
    assert words in answer.reason
    assert system.asked == []


def test_a_rotated_log_is_read_from_its_beginning(world: Make, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("old\n")
    tail = Tail.of(world("http://localhost:1", environment=LOGS))
    with path.open("a") as file:
        file.write("new\nhalf a li")
    assert tail.lines() == ("new",)
    path.rename(tmp_path / "app.log.1")
    path.write_text("newer\n")
    assert tail.lines() == ("newer",)
    path.unlink()
    path.mkdir()
    with pytest.raises(EffectError, match="regular file"):
        tail.lines()


def test_a_task_is_followed_until_it_is_done(serve: Make, world: Make, reply: Make) -> None:
    def answer(asked: Any) -> Any:
        if asked.method == "POST":
            return reply(status=202, body={"task": "a/b"})
        return reply(body={"state": "done" if len(system.asked) > 3 else "waiting"})

    system = serve(answer)
    need = Enqueue(path="/tasks/", state="/tasks/{task}/", body='{"text": "x"}', done='{"state": "done"}')
    seen = one(task, need, world(system.url), Task)
    assert seen.done
    assert system.lines == ["POST /tasks/", *["GET /tasks/a%2Fb/"] * 3]
    assert system.asked[0].body == b'{"text": "x"}'


def test_a_task_that_is_never_done_or_never_started_says_so(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda asked: reply(status=202, body={"task": 7} if asked.method == "POST" else {}))
    need = Enqueue(path="/t", state="/t/{task}", done='{"state": "done"}', within=seconds(0.2))
    assert not one(task, need, world(system.url), Task).done
    refusing = serve(lambda _: reply(status=503))
    assert one(task, need, world(refusing.url), Task).last is None


WEBHOOK = "webhooks: {pay: {path: /hook, secret: $KEY, header: X-Sig, prefix: 'sha256='}}\n"


def test_a_webhook_is_called_unsigned_forged_and_signed(serve: Make, world: Make, reply: Make) -> None:
    def right(asked: Any) -> bool:
        digest = hmac.new(b"the-right-key", asked.body, hashlib.sha256).hexdigest()
        return bool(asked.headers.get("x-sig") == f"sha256={digest}")

    system = serve(lambda asked: reply(status=202 if asked.method == "GET" or right(asked) else 401))
    need = CallWebhook(webhook="pay", body='{"id": "{id}"}', state="/paid/{id}")
    seen = one(webhook, need, world(system.url, WEBHOOK, keys={"pay": "the-right-key"}), Calls)
    statuses = [call.answer.status for call in (seen.unsigned, seen.forged, seen.signed)]
    assert statuses == [401, 401, 202]
    posted = [json.loads(asked.body)["id"] for asked in system.asked if asked.method == "POST"]
    assert len(set(posted)) == 3
    assert [asked.path for asked in system.asked if asked.method == "GET"] == [
        f"/paid/{one}" for one in posted
    ]
    assert "x-sig" not in system.asked[0].headers


def test_without_its_key_a_webhook_is_unseen(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    answer = one(webhook, CallWebhook(webhook="pay", body="{}"), world(system.url, WEBHOOK), Unseen)
    assert "$KEY" in answer.reason


def test_a_session_comes_back_with_its_cookies_only(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(headers={"Set-Cookie": "sid=1; Secure; HttpOnly"}))
    alice = {"alice": (("Authorization", "Bearer token-of-alice"),)}
    need = SignIn(path="/me", count=3, account="alice", login="/login")
    seen = one(session, need, world(system.url, credentials=alice), Returned)
    assert seen.cookies == ("sid",)
    assert system.lines == ["POST /login", *["GET /me"] * 3]
    assert [asked.headers.get("cookie") for asked in system.asked] == [None, *["sid=1"] * 3]
    assert "authorization" not in system.asked[1].headers


def test_a_token_needs_no_beginning(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    alice = {"alice": (("Authorization", "Bearer token-of-alice"),)}
    there = world(system.url, credentials=alice, destructive=False)
    seen = one(session, Return(path="/me", count=2, account="alice"), there, Returned)
    assert seen.begun is None
    assert {asked.headers["authorization"] for asked in system.asked} == {"Bearer token-of-alice"}


def test_secrets_that_a_limit_kept_out_are_told(
    serve: Make, world: Make, reply: Make, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"

    def answer(asked: Any) -> Any:
        with log.open("a") as lines:
            lines.write(f"{asked.path.partition('?')[0]}\n")
        return reply(status=429 if asked.method == "POST" else 200)

    log.touch()
    system = serve(answer)
    need = Leak(path="/a", post="/login", member="password", within=seconds(2))
    seen = one(logs, need, world(system.url, environment=LOGS), Leaks)
    assert seen.refused == (
        f"POST {system.url}/login answered 429: a limit of requests refused it, which shows nothing",
    )


def test_other_environments_are_only_read_and_never_told_a_secret(
    serve: Make, world: Make, reply: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = serve(lambda _: reply(body={"database": "a"}))
    other = serve(lambda _: reply(body={"database": "b", "key": "live_1"}))
    more = f"\n  other:\n    url: {other.url}\n    account: alice"
    alice = {"alice": (("Authorization", "Bearer token-of-alice"),)}
    text = "accounts: {alice: {bearer: $A}}\n"
    elsewhere = {"other": world(other.url, destructive=False).wire}
    there = world(here.url, text, environment=more, credentials=alice, elsewhere=elsewhere)
    monkeypatch.setenv("TEST_KEY", "test_12345678")
    need = Compare(
        environments=("test", "other"),
        probe="/who",
        member="$.database",
        keys=(("test", "$TEST_KEY", "test_"), ("other", "$.key", "test_")),
    )
    seen = one(environments, need, there, Sides)
    assert seen.sides == (
        Side(name="test", host=here.url[7:], identity="a", key=True, status=200, addresses=lies(here)),
        Side(name="other", host=other.url[7:], identity="b", key=False, status=200, addresses=lies(other)),
    )
    assert there.sent == there.wire.sent + 1 == 2
    assert other.lines == ["GET /who"]
    assert "authorization" not in other.asked[0].headers


def test_what_environments_show_in_a_header_is_compared(serve: Make, world: Make, reply: Make) -> None:
    here, other = serve(lambda _: reply(headers={"x-release": "1.4.0"})), serve(lambda _: reply(status=503))
    there = world(
        here.url,
        environment=f"  other: {{url: '{other.url}'}}",
        elsewhere={"other": world(other.url, destructive=False).wire},
    )
    need = Compare(environments=("test", "other"), probe="/who", header="X-Release")
    seen = one(environments, need, there, Sides)
    assert [(side.identity, side.status) for side in seen.sides] == [("1.4.0", 200), (None, 503)]
    assert one(environments, Compare(environments=("test",), header="X-Release"), there, Sides).sides == (
        Side(name="test", host=here.url[7:], addresses=lies(here)),
    )
