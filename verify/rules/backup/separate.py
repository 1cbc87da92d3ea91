"""Backups are kept apart from what they are a backup of.

A disk that dies, a machine that is broken into, or a bucket that is emptied takes the backup along
where both are in one place. The machine of the store is compared with that of the source, by
whatever name it is called, and a bucket with a bucket.

Fix: store the backup in a bucket, or on a machine, that the source's credentials cannot delete.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.backup import Store, Stored
from verify.rules import BackupName, Finding, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and the region or machine it has to be in, any other one where none is stated."""

    backup: BackupName
    on: str | None = None

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup)}


STATED = Params(backup="database", on="eu-north-1")
GOOD = Store(
    place="s3://backups/db", at=0, host="eu-north-1",
    source="postgresql://db.example/app", source_host="db.example",
)  # fmt: skip
HOLDS = given(STATED, store=GOOD)
FAILS = [
    given(STATED, store=replace(GOOD, source_host="eu-north-1")),
    given(STATED, store=replace(GOOD, source="s3://backups", source_host="")),
    given(STATED, store=replace(GOOD, host="eu-west-1")),
]


def bucket(place: str) -> str | None:
    """Return the bucket's name, None for what is in none."""
    return place.split("/")[2] if place.startswith("s3://") else None


@rule(severity="error", faults=["backup-beside"], refs=["NIST SP 800-34 3.4.2"])
def check(store: Store, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Compare where both are."""
    if not store.source and not store.source_host:
        yield Unknown(f"{store.place}: where its source is, is not stated: give `source:` in the environment")
        return
    yield Seen(f"{store.place} on {store.host or 'an unknown machine'}", what="kept at")
    if not store.host:
        yield Unknown(f"{store.place}: its machine could not be seen")
    elif store.host == store.source_host:
        yield Finding(store.place, "it is on the machine of its source", "another one", store.host)
    if bucket(store.place) is not None and bucket(store.place) == bucket(store.source):
        yield Finding(store.place, "it is in the bucket of its source", "another one", store.source)
    if stated.on is not None and store.host != stated.on:
        yield Finding(store.place, "it is not where it is stated to be", stated.on, store.host)
