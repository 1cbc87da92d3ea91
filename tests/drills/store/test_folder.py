"""A folder: what is put comes back, what is there is listed, and only what is ours goes."""

import errno
import hashlib
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from verify.drills.errors import DrillError, NotRestorable
from verify.drills.store import folder as module
from verify.drills.store import links
from verify.drills.store.base import Using, machine
from verify.drills.store.folder import FolderStore, remote
from verify.effects.journal import Journal, clean

DUMP = b"-- PostgreSQL database dump\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "backups"
    path.mkdir()
    return path


@pytest.fixture
def store(place: Path, using: Using) -> Iterator[FolderStore]:
    opened = FolderStore(place, using)
    yield opened
    opened.close()


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "db.sql"
    path.write_bytes(DUMP)
    return path


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_what_is_put_comes_back(store: FolderStore, place: Path, tmp_path: Path, size: int) -> None:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(size))
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if size else ""
    put = store.put(path, "daily/db.dump")
    assert (put.stage, put.size, put.sha256, put.ok) == ("store", size, digest, True)
    assert [(each.key, each.size) for each in store.list().artefacts] == [("daily/db.dump", size)]
    into = tmp_path / "into"
    into.mkdir()
    copy, got = store.get("daily/db.dump", into)
    assert copy == into / "db.dump"
    assert copy.read_bytes() == path.read_bytes()
    assert (got.stage, got.size, got.sha256) == ("fetch", size, digest)
    store.delete("daily/db.dump")
    assert names_in(place) == set()


def test_what_is_given_becomes_the_store_s_own(store: FolderStore, place: Path, dump: Path) -> None:
    number, digest = dump.stat().st_ino, hashlib.sha256(DUMP).hexdigest()
    put = store.put(dump, "ours", given=True)
    assert (put.argv[0], put.size, put.sha256) == ("link", len(DUMP), digest)
    assert not dump.exists()
    seen = (place / "ours").stat()
    assert (seen.st_ino, seen.st_nlink) == (number, 1)
    store.delete("ours")
    assert names_in(place) == set()


def test_what_nobody_writes_to_is_read_where_it_lies(
    store: FolderStore, place: Path, tmp_path: Path, dump: Path
) -> None:
    (place / "theirs").write_bytes(DUMP)
    changed = (place / "theirs").stat().st_ctime_ns
    store.put(dump, "ours")
    for number, (key, how, reading) in enumerate(
        [("ours", "link", True), ("ours", "copy", False), ("theirs", "copy", True)]
    ):
        into = tmp_path / str(number)
        into.mkdir()
        copy, got = store.get(key, into, reading=reading)
        assert (got.argv[0], got.size, got.sha256) == (how, len(DUMP), hashlib.sha256(DUMP).hexdigest())
        assert copy.read_bytes() == DUMP
        assert copy.samefile(place / key) is (how == "link")
    assert (place / "theirs").stat().st_ctime_ns == changed, "who prunes by age would see it"


def test_where_nothing_can_be_linked_it_is_copied(
    store: FolderStore, place: Path, tmp_path: Path, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(target))

    into = tmp_path / "into"
    into.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(links.Path, "hardlink_to", refuse)
        assert not links.linked(dump, into / "name")
    place.chmod(0o2755)  # its files have its group: a link would keep another one
    assert store.put(dump, "ours", given=True).argv[0] == "copy"
    assert not dump.exists()
    assert (place / "ours").read_bytes() == DUMP
    (tmp_path / "points").symlink_to(place / "ours")
    assert not links.linked(tmp_path / "points", into / "name")
    assert links.linked(place / "ours", into / "name")
    with pytest.raises(FileExistsError):
        links.linked(place / "ours", into / "name")


def test_rights_that_a_folder_gives_are_not_lost(
    tmp_path: Path, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links.os, "listxattr", lambda _: ["system.posix_acl_default"])
    assert not links.linked(dump, tmp_path / "name")


