"""Backups are encrypted: each before it is stored, or by the bucket.

A backup is the whole database in one file, and lies where fewer people look. By `artefact` the first
bytes of each backup decide: those of age, OpenPGP or OpenSSL are sealed, those of SQL, gzip or a
dump can be read by whoever gets the file. By `store` the bucket decides: what it encrypts new
objects with, and each object that is there.

Fix: pipe the dump through `age -r RECIPIENT`, or set a default encryption on the bucket; what
was stored before stays as it was, and has to be copied or removed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from verify.facts.backup import Artefact, Store, Stored
from verify.rules import BackupName, Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule

SEALED, READABLE = {"age", "openpgp", "openssl"}, {"sql", "gzip", "zstd", "custom", "tar", "rdb", "directory"}
MOST = 20  # backups that are named


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, what encrypts it, and how many of the newest are looked at, all where not stated."""

    backup: BackupName
    by: Literal["artefact", "store"]
    newest: int | None = None

    def needs(self) -> dict[str, Stored]:
        """Ask for its store."""
        return {"store": Stored(backup=self.backup)}


STATED = Params(backup="database", by="artefact")
BY_STORE = replace(STATED, by="store")
AGE = Artefact(key="a.age", at=0, modified=0, size=9, form="age", encryption="AES256")
GOOD = Store(place="s3://backups", at=0, host="eu-west-1", encryption="AES256", artefacts=(AGE,))
HOLDS = [given(STATED, store=GOOD), given(BY_STORE, store=GOOD)]
FAILS = [
    given(STATED, store=replace(GOOD, artefacts=(AGE, replace(AGE, key="b.age", form="sql")))),
    given(STATED, store=replace(GOOD, artefacts=(replace(AGE, form="gzip"),))),
    given(BY_STORE, store=replace(GOOD, encryption="")),
    given(BY_STORE, store=replace(GOOD, artefacts=(replace(AGE, encryption=""),))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether ``fault`` takes away what encrypts."""
    return (fault == "backup-in-clear") == (stated.by == "artefact")


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the backups lie in a folder, which has no such thing, or nothing is stored."""
    if stated.by == "store":
        return fault == "backup-beside"
    return fault in {"backup-empty", "backup-not-uploaded", "backup-truncated"}


@rule(severity="blocker", faults=["backup-in-clear", "bucket-in-clear"], refs=["OWASP ASVS 5.0 14.2.4"])
def check(store: Store, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look at each backup, the newest first, and at what happens to the next one."""
    newest = sorted(store.backups, key=lambda each: -each.at)[: stated.newest]
    looked = [each for each in newest if each.size]  # what is empty holds no secret
    if stated.by == "store":
        if store.encryption is None:
            folder = f"{store.place} is a folder: whether its disk is encrypted cannot be seen"
            yield Unknown(store.unseen.get("encryption", folder))
            return
        yield Seen(store.encryption or "nothing", what="new objects are encrypted with")
        if not store.encryption:
            yield Finding(store.place, "new objects are not encrypted", "encrypted", "nothing")
        clear = [each for each in looked if each.encryption == ""]
        unseen = [each for each in looked if each.encryption is None]
    else:
        clear = [each for each in looked if each.form in READABLE]
        unseen = [each for each in looked if each.form not in READABLE | SEALED]
        if looked:
            yield Seen(f"{len(looked) - len(clear) - len(unseen)} of {len(looked)}", what="sealed")
    for each in clear[:MOST]:
        yield Finding(
            f"{store.place}/{each.key}", "it is not encrypted", "encrypted", each.form or "in clear"
        )
    if unseen:
        names = ", ".join(each.key for each in unseen[:3])
        why = store.unseen.get("forms", "state `newest:` where only those matter")
        yield Unknown(f"{store.place}: {len(unseen)} could not be told, such as {names}: {why}")
