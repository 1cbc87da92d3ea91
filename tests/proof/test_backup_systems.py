"""Backups and recovery of each system on the reference: what its document contradicts is violated, alone."""

from pathlib import Path

import pytest

from verify.model.verdict import Outcome, Standing
from verify.run.options import Options
from verify.run.session import Session, prepare

SYSTEMS = Path(__file__).parents[2] / "systems"
#: what the documents themselves contradict
VIOLATED = {
    "atlas_investor": {"ATL-084"},  # no RTO and no RPO
    "ideation": {"IDE-074"},  # an RPO of an hour from a snapshot each day
    "leather_api": {"LEA-087"},  # maintenance in the hour of the backup
    # one script, of the database: neither media nor configuration; no RTO and no RPO
    "mdc_tts": {"MDC-051", "MDC-052", "MDC-085"},
}
LONG = {"atlas_investor", "mdc_tts"}
CASES = [pytest.param(name, marks=[pytest.mark.nightly] if name in LONG else []) for name in sorted(VIOLATED)]

pytestmark = [pytest.mark.needs("postgresql", "redis")]


@pytest.mark.parametrize("name", CASES)
def test_each_stated_backup_is_judged(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))
    options = Options(environment="reference", suites=("backup",))
    session = Session(prepare(SYSTEMS / name / "verify.yaml", options))
    selected = [entry for entry in session.prepared.plan.entries if entry.standing is Standing.SELECTED]
    try:
        session.open([entry.id for entry in selected])
        session.judge()
    finally:
        session.close()
    came_out = {entry.claim.id: session.verdicts[entry.id] for entry in selected}
    seen = {claim for claim, verdict in came_out.items() if verdict.outcome is Outcome.VIOLATED}
    assert seen == VIOLATED[name], [came_out[claim] for claim in seen ^ VIOLATED[name]]
    assert {verdict.outcome for verdict in came_out.values()} <= {Outcome.HOLDS, Outcome.VIOLATED}
    assert len(came_out) >= 5
