"""Defects that documents tell of themselves: the reference is built as they say, so the checks find them.

In their contracts these checks are left to live environments, since nobody wants to hear at each
run what the document already says of itself.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verify.model.finding import Finding
from verify.model.verdict import Outcome
from verify.run.options import Options
from verify.run.session import prepare

SYSTEMS = Path(__file__).parents[2] / "systems"
LIMIT = ", environments: [staging, production]"

Lift = Callable[[str], Any]


def of(system: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "bench", [SYSTEMS / system / "verify.yaml"], ids=[system], indirect=True, scope="module"
    )


@pytest.fixture
def lifted(bench: Any, tmp_path: Path) -> Lift:
    """Judge one claim of the bench's contract as if its check were stated for the reference too."""

    def judge(claim: str) -> Any:
        text = bench.prepared.path.read_text("utf-8")
        before, name, rest = text.partition(f"  {claim}:\n")
        own, following, others = rest.partition(f"\n  {claim[:4]}")
        assert own.count(LIMIT) == own.count("rule: ")
        changed = tmp_path / "verify.yaml"
        changed.write_text(before + name + own.replace(LIMIT, "") + following + others, "utf-8")
        options = Options(environment="reference", claims=(claim,))
        alone = replace(bench, prepared=prepare(changed, options))
        (entry,) = alone.entries
        assert len(entry.checks) == own.count("rule: ")
        (verdict,) = alone.judge(alone.entries).values()
        return verdict

    return judge


def found(verdict: Any) -> list[Finding]:
    return [finding for judgement in verdict.judgements for finding in judgement.findings]


@of("octoco")
def test_a_moment_without_workers_takes_all_replicas_out(bench: Any, lifted: Lift) -> None:
    assert "OCT-095" not in {entry.claim.id for entry in bench.entries}
    verdict = lifted("OCT-095")
    assert verdict.outcome is Outcome.VIOLATED
    assert [(finding.message, finding.stated, finding.seen) for finding in found(verdict)] == [
        ("liveness asks celery", "the process alone", "celery: ok"),
        ("liveness fails while celery is down", "up", "503"),
    ]
    assert bench.running.faults == frozenset()


@of("atlas_investor")
def test_what_the_document_says_of_health_is_not_in_it(bench: Any, lifted: Lift) -> None:
    assert "ATL-047" not in {entry.claim.id for entry in bench.entries}
    verdict = lifted("ATL-047")
    assert verdict.outcome is Outcome.VIOLATED
    assert [(finding.message, finding.seen) for finding in found(verdict)] == [
        (f"{name} is not in the health answer", "absent") for name in ("external_apis", "disk", "memory")
    ]
