"""Objects that a run makes in a bucket: marked, recorded before they exist, and taken away again."""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from verify.drills.aws import Access, Amazon
from verify.drills.errors import DrillError
from verify.drills.refusals import code
from verify.drills.store.base import Tally
from verify.effects.journal import Entry, Record, reaper
from verify.effects.leftovers import CannotReap
from verify.effects.redact import Redactor

#: an object of ours says so in its metadata, and what it holds
MARK, HASH = "verify-run", "verify-sha256"
KIND = "s3-object"
MISSING = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchVersion", "NoSuchUpload"})
#: bytes of a part; what is not larger is sent at once. S3 takes 10,000 parts at most
PART, _MOST_PARTS = 16 << 20, 10_000
_TAKEN = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
#: how a server that does not know conditional writes refuses them
_UNCONDITIONAL = frozenset({"NotImplemented", "501"})
#: after these nothing has arrived; after any other answer, or none, it may have
_REFUSALS = range(400, 500)
_WITHIN = 60.0  # seconds for `clean` to remove one


class Upload:
    """One object on its way into a bucket."""

    def __init__(self, client: Any, bucket: str, key: str, run_id: str, entry: Entry) -> None:
        """Prepare to store ``key``, which ``entry`` has recorded."""
        self._client, self._run_id, self._entry = client, run_id, entry
        self._at = {"Bucket": bucket, "Key": key}
        self._upload = ""
        self._refused = False

    def send(self, path: Path, size: int, tally: Tally) -> None:
        """Store the ``size`` bytes of ``path``; an object that is there already is not replaced."""
        from botocore.exceptions import ClientError

        try:
            self._send(path, size, tally)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            self._refused = status in _REFUSALS
            raise

    def _send(self, path: Path, size: int, tally: Tally) -> None:
        with path.open("rb") as file:
            metadata = {MARK: self._run_id, HASH: hashlib.file_digest(file, "sha256").hexdigest()}
            file.seek(0)
            if size <= PART:
                data = tally.passed(file.read())
                self._once(self._client.put_object, Body=data, Metadata=metadata)
            else:
                self._in_parts(file, max(PART, math.ceil(size / _MOST_PARTS)), metadata, tally)

    def undo(self) -> None:
        """Take back what has arrived, if anything has."""
        if not self._refused or self._upload:
            _remove_all(self._client, self._at, self._run_id, self._upload)
        self._entry.gone()

    def _in_parts(self, file: BinaryIO, part: int, metadata: Mapping[str, str], tally: Tally) -> None:
        self._upload = self._client.create_multipart_upload(**self._at, Metadata=metadata)["UploadId"]
        self._entry.made(upload=self._upload)
        parts: list[dict[str, Any]] = []
        while data := file.read(part):
            number = len(parts) + 1
            sent = self._client.upload_part(
                **self._at, UploadId=self._upload, PartNumber=number, Body=tally.passed(data)
            )
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._once(
            self._client.complete_multipart_upload, UploadId=self._upload, MultipartUpload={"Parts": parts}
        )

    def _once(self, store: Callable[..., Any], **arguments: Any) -> None:
        """Make the object on condition that there is none."""
        from botocore.exceptions import ClientError

        try:
            store(**self._at, **arguments, IfNoneMatch="*")
        except ClientError as error:
            if code(error) in _UNCONDITIONAL:
                store(**self._at, **arguments)
            elif code(error) not in _TAKEN or not self._arrived():
                raise

    def _arrived(self) -> bool:
        """Say whether it is there as ours: the answer to an earlier attempt may have been lost."""
        return _is_ours(head(self._client, self._at["Bucket"], self._at["Key"]), self._run_id)


def head(client: Any, bucket: str, key: str, version: str | None = None) -> Mapping[str, Any] | None:
    """Return what a bucket says of an object, None where it has none."""
    from botocore.exceptions import ClientError

    which = {"VersionId": version} if version else {}
    try:
        found: Mapping[str, Any] = client.head_object(Bucket=bucket, Key=key, **which)
    except ClientError as error:
        if code(error) in MISSING:
            return None
        raise
    return found


def remove(client: Any, bucket: str, key: str, run_id: str) -> bool:
    """Remove the object that the run has made, for good; say whether it was there and the run's."""
    found = head(client, bucket, key)
    if not _is_ours(found, run_id) or found is None:
        return False
    version = {"VersionId": found["VersionId"]} if found.get("VersionId", "null") != "null" else {}
    client.delete_object(Bucket=bucket, Key=key, **version)
    return True


def _is_ours(found: Mapping[str, Any] | None, run_id: str) -> bool:
    return found is not None and found.get("Metadata", {}).get(MARK) == run_id


def _remove_all(client: Any, at: Mapping[str, str], run_id: str, upload: str) -> bool:
    """Remove each version of an object that is the run's, and an upload that did not end."""
    from botocore.exceptions import ClientError

    if upload:
        try:
            client.abort_multipart_upload(**at, UploadId=upload)
        except ClientError as error:
            if code(error) not in MISSING:
                raise
    removed = False
    for version in _versions(client, at):
        if _is_ours(head(client, at["Bucket"], at["Key"], version), run_id):
            client.delete_object(**at, VersionId=version)
            removed = True
    return remove(client, at["Bucket"], at["Key"], run_id) or removed


def _versions(client: Any, at: Mapping[str, str]) -> Iterator[str]:
    pages = client.get_paginator("list_object_versions").paginate(Bucket=at["Bucket"], Prefix=at["Key"])
    for page in pages:
        for each in page.get("Versions", ()):
            if each["Key"] == at["Key"] and each.get("VersionId", "null") != "null":
                yield str(each["VersionId"])


@reaper(KIND)
def reap(record: Record) -> str:
    """Remove what a killed run left in a bucket, with the credentials that the contract named."""
    details = record.details
    access = Access.of(details)
    if access.passing:
        return "went with the reference"
    at = {"Bucket": str(details["bucket"]), "Key": str(details["key"])}
    try:
        amazon = Amazon("s3", access, stage="store", redactor=Redactor(), writes=True, bucket=at["Bucket"])
        with amazon.during("store", f"removing it from {access.at}", _WITHIN):
            found = _remove_all(amazon.client, at, record.run_id, str(details.get("upload") or ""))
            other = not found and head(amazon.client, at["Bucket"], at["Key"]) is not None
        amazon.close()
    except DrillError as error:
        raise CannotReap(f"{error.reason}: clean again, or remove it by hand") from error
    if other:
        raise CannotReap("it does not bear this run's mark: remove it by hand if it is of no use")
    return "removed" if found else "was gone already"
