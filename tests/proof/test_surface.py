"""Rules that read answers, on a reference with all that they look at: each holds, each is broken."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.judge.registry import Registry
from verify.model.units import seconds
from verify.model.verdict import Outcome

CONTRACT = Path(__file__).parent / "contracts" / "surface.yaml"
FAMILIES = {
    *("access", "cookies", "cors", "debug", "edge", "exposure", "gate", "headers", "host", "mail", "media"),
    *("metrics", "migrations", "monitoring", "pipeline", "proxy", "spa", "static"),
}
#: the rules of other families that are proven here
OTHERS = {"health/anonymous", "openapi/conforms", "redirect/open", "redirect/slash", "tls/alpn"}
RULES = [
    rule
    for rule in Registry(("verify.rules",)).all()
    if rule.id in OTHERS or (rule.family in FAMILIES and rule.id != "headers/present")
]
#: why a claim beside the expected ones may be without a verdict: what it looks at is gone too
BESIDE = {"health-login", "spa-in-api", "database-down", "redis-down", "redis-hang"}


def complete(text: str, running: Any, _folder: Path) -> str:
    """Give the second name of the reference, which has the same certificate."""
    return text.replace("https://second.example", running.url.replace("localhost", "127.0.0.1"))


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference's own tokens stand in for these; no environment has to set them."""
    monkeypatch.setenv("SURFACE_ALICE", "not-the-real-one")
    monkeypatch.setenv("SURFACE_STAFF", "not-the-real-one")


def came_out(verdicts: dict[str, Any], outcome: Outcome) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.outcome is outcome}


def test_each_rule_is_claimed(bench: Any) -> None:
    claimed = {check.rule.id for entry in bench.entries for check in entry.checks}
    assert {rule.id for rule in RULES} <= claimed


def test_whole_everything_holds_with_few_requests(bench: Any) -> None:
    before = bench.running.requests()
    verdicts = bench.judge(bench.entries)
    assert came_out(verdicts, Outcome.HOLDS) == set(verdicts) == {entry.id for entry in bench.entries}
    asked = {need for entry in bench.entries for check in entry.checks for need in check.needs}
    assert bench.running.requests() - before <= len(asked) + 20


@pytest.mark.parametrize("fault", sorted({fault for rule in RULES for fault in rule.about.faults}))
def test_a_fault_violates_what_the_rules_say(bench: Any, broken: Callable[[str], None], fault: str) -> None:
    expected = bench.expected(fault, bench.entries)
    broken(fault)
    verdicts = bench.judge(bench.entries, within=seconds(1.5))
    bench.running.heal(fault)
    assert came_out(verdicts, Outcome.VIOLATED) == expected
    if fault not in BESIDE:
        assert came_out(verdicts, Outcome.INCONCLUSIVE) == set()


def test_each_rule_has_been_seen_to_fail(bench: Any) -> None:
    never = {
        check.rule.id
        for entry in bench.live()
        for check in entry.checks
        if not any(bench.broken_by(fault, check) for fault in check.rule.about.faults)
    }
    assert never <= {"readiness/version"}
