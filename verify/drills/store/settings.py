"""How a bucket keeps what is in it, as far as it may be seen."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from verify.drills.aws import Access
from verify.drills.refusals import code, refusal
from verify.facts import bucket as facts
from verify.facts.backup import Expiry

#: what is said where nothing is configured
_NONE = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
#: what a server says that does not know a setting at all: then nothing is configured either
_UNKNOWN = frozenset({"NotImplemented", "501", "MethodNotAllowed", "405"})


class Settings:
    """Asks for one setting after the other; what may not be seen is noted and does not stop the rest."""

    def __init__(self, client: Any, bucket: str, access: Access) -> None:
        """Ask nothing yet."""
        self.unseen: dict[str, str] = {}
        self._client, self._bucket, self._access = client, bucket, access
        self._lock = threading.Lock()

    def note(self, name: str, error: Exception) -> None:
        """Note why the field ``name`` of the fact could not be seen, the first reason."""
        reason = refusal(error, self._access)[1]
        with self._lock:
            self.unseen.setdefault(name, f"s3://{self._bucket}: its {name} could not be seen: {reason}")

    def region(self) -> str:
        """Return where the bucket is."""
        return self._region(self._bucket) or self._access.region

    def versioning(self) -> str | None:
        """Return ``Enabled``, ``Suspended`` or "", None where it could not be seen."""
        found = self._ask("versioning", self._client.get_bucket_versioning)
        return None if found is None else str(found.get("Status", ""))

    def encryption(self) -> str | None:
        """Return what objects are encrypted with unless they say otherwise, "" for nothing."""
        found = self._ask("encryption", self._client.get_bucket_encryption)
        if found is None:
            return None
        rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        names = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
        return next((str(name) for name in names if name), "")

    def replicas(self) -> tuple[str, ...] | None:
        """Return the buckets that enabled rules copy to."""
        found = self._ask("replicas", self._client.get_bucket_replication)
        if found is None:
            return None
        rules = found.get("ReplicationConfiguration", {}).get("Rules", ())
        names = [
            str(rule["Destination"]["Bucket"]).rpartition(":")[2]
            for rule in rules
            if rule.get("Status") == "Enabled"
        ]
        return tuple(dict.fromkeys(names))

    def regions(self, replicas: Sequence[str]) -> Mapping[str, str]:
        """Return where the bucket and each replica are, without those that do not tell."""
        found = {name: self._region(name) for name in (self._bucket, *replicas)}
        return {name: region for name, region in found.items() if region}

    def expiries(self) -> tuple[Expiry, ...] | None:
        """Return what the lifecycle rules remove."""
        found = self._ask("expiries", self._client.get_bucket_lifecycle_configuration)
        if found is None:
            return None
        rules = found.get("Rules", ())
        if facts.partial(rules):
            message = "a lifecycle rule expires some objects of a prefix only, by tag or size"
            self.unseen.setdefault("expiries", f"s3://{self._bucket}: {message}")
        return facts.expiries(rules)

    def public(self) -> bool | None:
        """Say whether everybody gets in, by its block of public access, its list and its policy."""
        block = self._ask("public", self._client.get_public_access_block)
        acl = self._ask("public", self._client.get_bucket_acl)
        return facts.public(
            acl=None if acl is None else facts.granted_to_all(acl.get("Grants", ())),
            policy=self._allowed_to_all(),
            block={} if block is None else block.get("PublicAccessBlockConfiguration", {}),
        )

    def _allowed_to_all(self) -> bool | None:
        """Ask for the word of S3 itself; where there is none, read the policy."""
        said = self._ask("public", self._client.get_bucket_policy_status)
        if said is None:
            return None
        status = said.get("PolicyStatus", {}).get("IsPublic")
        if status is not None:
            return bool(status)
        found = self._ask("public", self._client.get_bucket_policy)
        if found is None or not found.get("Policy"):
            return None if found is None else False
        allowed = facts.allowed_to_all(json.loads(found["Policy"]))
        if allowed is None:
            message = "its policy allows everybody on a condition: look whether that is meant"
            self.unseen.setdefault("public", f"s3://{self._bucket}: {message}")
        return allowed

    def _region(self, bucket: str) -> str:
        from botocore.exceptions import ClientError

        try:
            return str(self._client.head_bucket(Bucket=bucket).get("BucketRegion", ""))
        except ClientError as error:  # also a refusal says where the bucket is
            headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            return str(headers.get("x-amz-bucket-region", ""))

    def _ask(self, name: str, ask: Callable[..., Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """Return the answer, an empty one where nothing is configured, None where it may not be seen."""
        from botocore.exceptions import ClientError

        try:
            return ask(Bucket=self._bucket)
        except ClientError as error:
            if code(error) in _NONE | _UNKNOWN:
                return {}
            self.note(name, error)
            return None
