"""What the errors of Amazon's interfaces, or of ones like them, mean: whose fault, and what to do."""

import email.utils
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from verify.drills.errors import DrillError, NotRestorable
from verify.effects.errors import Refused, Unreachable
from verify.model.text import abridged
from verify.model.units import seconds

if TYPE_CHECKING:
    from verify.drills.aws import Access

#: what each code means; the names in braces are filled in `_said`
_MEANINGS = {
    "AccessDenied AccessDeniedException Forbidden UnauthorizedOperation 403": (
        "the user of ${access} may not: grant {permission} ({words})"
    ),
    "InvalidAccessKeyId SignatureDoesNotMatch InvalidClientTokenId UnrecognizedClientException AuthFailure": (
        "{at} refuses the credentials: check ${access} and ${secret} ({words})"
    ),
    "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired InvalidToken": (
        "the credentials have expired: renew {variables} ({words})"
    ),
    "RequestTimeTooSkewed RequestInTheFuture": "this machine's clock is {skew}: set the clock",
    "PermanentRedirect TemporaryRedirect AuthorizationHeaderMalformed IllegalLocationConstraintException "
    "301": ("the bucket is not in {region} but {elsewhere}"),
    "SlowDown ServiceUnavailable Throttling ThrottlingException RequestLimitExceeded 503": (
        "{at} is too busy ({code}: {words}): try again later"
    ),
    "InternalError 500": "{at} fails, or is something else ({words}): check `endpoint:`, or try again later",
    "NoSuchBucket": "there is no such bucket at {at}: check `store:`, or create it",
    "InvalidObjectState": (
        "it is archived, and bringing it back takes hours: keep what has to be restored in time "
        "in a storage class that is read at once"
    ),
    "DBInstanceNotFound DBInstanceNotFoundFault": (
        "there is no such instance at {at}: check `instance:`, `region:` and whose account ${access} is of"
    ),
    "ResourceNotFoundException": (
        "there is no such log group at {at}: check `group:`, `region:` and whose account ${access} is of"
    ),
    "KMSKeyNotAccessibleFault": (
        "the snapshot's key cannot be used: grant kms:CreateGrant and kms:DescribeKey on it, also where "
        "it belongs to another account ({words})"
    ),
    "InstanceQuotaExceeded StorageQuotaExceeded InsufficientDBInstanceCapacity": (
        "there is no room for another instance ({code}: {words}): ask for more, or remove one"
    ),
}
#: what is the backup's fault, whoever asks
_LOST = {
    "NoSuchKey 404": "it is not in the store",
    "KMS.DisabledException": "its key is disabled ({words})",
    "KMS.NotFoundException": "its key does not exist any more ({words})",
    "KMS.KMSInvalidStateException": "its key is being deleted ({words})",
    "DBSnapshotNotFound DBSnapshotNotFoundFault": "the snapshot is gone ({words})",
    "InvalidDBSnapshotState": "the snapshot cannot be restored ({words})",
    "PointInTimeRestoreNotEnabled": (
        "there are no automated backups to restore a point in time from: set a retention period"
    ),
}
_BY_CODE: dict[str, tuple[type[DrillError], str]] = {
    each: (kind, words)
    for kind, table in ((DrillError, _MEANINGS), (NotRestorable, _LOST))
    for codes, words in table.items()
    for each in codes.split()
}
#: calls whose permission has another name
_PERMISSIONS = {
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject and s3:ListBucket",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketReplication": "s3:GetReplicationConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "ListObjectVersions": "s3:ListBucketVersions",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "FilterLogEvents": "logs:FilterLogEvents",
    "ListDashboards": "cloudwatch:ListDashboards",
}
_LONGEST = 300


def refusal(error: Exception, access: "Access") -> tuple[type[DrillError], str]:
    """Return whose fault ``error`` is, as the error to raise, and what it means; ``access`` was used."""
    from botocore.exceptions import ClientError, EndpointConnectionError

    if isinstance(error, ClientError):
        return _said(error, access)
    if isinstance(error, EndpointConnectionError):
        reason = error.kwargs.get("error") or error
        return DrillError, f"no usable answer from {access.at}: {reason}: check that it runs, and `endpoint:`"
    if isinstance(error, Unreachable):
        return DrillError, f"no usable answer from {access.at}: {error.reason}"
    if isinstance(error, Refused):
        return DrillError, f"refused, nothing was sent: {error.reason}"
    return DrillError, _one_line(f"{access.at} does not answer as expected: {error}: check `endpoint:`")


def code(error: Exception) -> str:
    """Return the code of a refusal, "" for anything else; answers to HEAD have their status only."""
    answer: Mapping[str, Any] = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def _said(error: Any, access: "Access") -> tuple[type[DrillError], str]:
    found, answer = code(error), error.response
    words = _one_line(answer.get("Error", {}).get("Message", "")) or found
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    kind, meaning = _BY_CODE.get(found, (DrillError, "{at} refuses: {code}: {words}"))
    names = (access.access, access.secret, access.token)
    return kind, meaning.format(
        access=access.access,
        secret=access.secret,
        variables=", ".join(f"${name}" for name in names if name),
        at=access.at,
        region=access.region,
        code=found,
        words=words,
        permission=_permission(str(error.operation_name)),
        skew=_skew(headers),
        elsewhere=_elsewhere(headers.get("x-amz-bucket-region") or answer.get("Error", {}).get("Region")),
    )


def _skew(headers: Mapping[str, str]) -> str:
    try:
        apart = time.time() - email.utils.parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return "too far from the server's"
    return f"{seconds(abs(round(apart)))} {'ahead of' if apart > 0 else 'behind'} the server's"


def _elsewhere(region: str | None) -> str:
    return f"in {region}: write `region: {region}`" if region else "in another region: correct `region:`"


def _permission(operation: str) -> str:
    if "DB" in operation or operation.endswith("Resource"):
        return f"rds:{operation}"
    return _PERMISSIONS.get(operation, f"s3:{operation}")


def _one_line(text: object) -> str:
    return abridged(" ".join(str(text).split()), _LONGEST)