def test_what_stays_is_on_the_disk(
    store: FolderStore, place: Path, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    for key in ("stays", "gone"):
        store.put(dump, key)
    (place / "gone").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(links.os, "fsync", noted)
        for key in ("stays", "gone", "theirs"):
            store.leave(key)
    assert str(place / "stays") in synced
    assert str(place) in synced
    assert names_in(place) == {"stays"}


def test_nothing_is_replaced(store: FolderStore, place: Path, dump: Path) -> None:
    (place / "taken").write_bytes(b"theirs")
    with pytest.raises(DrillError, match="taken is there already"):
        store.put(dump, "taken")
    assert (place / "taken").read_bytes() == b"theirs"
    assert names_in(place) == {"taken"}


def test_nothing_is_replaced_that_came_meanwhile(
    store: FolderStore, place: Path, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = module.claim

    def late(part: Path, target: Path) -> None:
        target.write_bytes(b"theirs")
        claim(part, target)

    monkeypatch.setattr(module, "claim", late)
    with pytest.raises(DrillError, match="File exists"):
        store.put(dump, "taken")
    assert (place / "taken").read_bytes() == b"theirs"
    assert names_in(place) == {"taken"}


def test_only_ours_goes(store: FolderStore, place: Path, dump: Path) -> None:
    (place / "theirs").write_bytes(b"x")
    store.put(dump, "ours")
    (place / ".other.verify-owned").write_text("another run")
    (place / "other").write_bytes(b"x")
    for key in ("theirs", "other", "absent"):
        with pytest.raises(DrillError, match="does not bear this run's mark"):
            store.delete(key)
    assert {"theirs", "other", "ours"} <= names_in(place)


def test_what_was_broken_off_goes_when_it_is_closed(
    store: FolderStore, place: Path, journal: Journal, dump: Path
) -> None:
    for key in ("kept.dump", "sub/lost.dump", "lost.dump"):
        store.put(dump, key)
    store.leave("kept.dump")
    store.close()
    assert [path.name for path in place.rglob("*")] == ["kept.dump"]
    store.close()
    journal.close()
    assert not journal.path.exists(), "nothing is recorded any more"


def test_what_is_gone_is_the_backup_s_fault(store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(NotRestorable, match="absent: it is not in the store"):
        store.get("absent", tmp_path)


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", "a//b", "./a", "a\0"])
def test_keys_stay_in_the_store(store: FolderStore, tmp_path: Path, dump: Path, key: str) -> None:
    for act in (lambda: store.get(key, tmp_path), lambda: store.put(dump, key), lambda: store.delete(key)):
        with pytest.raises(DrillError, match="expected the key of an artefact"):
            act()


def test_a_folder_that_is_not_there(using: Using, tmp_path: Path, dump: Path) -> None:
    store = FolderStore(tmp_path / "absent", using)
    for act in (store.list, lambda: store.put(dump, "a"), lambda: store.get("a", tmp_path)):
        with pytest.raises(DrillError, match=r"absent: there is no such folder: check `store:`") as caught:
            act()
        assert not isinstance(caught.value, NotRestorable)


def test_what_is_listed(place: Path, using: Using, journal: Journal, tmp_path: Path) -> None:
    (place / "daily").mkdir()
    (place / "daily" / "db-2026-10-01_0200.sql").write_bytes(DUMP)
    (place / "daily" / "db-2026-10-01_0200.sql.manifest").write_bytes(b"broken")
    (place / "b.sql").write_bytes(DUMP)
    (place / "b.sql.manifest").write_bytes(b"1234.5")
    (place / "empty.gz").write_bytes(b"")
    (place / "latest.sql").symlink_to(place / "b.sql")
    (place / "elsewhere").symlink_to(tmp_path)
    (place / "2026-10-02").mkdir()
    (place / "2026-10-02" / "toc.dat").write_bytes(b"PGDMP")
    (place / "2026-10-02" / "3001.dat.gz").write_bytes(b"x" * 10)
    read = Using(
        journal=journal, redactor=using.redactor, zone=ZoneInfo("Europe/Berlin"), snapshot_at=float,
        source="postgresql://db.example/app", source_host="db.example",
    )  # fmt: skip
    seen = FolderStore(place, read).list()
    assert (seen.place, seen.host, seen.versioning, seen.public) == (str(place), "localhost", None, None)
    assert (seen.source, seen.source_host) == ("postgresql://db.example/app", "db.example")
    found = {each.key: each for each in seen.artefacts}
    assert set(found) == {"daily/db-2026-10-01_0200.sql", "b.sql", "empty.gz", "2026-10-02"}
    assert found["daily/db-2026-10-01_0200.sql"].at == datetime(2026, 10, 1, tzinfo=UTC).timestamp()
    assert found["daily/db-2026-10-01_0200.sql"].manifest
    assert (found["b.sql"].at, found["b.sql"].manifest, found["b.sql"].form) == (1234.5, True, "sql")
    assert (found["empty.gz"].form, found["empty.gz"].manifest) == ("empty", False)
    assert (found["2026-10-02"].form, found["2026-10-02"].size) == ("directory", 15)
    assert [each.at for each in seen.artefacts] == sorted(each.at for each in seen.artefacts)
    into = tmp_path / "into"
    into.mkdir()
    copy, step = FolderStore(place, read).get("2026-10-02", into)
    assert names_in(copy) == {"toc.dat", "3001.dat.gz"}
    assert step.size == 15


def test_what_a_killed_run_left_is_removed(
    store: FolderStore, place: Path, dump: Path, journal: Journal
) -> None:
    (place / "theirs").write_bytes(b"x")
    store.put(dump, "daily/new/ours")
    journal.close()
    assert all(each.done for each in clean(journal.path.parent))
    assert names_in(place) == {"theirs"}
    assert clean(journal.path.parent) == []


def test_no_room(store: FolderStore, dump: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store.put(dump, "a")
    usage = type("Usage", (), {"free": 5})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DrillError, match="expected 28B of free space, found 5B: make room"):
        store.put(dump, "b")
    with pytest.raises(DrillError, match="make room"):
        store.get("a", tmp_path)


def test_a_deadline(store: FolderStore, place: Path, dump: Path, tmp_path: Path) -> None:
    (place / "a").write_bytes(b"x")
    for act in (
        lambda: store.put(dump, "b", deadline=0),
        lambda: store.get("a", tmp_path, deadline=0),
        lambda: store.list(deadline=0),
    ):
        with pytest.raises(DrillError, match="not done within 0s"):
            act()
    assert names_in(place) == {"a"}


MOUNTS = [
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
    "30 22 0:50 / /mnt/nas rw - nfs4 nas.example:/export/backups rw,addr=192.0.2.7",
    "31 22 0:51 / /mnt/nas/local rw - ext4 /dev/sdb1 rw",
    r"32 22 0:52 / /mnt/my\040share rw - cifs //user@files.example/share rw",
    "33 22 0:53 / /mnt/ssh rw - fuse.sshfs backup@vault.example:/srv rw",
    "34 22 0:54 / /mnt/six rw - nfs4 [2001:db8::1]:/export rw",
]


@pytest.mark.parametrize(
    ("folder", "server"),
    [
        ("/var/backups", None),
        ("/mnt/nas/daily", "nas.example"),
        ("/mnt/nas", "nas.example"),
        ("/mnt/nasty", None),
        ("/mnt/nas/local/x", None),
        ("/mnt/my share/x", "files.example"),
        ("/mnt/ssh", "vault.example"),
        ("/mnt/six", "2001:db8::1"),
    ],
)
def test_the_server_of_a_share(folder: str, server: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "machine", lambda host: host)
    assert remote(MOUNTS, folder) == server


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "LOCALHOST.", "127.0.0.1", "::1", "[::1]", "/run/postgresql", socket.gethostname()],
)
def test_this_machine_by_any_name(host: str) -> None:
    assert machine(host) == "localhost"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_another_machine(host: str) -> None:
    assert machine(host) == host
