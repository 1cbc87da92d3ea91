"""Every fault against every claim of every contract in ``systems/``, once a night.

What is violated is exactly what the rules say. Everything else holds, or is inconclusive for
a reason that the fault gives. That a fault is healed shows in the next one, and at the end.
``scripts/matrix`` writes what was seen here into ``docs/reference/faults.md``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.model.units import seconds
from verify.model.verdict import Outcome, Verdict
from verify.reference.faults import FAULTS

SYSTEMS = sorted((Path(__file__).parents[2] / "systems").glob("*/verify.yaml"))
#: faults that the system is given time to get over
PATIENT = {"slow-start", "edge-limit-tight"}
#: faults that refuse requests: what was refused may be without a verdict
REFUSING = {"edge-limit-tight", "quota-tight"}
READY = "smoke::readiness/within"
#: why a claim may not be judged of a system that is not ready
WAITED = ("the environment is not ready: ", "shows no version: ", "so its end says nothing", "was not well before")

each_system = pytest.mark.parametrize(
    "bench", SYSTEMS, ids=lambda path: path.parent.name, indirect=True, scope="module"
)


def names(verdicts: dict[str, Verdict], outcome: Outcome) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.outcome is outcome}


def said(verdict: Verdict) -> list[str]:
    return [unknown.reason for judgement in verdict.judgements for unknown in judgement.unknowns]


def unexplained(verdicts: dict[str, Verdict], fault: str, violated: set[str]) -> dict[str, list[str]]:
    """Return what is inconclusive for another reason than the fault gives."""
    allowed = (*(("refused", "limit") if fault in REFUSING else ()), *(WAITED if READY in violated else ()))
    reasons = {name: said(verdicts[name]) for name in names(verdicts, Outcome.INCONCLUSIVE)}
    return {
        name: why
        for name, why in reasons.items()
        if not why or not all(any(words in one for words in allowed) for one in why)
    }


@pytest.mark.nightly
@each_system
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_every_fault(
    bench: Any, broken: Callable[[str], None], fault: str, record_property: Callable[[str, object], None]
) -> None:
    expected = bench.expected(fault, bench.entries)
    broken(fault)
    verdicts = bench.judge(bench.entries, within=seconds(12 if fault in PATIENT else 1.5))
    bench.running.heal(fault)
    bench.clean_up(verdicts)
    for outcome in Outcome:
        record_property(outcome.name.lower(), " ".join(sorted(names(verdicts, outcome))))
    violated = names(verdicts, Outcome.VIOLATED)
    assert violated == expected, {name: verdicts[name].judgements for name in violated ^ expected}
    assert unexplained(verdicts, fault, violated) == {}


@pytest.mark.nightly
@each_system
def test_whole_everything_holds_ten_times_in_a_row(bench: Any) -> None:
    for _ in range(10):
        verdicts = bench.judge(bench.entries)
        others = {name: one.judgements for name, one in verdicts.items() if one.outcome is not Outcome.HOLDS}
        assert others == {}
