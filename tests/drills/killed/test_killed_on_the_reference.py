"""The same drills on the reference: it goes with them, whatever they had made in it."""

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from verify.reference import keeper

pytestmark = [pytest.mark.needs("postgresql", "redis"), pytest.mark.nightly]

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "tests" / "proof" / "contracts"
PHYSICAL = "verify.drills.postgres"
#: by name: contract, claim, and where its drill stands
STANDS = {
    "damaged: the whole is restored": ("restores", "whole", "verify.collectors.damaged _run 1 restore"),
    "damaged: the sixth is restored": ("restores", "sealed", "verify.collectors.damaged _run 6 restore"),
    "reverse: on the way forth": ("restores", "undone", "verify.collectors.reverse _went 2 restore"),
    "recovery: after the disaster": ("backup", "back", "verify.collectors.recovery _recovered 1 restore"),
    "pitr: the base backup": ("backup", "moment", f"{PHYSICAL}.physical base_backup 1 take"),
    "pitr: the archiver is waited for": ("backup", "moment", f"{PHYSICAL}.archiver wait_archived 1 -"),
    "history: a night is lived through": ("backup", "kept", "verify.collectors.history execute_for 4 take"),
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Two teams' scripts, where the contracts have them."""
    for name, folder in (("leather_api",) * 2, ("atlas_investor",) * 2, ("atlas_investor", "scripts")):
        shutil.copytree(ROOT / "systems" / name / "scripts", tmp_path / "system" / folder)
    return tmp_path / "system"


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("name", STANDS)
def test_nothing_is_left(
    killed: Any, system: Path, tmp_path: Path, name: str, number: signal.Signals
) -> None:
    contract, claim, stand = STANDS[name]
    shutil.copyfile(CONTRACTS / f"{contract}.yaml", system / "verify.yaml")
    variables = {
        "PYTHONPATH": f"{Path(__file__).parent}:{ROOT}",
        "DRILL_STANDS": f"{stand} {tmp_path / 'here'}",
    }
    memory = keeper.segments()
    options = ("-p", "stands", "--env=reference", f"--claim={claim}")
    with killed.KILLED.started(killed.cache, system, *options, variables=variables) as run:
        came = run.wait_for(lambda _: (tmp_path / "here").exists())
        assert came, f"the run ended before: {''.join(run.lines)}"
        killed.leaves_nothing(run, number, run.end(number), memory)
