"""What `backup/pitr` asks for: where it stands in an environment, and on the reference with its faults."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from verify.collectors.pitr import collect
from verify.contract.backup import Backup, BackupAt
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.facts.archive import PointInTime, RecoverTo
from verify.facts.backup import Outcome
from verify.model.need import Unseen
from verify.model.units import Duration
from verify.model.verdict import Outcome as Verdict
from verify.reference.system import Reference
from verify.run.options import Options
from verify.run.session import Session, prepare

pytestmark = pytest.mark.needs("postgresql")
NEED = RecoverTo(backup="cluster")
CONTRACT = """verify: 1
system: shop
environments:
  reference: {reference: {}, gate: [backup]}
endpoints:
  health: {path: /health/}
backups:
  cluster: {engine: physical, pitr: true}
claims:
  X-1: {says: a moment is restored, at: here, rule: backup/pitr, with: {backup: cluster, within: 5m}}
  X-2: {says: WAL is archived, at: here, rule: backup/archived, with: {backup: cluster, within: 5m}}
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))


def seen(bench: Any, tmp_path: Path, *, engine: str = "physical", **at: str) -> Any:
    """Return what the collector makes of an environment that says ``at``."""
    world: Any = SimpleNamespace(
        contract=SimpleNamespace(backups={"cluster": Backup.model_validate({"engine": engine})}),
        environment=SimpleNamespace(backups={"cluster": BackupAt.model_validate(at)}),
        secrets={"SOURCE": bench.source.dsn, "LIMITED": bench.source.dsn.replace("user=", "user=limited_")},
        journal=bench.journal,
        redactor=Redactor(),
        root=tmp_path,
        run_id=bench.journal.run_id,
        breakable=None,
    )
    ((need, fact),) = collect((NEED,), world)
    assert need == NEED
    return fact


def role(bench: Any, *rights: str) -> None:
    """Make a user anew, with no rights but ``rights``."""
    name = f"limited_{bench.source.parameters['user']}"
    if bench.one("select count(*) from pg_roles where rolname like 'limited%'"):
        bench.do(f"drop owned by {name}")
        bench.do(f"drop role {name}")
    for each in (f"create role {name} login", *rights):
        bench.do(each.format(name=name))


def test_in_an_environment(bench: Any, tmp_path: Path) -> None:
    """With the least rights that do."""
    bench.do("drop table if exists fleeting")
    (tmp_path / "wal").symlink_to(bench.archive)
    role(
        bench,
        "alter role {name} replication",
        "grant create on database postgres to {name}",
        "grant pg_read_all_data, pg_monitor to {name}",
        "grant execute on function pg_switch_wal() to {name}",
    )
    told = seen(bench, tmp_path, source="$LIMITED", archive="wal")
    assert isinstance(told, PointInTime), told
    assert (told.trip.outcome, told.trip.reason) == (Outcome.EQUAL, "")
    assert told.timeout == Duration(0)
    assert told.delay is not None
    before, after = (each.reached for each in told.recoveries)
    assert before is not None
    assert after is not None
    assert told.trip.at is not None
    assert before <= told.trip.at <= after


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ({"archive": "wal"}, r"state `source: \$NAME`"),
        ({"source": "$SOURCE"}, "state `archive: FOLDER`"),
        ({"source": "$SOURCE", "archive": "wal", "engine": "redis"}, "keeps no WAL"),
        ({"source": "$SOURCE", "archive": "nowhere"}, "nowhere: No such file.*expected a folder"),
        ({"source": "$LIMITED", "archive": "wal"}, "needs REPLICATION"),
    ],
)
def test_what_has_to_be_stated(at: dict[str, str], words: str, bench: Any, tmp_path: Path) -> None:
    if at.get("source") == "$LIMITED":
        role(bench)
    (tmp_path / "wal").mkdir()
    told = seen(bench, tmp_path, **at)
    assert isinstance(told, Unseen)
    assert re.search(words, told.reason), told.reason


@pytest.mark.nightly  # tests/proof/test_backup.py breaks it by each fault; here what is healed holds again
@pytest.mark.needs("redis")
def test_on_the_reference(tmp_path: Path) -> None:
    """Each fault violates what it says, and what is healed holds again."""
    path = tmp_path / "verify.yaml"
    path.write_text(CONTRACT)
    prepared = prepare(path, Options(environment="reference"))
    spec = prepared.loaded.contract.environments["reference"].reference
    assert spec is not None
    names = {"X-1": "backup/pitr", "X-2": "backup/archived"}
    with (
        Journal.open("pitr-rule", tmp_path / "state") as journal,
        Reference.start(spec, journal=journal) as running,
    ):
        for fault in ("wal-missing", "archiver-failing", ""):
            if fault:
                running.inject(fault)
            session = Session(prepared)
            try:
                session.open([entry.id for entry in prepared.plan.selected], running)
                session.judge()
            finally:
                session.close()
            came = {entry.partition("::")[2]: verdict for entry, verdict in session.verdicts.items()}
            for claim, rule in names.items():
                broken = any(
                    fault and check.rule.breaks(fault, check.stated, spec)
                    for entry in prepared.plan.selected
                    for check in entry.checks
                    if check.rule.id == rule
                )
                wanted = Verdict.VIOLATED if broken else Verdict.HOLDS
                assert came[claim].outcome is wanted, (fault, came[claim].judgements)
            if fault:
                running.heal(fault)
