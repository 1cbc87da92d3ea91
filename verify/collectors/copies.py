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
from verify.facts.backup import Artefact, Store
from verify.facts.equality import Manifest


def newest(listed: Store) -> tuple[Artefact, list[str]]:
    """Return the newest backup, and the endings of what lies beside it, such as its checksum."""
    every = _backups(listed)
    if not every:
        raise DrillError("fetch", f"there is no backup in {listed.place} to make a copy of")
    suffixes = sorted(
        each.key.removeprefix(every[-1].key)
        for each in listed.artefacts
        if each.key.startswith(f"{every[-1].key}.")
    )
    return every[-1], [suffix for suffix in suffixes if suffix not in BESIDE]


def other(listed: Store) -> Artefact | None:
    """Return the oldest backup of the newest one's form, None where that is itself."""
    every = _backups(listed)
    alike = [each for each in every[:-1] if each.form == every[-1].form]
    return alike[0] if alike else None


def _backups(listed: Store) -> list[Artefact]:
    """Return what is a backup itself and not empty, the oldest first."""
    keys = {each.key for each in listed.artefacts}
    every = [
        each
        for each in listed.backups
        if each.size and not each.key.endswith(BESIDE) and each.key.rpartition(".")[0] not in keys
    ]
    return sorted(every, key=lambda each: (each.at, each.modified))


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
