"""Watching repeats what it is told to, and ends with its time, its error budget or its requests."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from verify.collectors.watch import collect
from verify.collectors.world import Watching
from verify.contract import EndpointSpec
from verify.facts.watch import Watch, Watched
from verify.judge.registry import Registry
from verify.judge.verdict import Check
from verify.model.need import Unseen
from verify.model.units import Ratio, seconds

Make = Callable[..., Any]
RULE = Registry(("verify.rules",)).get("health/status")
PARAMS = RULE.params
assert PARAMS is not None
HEALTH = Check(rule=RULE, stated=PARAMS(endpoint=EndpointSpec(path="/health")))  # type: ignore[call-arg] # its own


def watched(world: Any, **more: Any) -> tuple[Any, list[str]]:
    told: list[str] = []
    values = {
        "checks": (HEALTH,),
        "duration": seconds(0.5),
        "interval": seconds(0.05),
        "budget": Ratio(0.1),
        "progress": told.append,
    }
    there = replace(world, watching=Watching(**(values | more)))
    return dict(collect((Watch(),), there))[Watch()], told


def test_it_asks_again_every_interval_until_the_time_is_over(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply())
    seen, told = watched(world(system.url))
    assert isinstance(seen, Watched)
    assert seen.rounds == seen.judged == len(system.asked) == 11
    gaps = [later.at - earlier.at for earlier, later in zip(system.asked, system.asked[1:], strict=False)]
    assert sum(gaps) >= 0.4
    assert (seen.failed, seen.spent, seen.stopped, seen.rules) == (0, False, "", ("health/status",))
    assert told[0].startswith("watching: ")
    assert told[-1].endswith("0 of 11 checks failed")


def test_rounds_that_take_longer_than_the_interval_end_with_the_time_too(
    serve: Make, world: Make, reply: Make
) -> None:
    system = serve(lambda _: reply(after=0.12))
    seen, _ = watched(world(system.url), interval=seconds(0.02))
    assert isinstance(seen, Watched)
    assert 0.4 < seen.took < 1.0
    assert seen.rounds == len(system.asked) < 6
    assert (seen.failed, seen.spent, seen.stopped) == (0, False, "")


def test_one_round_that_takes_longer_than_all_the_time_spends_no_budget(
    serve: Make, world: Make, reply: Make
) -> None:
    system = serve(lambda _: reply(after=0.3))
    seen, _ = watched(world(system.url), interval=seconds(0.01), duration=seconds(0.1))
    assert (seen.rounds, seen.failed, seen.spent) == (1, 0, False)


def test_moments_that_have_passed_allow_no_failures(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(after=0.1, status=503))
    # of the 51 planned rounds 5 might have failed, of those that there is room for none
    seen, _ = watched(world(system.url), interval=seconds(0.01))
    assert seen.spent
    assert seen.rounds < 5


def test_it_ends_as_soon_as_the_budget_is_spent(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(status=503 if len(system.asked) > 3 else 200))
    seen, _ = watched(world(system.url), duration=seconds(60), interval=seconds(1 / 50), budget=Ratio(0.001))
    assert seen.spent
    assert seen.failed == 4  # of 3001 planned 3 might have failed
    assert len(system.asked) == 7
    assert "health/status after" in seen.examples[0]
    assert "503" in seen.examples[0]


def test_what_nobody_answers_is_a_failure_too(world: Make) -> None:
    seen, _ = watched(world("http://localhost:1"))
    assert seen.spent
    assert seen.errors == 1
    assert "localhost:1" in seen.examples[0]


def test_the_requests_that_protection_allows_end_it_without_a_failure(
    serve: Make, world: Make, reply: Make
) -> None:
    system = serve(lambda _: reply())
    there = world(system.url)
    there.wire.policy = there.wire._gate.policy = replace(there.wire.policy, budget=3)
    seen, _ = watched(there)
    assert (seen.rounds, seen.failed) == (3, 0)
    assert "budget of 3 requests is used up after 3 rounds" in seen.stopped


def test_readiness_is_asked_once_a_round_and_shares_its_answer(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(status=503 if len(system.asked) > 2 else 200))
    rule = Registry(("verify.rules",)).get("readiness/within")
    assert rule.params is not None
    within = Check(rule=rule, stated=rule.params())
    more = {"checks": (HEALTH, within), "budget": Ratio(1.0), "duration": seconds(0.15)}
    seen, _ = watched(world(system.url), **more)
    assert (seen.rounds, len(system.asked)) == (4, 4)
    assert (seen.judged, seen.failed) == (8, 4)
    assert any(example.startswith("readiness/within after") for example in seen.examples)


def test_without_blockers_or_watch_there_is_nothing_to_see(serve: Make, world: Make, reply: Make) -> None:
    there = world(serve(lambda _: reply()).url)
    assert "no blocker" in watched(there, checks=())[0].reason
    alone = dict(collect((Watch(),), there))[Watch()]
    assert isinstance(alone, Unseen)
    assert "--watch" in alone.reason
