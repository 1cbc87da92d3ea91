"""A bucket: what is put comes back, what is there is listed, and only what is ours goes."""

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from verify.drills import rds
from verify.drills.aws import Access
from verify.drills.errors import DrillError, NotRestorable
from verify.drills.store import objects, s3
from verify.drills.store.base import Using
from verify.drills.store.s3 import S3Store
from verify.effects.journal import Journal, clean
from verify.facts.backup import Expiry, Store
from verify.run.codec import decode, encode

DUMP = b"-- PostgreSQL database dump\n"
TARGET = "arn:aws:s3:::elsewhere"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "db.sql"
    path.write_bytes(DUMP)
    return path


def objects_in(admin: Any, bucket: str) -> list[str]:
    versions = admin.list_object_versions(Bucket=bucket)
    return [each["Key"] for each in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ()))]


@pytest.mark.parametrize("size", [0, 1, 70_000, 11 << 20])
def test_what_is_put_comes_back(
    admin: Any, bucket: str, monkeypatch: pytest.MonkeyPatch, store: S3Store, tmp_path: Path, size: int
) -> None:
    monkeypatch.setattr(objects, "PART", 5 << 20)  # S3's least: the largest here goes in three parts
    path = tmp_path / "source"
    path.write_bytes((bytes(range(256)) * (size // 256 + 1))[:size])
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if size else ""
    put = store.put(path, "daily/db.dump")
    assert (put.stage, put.size, put.sha256, put.ok) == ("store", size, digest, True)
    listed = store.list().artefacts
    assert [(each.key, each.size) for each in listed] == [("daily/db.dump", size)]
    assert listed[0].sha256 in {digest, hashlib.sha256(b"").hexdigest()}
    into = tmp_path / "into"
    into.mkdir()
    copy, got = store.get("daily/db.dump", into)
    assert copy == into / "db.dump"
    assert copy.read_bytes() == path.read_bytes()
    assert (got.stage, got.size, got.sha256) == ("fetch", size, digest)
    store.delete("daily/db.dump")
    assert objects_in(admin, bucket) == []


def test_a_step_names_the_call(bucket: str, dump: Path, store: S3Store) -> None:
    assert store.put(dump, "a").argv == ("PutObject", str(dump), f"s3://{bucket}/db/a")
    assert dump.exists()


def test_what_is_given_is_not_there_any_more(dump: Path, store: S3Store, tmp_path: Path) -> None:
    whole = dump.read_bytes()
    store.put(dump, "a", given=True)
    assert not dump.exists()
    assert store.get("a", tmp_path, reading=True)[0].read_bytes() == whole


def test_nothing_is_replaced(admin: Any, bucket: str, dump: Path, store: S3Store) -> None:
    admin.put_object(Bucket=bucket, Key="db/taken", Body=b"theirs")
    with pytest.raises(DrillError, match=r"db/taken is there already") as caught:
        store.put(dump, "taken")
    assert caught.value.stage == "store"
    assert admin.get_object(Bucket=bucket, Key="db/taken")["Body"].read() == b"theirs"


@pytest.mark.parametrize("size", [10, 11 << 20])
def test_nothing_is_replaced_that_came_meanwhile(
    admin: Any,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    store: S3Store,
    tmp_path: Path,
    size: int,
) -> None:
    monkeypatch.setattr(objects, "PART", 5 << 20)
    path = tmp_path / "big"
    path.write_bytes(bytes(size))
    look = objects.head

    def head(*arguments: Any) -> Any:
        found = look(*arguments)
        if found is None:
            admin.put_object(Bucket=bucket, Key="db/taken", Body=b"theirs")
        return found

    monkeypatch.setattr(objects, "head", head)
    with pytest.raises(DrillError, match="PreconditionFailed"):
        store.put(path, "taken")
    assert admin.get_object(Bucket=bucket, Key="db/taken")["Body"].read() == b"theirs"
    assert admin.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    assert store._using.journal.path.read_text().count('"gone"') == 1


def test_only_ours_goes(admin: Any, bucket: str, store: S3Store) -> None:
    admin.put_object(Bucket=bucket, Key="db/theirs", Body=b"x")
    admin.put_object(Bucket=bucket, Key="db/other-run", Body=b"x", Metadata={objects.MARK: "another"})
    for key in ("theirs", "other-run", "absent"):
        with pytest.raises(DrillError, match="does not bear this run's mark"):
            store.delete(key)
    assert sorted(objects_in(admin, bucket)) == ["db/other-run", "db/theirs"]


def test_what_was_broken_off_goes_when_it_is_closed(
    admin: Any, bucket: str, dump: Path, journal: Journal, store: S3Store
) -> None:
    for key in ("kept.dump", "lost.dump"):
        store.put(dump, key)
    store.leave("kept.dump")
    store.close()
    keys = [each["Key"] for each in admin.list_objects_v2(Bucket=bucket)["Contents"]]
    assert [key.rpartition("/")[2] for key in keys] == ["kept.dump"]
    store.close()
    journal.close()
    assert not journal.path.exists(), "nothing is recorded any more"


def test_a_versioned_bucket_keeps_nothing_of_ours(
    admin: Any, bucket: str, dump: Path, store: S3Store
) -> None:
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store.put(dump, "a")
    store.delete("a")
    assert objects_in(admin, bucket) == []


def test_a_locked_bucket_is_not_written_to(
    admin: Any, bucket: str, dump: Path, opened: Callable[..., S3Store]
) -> None:
    locked = f"{bucket}-locked"
    admin.create_bucket(Bucket=locked, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    admin.put_object_lock_configuration(
        Bucket=locked, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    store = opened(f"s3://{locked}")
    with pytest.raises(DrillError, match="locked by default"):
        store.put(dump, "a")
    assert objects_in(admin, locked) == []


def test_who_may_only_read_sends_no_change(
    using: Using, admin: Any, bucket: str, dump: Path, opened: Callable[..., S3Store]
) -> None:
    admin.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={objects.MARK: using.journal.run_id})
    store = opened(f"s3://{bucket}", writes=False)
    assert [each.key for each in store.list().artefacts] == ["a"]
    with pytest.raises(DrillError, match="nothing may be changed"):
        store.put(dump, "b")
    with pytest.raises(DrillError, match="nothing may be changed"):
        store.delete("a")
    assert objects_in(admin, bucket) == ["a"]


def test_what_is_gone_is_the_backup_s_fault(store: S3Store, tmp_path: Path) -> None:
    with pytest.raises(NotRestorable, match=r"fetching s3://.*/db/absent: it is not in the store") as caught:
        store.get("absent", tmp_path)
    assert caught.value.stage == "fetch"


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", "a//b", "a\0"])
def test_keys_stay_in_the_store(dump: Path, store: S3Store, tmp_path: Path, key: str) -> None:
    for act in (lambda: store.get(key, tmp_path), lambda: store.put(dump, key), lambda: store.delete(key)):
        with pytest.raises(DrillError, match="expected the key of an artefact"):
            act()


def test_a_folder_is_not_stored(store: S3Store, tmp_path: Path) -> None:
    with pytest.raises(DrillError, match="expected a file to store"):
        store.put(tmp_path, "a")


def test_a_store_without_prefix_and_one_below_a_folder(
    admin: Any, bucket: str, opened: Callable[..., S3Store]
) -> None:
    for key in ("top.sql", "db/a.sql", "db/daily/b.sql", "dbx/c.sql", "db/daily/"):
        admin.put_object(Bucket=bucket, Key=key, Body=DUMP)
    whole = opened(f"s3://{bucket}", writes=False).list()
    assert {each.key for each in whole.artefacts} == {"top.sql", "db/a.sql", "db/daily/b.sql", "dbx/c.sql"}
    part = opened(f"s3://{bucket}/db/", writes=False).list()
    assert part.place == f"s3://{bucket}/db"
    assert {each.key for each in part.artefacts} == {"a.sql", "daily/b.sql"}


def test_what_is_listed(admin: Any, bucket: str, store: S3Store) -> None:
    admin.put_object(Bucket=bucket, Key="db/db-20261001T020000Z.sql", Body=DUMP)
    admin.put_object(
        Bucket=bucket, Key="db/daily/db.age", Body=b"age-encryption.org/v1\n", ServerSideEncryption="aws:kms"
    )
    admin.put_object(Bucket=bucket, Key="db/empty.gz", Body=b"")
    seen = {each.key: each for each in store.list().artefacts}
    dated = seen["db-20261001T020000Z.sql"]
    assert (dated.at, dated.size, dated.form) == (
        datetime(2026, 10, 1, 2, tzinfo=UTC).timestamp(),
        len(DUMP),
        "sql",
    )
    assert dated.modified > dated.at
    assert (seen["daily/db.age"].form, seen["daily/db.age"].encryption) == ("age", "aws:kms")
    assert seen["daily/db.age"].at == seen["daily/db.age"].modified
    assert (seen["empty.gz"].form, seen["empty.gz"].encryption) == ("empty", "")


def test_a_manifest_says_when(
    using: Using, admin: Any, bucket: str, journal: Journal, opened: Callable[..., S3Store]
) -> None:
    def read(manifest: bytes) -> float:
        if manifest == b"broken":
            raise DrillError("fetch", "it is no manifest")
        return float(manifest)

    for name, manifest in (("a-20261001.sql", b"1234.5"), ("b-20261001T000000Z.sql", b"broken")):
        admin.put_object(Bucket=bucket, Key=name, Body=DUMP)
        admin.put_object(Bucket=bucket, Key=f"{name}.manifest", Body=manifest)
    own = Using(journal=journal, redactor=using.redactor, snapshot_at=read)
    seen = opened(f"s3://{bucket}", using=own).list().artefacts
    first = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
    assert [(each.key, each.at, each.manifest) for each in seen] == [
        ("a-20261001.sql", 1234.5, True),
        ("b-20261001T000000Z.sql", first, True),
    ]


def test_more_than_a_page_and_the_newest_are_looked_into(
    admin: Any, bucket: str, monkeypatch: pytest.MonkeyPatch, store: S3Store
) -> None:
    monkeypatch.setattr(s3, "LOOKED_INTO", 20)
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda n: admin.put_object(Bucket=bucket, Key=f"db/{n:04}.sql", Body=DUMP), range(1005))
        )
    seen = store.list().artefacts
    assert {each.key for each in seen} == {f"{n:04}.sql" for n in range(1005)}
    assert sum(each.form == "sql" for each in seen) == 20
    assert sum(each.encryption is None for each in seen) == 985


def test_a_plain_bucket(bucket: str, store: S3Store) -> None:
    seen = store.list()
    assert (seen.place, seen.host, seen.artefacts) == (f"s3://{bucket}/db", "localhost", ())
    assert (seen.versioning, seen.replicas, seen.expiries, seen.public) == ("", (), (), False)
    assert seen.encryption == ""
    assert seen.unseen == {}
    assert decode(Store, json.loads(json.dumps(encode(seen)))) == seen


def versioned(admin: Any, bucket: str) -> None:
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def suspended(admin: Any, bucket: str) -> None:
    versioned(admin, bucket)
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def encrypted(admin: Any, bucket: str) -> None:
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    admin.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})


