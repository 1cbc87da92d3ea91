"""The bucket of a backup keeps the versions of what is in it.

Whoever overwrites or deletes a backup, by mistake or on purpose, takes the last one with it.
With versioning the bucket still has what was there before. A suspended bucket keeps old
versions and makes no new ones.

Fix: `aws s3api put-bucket-versioning --versioning-configuration Status=Enabled`, with a lifecycle
rule that removes old versions after a while.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Store, Stored
from verify.rules import BackupName, Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, by its name under `backups:`."""

    backup: BackupName

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup)}


STATED = Params(backup="database")
GOOD = Store(place="s3://backups/db", at=0, host="eu-west-1", versioning="Enabled")
HOLDS = given(STATED, store=GOOD)
FAILS = [
    given(STATED, store=replace(GOOD, versioning="")),
    given(STATED, store=replace(GOOD, versioning="Suspended")),
]


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the backups lie in a folder, which has no such thing."""
    return fault == "backup-beside"


@rule(severity="error", faults=["bucket-unversioned"], refs=["Amazon S3: Using versioning in S3 buckets"])
def check(store: Store, stated: Params) -> Iterator[Finding | Seen | Unknown]:  # noqa: ARG001 - what is stated is in the question
    """Look at the bucket's setting."""
    if store.versioning is None:
        folder = f"{store.place} is a folder: whether its disk keeps versions cannot be seen"
        yield Unknown(store.unseen.get("versioning", folder))
        return
    yield Seen(store.versioning or "off", what="versioning")
    if store.versioning != "Enabled":
        yield Finding(store.place, "versions are not kept", "Enabled", store.versioning or "never enabled")
