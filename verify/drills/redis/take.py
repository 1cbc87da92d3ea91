"""A backup of Redis: the snapshot it sends a replica, or the files it keeps."""

import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

from verify.drills.clock import Clock, measured
from verify.drills.errors import DrillError
from verify.drills.redis.address import Address
from verify.drills.redis.faithful import Faithful, compare_live
from verify.drills.redis.fingerprint import Session, fingerprint
from verify.drills.redis.link import Link
from verify.drills.redis.server import AOF, RDB, Server, program
from verify.facts.equality import Manifest
from verify.facts.redis import EXPIRING, without_expired

#: of the older form, before Redis 7
_OLD_AOF = "appendonly.aof"
FILES = (RDB, AOF, _OLD_AOF)
#: the folder inside of a tar file
INSIDE = "data"
_TRIES = 3
_ROOM = 3  # times the data's size, for the snapshot, its copy and what is unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A backup just taken: the file, what the source held at that moment, and how far that is proved."""

    path: Path
    manifest: Manifest
    faithful: Faithful | None = None


def snapshot(address: Address, folder: Path, clock: Clock) -> Taken:
    """Take a snapshot of ``address`` over the wire into ``folder`` and prove that it is what the source held.

    Nothing is written to the source. Raise ``DrillError`` where it gives none; ``NotRestorable``
    where no server loads it.
    """
    path, stream = folder / RDB, folder / "stream.aof"
    with Session(address, deadline=clock.deadline) as source:
        _refuse(source, folder)
        needed = program(source.version, stage="take")
        with Link(address, deadline=clock.deadline) as link:
            with clock.call("take", "PSYNC", address.words) as noted:
                link.open(path, stream)
                noted.size, noted.sha256 = link.size, link.sha256
            place = folder / "taken"
            place.mkdir()
            (place / RDB).hardlink_to(path)
            with (
                clock.call("verify", "compare with the source", address.words) as noted,
                Server(place, journal=clock.journal, program=needed).start(within=clock.deadline) as server,
                Session(server.address, deadline=clock.deadline, stage="verify") as loaded,
            ):
                manifest = fingerprint(loaded)
                faithful = compare_live(source, loaded, link, stream)
                noted.words = f"{faithful.keys} keys, {faithful.written} written since"
    stream.unlink()
    manifest = replace(
        manifest, lsn=f"{link.replid}:{link.start}", sha256=link.sha256, version=source.version
    )
    return Taken(path=path, manifest=manifest, faithful=faithful)


def _refuse(source: Session, folder: Path) -> None:
    """Raise ``DrillError`` for what one server alone cannot give, and where there is no room."""
    from verify.drills.postgres.server import room

    words = source.address.words
    if source.about.get("cluster_enabled") == "1":
        raise DrillError("take", f"{words} is a node of a cluster: name each of its shards as a backup")
    if source.about.get("role") == "slave" and source.about.get("master_link_status") != "up":
        raise DrillError("take", f"{words} is a replica without its master: what it holds may be old")
    used = int(source.about.get("used_memory", 0))
    room(folder, _ROOM * used, stage="take")


def files(address: Address, data: Path, folder: Path, clock: Clock) -> Taken:
    """Copy the files that the server at ``address`` keeps in ``data``, as one tar file in ``folder``.

    What is written to meanwhile is unprovable, by database. Raise ``DrillError`` where there are none.
    """
    path = folder / "data.tar"
    with Session(address, deadline=clock.deadline) as source:
        _refuse(source, folder)
        before = fingerprint(source)
        with clock.call("take", "tar", INSIDE) as noted:
            for _ in range(_TRIES):
                listed = _listed(data)
                _pack(data, listed, path)
                if _listed(data).keys() == listed.keys():
                    break
            else:
                raise DrillError("take", f"{data}: its files are rewritten again and again: try later")
            noted.size, noted.sha256 = measured(path)
        after = without_expired(fingerprint(source, since=before.at), source.clock() + 1)
    return Taken(path=path, manifest=replace(_bracketed(before, after), sha256=noted.sha256))


def _listed(data: Path) -> dict[Path, int]:
    """Return the files that Redis loads, below ``data``, with their sizes."""
    found = [data / name for name in (RDB, _OLD_AOF)] + sorted((data / AOF).glob("*"))
    sizes = {each: each.stat().st_size for each in found if each.is_file()}
    if not sizes:
        raise DrillError("take", f"{data}: expected {', '.join(FILES)}, found none of them")
    return sizes


def _pack(data: Path, listed: dict[Path, int], path: Path) -> None:
    """Pack each file as long as it was: what is appended meanwhile is not of this backup."""
    with tarfile.open(path, "w") as archive:
        for file, size in listed.items():
            about = archive.gettarinfo(file, str(Path(INSIDE, file.relative_to(data))))
            about.size = size
            with file.open("rb") as stream:
                archive.addfile(about, stream)
    path.chmod(0o600)


def _bracketed(before: Manifest, after: Manifest) -> Manifest:
    """Return what was the same before and after; the rest cannot be compared."""
    relations = {}
    for name, relation in before.relations.items():
        later = after.relations.get(name)
        reason = relation.unprovable
        if name.endswith(EXPIRING):
            held = {} if later is None else later.buckets
            moved = any(relation.buckets.get(each) != sums for each, sums in held.items())
        else:
            moved = later is None or later.sums != relation.sums
        if moved:
            reason = "written to while it was copied"
        relations[name] = replace(relation, unprovable=reason)
    for name in after.relations.keys() - relations.keys():
        relations[name] = replace(after.relations[name], unprovable="written to while it was copied")
    return replace(before, relations=relations)
