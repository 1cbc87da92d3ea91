"""At the edge: stores that hide something, folders that have no such setting, and values at the limit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from verify.facts.backup import Artefact, Store
from verify.facts.snapshot import Instance, Snapshot
from verify.model.units import Size, seconds
from verify.rules import BackupSpec, NamedBackup

Said = Callable[..., tuple[str, ...]]
Shown = Callable[..., list[str]]
DAY = 86400
FOLDER = Store(place="/srv/backups", at=0, host="localhost")
BUCKET = Store(
    place="s3://b/db", at=0, host="eu-west-1", versioning="Enabled", encryption="AES256",
    replicas=("copy",), public=False, regions={"b": "eu-west-1", "copy": "eu-north-1"},
)  # fmt: skip
ONE = Artefact(key="a", at=1, modified=1, size=9, form="age", encryption="AES256")
DATABASE: dict[str, Any] = {"backup": "database"}


@pytest.mark.parametrize(
    ("rule", "more", "field"),
    [
        ("backup/versioned", {}, "versioning"),
        ("backup/replicated", {}, "replicas"),
        ("backup/encrypted", {"by": "store"}, "encryption"),
        ("backup/private", {}, "public"),
    ],
)
def test_what_was_not_seen_is_unknown_with_its_reason(
    shown: Shown, said: Said, rule: str, more: dict[str, str], field: str
) -> None:
    stated = {**DATABASE, **more}
    assert said(rule, stated, store=FOLDER) == ("?",)
    assert any("/srv/backups is a folder" in line for line in shown(rule, stated, store=FOLDER))
    hidden = replace(BUCKET, **{field: None, "unseen": {field: "grant it"}})
    assert said(rule, stated, store=hidden) == ("?",)
    assert "grant it" in shown(rule, stated, store=hidden)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("age", ()),
        ("openpgp", ()),
        ("openssl", ()),
        ("", ("?",)),
        ("directory", ("it is not encrypted",)),
        ("rdb", ("it is not encrypted",)),
    ],
)
def test_forms_that_are_sealed(said: Said, form: str, expected: tuple[str, ...]) -> None:
    store = replace(FOLDER, artefacts=(replace(ONE, form=form),))
    assert said("backup/encrypted", {**DATABASE, "by": "artefact"}, store=store) == expected


def test_the_newest_are_judged_where_that_is_stated(said: Said) -> None:
    old = replace(ONE, key="old", at=0, form="sql")
    store = replace(FOLDER, artefacts=(old, ONE))
    stated = {**DATABASE, "by": "artefact"}
    assert said("backup/encrypted", stated, store=store) == ("it is not encrypted",)
    assert said("backup/encrypted", {**stated, "newest": 1}, store=store) == ()


def test_an_empty_store_is_not_encrypted_and_an_empty_file_holds_no_secret(said: Said) -> None:
    stated = {**DATABASE, "by": "artefact"}
    assert said("backup/encrypted", stated, store=FOLDER) == ("silent",)
    empty = replace(ONE, size=0, form="empty")
    assert said("backup/encrypted", stated, store=replace(FOLDER, artefacts=(empty,))) == ("silent",)
    assert said("backup/encrypted", stated, store=replace(FOLDER, artefacts=(empty, ONE))) == ()


def test_objects_that_nobody_looked_into_are_not_green(said: Said, shown: Shown) -> None:
    store = replace(BUCKET, artefacts=(ONE, replace(ONE, key="b", encryption=None, form="")))
    for by in ("store", "artefact"):
        stated = {**DATABASE, "by": by}
        assert said("backup/encrypted", stated, store=store) == ("?",)
        assert any(
            "1 could not be told, such as b" in line
            for line in shown("backup/encrypted", stated, store=store)
        )


@pytest.mark.parametrize(
    ("more", "change", "expected"),
    [
        ({}, {}, ()),
        ({"to": "copy"}, {}, ()),
        ({"to": "other"}, {}, ("it is not copied",)),
        ({}, {"regions": {}}, ()),
        ({"other_region": True}, {"regions": {}}, ("?",)),
        ({"other_region": True}, {"regions": {"copy": "eu-north-1"}}, ("?",)),
        (
            {"other_region": True},
            {"regions": {"b": "x", "copy": "x", "c": "y"}, "replicas": ("copy", "c")},
            (),
        ),
        ({"other_region": True}, {"regions": {"b": "x", "copy": "x"}}, ("its copies are in its own region",)),
        ({}, {"artefacts": (replace(ONE, replication="PENDING"),)}, ()),
        ({}, {"artefacts": (replace(ONE, replication="FAILED"),)}, ("its copy failed",)),
    ],
)
def test_copies(said: Said, more: dict[str, Any], change: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert said("backup/replicated", {**DATABASE, **more}, store=replace(BUCKET, **change)) == expected


@pytest.mark.parametrize(
    ("change", "more", "expected"),
    [
        ({}, {}, ("?",)),
        ({"source": "postgresql://db/app", "source_host": "db"}, {}, ()),
        (
            {"source": "postgresql:///app", "source_host": "eu-west-1"},
            {},
            ("it is on the machine of its source",),
        ),
        ({"source": "s3://b/other"}, {}, ("it is in the bucket of its source",)),
        ({"source": "s3://c"}, {}, ()),
        ({"source": "s3://c"}, {"on": "eu-west-1"}, ()),
        ({"source": "s3://c"}, {"on": "eu-north-1"}, ("it is not where it is stated to be",)),
        ({"source": "s3://c", "host": ""}, {}, ("?",)),
    ],
)
def test_how_far_it_is(
    said: Said, change: dict[str, str], more: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert said("backup/separate", {**DATABASE, **more}, store=replace(BUCKET, **change)) == expected


INSTANCE = Instance(
    name="app", at=10 * DAY, region="eu-west-1", status="available", engine="postgres", version="16.4",
    retention=seconds(DAY), window="03:00-04:00", latest=10 * DAY - 300, multi_az=False,
    encrypted=False, size=1,
    snapshots=(Snapshot(id="a", at=9 * DAY, status="available", kind="automated", size=1, encrypted=False),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ()),
        ({"retention": seconds(DAY + 1)}, ("snapshots are kept too short",)),
        ({"newest": seconds(DAY)}, ()),
        ({"newest": seconds(DAY - 1)}, ("the newest snapshot is too old",)),
        ({"latest": seconds(300)}, ()),
        ({"latest": seconds(299)}, ("the last moment that can be restored is too old",)),
        ({"multi_az": True, "encrypted": True}, ("no standby in another zone", "no encryption")),
    ],
)
def test_what_is_stated_of_snapshots(said: Said, more: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert said("backup/snapshots", {**DATABASE, **more}, instance=INSTANCE) == expected


@pytest.mark.parametrize("suffix", [".sha256", ".MD5", ".sig"])
def test_what_proves_a_backup_is_none_itself(said: Said, suffix: str) -> None:
    """It is the newest, the smallest, in clear, and in a folder where no backup is."""
    proof = Artefact(key=f"daily/a{suffix}", at=DAY, modified=DAY, size=65, form="")
    held = replace(FOLDER, at=DAY + 60, artefacts=(replace(ONE, at=DAY, size=9000), proof))
    named = {"backup": NamedBackup("database", BackupSpec(engine="postgresql"))}
    fresh = {**named, "within": seconds(25 * 3600), "at_least": Size(1024)}
    assert said("backup/fresh", fresh, store=held) == ()
    assert said("backup/fresh", fresh, store=replace(held, artefacts=(proof,))) == ("there is no backup",)
    assert said("backup/encrypted", {**DATABASE, "by": "artefact"}, store=held) == ()
    folders = {**named, "folders": ("daily",)}
    assert said("backup/folders", folders, store=held) == ("there is no backup in it",)
