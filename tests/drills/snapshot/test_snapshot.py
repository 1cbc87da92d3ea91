"""Snapshots of a managed database: described, restored into an instance of our own, which goes again."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from verify.drills import rds
from verify.drills.aws import Access
from verify.drills.errors import DrillError, NotRestorable
from verify.drills.rds import Database
from verify.drills.snapshot import Restored, Trial, restore
from verify.effects.journal import Journal, clean
from verify.effects.redact import Redactor
from verify.facts.backup import Outcome
from verify.facts.equality import Comparison, Difference
from verify.facts.snapshot import Instance
from verify.model.units import Duration
from verify.reference.objectstore import ObjectStore
from verify.run.codec import decode, encode

EQUAL = Comparison(relations=1, rows=2, facts=3)
DIFFERENT = Comparison(
    relations=1, rows=2, facts=3, differences=(Difference(what="table a", source="2", copy="1"),)
)


@pytest.fixture
def admin(object_store: ObjectStore) -> Any:
    return boto3.client(
        "rds",
        endpoint_url=object_store.url,
        region_name="us-east-1",
        aws_access_key_id=object_store.access,
        aws_secret_access_key=object_store.secret,
    )


@pytest.fixture
def name(admin: Any) -> Iterator[str]:
    name = f"app-{secrets.token_hex(4)}"
    admin.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        EngineVersion="15.4",
        AllocatedStorage=20,
        MasterUsername="app",
        MasterUserPassword="never-shown-0000",
        BackupRetentionPeriod=30,
        PreferredBackupWindow="03:00-04:00",
        MultiAZ=True,
        StorageEncrypted=True,
    )
    yield name
    for each in admin.describe_db_instances()["DBInstances"]:
        admin.delete_db_instance(DBInstanceIdentifier=each["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    for each in admin.describe_db_snapshots()["DBSnapshots"]:
        if each["SnapshotType"] == "manual":
            admin.delete_db_snapshot(DBSnapshotIdentifier=each["DBSnapshotIdentifier"])


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(f"Run_{secrets.token_hex(4)}.x", tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def opened(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Database]]:
    monkeypatch.setenv("RDS_ACCESS", object_store.access)
    monkeypatch.setenv("RDS_SECRET", object_store.secret)
    access = Access(endpoint=object_store.url, region="us-east-1", access="RDS_ACCESS", secret="RDS_SECRET")
    made: list[Database] = []

    def at(name: str, *, writes: bool = True) -> Database:
        made.append(Database(name, access, redactor=Redactor(), writes=writes, poll=0.02))
        return made[-1]

    yield at
    for each in made:
        each.close()


@pytest.fixture
def snapshot(admin: Any, name: str) -> str:
    found = admin.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-1")
    return str(found["DBSnapshot"]["DBSnapshotIdentifier"])


@pytest.fixture
def database(opened: Callable[..., Database], name: str) -> Database:
    return opened(name)


def instances(admin: Any) -> set[str]:
    return {each["DBInstanceIdentifier"] for each in admin.describe_db_instances()["DBInstances"]}


def test_what_is_described(opened: Callable[..., Database], admin: Any, name: str) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-1")
    seen = opened(name, writes=False).describe()
    assert (seen.name, seen.region, seen.status, seen.engine, seen.version) == (
        name, "us-east-1", "available", "postgres", "15.4",
    )  # fmt: skip
    assert (seen.retention, seen.window, seen.multi_az, seen.encrypted) == (
        Duration.parse("30d"), "03:00-04:00", True, True,
    )  # fmt: skip
    assert seen.size == 20 << 30
    assert seen.latest is not None
    assert abs(seen.at - time.time()) < 60
    found = {each.id: each for each in seen.snapshots}[f"{name}-1"]
    assert (found.kind, found.usable, found.size) == ("manual", True, 20 << 30)
    assert abs(found.at - time.time()) < 60
    assert decode(Instance, json.loads(json.dumps(encode(seen)))) == seen


def test_no_such_instance(opened: Callable[..., Database]) -> None:
    with pytest.raises(
        DrillError, match=r"describing absent: there is no such instance at .*check `instance:`"
    ):
        opened("absent").describe()


def test_who_may_only_read_restores_nothing(
    opened: Callable[..., Database], admin: Any, name: str, journal: Journal
) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-1")
    with pytest.raises(DrillError, match="nothing may be changed"):
        restore(opened(name, writes=False), "database", journal)
    assert instances(admin) == {name}


@pytest.mark.parametrize(
    ("to", "call"),
    [
        ("snapshot", "RestoreDBInstanceFromDBSnapshot"),
        ("latest", "RestoreDBInstanceToPointInTime"),
        (0, "RestoreDBInstanceToPointInTime"),
    ],
)
def test_a_restore(database: Database, admin: Any, journal: Journal, to: Any, call: str) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-1")
    tried: list[Restored] = []

    def smoke(restored: Restored, left: float) -> None:
        found = admin.describe_db_instances(DBInstanceIdentifier=restored.name)["DBInstances"][0]
        assert {"Key": "verify-run", "Value": journal.run_id} in found["TagList"]
        assert found["DBInstanceClass"] == "db.t3.micro"
        assert not found.get("PubliclyAccessible")
        assert 0 < left < 60
        tried.append(restored)

    point = time.time() - 1 if to == 0 else to
    trip = restore(
        database,
        "database",
        journal,
        to=point,
        trial=Trial(smoke=smoke, verify=lambda *_: EQUAL),
        deadline=60,
    )
    assert (trip.backup, trip.outcome, trip.stage, trip.comparison) == ("database", Outcome.EQUAL, "", EQUAL)
    assert tried[0].name.startswith("drill-run-")
    assert (tried[0].host != "", tried[0].port) == (True, 5432)
    assert [(step.stage, step.ok) for step in trip.steps] == [
        ("fetch", True), ("restore", True), ("smoke", True), ("verify", True), ("verify", True),
    ]  # fmt: skip
    assert trip.steps[1].argv == (call, tried[0].name)
    assert 0 < trip.took < 60
    assert trip.at is not None
    assert abs(trip.at - time.time()) < 600
    assert (trip.size, trip.encrypted, dict(trip.versions)) == (20 << 30, True, {"postgres": "15.4"})
    assert instances(admin) == {database.name}
    journal.close()
    assert not journal.path.exists()


def test_the_newest_snapshot_that_can_be_restored(
    database: Database, admin: Any, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        admin.create_db_snapshot(
            DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-{number}"
        )
    described = database.describe()
    asked: dict[str, Any] = {}
    call = database.client.restore_db_instance_from_db_snapshot

    def ask(**arguments: Any) -> Any:
        asked.update(arguments)
        return call(**arguments)

    monkeypatch.setattr(database.client, "restore_db_instance_from_db_snapshot", ask)
    restore(database, "database", journal, deadline=60)
    newest = [each for each in described.snapshots if each.usable][-1]
    assert asked["DBSnapshotIdentifier"] == newest.id


@pytest.mark.parametrize(
    ("trial", "outcome", "words"),
    [
        (None, Outcome.UNPROVABLE, "nothing was compared"),
        (DIFFERENT, Outcome.DIFFERENT, "1 differences"),
        (Comparison(relations=0, rows=0, facts=0), Outcome.UNPROVABLE, "nothing to compare"),
        (
            Comparison(relations=1, rows=0, facts=0, unprovable=("a: foreign",)),
            Outcome.UNPROVABLE,
            "a: foreign",
        ),
    ],
)
def test_it_is_equal_only_where_it_was_compared(
    database: Database, admin: Any, journal: Journal, trial: Any, outcome: Outcome, words: str
) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-1")
    verify = None if trial is None else (lambda *_: trial)
    trip = restore(database, "database", journal, trial=Trial(verify=verify), deadline=60)
    assert (trip.outcome, trip.stage) == (outcome, "verify")
    assert words in trip.reason


@pytest.mark.parametrize(
    "raised", [NotRestorable("smoke", "no row"), DrillError("smoke", "no way in"), KeyboardInterrupt()]
)
def test_the_copy_goes_whatever_happens(
    database: Database, admin: Any, journal: Journal, raised: BaseException
) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-1")

    def smoke(*_: Any) -> None:
        raise raised

    with pytest.raises(type(raised)) as caught:
        restore(database, "database", journal, trial=Trial(smoke=smoke), deadline=60)
    assert instances(admin) == {database.name}
    if isinstance(caught.value, DrillError):
        assert type(caught.value) is type(raised)
        assert [step.stage for step in caught.value.steps] == ["fetch", "restore", "smoke", "verify"]


def states(monkeypatch: pytest.MonkeyPatch, database: Database, *said: str) -> None:
    """Let the copy go through states that moto's never has."""
    found, left = database.found, list(said)

    def told(name: str) -> Any:
        seen = found(name)
        if not name.startswith("drill-") or not left:
            return seen
        return {**seen, "DBInstanceStatus": left.pop(0) if len(left) > 1 else left[0]}

    monkeypatch.setattr(database, "found", told)


