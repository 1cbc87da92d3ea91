"""Servers that speak less than all of S3, answers that are lost, objects that go meanwhile."""

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from verify.drills.aws import Access
from verify.drills.errors import DrillError
from verify.drills.store import objects
from verify.drills.store.base import Using
from verify.drills.store.s3 import S3Store

ENVIRON = {"TEST_STORE_ACCESS": "AKIAEXAMPLE0000", "TEST_STORE_SECRET": "s3cr3t/never+shown=0000"}
LISTED = (
    "<ListBucketResult><Name>backups</Name><IsTruncated>false</IsTruncated>"
    "<Contents><Key>a.sql</Key><LastModified>2026-11-21T02:00:00.000Z</LastModified><Size>9</Size></Contents>"
    "</ListBucketResult>"
)
NO_LIST = "<AccessControlPolicy><AccessControlList></AccessControlList></AccessControlPolicy>"
Answers = dict[str, tuple[int, str]]


def refused(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>said so</Message></Error>"


@pytest.fixture
def serving(stubbed: Callable[..., Any], using: Using) -> Callable[[Answers], S3Store]:
    """Open a bucket of a server that answers by words in its request line, else that it does not know."""

    def at(answers: Answers) -> S3Store:
        def answer(request: BaseHTTPRequestHandler) -> None:
            found = [each for words, each in answers.items() if words in request.path]
            status, body = found[0] if found else (501, refused("NotImplemented"))
            request.send_response_only(status)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            if request.command != "HEAD":
                request.wfile.write(body.encode())

        access = Access(
            endpoint=stubbed(answer).url, region="us-east-1",
            access="TEST_STORE_ACCESS", secret="TEST_STORE_SECRET",
        )  # fmt: skip
        return S3Store("s3://backups", access, using, environ=ENVIRON)

    return at


def policy(**more: Any) -> str:
    return json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", **more}]}
    )


@pytest.mark.parametrize(
    ("answer", "expected", "unseen"),
    [
        ((200, policy()), True, set()),
        ((200, policy(Principal={"AWS": "arn:aws:iam::1:root"})), False, set()),
        ((200, policy(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})), None, {"public"}),
        ((404, refused("NoSuchBucketPolicy")), False, set()),
        ((403, refused("AccessDenied")), None, {"public"}),
    ],
)
def test_a_server_without_a_word_on_policies(
    serving: Callable[[Answers], S3Store], answer: tuple[int, str], expected: Any, unseen: set[str]
) -> None:
    nothing = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
    seen = serving(
        {"list-type": (200, nothing), "acl": (200, NO_LIST), "policy": (501, refused("NotImplemented"))}
    )
    plain = seen.list()
    assert (plain.versioning, plain.encryption, plain.replicas, plain.expiries) == ("", "", (), ())
    assert (plain.public, plain.unseen) == (False, {})
    answers = {
        "list-type": (200, nothing),
        "acl": (200, NO_LIST),
        "policyStatus": (501, refused("NotImplemented")),
        "policy": answer,
    }
    found = serving(answers).list()
    assert found.public is expected
    assert set(found.unseen) == unseen


def test_rules_for_some_objects_only_are_noted(serving: Callable[[Answers], S3Store]) -> None:
    rule = (
        "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Tag><Key>a</Key><Value>b</Value></Tag>"
        "</Filter><Expiration><Days>7</Days></Expiration></Rule></LifecycleConfiguration>"
    )
    seen = serving({"list-type": (200, LISTED), "lifecycle": (200, rule)}).list()
    assert seen.expiries == ()
    assert "expires some objects of a prefix only" in seen.unseen["expiries"]


@pytest.mark.parametrize(
    ("code", "status", "noted"), [("AccessDenied", 403, True), ("NoSuchKey", 404, False)]
)
def test_objects_that_cannot_be_looked_into(
    serving: Callable[[Answers], S3Store], code: str, status: int, noted: Any
) -> None:
    seen = serving({"list-type": (200, LISTED), "a.sql": (status, refused(code))}).list()
    [artefact] = seen.artefacts
    assert (artefact.key, artefact.form, artefact.encryption) == ("a.sql", "", None)
    assert ("grant s3:GetObject" in seen.unseen.get("forms", "")) is noted


