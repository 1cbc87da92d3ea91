"""A base backup and its WAL, recovered to before and after a row of ours; every known fault is told."""

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from verify.drills.errors import DrillError
from verify.drills.postgres import physical
from verify.drills.postgres.address import Address
from verify.drills.postgres.archiver import archiving
from verify.drills.postgres.session import connect
from verify.facts.archive import Recovered
from verify.facts.backup import Outcome
from verify.facts.equality import Comparison, Difference

pytestmark = pytest.mark.needs("postgresql")
FILES: dict[str, str] = {}
LOST, OTHER = Outcome.NOT_RESTORABLE, Outcome.DIFFERENT


def test_recovered_to_before_and_after(bench: Any) -> None:
    """Others write meanwhile: what they write to is not proved, all else is equal."""
    ending = threading.Event()

    def write() -> None:
        with psycopg.connect(bench.source.dsn, autocommit=True) as connection:
            connection.execute("create table if not exists busy (n int)")
            while not ending.is_set():
                connection.execute("insert into busy values (1)")
                connection.execute("select nextval('counter')")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = bench.trip()
    finally:
        ending.set()
        writer.join()
        bench.do("drop table busy")
    assert seen.trip.outcome is Outcome.UNPROVABLE, seen.trip.reason
    assert seen.trip.comparison.differences == ()
    assert {each.partition(":")[0] for each in seen.trip.comparison.unprovable} <= {
        "public.busy",
        "public.fleeting",
    }
    assert [(each.before, each.after) for each in seen.recoveries] == [(True, False), (True, True)]
    assert 0 <= seen.delay < 60
    assert 0 < seen.trip.took < 60
    assert {"take", "fetch", "restore", "smoke", "verify"} == {step.stage for step in seen.trip.steps}
    assert bench.one("select count(*) from pg_namespace where nspname like 'drill%'") in (0, 1)


def test_files_that_nobody_checked_prove_nothing(kept: Any) -> None:
    """The comparison reads no index, and no other database: damage to them would not be seen."""
    kept.programs = dataclasses.replace(
        kept.programs, instead={"pg_verifybackup": "/nowhere/pg_verifybackup"}
    )
    try:
        seen = kept.restored()
    finally:
        kept.programs = dataclasses.replace(kept.programs, instead={})
    assert seen.trip.outcome is Outcome.UNPROVABLE
    assert "/nowhere/pg_verifybackup is not installed, so damage to an index" in seen.trip.reason
    assert seen.trip.comparison.differences == ()
    assert [(each.before, each.after) for each in seen.recoveries] == [(True, False), (True, True)]
    assert seen.recoveries[0].reached <= kept.marks.at <= seen.recoveries[1].reached


def test_a_check_of_files_that_crashes_has_not_checked_them(kept: Any, tmp_path: Path) -> None:
    program = tmp_path / "crashes"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    instead = dataclasses.replace(kept.programs, instead={"pg_verifybackup": str(program)})
    clock = kept.bench.clock()
    assert "ended by signal 11" in physical._verified(kept.bench.drill(), kept.base, instead, clock)
    assert physical._verified(kept.bench.drill(), kept.base, kept.programs, clock) == ""


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 8
    put(path, data)


def put(path: Path, data: bytes | bytearray) -> None:
    """Write a file anew: others may be linked to what is there."""
    path.unlink()
    path.write_bytes(data)


def relation(base: Path) -> Path:
    """Return the file of the table that nothing was written to since the backup: no WAL mends it."""
    return base / FILES["customer"]


def last(archive: Path) -> Path:
    """Return the segment that the second point lies in."""
    return archive / FILES["last"]


def first(archive: Path) -> Path:
    """Return the segment that the base backup begins in."""
    return archive / FILES["first"]


def in_a_row(path: Path) -> None:
    flip(path, path.read_bytes().index(b"name 2000") + 6)


def know(kept: Any) -> None:
    """Note which files the faults are done to."""
    label = (kept.base / "backup_label").read_text()
    FILES["customer"] = kept.bench.one("select pg_relation_filepath('customer')")
    FILES["last"], FILES["first"] = kept.marks.wal, label.split("(file ")[1][:24]