def replicated(admin: Any, bucket: str) -> None:
    versioned(admin, bucket)
    admin.create_bucket(
        Bucket=f"{bucket}-copy", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    versioned(admin, f"{bucket}-copy")
    rules = [
        {
            "ID": "a",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "Destination": {"Bucket": f"arn:aws:s3:::{bucket}-copy"},
        },
        {
            "ID": "b",
            "Status": "Disabled",
            "Priority": 2,
            "Filter": {"Prefix": ""},
            "Destination": {"Bucket": "arn:aws:s3:::off"},
        },
    ]
    admin.put_bucket_replication(
        Bucket=bucket, ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/r", "Rules": rules}
    )


def expiring(admin: Any, bucket: str) -> None:
    rules = [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "daily/"}, "Expiration": {"Days": 7}},
        {"ID": "b", "Status": "Disabled", "Filter": {"Prefix": "weekly/"}, "Expiration": {"Days": 30}},
        {
            "ID": "c",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        },
    ]
    admin.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def policy(admin: Any, bucket: str, **more: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        **more,
    }
    admin.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def blocked(admin: Any, bucket: str) -> None:
    policy(admin, bucket)
    admin.put_bucket_acl(Bucket=bucket, ACL="public-read")
    every = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    admin.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(every, True))


@pytest.mark.parametrize(
    ("arrange", "expected"),
    [
        (versioned, {"versioning": "Enabled"}),
        (suspended, {"versioning": "Suspended"}),
        (encrypted, {"encryption": "aws:kms"}),
        (
            expiring,
            {"expiries": (Expiry(prefix="daily/", days=7), Expiry(prefix="", days=30, noncurrent=True))},
        ),
        (lambda admin, bucket: admin.put_bucket_acl(Bucket=bucket, ACL="public-read"), {"public": True}),
        (policy, {"public": True}),
        (lambda admin, bucket: policy(admin, bucket, Effect="Deny"), {"public": False}),
        (blocked, {"public": False}),
    ],
)
def test_how_a_bucket_keeps_things(
    admin: Any, bucket: str, store: S3Store, arrange: Callable[[Any, str], None], expected: dict[str, Any]
) -> None:
    arrange(admin, bucket)
    seen = store.list()
    assert {name: getattr(seen, name) for name in expected} == expected
    assert seen.unseen == {}


