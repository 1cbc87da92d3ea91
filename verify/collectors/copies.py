"""What drills on copies of a backup share: which one, into what, and what that holds."""

from verify.collectors.place import Place
from verify.collectors.restore import DEADLINE
from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.catalogue import catalogue
from verify.drills.postgres.engines import BESIDE
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.session import connect
from verify.drills.postgres.target import Target, Wanted
from verify.drills.store.base import BackupStore
from verify.facts.backup import Artefact
from verify.facts.equality import Manifest


def newest(store: BackupStore) -> tuple[Artefact, list[str]]:
    """Return the newest backup, and the endings of what lies beside it, such as its checksum."""
    listed = store.list().artefacts
    keys = {each.key for each in listed}
    every = [
        each
        for each in listed
        if each.size and not each.key.endswith(BESIDE) and each.key.rpartition(".")[0] not in keys
    ]
    if not every:
        raise DrillError("fetch", f"there is no backup in {store.place} to make a copy of")
    found = max(every, key=lambda each: (each.at, each.modified))
    suffixes = (key.removeprefix(found.key) for key in sorted(keys) if key.startswith(f"{found.key}."))
    return found, [suffix for suffix in suffixes if suffix not in BESIDE]


def wanted_of(place: Place) -> Wanted:
    """Return what the database to restore into is like: the source's, where there is one to ask."""
    if not place.source:
        return Wanted(manifest=None)
    with connect(Address.parse(place.source), deadline=DEADLINE, stage="restore") as session:
        about = session.about
        manifest = Manifest(
            at=about.at,
            lsn=about.lsn,
            version=about.version,
            encoding=about.encoding,
            size=about.size,
            relations={},
            catalogue=catalogue(session),
        )
    return Wanted(manifest=manifest, database=about.database, roles=True, user=about.user)


def held(target: Target) -> Manifest:
    """Return what the database holds."""
    with connect(target.admin, deadline=DEADLINE, stage="verify") as session:
        return fingerprint(session, buckets=False)
