"""The rules that do something and then look: each of their faults violates what they say, no more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.judge.registry import Registry
from verify.model.units import seconds
from verify.model.verdict import Outcome, Verdict
from verify.run.options import Options

OPTIONS = Options(environment="reference", watch=seconds(2), watch_interval=seconds(0.02))
CONTRACT = Path(__file__).parent / "acting.yaml"
RULES = (
    "environments/differ",
    "environments/same-release",
    "flow/works",
    "health/outage",
    "health/shallow",
    "logs/events",
    "logs/json",
    "logs/request-id",
    "logs/secret",
    "quota/counted",
    "readiness/same-version",
    "session/stateless",
    "watch/error-budget",
    "webhook/signed",
    "worker/canary",
)
FAULTS = sorted({fault for name in RULES for fault in Registry().get(name).about.faults})
#: why a claim may not be judged while something it needs is broken
EXPLAINED = (
    "the gate is not green",
    "was not well before",
    "the environment is not ready: ",
    "was not walked to its end",
)


def complete(text: str, running: Any, folder: Path) -> str:
    """Give the second environment the reference's other name, and its authority."""
    (folder / "ca.pem").write_bytes(running.ca_file.read_bytes())
    return text.replace("https://twin.example", running.url.replace("localhost", "127.0.0.1"))


def explained(verdict: Verdict) -> bool:
    reasons = [unknown.reason for judgement in verdict.judgements for unknown in judgement.unknowns]
    return bool(reasons) and all(any(words in reason for words in EXPLAINED) for reason in reasons)


def test_each_of_the_rules_is_claimed_here(bench: Any) -> None:
    claimed = {check.rule.id for entry in bench.entries for check in entry.checks}
    assert claimed == {*RULES, "health/status"}


def test_whole_everything_holds(bench: Any) -> None:
    verdicts = bench.judge(bench.entries)
    assert {name: one.judgements for name, one in verdicts.items() if one.outcome is not Outcome.HOLDS} == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_violates_what_the_rules_say(bench: Any, broken: Callable[[str], None], fault: str) -> None:
    expected = bench.expected(fault, bench.entries)
    assert expected
    quota = [entry for entry in bench.entries if bench.consumes(entry)]
    entries = tuple(entry for entry in bench.entries if entry not in quota or entry.id in expected)
    broken(fault)
    verdicts = bench.judge(entries, within=seconds(4))
    bench.running.heal(fault)
    bench.clean_up(verdicts)
    violated = {name for name, one in verdicts.items() if one.outcome is Outcome.VIOLATED}
    assert violated == expected, {name: verdicts[name].judgements for name in violated ^ expected}
    for verdict in verdicts.values():
        assert verdict.outcome is not Outcome.INCONCLUSIVE or explained(verdict), verdict
