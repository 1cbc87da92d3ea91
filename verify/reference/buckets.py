"""The buckets and managed databases of the reference: as they should be, but for what a fault takes away."""

import contextlib
import datetime as dt
import json
import secrets
from collections.abc import Iterable
from typing import Any

from verify.reference.errors import StartError

REGION = "us-east-1"
#: what else ``Fault.bucket`` takes away: that what scripts upload arrives, that it lies elsewhere,
#: and that they have run lately
UPLOADS, BESIDE, STALE = "uploads", "beside", "stale"
#: or that one is made before a migration
MIGRATED = "migrated"
#: or that what a snapshot is restored into comes up
RESTORES = "restores"
#: what is lately
WEEK = dt.timedelta(days=7)
_DEADLINE = 20.0  # seconds for each request
_COPY = "-copy"
_BLOCKED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def client(service: str, url: str, access: str, secret: str) -> Any:
    """Return a client of ``service``, s3 or rds, at ``url``."""
    import boto3
    from botocore.config import Config

    timeouts = Config(connect_timeout=_DEADLINE, read_timeout=_DEADLINE, retries={"total_max_attempts": 1})
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=timeouts,
    )


def prepare(store: Any, buckets: Iterable[str], lacking: frozenset[str]) -> None:
    """Make ``buckets`` as they should be: versioned, encrypted, private and copied, but for ``lacking``.

    Raise ``StartError`` where the store refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        for bucket in buckets:
            _make(store, bucket)
            _settle(store, bucket, lacking)
    except (BotoCoreError, ClientError) as error:
        msg = f"the reference's buckets could not be made: {error}"
        raise StartError(msg) from error


def _make(store: Any, bucket: str) -> None:
    for name in (bucket, bucket + _COPY):
        with contextlib.suppress(store.exceptions.BucketAlreadyOwnedByYou):
            store.create_bucket(Bucket=name)


def _settle(store: Any, bucket: str, lacking: frozenset[str]) -> None:
    # a bucket that is replicated is versioned, and so is its copy
    store.put_bucket_versioning(Bucket=bucket + _COPY, VersioningConfiguration={"Status": "Enabled"})
    store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    if "replication" in lacking:
        store.delete_bucket_replication(Bucket=bucket)
    else:
        destination = {"Bucket": f"arn:aws:s3:::{bucket}{_COPY}"}
        rule = {"ID": "copy", "Status": "Enabled", "Prefix": "", "Destination": destination}
        configuration = {"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [rule]}
        store.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)
    if "versioning" in lacking:
        store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    if "encryption" in lacking:
        store.delete_bucket_encryption(Bucket=bucket)
    else:
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        store.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})
    if "privacy" in lacking:
        store.delete_public_access_block(Bucket=bucket)
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        store.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    else:
        store.delete_bucket_policy(Bucket=bucket)
        blocked = dict.fromkeys(_BLOCKED, True)
        store.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocked)


def prepare_databases(service: Any, instances: Iterable[str], lacking: frozenset[str]) -> None:
    """Make managed databases with snapshots as they should be; none are kept where ``snapshots`` lack.

    Raise ``StartError`` where the service refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    days = 0 if "snapshots" in lacking else 30
    try:
        for name in instances:
            with contextlib.suppress(service.exceptions.DBInstanceAlreadyExistsFault):
                service.create_db_instance(
                    DBInstanceIdentifier=name,
                    Engine="postgres",
                    DBInstanceClass="db.t3.medium",
                    AllocatedStorage=20,
                    MasterUsername="reference",
                    MasterUserPassword=secrets.token_urlsafe(16),
                    BackupRetentionPeriod=days,
                    PreferredBackupWindow="03:00-04:00",
                    MultiAZ=True,
                    StorageEncrypted=True,
                )
                service.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-nightly")
            service.modify_db_instance(
                DBInstanceIdentifier=name, BackupRetentionPeriod=days, ApplyImmediately=True
            )
    except (BotoCoreError, ClientError) as error:
        msg = f"the reference's managed databases could not be made: {error}"
        raise StartError(msg) from error
