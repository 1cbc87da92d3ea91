"""Every way that a backup of Redis is known to fail without a word: never equal, the right stage named."""

import dataclasses
import gzip
import os
import random
import shutil
import signal
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest

from verify.drills.errors import DrillError
from verify.drills.redis.checksum import crc64
from verify.drills.redis.server import AOF, RDB, Server, installed
from verify.drills.redis.take import files, snapshot
from verify.facts.backup import Outcome

pytestmark = pytest.mark.needs("redis")
LOST, OTHER = Outcome.NOT_RESTORABLE, Outcome.DIFFERENT


@pytest.fixture
def taken(filled: Any) -> Any:
    return snapshot(filled.server.address, filled.folder(), filled.clock())


def unsummed(manifest: Any) -> Any:
    """Return the manifest of a backup whose sum nobody noted: the data have to tell."""
    return dataclasses.replace(manifest, sha256="")


def flip(path: Path, at: int, bit: int = 3) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


RDB_FAULTS: dict[str, tuple[Callable[[Path], object], Outcome, str]] = {
    "empty": (lambda path: path.write_bytes(b""), LOST, "fetch"),
    "missing": (lambda path: path.unlink(), LOST, "fetch"),
    "cut 90 %": (lambda path: cut(path, 0.9), LOST, "restore"),
    "cut 50 %": (lambda path: cut(path, 0.5), LOST, "restore"),
    "cut at its sum": (lambda path: path.write_bytes(path.read_bytes()[:-8]), LOST, "restore"),
    "zeroed": (lambda path: path.write_bytes(bytes(1000)), LOST, "restore"),
    "an error page": (lambda path: path.write_text("<html>403</html>"), LOST, "restore"),
    "a text dump": (lambda path: path.write_text("-- PostgreSQL database dump\n"), LOST, "restore"),
    "cut gzip": (
        lambda path: path.write_bytes(gzip.compress(path.read_bytes())[:-20]),
        LOST,
        "decompress",
    ),
}


@pytest.mark.parametrize(
    ("fault", "summed"),
    [(fault, False) for fault in RDB_FAULTS]
    # its sum tells before anybody looks into it
    + [
        pytest.param(each, True, marks=() if each == "cut 50 %" else pytest.mark.nightly)
        for each in RDB_FAULTS
    ],
)
def test_a_snapshot_with(fault: str, summed: bool, filled: Any, taken: Any) -> None:  # noqa: FBT001 - a parameter
    damage, outcome, stage = RDB_FAULTS[fault]
    damage(taken.path)
    trip = filled.restored(taken.path, taken.manifest if summed else unsummed(taken.manifest))
    assert (trip.outcome, trip.stage) == (outcome, "fetch" if summed else stage), trip.reason


