"""A round trip of Redis: taken, kept, fetched, loaded into a server of ours, and compared."""

import shlex
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from verify.drills.clock import Clock, measured
from verify.drills.errors import NotRestorable
from verify.drills.forms import form_of
from verify.drills.packing import open_folder, unwrap
from verify.drills.postgres import manifest as manifests
from verify.drills.redis.address import Address, asking
from verify.drills.redis.fingerprint import Session, fingerprint, locate
from verify.drills.redis.server import AOF, RDB, Server, available, program, shown
from verify.drills.redis.take import FILES, Taken, files, snapshot
from verify.drills.store.base import MANIFEST, BackupStore
from verify.facts.backup import Artefact, Outcome, RoundTrip
from verify.facts.equality import Comparison, Difference, Manifest
from verify.facts.redis import side_by_side
from verify.model.text import abridged


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be restored, and how: ``appendonly`` as the team's server is started, by default what fits.

    ``smoke`` is a command whose answer must be neither nothing nor an error; ``key`` of age.
    """

    backup: str
    smoke: str = "PING"
    appendonly: bool | None = None
    key: str = ""


def round_trip(
    asked: Asked,
    source: Address,
    *,
    folder: Path,
    clock: Clock,
    store: BackupStore | None = None,
    data: Path | None = None,
) -> RoundTrip:
    """Take a backup of ``source``, keep it in ``store``, fetch it from there, restore it, and compare.

    ``folder`` is an empty one of the run; ``data`` the server's own folder, where its files are to be
    copied instead of a snapshot over the wire. Raise ``DrillError`` where it cannot be told.
    """
    try:
        taking = folder / "take"
        taking.mkdir()
        taken = files(source, data, taking, clock) if data else snapshot(source, taking, clock)
    except NotRestorable as error:
        return _lost(asked, error, clock)
    key = (
        f"{asked.backup}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(taken.manifest.at))}{taken.path.suffix}"
    )
    beside = taken.path.with_name(taken.path.name + MANIFEST)
    beside.write_bytes(manifests.dump(taken.manifest))
    if store is not None:
        clock.add(store.put(taken.path, key), store.put(beside, key + MANIFEST))
    fetched = folder / "fetch"
    fetched.mkdir()
    clock.begin()
    path = taken.path
    if store is not None:
        path, step = store.get(key, fetched)
        clock.add(step)
    artefact = Artefact(
        key=key,
        at=taken.manifest.at,
        modified=time.time(),
        size=path.stat().st_size,
        sha256=taken.manifest.sha256,
        form=form_of(path),
        manifest=True,
    )
    trip = restored(asked, path, taken.manifest, folder=folder, clock=clock, source=taken.path)
    return replace(_with_source(trip, taken), artefact=artefact)


def _with_source(trip: RoundTrip, taken: Taken) -> RoundTrip:
    """Add what the comparison with the living source came to: nothing restored can be better than that."""
    seen, comparison = taken.faithful, trip.comparison
    if seen is None or comparison is None or trip.outcome is Outcome.NOT_RESTORABLE:
        return trip
    if seen.rows:
        found = Difference(
            what="keys of the source", source="as it is", copy="as the snapshot has it", rows=seen.rows
        )
        return replace(
            trip,
            outcome=Outcome.DIFFERENT,
            stage="take",
            reason=f"the snapshot is not what the source held: {seen.rows[0].key}",
            comparison=replace(comparison, differences=(*comparison.differences, found)),
        )
    if seen.unprovable and trip.outcome is Outcome.EQUAL:
        told = replace(comparison, unprovable=(*comparison.unprovable, seen.unprovable))
        return replace(
            trip, outcome=Outcome.UNPROVABLE, stage="verify", reason=seen.unprovable, comparison=told
        )
    return trip


def restored(
    asked: Asked,
    path: Path,
    manifest: Manifest | None,
    *,
    folder: Path,
    clock: Clock,
    source: Path | None = None,
) -> RoundTrip:
    """Restore the artefact ``path`` into a server of ours and compare it with its ``manifest``.

    ``source`` is the snapshot as it was taken, where it is at hand: then keys that differ are named
    on both sides. ``path`` may be a folder with the files of a server.
    """
    try:
        encrypted, inside = _opened(path, manifest, folder, clock, asked.key)
        if asked.appendonly is None:
            asked = replace(asked, appendonly=inside != RDB)
        trip = _loaded(asked, folder / "restore", manifest, clock, source)
        return replace(trip, encrypted=encrypted)
    except NotRestorable as error:
        return _lost(asked, error, clock)


def _lost(asked: Asked, error: NotRestorable, clock: Clock) -> RoundTrip:
    return RoundTrip(
        backup=asked.backup,
        outcome=Outcome.NOT_RESTORABLE,
        stage=error.stage,
        reason=clock.redactor.text(error.reason),
        steps=clock.steps,
        took=clock.took,
    )


def _opened(path: Path, manifest: Manifest | None, folder: Path, clock: Clock, key: str) -> tuple[bool, str]:
    """Lay out the data in ``folder/restore``; return whether it was encrypted, and which file is loaded."""
    target = folder / "restore"
    if path.is_dir():
        path.rename(target)
        return False, AOF if _has_aof(target) else RDB
    size, digest = measured(path)
    if not size:
        raise clock.lost("fetch", f"{path.name}: the artefact is {'empty' if path.exists() else 'missing'}")
    if manifest is not None and manifest.sha256 and digest != manifest.sha256:
        raise clock.lost("fetch", f"{path.name}: it is not what was stored: SHA-256 {digest[:12]}… differs")
    layers = folder / "layers"
    layers.mkdir()
    inner, encrypted = unwrap(path, layers, clock, key=key)
    kind = form_of(inner)
    if kind == "rdb":
        target.mkdir(mode=0o700)
        shutil.copyfile(inner, target / RDB)
        return encrypted, RDB
    if kind != "tar":
        raise clock.lost(
            "restore", f"{path.name}: expected an RDB file or a tar file, found {kind or 'neither'}"
        )
    opened = folder / "opened"
    opened.mkdir()
    open_folder(inner, opened, clock)
    found = [each.parent for name in FILES for each in opened.rglob(name)]
    if not found:
        raise clock.lost("restore", f"{path.name}: expected {', '.join(FILES)} in it, found none of them")
    found[0].rename(target)
    return encrypted, AOF if _has_aof(target) else RDB


def _has_aof(folder: Path) -> bool:
    return any((folder / name).exists() for name in FILES if name != RDB)


def _loaded(
    asked: Asked, folder: Path, manifest: Manifest | None, clock: Clock, source: Path | None
) -> RoundTrip:
    """Start a server on ``folder``, ask it the smoke command, and compare what it holds."""
    missing = AOF if asked.appendonly else RDB
    if not (_has_aof(folder) if asked.appendonly else (folder / RDB).is_file()):
        raise clock.lost("restore", f"{missing} is missing: the server would start empty, without a word")
    needed = program(manifest.version if manifest else 0)
    _memory(manifest, clock)
    settings = {"appendonly": "yes" if asked.appendonly else "no"}
    with Server(folder, journal=clock.journal, program=needed, settings=settings) as server:
        with clock.call("restore", needed.path.name, f"appendonly {settings['appendonly']}") as noted:
            server.start(within=clock.deadline)
            noted.size = measured(folder)[0]
        with Session(server.address, deadline=clock.deadline, stage="smoke") as session:
            _smoke(asked.smoke, session, clock)
            clock.end()
            session.stage = "verify"
            trip = _compared(asked, manifest, session, clock, source)
    versions = {"redis": shown(needed.version)} | ({"source": shown(manifest.version)} if manifest else {})
    return replace(trip, steps=clock.steps, took=clock.took, versions=versions)


def _memory(manifest: Manifest | None, clock: Clock) -> None:
    """Raise ``DrillError`` where the data do not fit into this machine: that is not the backup's fault."""
    free = available()
    needed = 2 * manifest.size if manifest else 0
    if free < needed:
        raise clock.unseen(
            "restore",
            f"{free / 1e6:.0f} MB of memory are available here, {needed / 1e6:.0f} MB are needed to load it: "
            "restore it on a larger machine",
        )