def test_where_a_bucket_is_copied_to(admin: Any, bucket: str, store: S3Store) -> None:
    replicated(admin, bucket)
    seen = store.list()
    assert seen.replicas == (f"{bucket}-copy",)
    assert seen.regions == {bucket: "us-east-1", f"{bucket}-copy": "eu-west-1"}


def test_what_a_killed_run_left_is_removed(
    environ: dict[str, str],
    admin: Any,
    bucket: str,
    dump: Path,
    journal: Journal,
    opened: Callable[..., S3Store],
) -> None:
    versioned(admin, bucket)
    admin.put_object(Bucket=bucket, Key="theirs", Body=b"x")
    opened(f"s3://{bucket}").put(dump, "ours")
    journal.close()  # the lock goes as with a killed run; what is recorded stays
    text = journal.path.read_text()
    assert environ["TEST_STORE_SECRET"] not in text
    assert environ["TEST_STORE_ACCESS"] not in text
    [found] = clean(journal.path.parent)
    assert (found.kind, found.done, found.how) == ("s3-object", True, "removed")
    assert objects_in(admin, bucket) == ["theirs"]
    assert clean(journal.path.parent) == []


def test_what_cannot_be_removed_is_said(
    admin: Any,
    bucket: str,
    dump: Path,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    store: S3Store,
) -> None:
    store.put(dump, "ours")
    journal.close()
    with monkeypatch.context() as without:
        without.delenv("TEST_STORE_SECRET")
        [found] = clean(journal.path.parent)
    assert not found.done
    assert "$TEST_STORE_SECRET: set it" in found.how
    admin.put_object(Bucket=bucket, Key="db/ours", Body=b"somebody else's now")
    [found] = clean(journal.path.parent)
    assert not found.done
    assert "does not bear this run's mark" in found.how
    admin.delete_object(Bucket=bucket, Key="db/ours")
    [found] = clean(journal.path.parent)
    assert (found.done, found.how) == (True, "was gone already")


