"""A bucket's copy is read back: what it lacks or holds otherwise is named, nothing of it is touched."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from verify.collectors.restore import collect
from verify.drills import objectstore
from verify.facts.backup import Artefact, Outcome, Restore, RoundTrip
from verify.model.need import Unseen

NEED = Restore(backup="database")
KEYS = [f"docs/{number}.txt" for number in range(6)]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tests make has arrived: they cannot wait a quarter of an hour."""
    monkeypatch.setattr(objectstore, "LAG", -5.0)


@pytest.fixture
def copied(s3: Any, bucket: str) -> str:
    """A bucket that is replicated to another, whose name is ours with ``-copy``."""
    copy = f"{bucket}-copy"
    s3.create_bucket(Bucket=copy)
    for name in (bucket, copy):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        for key in KEYS:
            s3.put_object(Bucket=name, Key=key, Body=f"what {key} holds".encode())
    rule = {
        "ID": "copy",
        "Status": "Enabled",
        "Prefix": "",
        "Destination": {"Bucket": f"arn:aws:s3:::{copy}"},
    }
    s3.put_bucket_replication(
        Bucket=bucket,
        ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [rule]},
    )
    return copy


@pytest.fixture
def told(living, at, keys) -> Callable[..., Any]:
    def act(store: str, **more: str) -> Any:
        stated = {**at, "source": "$SOURCE"} if more else at
        ((_, fact),) = collect(
            (NEED,), living({"engine": "objectstore", "store": store}, stated, **more, **keys)
        )
        return fact

    return act


def held(s3: Any, bucket: str) -> list[Any]:
    found = s3.list_object_versions(Bucket=bucket)
    return [
        (each["Key"], each["VersionId"])
        for each in found.get("Versions", []) + found.get("DeleteMarkers", [])
    ]


def test_a_replica_is_equal(told, s3, bucket: str, copied: str) -> None:
    s3.put_object(Bucket=copied, Key="docs/deleted-since.txt", Body=b"kept")
    before = held(s3, bucket), held(s3, copied)
    trip = told(f"s3://{bucket}")
    assert isinstance(trip, RoundTrip), trip
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert (trip.comparison.rows, trip.comparison.facts) == (len(KEYS), len(KEYS))
    assert trip.size == sum(len(f"what {key} holds") for key in KEYS)
    assert "nothing was asked" in trip.untimed  # a part of it was read: no time to recover
    assert (held(s3, bucket), held(s3, copied)) == before


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        (KEYS[2], None, "absent in"),
        (KEYS[2], b"shorter", "7 bytes in"),
        (KEYS[2], b"what docs/2.txt h0lds", "SHA-256"),
    ],
    ids=["missing", "shorter", "flipped"],
)
def test_what_the_copy_lacks_is_named(
    told, s3, bucket: str, copied: str, *, key: str, body: bytes | None, words: str
) -> None:
    if body is None:
        s3.delete_object(Bucket=copied, Key=key)
    else:
        s3.put_object(Bucket=copied, Key=key, Body=body)
    trip = told(f"s3://{bucket}")
    assert trip.outcome is Outcome.DIFFERENT
    assert [each.what for each in trip.comparison.differences] == [f"object {key}"]
    assert words in trip.reason


@pytest.mark.usefixtures("copied")
def test_a_stated_source_is_compared_with_its_backup(told, s3, bucket: str) -> None:
    kept = f"kept-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=kept)
    assert told(f"s3://{kept}", SOURCE=f"s3://{bucket}/docs").outcome is Outcome.DIFFERENT
    for key in KEYS:
        name = key.removeprefix("docs/")
        s3.copy_object(Bucket=kept, Key=name, CopySource={"Bucket": bucket, "Key": key})
    trip = told(f"s3://{kept}", SOURCE=f"s3://{bucket}/docs")
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")


def test_what_proves_nothing(told, bucket: str, copied: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trip = told(f"s3://{copied}")
    assert (trip.outcome, trip.stage) == (Outcome.UNPROVABLE, "verify")
    assert "is copied nowhere, and no `source:`" in trip.reason
    trip = told(f"s3://{bucket}/empty")
    assert trip.outcome is Outcome.UNPROVABLE
    assert "is empty" in trip.reason
    monkeypatch.setattr(objectstore, "LAG", 900.0)
    trip = told(f"s3://{bucket}")
    assert trip.outcome is Outcome.UNPROVABLE
    assert "too new" in trip.reason


def test_a_source_is_a_bucket(told, bucket: str) -> None:
    fact = told(f"s3://{bucket}", SOURCE="postgresql://app:never-shown-0000@db/shop")
    assert isinstance(fact, Unseen)
    assert "expected `source:` to lead to s3://" in fact.reason
    assert "never-shown-0000" not in fact.reason


def test_the_newest_are_read_and_others_in_turn() -> None:
    objects = [Artefact(key=f"k{number}", at=0, modified=number, size=1) for number in range(500)]
    one, other = ({each.key for each in objectstore.chosen(objects, run)} for run in ("a", "b"))
    newest = {f"k{number}" for number in range(475, 500)}
    assert newest <= one & other
    assert len(one) == len(other) == objectstore.READ
    assert one != other
    large = [Artefact(key="large", at=0, modified=9, size=objectstore.BYTES + 1), *objects[:3]]
    assert {each.key for each in objectstore.chosen(large, "a")} == {"k0", "k1", "k2"}


def test_what_changes_meanwhile_is_no_difference(
    told, s3, bucket: str, copied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = objectstore._compared

    def compared(*words: Any) -> Any:
        s3.put_object(Bucket=bucket, Key=KEYS[0], Body=b"written while we looked")
        return real(*words)

    s3.put_object(Bucket=copied, Key=KEYS[0], Body=b"WHAT docs/0.txt holds")
    assert told(f"s3://{bucket}").outcome is Outcome.DIFFERENT
    monkeypatch.setattr(objectstore, "_compared", compared)
    assert told(f"s3://{bucket}").outcome is Outcome.EQUAL
