"""A backup taken, or found, restored on one clock, and compared with what it is of."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

from verify.drills.clock import Clock
from verify.drills.errors import DrillError, NotRestorable
from verify.drills.postgres import logical, manifest
from verify.drills.postgres.catalogue import sequences
from verify.drills.postgres.drill import Drill, clock_of, working
from verify.drills.postgres.engines import (
    BESIDE,
    Taken,
    Work,
    artefacts,
    restore_by_form,
)
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.outcome import ended, judged
from verify.drills.postgres.rows import locate
from verify.drills.postgres.samples import Around, sampled
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.session import Session, connect
from verify.drills.postgres.target import Target, Wanted, begun, own_server, stated_server
from verify.drills.postgres.tools import client, major_of
from verify.drills.store.base import MANIFEST
from verify.facts.backup import Artefact, Outcome, RoundTrip, Sample
from verify.facts.bracket import bracketed
from verify.facts.equality import Comparison, Manifest, compare

__all__ = ["Drill", "restore_drill", "restore_newest"]

_SMOKE = "SELECT 1"
#: facts that a place without the source's locale cannot have
_LOCALE = ("database collation", "database ctype", "database locale")
_MOST = 64 << 20


def restore_drill(drill: Drill) -> RoundTrip:
    """Back the source up, restore that from the store and compare; leave nothing behind.

    What is the backup's fault is an outcome; what we could not see raises ``DrillError`` with the
    steps until then.
    """
    if drill.source is None:
        raise DrillError("take", f"backup {drill.backup}: no source is stated to back up: state `source:`")
    clock = clock_of(drill)
    with working(drill) as folder, _told(clock):
        work = Work(clock=clock, store=drill.store, folder=folder, key=drill.key)
        # It stays open until rows that differ are named; it holds back the source's vacuum that long,
        # and its own deadline ends it.
        with connect(drill.source, deadline=drill.deadline, stage="take") as session:
            with clock.call("verify", "fingerprint of the source"):
                seen = fingerprint(session, jobs=drill.jobs)
            with _begun(drill, _wanted(drill, seen, session)) as coming:
                try:
                    taken, seen = _take(drill, work, session, seen)
                except NotRestorable as error:
                    return ended(drill, clock, error, at=session.at, size=session.about.size)
                try:
                    _beside(drill, work, taken, seen)
                    return _restored(drill, work, taken.artefact, seen, session, coming)
                finally:
                    _settled(drill, work, taken.artefact)


def restore_newest(drill: Drill) -> RoundTrip:
    """Restore the newest backup of the store and compare it with the manifest beside it.

    The source is not asked. Without a manifest the outcome is at best ``UNPROVABLE``.
    """
    clock = clock_of(drill)
    with working(drill) as folder, _told(clock):
        work = Work(clock=clock, store=drill.store, folder=folder, key=drill.key)
        every = artefacts(work)
        if not every:
            lost = clock.lost("fetch", f"there is no backup in {drill.store.place}")
            return ended(drill, clock, lost)
        newest = max(every, key=lambda each: (each.at, each.modified))
        seen = _stored(drill, work, newest)
        if seen is not None:
            newest = replace(newest, sha256=seen.sha256, at=seen.at)
        return _restored(drill, work, newest, seen, None)


@contextlib.contextmanager
def _told(clock: Clock) -> Iterator[None]:
    """Give every error the steps until then."""
    try:
        yield
    except NotRestorable as error:
        raise NotRestorable(error.stage, clock.redactor.text(error.reason), steps=clock.steps) from error
    except DrillError as error:
        raise DrillError(error.stage, clock.redactor.text(error.reason), steps=clock.steps) from error


def _take(drill: Drill, work: Work, session: Session, seen: Manifest) -> tuple[Taken, Manifest]:
    """Take the backup; return it with what the source held, as far as that can be known."""
    assert drill.source is not None  # noqa: S101 - restore_drill has looked
    name = f"{drill.backup}-{work.clock.journal.run_id[:24]}-{os.urandom(3).hex()}"
    taken = drill.engine.take(
        work, drill.source, major=major_of(session.version), snapshot=session.snapshot, name=name
    )
    if taken.exact:
        return taken, replace(seen, later=sequences(session))
    with (
        work.clock.call("verify", "fingerprint of the source, again"),
        connect(drill.source, deadline=drill.deadline, stage="take") as again,
    ):
        return taken, bracketed(seen, fingerprint(again, jobs=drill.jobs))


def _beside(drill: Drill, work: Work, taken: Taken, seen: Manifest) -> None:
    """Put the manifest beside the backup; the source is not needed for it any more."""
    path = work.folder / "manifest"
    path.write_bytes(manifest.dump(replace(seen, sha256=_sum_of(work, taken.artefact))))
    work.clock.add(drill.store.put(path, taken.artefact.key + MANIFEST, given=True))


def _sum_of(work: Work, artefact: Artefact) -> str:
    """Return the SHA-256 of what was stored, where we stored it ourselves."""
    return next(
        (
            step.sha256
            for step in work.clock.steps
            if step.stage == "store" and step.sha256 and step.argv[-1:] and artefact.key in step.argv[-1]
        ),
        artefact.sha256,
    )


def _stored(drill: Drill, work: Work, newest: Artefact) -> Manifest | None:
    """Return the manifest beside ``newest``, None where none lies there."""
    if not newest.manifest:
        return None
    path, step = drill.store.get(newest.key + MANIFEST, work.folder)
    work.clock.add(step)
    if path.stat().st_size > _MOST:
        raise work.clock.unseen("verify", f"{newest.key}{MANIFEST}: larger than {_MOST} bytes")
    return manifest.load(path.read_bytes(), name=newest.key + MANIFEST)


@contextlib.contextmanager
def _begun(drill: Drill, wanted: Wanted) -> Iterator[Callable[[], Target] | None]:
    """Begin with a server of ours: while the backup is taken, it gets ready."""
    if drill.scratch is not None:
        yield None
        return
    with begun(drill.journal, wanted, folder=drill.folder) as coming:
        yield coming


def _restored(
    drill: Drill,
    work: Work,
    artefact: Artefact,
    seen: Manifest | None,
    session: Session | None,
    coming: Callable[[], Target] | None = None,
) -> RoundTrip:
    wanted = _wanted(drill, seen, session)
    clock, lost, encrypted = work.clock, "", None
    size, at = (seen.size, seen.at) if seen else (0, artefact.at)
    with _target(drill, wanted, coming) as target:
        try:
            if drill.populated:
                _populate(drill, work, artefact, target)
            clock.begin()
            lost, encrypted = drill.engine.restore(work, artefact, target)
            _smoke(drill, clock, target)
        except NotRestorable as error:
            clock.end()
            return ended(drill, clock, error, at=at, size=size, artefact=artefact)
        clock.end()
        comparison = _compared(drill, clock, target, seen, session)
        outcome, stage, reason = judged(clock, lost, comparison)
        samples: tuple[Sample, ...] = ()
        unsampled = ""
        if drill.at_size > size and outcome in {Outcome.EQUAL, Outcome.UNPROVABLE}:
            if session is not None:
                session.close()  # the source has nothing more to do, and could not vacuum meanwhile
            around = Around(drill=drill, work=work, target=target, wanted=wanted)
            samples, unsampled = sampled(around)
    return RoundTrip(
        backup=drill.backup,
        outcome=outcome,
        stage=stage,
        reason=reason,
        steps=clock.steps,
        artefact=replace(artefact, good=outcome is Outcome.EQUAL),
        comparison=comparison,
        at=at,
        took=clock.took,
        size=size,
        samples=samples,
        unsampled=unsampled,
        encrypted=encrypted,
        durable=target.durable,
        versions={"server": str(seen.version) if seen else "", "scratch": str(target.major), **target.notes},
    )


def _wanted(drill: Drill, seen: Manifest | None, session: Session | None) -> Wanted:
    return Wanted(
        manifest=seen,
        database=session.about.database if session else "restored",
        roles=drill.engine.roles_provided,
        user=session.about.user if session else "",
        durable=drill.durable,
    )


@contextlib.contextmanager
def _target(drill: Drill, wanted: Wanted, coming: Callable[[], Target] | None = None) -> Iterator[Target]:
    if drill.scratch is None:
        with own_server(drill.journal, wanted, folder=drill.folder, coming=coming) as target:
            yield target
    else:
        with stated_server(
            drill.scratch, drill.journal, wanted, variable=drill.variable, source=drill.source
        ) as target:
            yield target


def _smoke(drill: Drill, clock: Clock, target: Target) -> None:
    programs = client(target.major, stage="smoke")
    logical.smoke(drill.smoke or _SMOKE, target.address, programs, clock)


def _populate(drill: Drill, work: Work, artefact: Artefact, target: Target) -> None:
    """Fill the target with the same backup, and a table that has come since."""
    folder = work.folder / "before"
    folder.mkdir()
    programs = client(target.major, stage="restore")
    clock = Clock(drill.journal, drill.redactor, deadline=drill.deadline)
    earlier = Work(clock=clock, store=work.store, folder=folder, key=work.key)
    restore_by_form(earlier, artefact, target, programs)
    with connected(target.address) as connection:
        connection.execute("create table public.created_since_the_backup (id int)")


def _compared(
    drill: Drill, clock: Clock, target: Target, seen: Manifest | None, source: Session | None
) -> Comparison | None:
    if seen is None:
        return None
    with (
        clock.call("verify", "fingerprint of the copy"),
        connect(target.admin, deadline=drill.deadline) as session,
    ):
        copy = fingerprint(session, jobs=drill.jobs)
        if "locale" in target.notes:
            seen, copy = (
                replace(side, catalogue={k: v for k, v in side.catalogue.items() if k not in _LOCALE})
                for side in (seen, copy)
            )
        found = compare(seen, copy, apart=(*target.apart, *drill.apart))
        if source is not None:
            with contextlib.suppress(DrillError):  # its snapshot may have come to its deadline
                return locate(found, seen, copy, ours=source, theirs=session)
        return locate(found, seen, copy)


def _settled(drill: Drill, work: Work, artefact: Artefact) -> None:
    """Take out of the store what this drill put there, or leave it; a team's own backup stays either way."""
    for suffix in ("", *BESIDE):
        if drill.keep:
            drill.store.leave(artefact.key + suffix)
            continue
        with contextlib.suppress(DrillError):  # what is not ours, or not there, stays so
            work.clock.add(drill.store.delete(artefact.key + suffix))