@pytest.mark.usefixtures("environ")
def test_an_upload_that_was_killed_is_given_up(
    access: Access, admin: Any, bucket: str, journal: Journal
) -> None:
    upload = admin.create_multipart_upload(Bucket=bucket, Key="ours")["UploadId"]
    entry = journal.plan(objects.KIND, name="s3://x/ours", bucket=bucket, key="ours", **access.details())
    entry.made(upload=upload)
    journal.close()
    [found] = clean(journal.path.parent)
    assert found.done
    assert admin.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_what_was_made_on_the_reference_goes_with_it(bucket: str, journal: Journal) -> None:
    own = Access(region="us-east-1", access="DEPLOY_VERIFY_REFERENCE_ACCESS", secret="unset")
    for kind in (objects.KIND, rds.KIND):
        journal.plan(kind, name="x", bucket=bucket, key="a", instance="drill-a", **own.details())
    journal.close()
    assert [each.how for each in clean(journal.path.parent)] == ["went with the reference"] * 2


def test_clean_knows_what_drills_make() -> None:
    code = (
        "from verify.run import leftovers; from verify.effects.leftovers import REAPERS; "
        "leftovers.register(); print(sorted(REAPERS))"
    )
    known = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert {"rds-instance", "s3-object"} <= set(ast.literal_eval(known.stdout))


KILLED = """
import pathlib, sys
from verify.drills.aws import Access
from verify.drills.store.base import Using
from verify.drills.store.s3 import S3Store
from verify.effects.journal import Journal
from verify.effects.redact import Redactor

url, bucket, state, dump = sys.argv[1:]
journal = Journal.open("killed", pathlib.Path(state))
access = Access(endpoint=url, region="us-east-1", access="TEST_STORE_ACCESS", secret="TEST_STORE_SECRET")
store = S3Store(f"s3://{bucket}", access, Using(journal=journal, redactor=Redactor()), writes=True)
store.put(pathlib.Path(dump), "ours")
print("stored", flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("environ")
def test_a_run_that_is_killed(access: Access, admin: Any, bucket: str, dump: Path, tmp_path: Path) -> None:
    arguments = [str(access.endpoint), bucket, str(tmp_path / "killed"), str(dump)]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "stored\n"
        assert objects_in(admin, bucket) == ["ours"]
        child.kill()
    [found] = clean(tmp_path / "killed")
    assert (found.kind, found.done, found.how) == ("s3-object", True, "removed")
    assert objects_in(admin, bucket) == []
