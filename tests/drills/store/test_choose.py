"""The store that a contract names, and where its source is, without what is secret."""

from pathlib import Path
from typing import Any

import pytest

from verify.contract.backup import Backup, BackupAt
from verify.drills.errors import DrillError
from verify.drills.store.base import Using
from verify.drills.store.choose import access_of, open_store, source_of, using_of
from verify.drills.store.folder import FolderStore
from verify.drills.store.s3 import S3Store
from verify.effects.redact import Redactor

ENVIRON = {"STORE_ACCESS": "AKIAEXAMPLE0000", "STORE_SECRET": "s3cr3t-never-shown"}


def stated(**more: Any) -> Backup:
    return Backup.model_validate({"engine": "postgresql", **more})


def at(**more: Any) -> BackupAt:
    return BackupAt.model_validate(more)


def test_a_folder_is_below_the_contract(using: Using, tmp_path: Path) -> None:
    for place, expected in (("backups", tmp_path / "backups"), (str(tmp_path / "x"), tmp_path / "x")):
        store = open_store(stated(store=place), at(), using, root=tmp_path, environ={})
        assert isinstance(store, FolderStore)
        assert store.place == str(expected)


def test_a_bucket(using: Using, tmp_path: Path) -> None:
    where = at(
        endpoint="http://127.0.0.1:9000", access="$STORE_ACCESS", secret="$STORE_SECRET", region="eu-west-1"
    )
    store = open_store(stated(store="s3://example-backups/db"), where, using, root=tmp_path, environ=ENVIRON)
    assert isinstance(store, S3Store)
    assert (store.place, store.host) == ("s3://example-backups/db", "localhost")
    assert access_of(where).details() == {
        "region": "eu-west-1", "access": "STORE_ACCESS", "secret": "STORE_SECRET",
        "endpoint": "http://127.0.0.1:9000", "token": None, "trust": None, "private": False,
    }  # fmt: skip


@pytest.mark.parametrize("missing", ["access", "secret"])
def test_credentials_are_named(using: Using, tmp_path: Path, missing: str) -> None:
    words = {"access": "$STORE_ACCESS", "secret": "$STORE_SECRET"}
    del words[missing]
    with pytest.raises(DrillError, match=rf"expected `{missing}: \$NAME` in the environment's `backups:`"):
        open_store(stated(store="s3://example-backups"), at(**words), using, root=tmp_path, environ=ENVIRON)


def test_no_store(using: Using, tmp_path: Path) -> None:
    with pytest.raises(DrillError, match="expected `store:`"):
        open_store(stated(), at(), using, root=tmp_path, environ={})


@pytest.mark.parametrize(
    ("source", "place", "host"),
    [
        (
            "postgresql://app:pass-word@192.0.2.1:5433/app?sslmode=require",
            "postgresql://192.0.2.1:5433/app",
            "192.0.2.1",
        ),
        ("postgresql://app:pass-word@localhost/app", "postgresql://localhost/app", "localhost"),
        ("postgresql://app:pass-word@[2001:db8::1]/app", "postgresql://[2001:db8::1]/app", "2001:db8::1"),
        ("postgresql:///app?host=/run/postgresql&password=pass-word", "postgresql:///app", "localhost"),
        ("host=192.0.2.1 dbname=app password=pass-word", "postgresql://192.0.2.1/app", "192.0.2.1"),
        ("dbname=app", "postgresql:///app", "localhost"),
        ("s3://media/uploads/", "s3://media/uploads", ""),
        ("", "", ""),
        ("http://[pass-word", "", ""),
        ("pass-word", "", ""),
    ],
)
def test_where_a_source_is(source: str, place: str, host: str) -> None:
    assert source_of(source) == (place, host)


def test_what_a_store_is_used_with(using: Using) -> None:
    made = using_of(
        stated(timezone="Europe/Berlin"), journal=using.journal, redactor=Redactor(), source="dbname=app"
    )
    assert (str(made.zone), made.source, made.source_host) == (
        "Europe/Berlin",
        "postgresql:///app",
        "localhost",
    )