def test_a_manifest_that_may_not_be_read_leaves_the_name(stubbed: Any, using: Using) -> None:
    listed = LISTED.replace("a.sql", "a-20261101T020000Z.sql").replace(
        "</ListBucketResult>",
        "<Contents><Key>a-20261101T020000Z.sql.manifest</Key>"
        "<LastModified>2026-11-21T02:00:00.000Z</LastModified><Size>9</Size></Contents></ListBucketResult>",
    )

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = listed if "list-type" in request.path else refused("AccessDenied")
        request.send_response_only(200 if "list-type" in request.path else 403)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body.encode())

    access = Access(
        endpoint=stubbed(answer).url,
        region="us-east-1",
        access="TEST_STORE_ACCESS",
        secret="TEST_STORE_SECRET",
    )
    read = Using(journal=using.journal, redactor=using.redactor, snapshot_at=float)
    [artefact] = S3Store("s3://backups", access, read, environ=ENVIRON).list().artefacts
    assert artefact.manifest
    assert artefact.modified - artefact.at == 20 * 86400


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump"
    path.write_bytes(b"select 1;")
    return path


def test_an_answer_that_was_lost_is_no_stranger(
    store: S3Store, dump: Path, admin: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = store._client.put_object

    def lost(**arguments: Any) -> Any:
        put(**arguments)
        return put(**arguments)  # as botocore asks again

    monkeypatch.setattr(store._client, "put_object", lost)
    assert store.put(dump, "a").ok
    assert admin.get_object(Bucket=bucket, Key="db/a")["Body"].read() == b"select 1;"
    store.delete("a")


def test_a_server_without_conditions(
    store: S3Store, dump: Path, admin: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = store._client.put_object

    def unconditional(**arguments: Any) -> Any:
        if "IfNoneMatch" in arguments:
            answer = {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
            raise ClientError(answer, "PutObject")  # type: ignore[arg-type]  # what matters of an answer
        return put(**arguments)

    monkeypatch.setattr(store._client, "put_object", unconditional)
    store.put(dump, "a")
    assert admin.get_object(Bucket=bucket, Key="db/a")["Body"].read() == b"select 1;"


@pytest.mark.parametrize("broken", [KeyboardInterrupt(), RuntimeError("a mistake of ours")])
def test_what_is_broken_off_leaves_nothing(
    store: S3Store, dump: Path, admin: Any, bucket: str, monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    put = store._client.put_object

    def break_off(**arguments: Any) -> Any:
        put(**arguments)
        raise broken

    monkeypatch.setattr(store._client, "put_object", break_off)
    with pytest.raises(type(broken)):
        store.put(dump, "a")
    assert admin.list_objects_v2(Bucket=bucket).get("Contents", []) == []
    store._using.journal.close()
    assert not store._using.journal.path.exists()


def test_ctrl_c_does_not_wait_for_answers(
    store: S3Store, admin: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        admin.put_object(Bucket=bucket, Key=f"db/{number}", Body=b"x")

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_artefact", interrupted)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        store.list()
    assert time.monotonic() - began < 5
    with pytest.raises(DrillError, match="the run is over"):
        store.list()


def test_other_objects_with_the_same_beginning_stay(
    store: S3Store, dump: Path, admin: Any, bucket: str
) -> None:
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store.put(dump, "a")
    run = store._using.journal.run_id
    admin.put_object(Bucket=bucket, Key="db/ab", Body=b"x", Metadata={objects.MARK: run})
    at = {"Bucket": bucket, "Key": "db/a"}
    assert objects._remove_all(admin, at, run, "no-such-upload")
    versions = admin.list_object_versions(Bucket=bucket)
    assert [each["Key"] for each in versions["Versions"]] == ["db/ab"]