def test_it_is_waited_for(
    database: Database, admin: Any, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-1")
    states(monkeypatch, database, "creating", "backing-up", "modifying", "available")
    trip = restore(database, "database", journal, deadline=60)
    assert trip.steps[1].took >= 0.06


@pytest.mark.parametrize(
    "case",
    [
        ("failed", NotRestorable, "ended as failed"),
        ("incompatible-restore", NotRestorable, "ended as incompatible-restore"),
        ("creating", DrillError, "was not restored within 500ms: it is creating"),
    ],
)
def test_it_never_comes_up(
    database: Database,
    admin: Any,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, Any, str],
) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-1")
    state, kind, words = case
    states(monkeypatch, database, state)
    with pytest.raises(DrillError, match=words) as caught:
        restore(database, "database", journal, deadline=0.5 if state == "creating" else 20.0)
    assert type(caught.value) is kind
    assert caught.value.stage == "restore"
    assert caught.value.steps[1].timed_out == (state == "creating")
    assert instances(admin) == {database.name}


@pytest.mark.parametrize(("status", "words"), [(None, "there is none"), ("creating", "is creating")])
def test_no_snapshot(
    database: Database, admin: Any, journal: Journal, monkeypatch: pytest.MonkeyPatch, status: Any, words: str
) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-1")
    described = database.describe()
    snapshots = tuple(replace(each, status=status) for each in described.snapshots if status)
    monkeypatch.setattr(database, "describe", lambda **_: replace(described, snapshots=snapshots))
    with pytest.raises(NotRestorable, match=words) as caught:
        restore(database, "database", journal)
    assert caught.value.stage == "fetch"
    assert instances(admin) == {database.name}


