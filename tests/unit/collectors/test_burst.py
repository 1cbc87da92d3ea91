"""Bursts keep their pace whatever is answered."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from verify.collectors.burst import collect
from verify.facts.burst import Burst, Volley
from verify.model.need import Unseen
from verify.model.units import Rate, seconds

Make = Callable[..., Any]


def shoot(world: Any, *needs: Burst) -> dict[Burst, Volley]:
    answers = dict(collect(needs, world))
    assert all(isinstance(answer, Volley) for answer in answers.values()), answers
    return answers  # type: ignore[return-value] # just checked


def test_the_pace_is_kept(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    need = Burst(path="/", count=21, pace=Rate(40))
    volley = shoot(world(system.url), need)[need]
    late = [float(shot.sent) - number / 40 for number, shot in enumerate(volley.shots)]
    assert min(late) >= 0  # never early, so a stated rate is never exceeded by ourselves
    assert statistics.median(late) < 0.25
    assert len(system.asked) == 21
    assert [shot.status for shot in volley.shots] == [200] * 21


def test_slow_answers_do_not_slow_it_down(serve: Make, world: Make, reply: Make) -> None:
    """An open loop: sixteen at once, as reads are sent, would take 40 / 16 rounds of a second."""
    system = serve(lambda _: reply(after=1))
    need = Burst(path="/", count=40, pace=Rate(100))
    volley = shoot(world(system.url), need)[need]
    assert float(max(shot.sent for shot in volley.shots)) < 2
    assert float(volley.pace) > 16


def test_the_request_is_as_stated(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(status=429, headers={"Retry-After": "7"}))
    there = world(system.url, credentials={"alice": (("Authorization", "Bearer x"),)})
    need = Burst(path="/a?b=1", count=3, pace=Rate(100), method="POST", account="alice")
    volley = shoot(there, need)[need]
    assert volley.place == f"POST {system.url}/a?b=1 (3 times)"
    assert {shot.retry_after for shot in volley.shots} == {"7"}
    assert len(volley.refused(429)) == 3
    for asked in system.asked:
        assert (asked.method, asked.path, asked.body) == ("POST", "/a?b=1", b"{}")
        assert asked.headers["authorization"] == "Bearer x"


def test_slower_bursts_come_first_and_a_refused_one_rests(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda asked: reply(status=429 if asked.path == "/fast" else 200))
    fast = Burst(path="/fast", count=3, pace=Rate(200), rest=seconds(0.3))
    faster = Burst(path="/faster", count=2, pace=Rate(300), rest=seconds(60))
    slow = Burst(path="/slow", count=2, pace=Rate(50), rest=seconds(60))  # is not refused, so it never rests
    shoot(world(system.url), faster, fast, slow)
    assert [asked.path for asked in system.asked] == [*["/slow"] * 2, *["/fast"] * 3, *["/faster"] * 2]
    assert system.asked[5].at - system.asked[4].at >= 0.3


def test_a_request_that_nobody_answers_makes_it_unseen(world: Make) -> None:
    need = Burst(path="/", count=4, pace=Rate(100))
    answer = dict(collect((need,), world("http://localhost:1")))[need]
    assert isinstance(answer, Unseen)
    assert "localhost:1" in answer.reason


def test_a_read_only_environment_gets_no_post(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    need = Burst(path="/", count=4, pace=Rate(100), method="POST")
    answer = dict(collect((need,), world(system.url, destructive=False)))[need]
    assert isinstance(answer, Unseen)
    assert "read-only" in answer.reason
    assert system.asked == []


def test_a_run_that_is_broken_off_does_not_rest(serve: Make, world: Make, reply: Make) -> None:
    left = iter([1])

    def answer(_: Any) -> Any:
        if next(left, None) is None:
            there.stopping.set()  # both have left by now
        return reply(status=429)

    there = world(serve(answer).url)
    need = Burst(path="/", count=2, pace=Rate(100), rest=seconds(3600))
    assert len(shoot(there, need)[need].shots) == 2


def test_a_run_that_is_broken_off_sends_no_more(serve: Make, world: Make, reply: Make) -> None:
    there = world(serve(lambda _: reply()).url)
    there.stopping.set()
    began = time.monotonic()
    need = Burst(path="/", count=3, pace=Rate(1 / 3600))
    answer = dict(collect((need,), there))[need]
    assert isinstance(answer, Unseen)
    assert "broken off" in answer.reason
    assert time.monotonic() - began < 30


def test_where_one_is_not_answered_the_others_do_not_leave_all_at_once(serve: Make, world: Make) -> None:
    def answer(_: Any) -> Any:
        raise OSError("closed without an answer")

    system = serve(answer)
    need = Burst(path="/", count=50, pace=Rate(1))
    answer_ = dict(collect((need,), world(system.url)))[need]
    assert isinstance(answer_, Unseen)
    assert len(system.asked) < 5
