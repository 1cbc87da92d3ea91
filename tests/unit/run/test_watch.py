"""What is watched, what is broken, and where neither is judged."""

from typing import Any

import pytest

from verify.collectors.world import Watching
from verify.contract.load import Loaded, load
from verify.judge.binding import bind
from verify.judge.registry import Registry
from verify.model.units import seconds
from verify.model.verdict import Outcome, Standing, Verdict
from verify.run.options import Options, UsageError
from verify.run.plan import Plan, plan
from verify.run.suites import all_suites
from verify.run.watch import own_claim, red, watching

REGISTRY = Registry(("verify.rules",))
CONTRACT = """verify: 1
system: sample
document: d.md
baseline: none
environments:
  test: {url: 'https://test.example', protection: disposable, watch: {interval: 2s, budget: 5%}}
  reference: {reference: {}}
endpoints:
  health: {path: /health}
claims:
  ALIVE: {says: s, at: a, rule: health/status, with: {endpoint: health}}
  LISTED: {says: s, at: a, rule: endpoint/answers, with: {endpoint: health}}
  READY: {says: s, at: a, rule: readiness/within}
  CHAIN: {says: s, at: a, rule: tls/chain}
  DOWN: {says: s, at: a, rule: health/outage, with: {endpoint: health, dependencies: [database]}}
"""
CLAIMED = "  WATCH: {says: s, at: a, rule: watch/error-budget, with: {for: 15m}}\n"
QUARTER = seconds(900)


def planned(text: str, options: Options) -> tuple[Loaded, Plan]:
    loaded = load(text.encode(), "verify.yaml")
    claims = bind(loaded, REGISTRY)
    claims += own_claim(loaded, claims, options, REGISTRY)
    return loaded, plan(loaded, claims, all_suites(), options)


def standing(name: str, text: str, **options: Any) -> tuple[Standing, str]:
    _, found = planned(text, Options(**options))
    entry = found.find(f"smoke::{name}")
    assert entry is not None
    return entry.standing, entry.reason


def test_a_watch_is_judged_where_it_is_asked_for() -> None:
    text = CONTRACT + CLAIMED
    assert standing("WATCH", text, environment="test", watch=QUARTER) == (Standing.SELECTED, "")
    left, reason = standing("WATCH", text, environment="test")
    assert left is Standing.NOT_JUDGED_HERE
    assert "--watch=15m" in reason


def test_asked_for_and_not_claimed_it_is_a_claim_of_its_own() -> None:
    assert standing("watch", CONTRACT, environment="test", watch=QUARTER) == (Standing.SELECTED, "")
    _, found = planned(CONTRACT, Options(environment="test"))
    assert found.find("smoke::watch") is None
    _, found = planned(CONTRACT + CLAIMED, Options(environment="test", watch=QUARTER))
    assert found.find("smoke::watch") is None


def test_a_watch_without_an_environment_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--watch=15m needs an environment"):
        planned(CONTRACT, Options(watch=QUARTER))


def test_only_the_reference_is_broken() -> None:
    allowed = {"environment": "test", "allow_destructive": "test"}
    left, reason = standing("DOWN", CONTRACT, **allowed)
    assert left is Standing.NOT_JUDGED_HERE
    assert "only the reference can be broken" in reason
    assert standing("DOWN", CONTRACT, environment="reference")[0] is Standing.SELECTED


def judged(found: Plan, outcome: Outcome) -> dict[str, Verdict]:
    return {
        entry.id: Verdict(claim=entry.claim.id, suite=entry.suite, outcome=outcome)
        for entry in found.selected
    }


def test_the_blockers_that_only_read_are_watched() -> None:
    options = Options(environment="test", watch=QUARTER)
    loaded, found = planned(CONTRACT, options)
    verdicts = judged(found, Outcome.HOLDS)
    told = watching(found.selected, verdicts, loaded, options, print)
    assert isinstance(told, Watching)
    assert [check.rule.id for check in told.checks] == ["health/status", "readiness/within", "tls/chain"]
    assert (told.duration, told.interval, told.budget) == (QUARTER, seconds(2), 0.05)
    quick = Options(environment="test", watch=QUARTER, watch_interval=seconds(1))
    again = watching(found.selected, verdicts, loaded, quick, print)
    assert again is not None
    assert again.interval == seconds(1)
    assert watching(found.selected, verdicts, loaded, Options(environment="test"), print) is None


def test_only_a_green_gate_is_watched() -> None:
    _, found = planned(CONTRACT, Options(environment="test", watch=QUARTER))
    assert red(judged(found, Outcome.HOLDS)) == ""
    assert red(judged(found, Outcome.WAIVED)) == ""
    for outcome in (Outcome.VIOLATED, Outcome.INCONCLUSIVE):
        assert "not green (smoke::ALIVE" in red(judged(found, outcome))


def test_the_command_to_judge_again_repeats_it() -> None:
    options = Options(environment="test", watch=QUARTER, watch_interval=seconds(1))
    assert options.repeated == ("--watch=15m", "--watch-interval=1s")
