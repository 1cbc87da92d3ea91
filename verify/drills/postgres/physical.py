"""A base backup and archived WAL, recovered to the moment before and after a row of ours.

The row is the proof: recovered to the moment before it was written it must not be there, recovered
to the moment after it, it must. What was committed in between is what the archive is for.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from verify.drills.clock import Clock
from verify.drills.errors import DrillError, NotRestorable
from verify.drills.postgres import archiver, recovery, sentinel
from verify.drills.postgres.address import Address
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.marks import AFTER, BEFORE, Marks, mark
from verify.drills.postgres.recovery import Target
from verify.drills.postgres.rows import locate
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.server import room
from verify.drills.postgres.session import connect
from verify.drills.postgres.tools import Programs, client, major_of
from verify.facts.archive import PointInTime, Recovered
from verify.facts.backup import Outcome, RoundTrip
from verify.facts.equality import Comparison, compare
from verify.model.units import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Physical:
    """What a drill has to know; ``source`` is written to: a schema of ours, dropped at the end.

    ``archive`` is the folder that the source's ``archive_command`` fills; ``variable`` the one that
    leads to the source, for ``clean``; ``smoke`` a query that has to answer with a row.
    """

    backup: str
    source: Address
    archive: Path
    variable: str = ""
    smoke: str = "SELECT 1"
    jobs: int = 1
    verify_files: bool = field(default=True)


def point_in_time(drill: Physical, *, folder: Path, clock: Clock) -> PointInTime:
    """Take a base backup, mark two points, and recover to each; ``folder`` is an empty one of the run.

    Raise ``DrillError`` where it cannot be told.
    """
    base = folder / "base"
    recovery.require_archive(drill.archive)
    timeout: Duration | None = None
    try:
        timeout = _require_archiver(drill.source, clock)
        programs = base_backup(drill.source, base, clock)
        with sentinel.sentinel(drill.source, clock.journal, variable=drill.variable) as schema:
            marks = mark(drill.source, schema, clock, jobs=drill.jobs)
            archived = archiver.wait_archived(drill.source, marks.wal, clock)
            delay = Duration(max(0.0, archived - marks.committed))
    except NotRestorable as error:
        return PointInTime(trip=_lost(drill.backup, error, clock), timeout=timeout)
    told = restore(drill, base, marks, programs, folder=folder, clock=clock)
    return replace(told, delay=delay, timeout=timeout)


def _require_archiver(source: Address, clock: Clock) -> Duration:
    """Return the server's ``archive_timeout``.

    Raise ``NotRestorable`` where no WAL is archived: a base backup would wait for it in vain.
    """
    with connect(source, deadline=clock.deadline, stage="store") as session:
        seen = archiver.archiving(session)
    if not seen.enabled:
        raise clock.lost("store", "archive_mode is off: no WAL is kept, so nothing between backups")
    if seen.failing:
        reason = f"the archiver fails: {seen.failed} times, last with {seen.last_failed_wal}"
        raise clock.lost("store", f"{reason}: see the server's log for what archive_command says")
    return seen.timeout


def base_backup(source: Address, base: Path, clock: Clock) -> Programs:
    """Copy the source's data folder into ``base``; return the programs of its version."""
    with connect(source, deadline=clock.deadline, stage="take") as session:
        programs = client(major_of(session.version))
        elsewhere = session.query(
            b"select spcname from pg_tablespace where pg_tablespace_location(oid) <> '' order by 1"
        )
        size = int(session.query(b"select sum(pg_database_size(oid))::int8 from pg_database")[0][0])
    if elsewhere:
        names = ", ".join(str(row[0]) for row in elsewhere)
        raise clock.unseen(
            "take", f"{source.words} has tablespaces in other places ({names}): not drilled here"
        )
    room(base.parent, 3 * size, stage="take")
    program = programs["pg_basebackup"]
    done = clock.run(
        "take",
        [program, "-D", base, "-Fp", "-X", "none", "-c", "fast", "--manifest-checksums=SHA256", "-w", "-N"],
        env=_environment(source),
        wrote=base,
    )
    if done.timed_out:
        _require_archiver(source, clock)
        reason = f"no base backup within {clock.deadline:g} s: it waits until its WAL is archived"
        raise clock.unseen("take", f"{reason}: see the server's log for what archive_command says")
    if not done.ok:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise clock.unseen(
            "take",
            f"pg_basebackup: {' '.join(words)}: its user needs REPLICATION, and pg_hba.conf a line for it",
        )
    return programs


def _environment(source: Address) -> dict[str, str]:
    from verify.effects.process import clean_environment

    return clean_environment(source.environment())