def test_a_flipped_bit_of_a_snapshot(filled: Any, taken: Any) -> None:
    """Redis sums what it saves, and tells a newer server's file from a damaged one by that."""
    good, chosen = taken.path.read_bytes(), random.Random(4)
    for _ in range(16):
        copy = filled.folder() / RDB
        copy.write_bytes(good)
        flip(copy, chosen.randrange(9, len(good)), chosen.randrange(8))
        trip = filled.restored(copy, unsummed(taken.manifest))
        assert (trip.outcome, trip.stage) == (LOST, "restore"), trip.reason
    for bit in range(4):  # of the last digit of its version: one that no server has yet
        (copy := filled.folder() / RDB).write_bytes(good)
        flip(copy, 8, bit)
        assert filled.restored(copy, unsummed(taken.manifest)).outcome is LOST
    copy = filled.folder() / RDB
    copy.write_bytes(good)
    flip(copy, len(good) // 2)
    trip = filled.restored(copy, taken.manifest)
    assert (trip.outcome, trip.stage) == (LOST, "fetch")


def test_an_older_snapshot_in_its_place(filled: Any, taken: Any) -> None:
    filled.do("SET", "since", 1)
    filled.do("DEL", "hash")
    newer = snapshot(filled.server.address, filled.folder(), filled.clock())
    trip = filled.restored(taken.path, unsummed(newer.manifest), source=newer.path)
    assert (trip.outcome, trip.stage) == (OTHER, "verify")
    rows = [(row.key, row.only) for found in trip.comparison.differences for row in found.rows]
    assert rows == [("hash", "copy"), ("since", "source")]
    # of an older backup whose snapshot is not at hand the keys that are there are named
    alone = filled.restored(filled_copy(filled, taken), unsummed(newer.manifest))
    assert alone.outcome is OTHER
    assert "hash" in {row.key for found in alone.comparison.differences for row in found.rows}


def filled_copy(bench: Any, taken: Any) -> Path:
    return Path(shutil.copy(taken.path, bench.folder() / RDB))


def test_encrypted(filled: Any, taken: Any) -> None:
    ours, others = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    path = filled.folder() / "dump.rdb.age"
    path.write_bytes(pyrage.encrypt(gzip.compress(taken.path.read_bytes()), [ours.to_public()]))
    manifest = unsummed(taken.manifest)
    trip = filled.restored(path, manifest, key=str(ours))
    assert (trip.outcome, trip.encrypted, trip.reason) == (Outcome.EQUAL, True, "")
    for key in ("", str(others)):
        trip = filled.restored(path, manifest, key=key)
        assert (trip.outcome, trip.stage) == (LOST, "decrypt")
        assert str(others) not in trip.reason
    flip(path, 400)
    assert filled.restored(path, manifest, key=str(ours)).stage == "decrypt"


@pytest.fixture
def kept(filled: Any) -> tuple[Path, Any]:
    """Copy the server's own files, a rewritten base and writes after it, and return its manifest too."""
    filled.do("BGREWRITEAOF")
    settled(filled)
    for number in range(500):
        filled.do("SET", f"later:{number}", f"value {number}")
    taken = files(filled.server.address, filled.server.folder, filled.folder(), filled.clock())
    unpacked = filled.folder()
    with tarfile.open(taken.path) as archive:
        archive.extractall(unpacked, filter="data")
    return unpacked / "data", unsummed(taken.manifest)


def settled(bench: Any) -> None:
    for _ in range(500):
        said = bench.do("INFO", "persistence").decode()
        if "aof_rewrite_in_progress:0" in said and "aof_rewrite_scheduled:0" in said:
            return
        threading.Event().wait(0.02)
    pytest.fail("the file was not rewritten")


def test_the_files_of_a_server(filled: Any, kept: Any) -> None:
    folder, manifest = kept
    assert sorted(each.name for each in folder.iterdir()) == [AOF]
    trip = filled.restored(folder, manifest)
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    whole = filled.trip(data=filled.server.folder)
    assert (whole.outcome, whole.reason, whole.artefact.form) == (Outcome.EQUAL, "", "tar")
    assert whole.comparison.rows == trip.comparison.rows > 800


def base(folder: Path) -> Path:
    return next((folder / AOF).glob("*.base.rdb"))


def incr(folder: Path) -> Path:
    return next((folder / AOF).glob("*.incr.aof"))


def at_a_command(folder: Path) -> None:
    path = incr(folder)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"*3\r\n$3\r\nSET\r\n$9\r\nlater:250")])


def in_a_value(folder: Path) -> None:
    path = incr(folder)
    flip(path, path.read_bytes().index(b"value 123") + 7)


def in_a_key(folder: Path) -> None:
    path = incr(folder)
    flip(path, path.read_bytes().index(b"later:77") + 7)


def in_a_length(folder: Path) -> None:
    path = incr(folder)
    flip(path, path.read_bytes().index(b"$9\r\nvalue 123") + 1)


def lost(folder: Path) -> None:
    shutil.rmtree(folder / AOF)


def old_snapshot(folder: Path) -> None:
    shutil.copy(base(folder), folder / RDB)


def listing(folder: Path) -> Path:
    return next((folder / AOF).glob("*.manifest"))


def at_a_line(folder: Path) -> None:
    path = listing(folder)
    path.write_text(path.read_text().splitlines(keepends=True)[0])


AOF_FAULTS: dict[str, tuple[list[Callable[[Path], object]], bool | None, Outcome, str]] = {
    "cut within a command": ([lambda folder: cut(incr(folder), 0.497)], None, LOST, "restore"),
    "cut at a command": ([at_a_command], None, OTHER, "verify"),
    "a flipped bit in a value": ([in_a_value], None, OTHER, "verify"),
    "a flipped bit in a key": ([in_a_key], None, OTHER, "verify"),
    "a flipped bit in a length": ([in_a_length], None, LOST, "restore"),
    "writes gone, snapshot there": ([old_snapshot, lost], True, LOST, "restore"),
    "an empty folder": ([lost, lambda folder: (folder / AOF).mkdir()], True, OTHER, "verify"),
    "nothing, volume not mounted": ([lost], None, LOST, "restore"),
    "nothing, append-only": ([lost], True, LOST, "restore"),
    "appendonly no": ([], False, LOST, "restore"),
    "appendonly no, old snapshot": ([old_snapshot], False, OTHER, "verify"),
    "writes' file missing": ([lambda folder: incr(folder).unlink()], None, LOST, "restore"),
    "writes' file empty": ([lambda folder: incr(folder).write_bytes(b"")], None, OTHER, "verify"),
    "base missing": ([lambda folder: base(folder).unlink()], None, LOST, "restore"),
    "base cut": ([lambda folder: cut(base(folder), 0.7)], None, LOST, "restore"),
    "base flipped": ([lambda folder: flip(base(folder), 700)], None, LOST, "restore"),
    "list of files missing": ([lambda folder: listing(folder).unlink()], None, OTHER, "verify"),
    "list of files cut": ([lambda folder: cut(listing(folder), 0.8)], None, LOST, "restore"),
    "list of files cut at a line": ([at_a_line], None, OTHER, "verify"),
}