def _smoke(command: str, session: Session, clock: Clock) -> None:
    from redis.exceptions import ResponseError

    words = shlex.split(command)
    with clock.call("smoke", *words) as noted, asking(session.address, "smoke"):
        try:
            answer = session.client(0).execute_command(*words)
        except ResponseError as error:
            raise clock.lost("smoke", f"{command}: {error}") from None
        if answer in (None, b"", 0, []):
            raise clock.lost("smoke", f"{command}: expected an answer, got {answer!r}")
        noted.words = abridged(clock.redactor.text(repr(answer)))


def _compared(
    asked: Asked, manifest: Manifest | None, session: Session, clock: Clock, source: Path | None
) -> RoundTrip:
    if manifest is None:
        reason = "no manifest lies beside it, so nothing says what it should hold"
        return RoundTrip(backup=asked.backup, outcome=Outcome.UNPROVABLE, stage="verify", reason=reason)
    with clock.call("verify", "compare with the manifest") as noted:
        session.read_as(manifest)
        copy = fingerprint(session, since=manifest.at)
        comparison = side_by_side(manifest, copy, time.time() + 1)
        noted.words = f"{comparison.rows} keys"
        if comparison.differences:
            comparison = _named(comparison, manifest, copy, session, clock, source)
    if comparison.differences:
        outcome, reason = Outcome.DIFFERENT, _first(comparison)
    elif comparison.equal:
        outcome, reason = Outcome.EQUAL, ""
    else:
        outcome = Outcome.UNPROVABLE
        reason = "; ".join(comparison.unprovable) or "the source held no key, so nothing is proved"
    return RoundTrip(
        backup=asked.backup,
        outcome=outcome,
        stage="" if outcome is Outcome.EQUAL else "verify",
        reason=reason,
        comparison=comparison,
        at=manifest.at,
        size=manifest.size,
    )


def _first(comparison: Comparison) -> str:
    found = comparison.differences[0]
    keys = ", ".join(row.key for row in found.rows[:3])
    return f"{found.what}: {found.source} at the source, {found.copy} restored" + (
        f": {keys}" if keys else ""
    )


def _named(
    comparison: Comparison,
    manifest: Manifest,
    copy: Manifest,
    session: Session,
    clock: Clock,
    source: Path | None,
) -> Comparison:
    """Name the keys that differ: by the snapshot as it was taken, where it is still at hand."""
    if source is None or form_of(source) != "rdb":
        return locate(comparison, manifest, copy, None, session)
    place = source.parent / "again"
    place.mkdir()
    shutil.copyfile(source, place / RDB)
    with (
        Server(place, journal=clock.journal, program=program(manifest.version)).start(
            within=clock.deadline
        ) as server,
        Session(server.address, deadline=clock.deadline, stage="verify") as ours,
    ):
        return locate(comparison, manifest, copy, ours, session)
