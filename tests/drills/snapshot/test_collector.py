"""The need for snapshots is met with what the contract and the environment say."""

import secrets
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from verify.collectors.snapshots import collect
from verify.contract.backup import Backup, BackupAt
from verify.effects.redact import Redactor
from verify.facts.snapshot import Instance, Snapshots
from verify.model.need import Unseen
from verify.reference.objectstore import ObjectStore

NEED = Snapshots(backup="database")


def world(object_store: ObjectStore, backup: dict[str, Any], at: dict[str, Any]) -> Any:
    """What the collector looks at of a run."""
    return SimpleNamespace(
        contract=SimpleNamespace(backups={"database": Backup.model_validate(backup)}),
        environment=SimpleNamespace(backups={"database": BackupAt.model_validate(at)}, private=False),
        secrets={"RDS_ACCESS": object_store.access, "RDS_SECRET": object_store.secret},
        journal=object(),
        redactor=Redactor(),
        trust=None,
        breakable=None,
    )


@pytest.fixture
def at(object_store: ObjectStore) -> dict[str, Any]:
    return {"endpoint": object_store.url, "access": "$RDS_ACCESS", "secret": "$RDS_SECRET"}


def test_an_instance_is_described(object_store: ObjectStore, at: dict[str, Any]) -> None:
    name = f"app-{secrets.token_hex(4)}"
    admin = boto3.client(
        "rds", endpoint_url=object_store.url, region_name="us-east-1",
        aws_access_key_id=object_store.access, aws_secret_access_key=object_store.secret,
    )  # fmt: skip
    admin.create_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="postgres")
    seen = dict(collect((NEED,), world(object_store, {"engine": "snapshot", "instance": name}, at)))
    admin.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    fact = seen[NEED]
    assert isinstance(fact, Instance)
    assert (fact.name, fact.engine) == (name, "postgres")


@pytest.mark.parametrize(
    ("backup", "missing", "words"),
    [
        ({"engine": "snapshot", "instance": "absent"}, "", "there is no such instance"),
        ({"engine": "postgresql"}, "", "expected `instance:`"),
        ({"engine": "snapshot", "instance": "absent"}, "access", "expected `access: $NAME`"),
    ],
)
def test_what_cannot_be_seen_is_said(
    object_store: ObjectStore, at: dict[str, Any], backup: dict[str, Any], missing: str, words: str
) -> None:
    stated = {name: value for name, value in at.items() if name != missing}
    fact = dict(collect((NEED,), world(object_store, backup, stated)))[NEED]
    assert isinstance(fact, Unseen)
    assert words in fact.reason