@pytest.mark.parametrize("fault", AOF_FAULTS)
def test_the_files_of_a_server_with(fault: str, filled: Any, kept: Any) -> None:
    folder, manifest = kept
    damages, appendonly, outcome, stage = AOF_FAULTS[fault]
    for damage in damages:
        damage(folder)
    trip = filled.restored(folder, manifest, appendonly=appendonly)
    assert (trip.outcome, trip.stage) == (outcome, stage), trip.reason
    assert trip.reason


def test_what_is_written_while_files_are_copied_is_not_proved(
    filled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verify.drills.redis import take

    packed = take._pack

    def pack(*args: Any) -> None:
        packed(*args)
        filled.do("SET", "other", "written meanwhile", database=3)

    monkeypatch.setattr(take, "_pack", pack)
    trip = filled.trip(data=filled.server.folder)
    assert (trip.outcome, trip.stage) == (Outcome.UNPROVABLE, "verify")
    assert trip.comparison.unprovable == ("db3: written to while it was copied",)


@pytest.fixture
def tampered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change the server that holds the snapshot before it is compared with the source."""
    from verify.drills.redis import take

    compare = take.compare_live

    def change(*words: object) -> None:
        def changed(source: Any, loaded: Any, link: Any, stream: Path) -> Any:
            loaded.client(0).execute_command(*words)
            return compare(source, loaded, link, stream)

        monkeypatch.setattr(take, "compare_live", changed)

    return change


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("SET", "plain:5", "otherwise"), "db0 plain:5"),
        (("DEL", "plain:5"), "db0 plain:5"),
        (("SET", "more", "1"), "db0 more"),
        (("PEXPIRE", "session:1", "77777777"), "db0 session:1"),
        (("ZADD", "zset:large", "9", "m5"), "db0 zset:large"),
    ],
)
def test_a_snapshot_that_is_not_what_the_source_held(
    words: tuple[str, ...], key: str, filled: Any, tampered: Any
) -> None:
    tampered(*words)
    trip = filled.trip()
    assert (trip.outcome, trip.stage) == (OTHER, "take")
    assert [row.key for row in trip.comparison.differences[-1].rows] == [key]


def test_writes_that_are_lost_prove_nothing(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from verify.drills.redis import take

    compare = take.compare_live

    def cut_off(source: Any, loaded: Any, link: Any, stream: Path) -> Any:
        filled.do("CLIENT", "KILL", "TYPE", "replica")
        filled.do("SET", "plain:1", "written since")
        return compare(source, loaded, link, stream)

    monkeypatch.setattr(take, "compare_live", cut_off)
    trip = filled.trip()
    assert (trip.outcome, trip.stage) == (Outcome.UNPROVABLE, "verify")
    assert "writes to the source were lost" in trip.reason


def test_a_server_here_that_is_older(filled: Any, taken: Any) -> None:
    """That we cannot read it says nothing about the backup."""
    newer = dataclasses.replace(taken.manifest, version=990000)
    with pytest.raises(DrillError, match="install a newer redis-server") as told:
        filled.restored(taken.path, newer)
    assert type(told.value) is DrillError
    data = b"REDIS0099" + taken.path.read_bytes()[9:-8]
    taken.path.write_bytes(data + crc64(data).to_bytes(8, "little"))
    with pytest.raises(DrillError, match="written by a newer Redis") as told:
        filled.restored(taken.path, unsummed(taken.manifest))
    assert type(told.value) is DrillError


def test_a_replica_without_its_master_is_not_believed(filled: Any, journal: Any, place: Path) -> None:
    home = place / "replica"
    home.mkdir()
    settings = {"replicaof": "127.0.0.1 1"}
    with Server(home, journal=journal, program=installed()[0], settings=settings) as replica:
        replica.start(within=20)
        with pytest.raises(DrillError, match="without its master") as told:
            snapshot(replica.address, filled.folder(), filled.clock())
    assert told.value.stage == "take"


def test_a_deadline_of_ours_is_no_fault_of_the_backup(filled: Any) -> None:
    """The source accepts and never answers."""
    clock = filled.clock()
    clock.deadline = 0.3
    os.kill(filled.server.service.pid, signal.SIGSTOP)
    try:
        with pytest.raises(DrillError, match="did not answer in time") as told:
            snapshot(filled.server.address, filled.folder(), clock)
        assert type(told.value) is DrillError
    finally:
        os.kill(filled.server.service.pid, signal.SIGCONT)