FAULTS: dict[str, Callable[[Path, Path], object]] = {
    "last segment missing": lambda _, archive: last(archive).unlink(),
    "last segment cut": lambda _, archive: last(archive).write_bytes(last(archive).read_bytes()[:-9]),
    "last segment flipped": lambda _, archive: flip(last(archive), 9000),
    "last segment empty": lambda _, archive: last(archive).write_bytes(b""),
    "first segment missing": lambda _, archive: first(archive).unlink(),
    "first segment zeroed": lambda _, archive: first(archive).write_bytes(
        bytes(first(archive).stat().st_size)
    ),
    "no WAL at all": lambda _, archive: [path.unlink() for path in archive.iterdir()],
    "control file missing": lambda base, _: (base / "global" / "pg_control").unlink(),
    "control file flipped": lambda base, _: flip(base / "global" / "pg_control", 40),
    "label missing": lambda base, _: (base / "backup_label").unlink(),
    "version missing": lambda base, _: (base / "PG_VERSION").unlink(),
    "a table's file missing": lambda base, _: relation(base).unlink(),
    "a table's file cut": lambda base, _: put(relation(base), relation(base).read_bytes()[:-8192]),
    "a table's file flipped": lambda base, _: in_a_row(relation(base)),
    "a catalogue's folder missing": lambda base, _: (base / "global" / "pg_filenode.map").unlink(),
}


#: nightly: others of their kind are told here too, and `pg_waldump` looks 5 s for a first segment
SLOW = (
    "last segment empty",
    "first segment missing",
    "first segment zeroed",
    "a catalogue's folder missing",
    "version missing",
)


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=pytest.mark.nightly if name in SLOW else ()) for name in FAULTS]
)
def test_a_backup_with(fault: str, kept: Any) -> None:
    know(kept)
    seen = kept.restored(FAULTS[fault])
    assert (seen.trip.outcome, seen.trip.stage) == (LOST, "restore"), seen.trip.reason
    assert seen.trip.reason


UNCHECKED = ("a table's file flipped",)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(name, marks=() if name in UNCHECKED else pytest.mark.nightly)
        for name in FAULTS
        if name != "label missing"  # without it a server starts where the control file says, or not at all
    ],
)
def test_without_checking_its_files_a_backup_with(fault: str, kept: Any) -> None:
    """Where the program that checks files is missing, the recovery or the comparison tells."""
    know(kept)
    seen = kept.restored(FAULTS[fault], verify_files=False)
    assert seen.trip.outcome in {LOST, OTHER}, seen.trip.reason
    assert seen.trip.stage in {"restore", "smoke", "verify"}
    assert seen.trip.reason


def test_another_timeline(kept: Any) -> None:
    """After a failover the archive has to hold the new timeline's history."""
    seen = kept.restored(timeline="7")
    assert (seen.trip.outcome, seen.trip.stage) == (LOST, "restore")
    assert "recovery target timeline 7 does not exist" in seen.trip.reason


def test_the_wal_of_another_server(kept: Any) -> None:
    """An archive that two servers share."""

    def damage(_: Path, archive: Path) -> None:
        path = last(archive)
        data = bytearray(path.read_bytes())
        data[24:32] = bytes(8)  # the system identifier in the first page's header
        path.write_bytes(data)

    know(kept)
    seen = kept.restored(damage, verify_files=False)
    assert (seen.trip.outcome, seen.trip.stage) == (LOST, "restore")


def test_a_point_that_was_never_reached(kept: Any) -> None:
    seen = kept.restored(time="2999-01-01 00:00:00+00")
    assert (seen.trip.outcome, seen.trip.stage) == (LOST, "restore")
    assert "recovery ended before configured recovery target was reached" in seen.trip.reason


@pytest.mark.nightly
def test_a_point_before_the_backup(kept: Any) -> None:
    early = kept.restored(time="2001-01-01 00:00:00+00")
    assert early.trip.outcome in {LOST, OTHER}


AT = Recovered(target="time 2026-01-01 02:00:00+00", before=True, after=False)
END = Recovered(target="lsn 0/3000148", before=True, after=True)
SAME = Comparison(relations=1, rows=1, facts=1)


@pytest.mark.parametrize(
    ("at", "end", "compared", "outcome", "reason"),
    [
        ({}, {}, {}, Outcome.EQUAL, ""),
        ({"before": False}, {}, {}, OTHER, "what was committed before it is missing"),
        ({"after": True}, {}, {}, OTHER, "what came after it is there"),
        ({}, {"after": False}, {}, OTHER, "the last committed row is missing"),
        ({}, {"before": False}, {}, OTHER, "the last committed row is missing"),
        (
            {},
            {},
            {"differences": (Difference(what="table a", source="1", copy="0"),)},
            OTHER,
            "table a: 1 at",
        ),
        ({}, {}, {"unprovable": ("a: written to",)}, Outcome.UNPROVABLE, "a: written to"),
        ({}, {}, {"relations": 0}, Outcome.UNPROVABLE, "the source holds no table"),
    ],
)
def test_what_recoveries_come_to(
    at: dict[str, Any], end: dict[str, Any], compared: dict[str, Any], outcome: Outcome, reason: str
) -> None:
    recoveries = [dataclasses.replace(AT, **at), dataclasses.replace(END, **end)]
    told = physical._judged(recoveries, dataclasses.replace(SAME, **compared))
    assert told[0] is outcome
    assert reason in told[1]


