"""Read-only exchanges: each asked at once, failures unseen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verify.collectors.http import collect
from verify.facts.http import Exchange, Get
from verify.model.need import Unseen

Make = Callable[..., Any]


def test_each_is_asked_once_and_all_at_once(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda asked: reply(body=asked.path.encode(), after=0.3))
    needs = tuple(Get(path=f"/{number}") for number in range(16))
    answers = dict(collect(needs, world(system.url)))
    texts = [answer.text for answer in map(answers.get, needs) if isinstance(answer, Exchange)]
    assert texts == [need.path for need in needs]
    span = max(asked.at for asked in system.asked) - min(asked.at for asked in system.asked)
    assert span < 16 * 0.3 - 0.3  # one after the other would take as long as all answers together


def test_the_origin_the_account_and_the_method(serve: Make, world: Make, reply: Make) -> None:
    here, there, plain = (serve(lambda _: reply(status=302, headers={"Location": "/x"})) for _ in range(3))
    seen = replace(
        world(
            here.url,
            hosts=(there.url, plain.url),
            credentials={"alice": (("Authorization", "Bearer t"),)},
        ),
        plain_url=plain.url,
    )
    needs = (
        Get(path="/a", account="alice", headers=(("X-Mine", "1"),)),
        Get(path="/b", origin=there.url, method="HEAD"),
        Get(path="/c", plain=True, method="OPTIONS"),
    )
    answers = dict(collect(needs, seen))
    assert all(isinstance(answer, Exchange) and answer.status == 302 for answer in answers.values())
    assert (here.lines, there.lines, plain.lines) == (["GET /a"], ["HEAD /b"], ["OPTIONS /c"])
    assert here.asked[0].headers["authorization"] == "Bearer t"
    assert here.asked[0].headers["x-mine"] == "1"
    assert "authorization" not in there.asked[0].headers


def test_one_that_fails_does_not_hide_the_others(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    good, bad = Get(path="/"), Get(path="/", origin="http://localhost:1")
    answers = dict(collect((bad, good), world(system.url)))
    assert isinstance(answers[good], Exchange)
    refused = answers[bad]
    assert isinstance(refused, Unseen)
    assert "not a declared address" in refused.reason


def test_without_an_environment_nothing_is_asked(world: Make, tmp_path: Path) -> None:
    there = replace(world("http://localhost:1"), transport=None, root=tmp_path)
    need = Get(path="/")
    answer = dict(collect((need,), there))[need]
    assert isinstance(answer, Unseen)
    assert "no environment is chosen" in answer.reason


def test_an_interrupt_is_not_swallowed(
    serve: Make, world: Make, reply: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = world(serve(lambda _: reply()).url)

    def send(*_: object, **__: object) -> Exchange:
        raise KeyboardInterrupt

    monkeypatch.setattr(there.transport, "send", send)
    with pytest.raises(KeyboardInterrupt):
        dict(collect((Get(path="/"),), there))
