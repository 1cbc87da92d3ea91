"""Two teams' own restores: they hold, and each fault of a backup is told by what it breaks."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.model.verdict import Outcome
from verify.run.options import Options

CONTRACT = Path(__file__).parent / "contracts" / "restores.yaml"
OPTIONS = Options(environment="reference", suites=("backup",))
SYSTEMS = Path(__file__).parents[2] / "systems"
OWN = ("migration-one-way", "restore-careless", "restore-hasty")
#: faults of the backup itself: these rules look at what is done with it
OTHERS = ("backup-empty", "backup-not-uploaded", "backup-stale", "backup-table-missing", "backup-truncated")

pytestmark = [pytest.mark.needs("postgresql", "redis")]


def complete(text: str, _running: Any, folder: Path) -> str:
    """Put the scripts where the contract has them."""
    for name in ("leather_api", "atlas_investor"):
        shutil.copytree(SYSTEMS / name / "scripts", folder / name)
    return text


@pytest.fixture(autouse=True)
def empty(bench: Any) -> None:
    """Begin with nothing lived through."""
    for folder in ("buckets", "lost"):
        shutil.rmtree(bench.running.folder / folder, ignore_errors=True)
    bench.running.buckets.mkdir(mode=0o700)


def came_out(verdicts: dict[str, Any], outcome: Outcome) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.outcome is outcome}


def test_each_rule_is_claimed(bench: Any) -> None:
    claimed = [check.rule for entry in bench.entries for check in entry.checks]
    assert {fault for rule in claimed for fault in rule.about.faults} == set(OWN)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("dv-*"))


def test_whole_everything_holds_and_no_damaged_copy_is_left(bench: Any) -> None:
    verdicts = bench.judge(bench.entries)
    assert came_out(verdicts, Outcome.HOLDS) == {entry.id for entry in bench.entries}, verdicts
    assert left(bench.running.buckets) == []
    assert len(list((bench.running.buckets / "restores-custom" / "safety").iterdir())) > 1


def test_each_has_been_seen_to_fail(bench: Any, broken: Callable[[str], None]) -> None:
    """All at once: they break programs that have nothing to do with each other."""
    for fault in OWN:
        broken(fault)
    verdicts = bench.judge(bench.entries)
    expected = set().union(*(bench.expected(fault, bench.entries) for fault in OWN))
    assert came_out(verdicts, Outcome.VIOLATED) == expected == {entry.id for entry in bench.entries}, verdicts


@pytest.mark.nightly
@pytest.mark.parametrize("fault", [*OWN, *OTHERS])
def test_a_fault_violates_what_the_rules_say(bench: Any, broken: Callable[[str], None], fault: str) -> None:
    broken(fault)
    verdicts = bench.judge(bench.entries)
    assert came_out(verdicts, Outcome.VIOLATED) == bench.expected(fault, bench.entries), verdicts
    assert came_out(verdicts, Outcome.INCONCLUSIVE) == bench.hidden(fault, bench.entries), verdicts
    assert left(bench.running.buckets) == []
