"""Each fault violates exactly the claims whose rules say so: the matrix, on leather_api.

The expected set is computed from the rules and from nothing else. Claims that send bursts
are judged for the faults that they speak of; with every other fault once a night, in ``test_matrix``.
"""

from collections.abc import Callable
from typing import Any

import pytest

from verify.model.verdict import Outcome, Verdict
from verify.reference.faults import FAULTS
from verify.run.plan import Entry

Break = Callable[[str], None]
#: faults that refuse requests: what was refused may be violated besides, and nothing else
REFUSING = {"edge-limit-tight", "quota-tight"}
REFUSED = "refused"
READY = "smoke::readiness/within"
#: what may be said of a claim that is not judged because the system is not ready; readiness waited
#: with a 503, which is also the answer for whoever looks at the same endpoint
WAITED = (
    "the environment is not ready: ",
    "shows no version: ",
    "so its end says nothing",
    "/healthcheck/ answered 503: ",
)


def concerned(bench: Any, fault: str) -> tuple[Entry, ...]:
    """Return the claims with bursts where the fault breaks one of them, else all others.

    What sums up is among them where it is to be violated: a part of its suite shows nothing else.
    """
    bursts, others = sorted_out(bench)
    if any(bench.breaks(fault, entry) for entry in bursts):
        others = (*bursts, *(entry for entry in others if entry.id == READY))
    sums = tuple(entry for entry in bench.entries if entry.sums)
    assert sums
    return (*others, *sums) if bench.expected(fault, others) else others


def sorted_out(bench: Any) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return the claims that send bursts, and the others but for sums."""
    bursts = tuple(entry for entry in bench.entries if bench.consumes(entry))
    return bursts, tuple(entry for entry in bench.entries if entry not in bursts and not entry.sums)


def came_out(verdicts: dict[str, Verdict], outcome: Outcome) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.outcome is outcome}


def said(verdict: Verdict) -> list[str]:
    return [unknown.reason for judgement in verdict.judgements for unknown in judgement.unknowns]


def explained(verdicts: dict[str, Verdict], names: set[str]) -> dict[str, Any]:
    return {name: verdicts[name].judgements for name in names}


def expect(verdicts: dict[str, Verdict], expected: set[str], fault: str = "") -> None:
    """Compare with what the rules say; nothing may be unknown but for want of readiness.

    A fault that refuses requests may hide what another limit would have done.
    """
    violated = came_out(verdicts, Outcome.VIOLATED)
    assert violated == expected, explained(verdicts, violated ^ expected)
    inconclusive = came_out(verdicts, Outcome.INCONCLUSIVE)
    if fault in REFUSING:
        assert all(REFUSED in reason for name in inconclusive for reason in said(verdicts[name])), (
            inconclusive
        )
        return
    if READY not in expected:
        assert not inconclusive, explained(verdicts, inconclusive)
    for name in inconclusive:
        reasons = said(verdicts[name])
        assert reasons
        assert all(any(words in reason for words in WAITED) for reason in reasons), reasons
    assert len(verdicts) == len(violated | inconclusive | came_out(verdicts, Outcome.HOLDS))


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_violates_what_the_rules_say(bench: Any, broken: Break, fault: str) -> None:
    entries = concerned(bench, fault)
    expected = bench.expected(fault, entries)
    broken(fault)
    verdicts = bench.judge_broken(fault, entries)
    bench.running.heal(fault)
    expect(verdicts, expected, fault)
    bench.clean_up(verdicts)
    expect(bench.judge(sorted_out(bench)[1]), set())


def test_whole_everything_holds(bench: Any) -> None:
    verdicts = bench.judge(bench.entries)
    expect(verdicts, set())
    assert len(verdicts) == len(bench.entries) > len(sorted_out(bench)[1])


def test_every_live_claim_of_the_reference_has_been_seen_to_fail(bench: Any) -> None:
    never = {
        check.rule.id
        for entry in bench.live()
        for check in entry.checks
        if not any(bench.broken_by(fault, check) for fault in FAULTS)
    }
    assert never == set()
