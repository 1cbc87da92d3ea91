"""A run in an environment that says where its backups are, and the servers of the other drills."""

import importlib.util
import secrets
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from verify.collectors.world import World
from verify.contract.backup import Backup, BackupAt
from verify.reference.objectstore import ObjectStore

_SPEC = importlib.util.spec_from_file_location(
    "drills_logical_conftest", Path(__file__).parents[1] / "logical" / "conftest.py"
)
_LOGICAL = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_LOGICAL)
# the same server, journal and databases as there
drills, place = _LOGICAL.drills, _LOGICAL.place

Living = Callable[..., Any]


@pytest.fixture
def living(drills, tmp_path: Path) -> Living:
    """Return what a collector sees of a run: one backup, where it is, and the variables that are set."""

    def act(backup: dict[str, Any], at: dict[str, Any], **variables: str) -> Any:
        contract: Any = SimpleNamespace(backups={"database": Backup.model_validate(backup)})
        here: Any = SimpleNamespace(backups={"database": BackupAt.model_validate(at)}, private=True)
        return World(
            contract=contract,
            environment=here,
            secrets=variables,
            journal=drills,
            run_id=drills.run_id,
            root=tmp_path,
            credentials={},
        )

    return act


def client(service: str, store: ObjectStore) -> Any:
    """Ask as anybody with the key does, without any of our code."""
    return boto3.client(
        service,
        endpoint_url=store.url,
        region_name="us-east-1",
        aws_access_key_id=store.access,
        aws_secret_access_key=store.secret,
    )


@pytest.fixture
def s3(object_store: ObjectStore) -> Any:
    return client("s3", object_store)


@pytest.fixture
def rds(object_store: ObjectStore) -> Any:
    return client("rds", object_store)


@pytest.fixture
def at(object_store: ObjectStore) -> dict[str, Any]:
    return {"endpoint": object_store.url, "access": "$ACCESS", "secret": "$SECRET"}


@pytest.fixture
def keys(object_store: ObjectStore) -> dict[str, str]:
    return {"ACCESS": object_store.access, "SECRET": object_store.secret}


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"kept-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name)
    return name