def restore(
    drill: Physical, base: Path, marks: Marks, programs: Programs, *, folder: Path, clock: Clock
) -> PointInTime:
    """Recover ``base`` to each of ``marks`` from the archive, and compare with what the source held."""
    recoveries: list[Recovered] = []
    wal, comparison, took = folder / "wal", None, Duration(0)
    try:
        unchecked = _verified(drill, base, programs, clock)
        clock.begin()
        recovery.fetch_wal(drill.archive, wal, clock)
        points = (
            Target(kind="time", value=marks.time, timeline=marks.timeline),
            Target(kind="lsn", value=marks.lsn, timeline=marks.timeline),
        )
        for number, target in enumerate(points):
            home = folder / f"recovered-{number}"
            with recovery.recovered(base, wal, target, home, clock, user=marks.user) as server:
                copy = server.address.at(marks.database)
                _smoke(drill, copy, clock)
                if comparison is None:
                    clock.end()
                    took = clock.took
                recoveries.append(_seen(copy, target, marks))
                if comparison is None:
                    comparison = _compared(copy, marks, drill, clock)
    except NotRestorable as error:
        return PointInTime(trip=_lost(drill.backup, error, clock), recoveries=tuple(recoveries))
    if comparison is not None and unchecked:
        comparison = replace(comparison, unprovable=(*comparison.unprovable, unchecked))
    outcome, reason = _judged(recoveries, comparison)
    trip = RoundTrip(
        backup=drill.backup,
        outcome=outcome,
        stage="" if outcome is Outcome.EQUAL else "verify",
        reason=reason,
        steps=clock.steps,
        comparison=comparison,
        at=marks.at,
        took=took,
        size=marks.size,
        versions={"postgresql": str(programs.major)},
    )
    return PointInTime(trip=trip, recoveries=tuple(recoveries))


def _verified(drill: Physical, base: Path, programs: Programs, clock: Clock) -> str:
    """Check every file against the backup's own manifest; return why that was not done, else "".

    The comparison reads the tables of one database: damage to an index, or to another database, is
    seen here alone.
    """
    program = programs["pg_verifybackup"]
    unchecked = "so damage to an index or to another database would not be seen"
    if not drill.verify_files:
        return f"the files were not checked, {unchecked}"
    if not program.exists():
        return f"{program} is not installed, {unchecked}: install PostgreSQL's server package"
    done = clock.run("verify", [program, "-w", drill.archive, base], env=_environment(drill.source))
    if done.timed_out:
        raise clock.unseen("verify", f"pg_verifybackup was not done within {clock.deadline:g} s")
    if done.returncode < 0:  # it has said nothing: the recovery may
        return f"pg_verifybackup was ended by signal {-done.returncode}, {unchecked}"
    if done.returncode:
        words = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()[:3]
        raise clock.lost("restore", "; ".join(words))
    return ""


def _smoke(drill: Physical, copy: Address, clock: Clock) -> None:
    try:
        with clock.call("smoke", drill.smoke), connected(copy, stage="smoke") as connection:
            found = connection.execute(drill.smoke.encode()).fetchone()
    except (
        DrillError
    ) as error:  # the server is ours and has just started: what it refuses is its data's fault
        raise clock.lost("smoke", error.reason) from error
    if found is None:
        raise clock.lost("smoke", f"{drill.smoke}: expected a row, got none")


def _seen(copy: Address, target: Target, marks: Marks) -> Recovered:
    there = sentinel.words(copy, marks.schema)
    with connected(copy, stage="verify") as connection:
        row = connection.execute(
            "select extract(epoch from pg_last_xact_replay_timestamp())::float8"
        ).fetchone()
    reached = None if row is None or row[0] is None else float(str(row[0]))
    return Recovered(
        target=f"{target.kind} {target.value}",
        before=BEFORE in there,
        after=AFTER in there,
        reached=reached,
    )


def _compared(copy: Address, marks: Marks, drill: Physical, clock: Clock) -> Comparison:
    """Compare the copy with the source; what cannot be read in it is the backup's fault."""
    with clock.call("verify", "compare with the source") as noted:
        try:
            with connect(copy, deadline=clock.deadline) as session:
                held = fingerprint(session, jobs=drill.jobs, recovered=True)
                found = compare(marks.manifest, held)
                noted.words = f"{found.rows} rows"
                return locate(found, marks.manifest, held, theirs=session) if found.differences else found
        except DrillError as error:
            if "deadline" in error.reason:
                raise
            raise clock.lost("verify", error.reason) from error


def _judged(recoveries: list[Recovered], comparison: Comparison | None) -> tuple[Outcome, str]:
    first, last = recoveries
    if not first.before or first.after:
        what = (
            "what was committed before it is missing" if not first.before else "what came after it is there"
        )
        return Outcome.DIFFERENT, f"recovered to {first.target}: {what}"
    if not (last.before and last.after):
        return Outcome.DIFFERENT, f"recovered to {last.target}: the last committed row is missing"
    if comparison is None or comparison.differences:
        found = comparison.differences[0] if comparison else None
        said = (
            f"{found.what}: {found.source} at the source, {found.copy} restored" if found else "not compared"
        )
        return Outcome.DIFFERENT, said
    if not comparison.equal:
        return Outcome.UNPROVABLE, "; ".join(comparison.unprovable) or "the source holds no table"
    return Outcome.EQUAL, ""


def _lost(backup: str, error: NotRestorable, clock: Clock) -> RoundTrip:
    return RoundTrip(
        backup=backup,
        outcome=Outcome.NOT_RESTORABLE,
        stage=error.stage,
        reason=clock.redactor.text(error.reason),
        steps=clock.steps,
        took=clock.took,
    )