@pytest.mark.parametrize(
    ("latest", "to", "words"),
    [
        (None, "latest", "automated backups are off"),
        (1000.0, 2000.0, "1970-01-01 00:33:20Z cannot be restored"),
    ],
)
def test_no_such_point(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch, latest: Any, to: Any, words: str
) -> None:
    seen = replace(database.describe(), latest=latest)
    monkeypatch.setattr(database, "describe", lambda **_: seen)
    with pytest.raises(NotRestorable, match=words):
        restore(database, "database", journal, to=to)


def test_only_ours_goes(database: Database, admin: Any, journal: Journal) -> None:
    other = f"drill-{secrets.token_hex(4)}"
    admin.create_db_instance(DBInstanceIdentifier=other, DBInstanceClass="db.t3.micro", Engine="postgres")
    for name in (other, database.name):
        with pytest.raises(DrillError, match="does not bear this run's mark"):
            database.remove(name, journal.run_id, within=0)
    assert instances(admin) == {other, database.name}
    assert database.remove("drill-absent", journal.run_id, within=0)


def killed(database: Database, admin: Any, journal: Journal) -> str:
    """Leave behind what a run leaves that is killed while it restores."""
    name = f"drill-{secrets.token_hex(4)}"
    journal.plan(rds.KIND, name=name, instance=name, **database.access.details())
    admin.create_db_instance(
        DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="postgres",
        Tags=[{"Key": "verify-run", "Value": journal.run_id}],
    )  # fmt: skip
    journal.close()
    return name


def test_what_a_killed_run_left_is_removed(
    database: Database, admin: Any, journal: Journal, object_store: ObjectStore
) -> None:
    killed(database, admin, journal)
    assert object_store.secret not in journal.path.read_text()
    [found] = clean(journal.path.parent)
    assert (found.kind, found.done) == ("rds-instance", True)
    assert instances(admin) == {database.name}
    assert clean(journal.path.parent) == []


def test_what_is_still_going_is_looked_at_again(
    database: Database, admin: Any, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = killed(database, admin, journal)
    with monkeypatch.context() as going:
        going.setattr(Database, "_state", lambda *_: "deleting")
        [found] = clean(journal.path.parent)
    assert not found.done
    assert "it is being deleted: clean again" in found.how
    assert left in instances(admin)
    [found] = clean(journal.path.parent)
    assert found.done
    assert left not in instances(admin)


@pytest.mark.parametrize(
    "case",
    [
        ("AccessDenied", DrillError, "grant rds:RestoreDBInstanceFromDBSnapshot"),
        ("KMSKeyNotAccessibleFault", DrillError, "also where it belongs to another account"),
        ("InstanceQuotaExceeded", DrillError, "no room for another instance"),
        ("InvalidDBSnapshotState", NotRestorable, "the snapshot cannot be restored"),
        ("DBSnapshotNotFound", NotRestorable, "the snapshot is gone"),
        ("InvalidClientTokenId", DrillError, r"check \$RDS_ACCESS and \$RDS_SECRET"),
    ],
)
def test_whose_fault_it_is(
    database: Database,
    admin: Any,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, Any, str],
) -> None:
    admin.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=f"{database.name}-1")

    code, kind, words = case

    def refused(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "said so"}}, "RestoreDBInstanceFromDBSnapshot")

    monkeypatch.setattr(database.client, "restore_db_instance_from_db_snapshot", refused)
    with pytest.raises(DrillError, match=words) as caught:
        restore(database, "database", journal, deadline=60)
    assert type(caught.value) is kind
    assert instances(admin) == {database.name}
    journal.close()
    assert not journal.path.exists()
