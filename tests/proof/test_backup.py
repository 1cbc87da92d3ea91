"""Backups of a reference that keeps them in every way: all hold, and each fault is told by what it breaks."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.judge.registry import Registry
from verify.model.verdict import Outcome
from verify.run.options import Options

CONTRACT = Path(__file__).parent / "contracts" / "backup.yaml"
OPTIONS = Options(environment="reference", suites=("backup",))
SCRIPTS = Path(__file__).parents[2] / "systems" / "atlas_investor" / "scripts"
#: what is done to a backup once it is there: tests/proof/test_restores.py
ELSEWHERE = {"backup/refuses-damaged", "backup/safety-copy", "recovery/reversible"}
RULES = [
    rule
    for rule in Registry(("verify.rules",)).all()
    if rule.family in {"backup", "recovery"} and rule.about.faults and rule.id not in ELSEWHERE
]
FAULTS = sorted({fault for rule in RULES for fault in rule.about.faults})
#: faults of the place, which no drill of the other backups meets
OF_PLACES = {fault for fault in FAULTS if fault.startswith(("bucket-", "snapshots-", "archiver-", "wal-"))}

pytestmark = [pytest.mark.needs("postgresql", "redis")]


def complete(text: str, _running: Any, folder: Path) -> str:
    """Put the scripts where the contract has them, as if nobody had changed them for a month."""
    shutil.copytree(SCRIPTS, folder / "scripts")
    past = time.time() - 30 * 86_400  # longer ago than what backup-stale sets the clock back
    os.utime(folder / "scripts" / "backup.sh", (past, past))
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
    claimed = {check.rule.id for entry in bench.entries for check in entry.checks}
    assert {rule.id for rule in RULES} <= claimed


def test_whole_everything_holds(bench: Any) -> None:
    verdicts = bench.judge(bench.entries)
    assert came_out(verdicts, Outcome.HOLDS) == {entry.id for entry in bench.entries}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_violates_what_the_rules_say(bench: Any, broken: Callable[[str], None], fault: str) -> None:
    # what a recovery to a point in time meets is the archiver alone
    drills = {"pitr"} | ({"restore", "recovery", "damaged"} if fault in OF_PLACES else set())
    entries = tuple(
        entry
        for entry in bench.entries
        if bench.breaks(fault, entry)
        or not any(need.kind in drills for check in entry.checks for need in check.needs)
    )
    broken(fault)
    verdicts = bench.judge(entries)
    assert came_out(verdicts, Outcome.VIOLATED) == bench.expected(fault, entries)
    assert came_out(verdicts, Outcome.INCONCLUSIVE) == bench.hidden(fault, entries)
