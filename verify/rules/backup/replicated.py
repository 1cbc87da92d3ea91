"""The bucket of a backup is copied to another one.

A region that fails, or an account that is lost, takes the only copy with it. The rules that are
enabled count, and what the bucket says of each backup: a copy that failed is none.

Fix: add a replication rule, `Status: Enabled`, to a versioned bucket, in another region where that
is promised; where copies fail, look at the role of the rule and at the key of the other bucket.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Artefact, Store, Stored
from verify.rules import BackupName, Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule

MOST = 20  # copies that failed and are named


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup; the bucket it is copied to, any where none is stated; and whether in another region."""

    backup: BackupName
    to: str | None = None
    other_region: bool = False

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup)}


STATED = Params(backup="database", to="copies", other_region=True)
GOOD = Store(
    place="s3://backups/db", at=0, host="eu-west-1", replicas=("copies",),
    regions={"backups": "eu-west-1", "copies": "eu-north-1"},
)  # fmt: skip
LOST = Artefact(key="a", at=0, modified=0, size=1, replication="FAILED")
HOLDS = given(STATED, store=GOOD)
FAILS = [
    given(STATED, store=replace(GOOD, replicas=())),
    given(STATED, store=replace(GOOD, replicas=("elsewhere",))),
    given(STATED, store=replace(GOOD, regions={"backups": "eu-west-1", "copies": "eu-west-1"})),
    given(STATED, store=replace(GOOD, artefacts=(LOST,))),
]


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the backups lie in a folder, which has no such thing."""
    return fault == "backup-beside"


@rule(severity="error", faults=["bucket-alone"], refs=["Amazon S3: Replicating objects"])
def check(store: Store, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look at the rules, at where they lead, and at what became of the copies."""
    if store.replicas is None:
        folder = f"{store.place} is a folder: whether it is copied elsewhere cannot be seen"
        yield Unknown(store.unseen.get("replicas", folder))
        return
    yield Seen(", ".join(store.replicas) or "nowhere", what="copied to")
    copies = [name for name in store.replicas if stated.to in {None, name}]
    if not copies:
        seen = ", ".join(store.replicas) or "nowhere"
        yield Finding(store.place, "it is not copied", stated.to or "another bucket", seen)
    elif stated.other_region:
        yield from elsewhere(store, copies)
    for each in [each for each in store.artefacts if each.replication == "FAILED"][:MOST]:
        yield Finding(f"{store.place}/{each.key}", "its copy failed", "COMPLETED", each.replication)


def elsewhere(store: Store, copies: list[str]) -> Iterator[Finding | Unknown]:
    """Compare the regions; one copy in another is enough."""
    own = store.regions.get(store.place.split("/")[2])
    regions = [store.regions.get(name) for name in copies]
    if any(region not in {None, own} for region in regions) and own:
        return
    if None in regions or not own:
        yield Unknown(f"{store.place}: the regions of {', '.join(copies)} and its own could not be seen")
    else:
        yield Finding(store.place, "its copies are in its own region", "another region", own)