@pytest.mark.nightly
def test_a_copy_without_what_was_committed(kept: Any) -> None:
    seen = kept.restored(schema="drill_sentinel_none")
    assert (seen.trip.outcome, seen.trip.stage) == (OTHER, "verify")
    assert "what was committed before it is missing" in seen.trip.reason


@pytest.mark.nightly  # it waits until the archiver has failed; what has failed is told in test_rule
def test_an_archiver_that_fails(bench: Any) -> None:
    bench.do("select pg_stat_reset_shared('archiver')")
    good = bench.one("show archive_command")
    bench.server.stop()
    settings = dict(bench.server._settings)
    bench.server._settings = settings | {"archive_command": "/bin/false"}
    bench.server.start()
    try:
        bench.do("create table if not exists moved (n int)")
        seen = bench.trip(deadline=6)
        assert (seen.trip.outcome, seen.trip.stage) == (LOST, "store"), seen.trip.reason
        assert "the archiver fails" in seen.trip.reason
        with connect(bench.source, deadline=20) as session:
            told = archiving(session)
        assert told.failing
        assert told.unarchived > 0
    finally:
        bench.server.stop()
        bench.server._settings = settings
        bench.server.start()
    assert bench.one("show archive_command") == good


def test_no_archiver(bench: Any) -> None:
    bench.server.stop()
    settings = dict(bench.server._settings)
    bench.server._settings = settings | {"archive_mode": "off"}
    bench.server.start()
    try:
        seen = bench.trip()
    finally:
        bench.server.stop()
        bench.server._settings = settings
        bench.server.start()
    assert (seen.trip.outcome, seen.trip.stage) == (LOST, "store")
    assert "archive_mode is off" in seen.trip.reason


def test_what_the_archiver_says(bench: Any) -> None:
    bench.do("select pg_stat_reset_shared('archiver')")
    bench.do("create table if not exists moved (n int)")
    bench.do("insert into moved values (1)")
    wal = bench.one("select pg_walfile_name(pg_switch_wal() - 1)")
    from verify.drills.postgres.archiver import wait_archived

    at = wait_archived(bench.source, wal, bench.clock())
    with connect(bench.source, deadline=20) as session:
        told = archiving(session)
    assert (told.enabled, told.failing, told.failed) == (True, False, 0)
    assert told.archived >= 1
    assert told.last_archived == pytest.approx(at)
    assert 0 <= told.unarchived < told.segment
    assert told.at >= at


def test_a_deadline_of_ours_is_no_fault_of_the_backup(bench: Any) -> None:
    bench.do("create table if not exists moved (n int)")
    with pytest.raises(DrillError) as told:
        bench.trip(deadline=0.001)
    assert type(told.value) is DrillError


def test_a_source_that_is_down_and_one_that_lets_nobody_in(bench: Any) -> None:
    away = Address({**bench.source.parameters, "host": "/nowhere"})
    drill = dataclasses.replace(bench.drill(), source=away)
    from verify.drills.postgres.physical import point_in_time

    with pytest.raises(DrillError) as told:
        point_in_time(drill, folder=bench.folder(), clock=bench.clock(10))
    assert type(told.value) is DrillError
    drill = dataclasses.replace(drill, source=Address({**bench.source.parameters, "user": "not_there"}))
    with pytest.raises(DrillError, match="not_there"):
        point_in_time(drill, folder=bench.folder(), clock=bench.clock(10))


@pytest.mark.nightly
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_with_each_version(fault: str | None, kept_of_any_version: Any) -> None:
    kept = kept_of_any_version
    know(kept)
    seen = kept.restored(FAULTS[fault] if fault else None)
    if fault is None:
        assert seen.trip.comparison.differences == ()
        assert [(each.before, each.after) for each in seen.recoveries] == [(True, False), (True, True)]
    else:
        assert seen.trip.outcome in {LOST, OTHER}, seen.trip.reason
