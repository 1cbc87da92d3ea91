"""The bucket of a backup is open to nobody in particular.

A bucket that everybody may list or read gives the whole database away. Its access control list
and its policy are judged, and the block of public access that takes both back.

Fix: switch on all four settings of the block of public access, for the bucket or the account.
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
GOOD = Store(place="s3://backups/db", at=0, host="eu-west-1", public=False)
HOLDS = given(STATED, store=GOOD)
FAILS = given(STATED, store=replace(GOOD, public=True))


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the backups lie in a folder, which has no such thing."""
    return fault == "backup-beside"


@rule(
    severity="blocker", faults=["bucket-public"], refs=["Amazon S3: Blocking public access", "CIS AWS 2.1.4"]
)
def check(store: Store, stated: Params) -> Iterator[Finding | Seen | Unknown]:  # noqa: ARG001 - what is stated is in the question
    """Look at who gets in."""
    if store.public is None:
        folder = f"{store.place} is a folder: who may read it cannot be seen"
        yield Unknown(store.unseen.get("public", folder))
        return
    yield Seen("everybody" if store.public else "nobody in particular", what="open to")
    if store.public:
        yield Finding(store.place, "everybody gets in", "nobody in particular", "everybody")
