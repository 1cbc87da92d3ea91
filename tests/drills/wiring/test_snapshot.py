"""A managed database's snapshot is restored, asked where its login is known, and goes again."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from verify.collectors import managed
from verify.collectors.restore import collect
from verify.drills.postgres.address import Address
from verify.facts.backup import Outcome, Restore, RoundTrip
from verify.model.need import Unseen
from verify.reference.objectstore import ObjectStore

NEED = Restore(backup="database")


@pytest.fixture
def instance(rds: Any) -> Iterator[str]:
    name = f"app-{secrets.token_hex(4)}"
    rds.create_db_instance(
        DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="app", MasterUserPassword="never-shown-0000", BackupRetentionPeriod=7,
    )  # fmt: skip
    rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-1")
    yield name
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def told(world: Any) -> Any:
    ((_, fact),) = collect((NEED,), world)
    return fact


def instances(rds: Any) -> set[str]:
    return {each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]}


def test_a_snapshot_is_restored_and_nothing_is_compared(living, rds, instance: str, at, keys) -> None:
    before = instances(rds)
    trip = told(living({"engine": "snapshot", "instance": instance}, at, **keys))
    assert isinstance(trip, RoundTrip), trip
    assert (trip.outcome, trip.stage) == (Outcome.UNPROVABLE, "verify")
    assert "nothing was compared" in trip.reason
    assert "nothing was asked" in trip.untimed
    assert [step.stage for step in trip.steps][:2] == ["fetch", "restore"]
    assert instances(rds) == before


def test_a_copy_is_asked_with_the_source_s_login(
    place, living, rds, *, instance: str, at, keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interface gives addresses where nothing answers, so the server is our own."""
    asked: list[tuple[str, str]] = []
    real = managed.connected

    def connected(address: Address, **more: Any) -> Any:
        asked.append((address.parameters["host"], address.parameters["user"]))
        return real(place.server.address, **more)

    monkeypatch.setattr(managed, "connected", connected)
    stated = {"engine": "snapshot", "instance": instance, "smoke": "select 7 where true"}
    source = "postgresql://app:never-shown-0000@db.example.com/shop"
    trip = told(living(stated, {**at, "source": "$SOURCE"}, SOURCE=source, **keys))
    assert isinstance(trip, RoundTrip), trip
    assert (trip.outcome, trip.untimed) == (Outcome.UNPROVABLE, "")
    assert [user for _, user in asked] == ["app"]
    assert asked[0][0] != "db.example.com"
    before = instances(rds)
    stated["smoke"] = "select 7 where false"
    trip = told(living(stated, {**at, "source": "$SOURCE"}, SOURCE=source, **keys))
    assert (trip.outcome, trip.stage) == (Outcome.NOT_RESTORABLE, "smoke")
    assert "answered no row" in trip.reason
    assert instances(rds) == before


def test_where_nothing_answers_nothing_is_known(
    living, rds, instance: str, at, keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "postgresql://app:never-shown-0000@127.0.0.1:1/shop?connect_timeout=2"
    before = instances(rds)
    stated = {"engine": "snapshot", "instance": instance}
    real = managed.connected

    def connected(address: Address, **more: Any) -> Any:
        return real(Address({**address.parameters, "host": "127.0.0.1", "port": "1"}), **more)

    monkeypatch.setattr(managed, "connected", connected)
    fact = told(living(stated, {**at, "source": "$SOURCE"}, SOURCE=source, **keys))
    assert isinstance(fact, Unseen)
    assert fact.reason.startswith("smoke: ")
    assert "never-shown-0000" not in fact.reason
    assert instances(rds) == before


def test_without_a_snapshot_nothing_can_be_restored(living, rds, instance: str, at, keys) -> None:
    rds.delete_db_snapshot(DBSnapshotIdentifier=f"{instance}-1")
    for each in rds.describe_db_snapshots(DBInstanceIdentifier=instance)["DBSnapshots"]:
        rds.delete_db_snapshot(DBSnapshotIdentifier=each["DBSnapshotIdentifier"])
    trip = told(living({"engine": "snapshot", "instance": instance}, at, **keys))
    assert (trip.outcome, trip.stage) == (Outcome.NOT_RESTORABLE, "fetch")


@pytest.mark.parametrize(("missing", "words"), [("access", "`access: $NAME`"), ("secret", "`secret: $NAME`")])
def test_credentials_are_stated(living, at, keys, missing: str, words: str) -> None:
    stated = {name: value for name, value in at.items() if name != missing}
    fact = told(living({"engine": "snapshot", "instance": "app"}, stated, **keys))
    assert isinstance(fact, Unseen)
    assert words in fact.reason


def test_what_fails_to_come_up_goes_again(
    living, rds, instance: str, at, keys, *, object_store: ObjectStore, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: object_store.fails(restores=False))
    object_store.fails(restores=True)
    before = instances(rds)
    stated = {"engine": "snapshot", "instance": instance}
    trip = told(living(stated, at, **keys))
    assert (trip.outcome, trip.stage) == (Outcome.NOT_RESTORABLE, "restore")
    assert "ended as incompatible-restore" in trip.reason
    assert instances(rds) == before
    object_store.fails(restores=False)
    assert told(living(stated, at, **keys)).outcome is Outcome.UNPROVABLE
