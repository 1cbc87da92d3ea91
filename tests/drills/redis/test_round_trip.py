"""Taken over the wire, restored, compared: equal, although others write meanwhile."""

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest

from verify.drills.errors import DrillError
from verify.drills.redis.address import Address
from verify.drills.redis.drill import Asked, round_trip
from verify.drills.redis.fingerprint import Session, fingerprint
from verify.facts.backup import Outcome

pytestmark = pytest.mark.needs("redis")


def test_every_type_comes_back(filled: Any) -> None:
    trip = filled.trip()
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert trip.comparison.rows == 300 + 50 + 14 + 2
    assert sorted({step.stage for step in trip.steps}) == ["restore", "smoke", "take", "verify"]
    assert all(step.ok for step in trip.steps)
    assert 0 < trip.took < 20
    assert (trip.artefact.form, trip.artefact.manifest, trip.encrypted) == ("rdb", True, False)


def test_the_source_is_only_read(filled: Any) -> None:
    filled.do("CONFIG", "RESETSTAT")
    dirty = rdb_changes(filled)
    assert filled.trip().outcome is Outcome.EQUAL
    assert rdb_changes(filled) <= dirty
    said = filled.do("INFO", "commandstats").decode()
    called = {line.partition(":")[0].removeprefix("cmdstat_") for line in said.splitlines()}
    assert not {"set", "del", "restore", "config|set", "bgsave", "client|pause"} & called


def rdb_changes(bench: Any) -> int:
    lines = bench.do("INFO", "persistence").decode().splitlines()
    return next(int(line.partition(":")[2]) for line in lines if line.startswith("rdb_changes"))


@pytest.mark.parametrize("count", [3, pytest.param(30, marks=pytest.mark.nightly)])
def test_exact_while_others_write(count: int, filled: Any) -> None:
    """Writers of every kind are busy all the time; not one of the round trips is a false alarm."""
    ending = threading.Event()
    written = 0

    def write(seed: int) -> None:
        nonlocal written
        client = filled.client(seed % 3)
        number = 0
        while not ending.is_set():
            number += 1
            pipe = client.pipeline(transaction=number % 2 == 0)
            pipe.execute_command("INCR", "counter")
            pipe.execute_command("SET", f"lock:{number % 7}", number, "PX", 30)
            pipe.execute_command("DEL", f"plain:{number % 300}")
            pipe.execute_command("SET", f"plain:{(number + 5) % 300}", f"{seed} {number}")
            pipe.execute_command("RPUSH", f"queue:{seed}", number)
            pipe.execute_command("LPOP", f"queue:{seed}")
            pipe.execute_command("HINCRBY", "hash", f"f{number % 40}x", 1)
            pipe.execute_command("XADD", "log", "MAXLEN", "~", 100, "*", "n", number)
            pipe.execute_command("ZADD", "zset:large", number, f"m{number % 3000}")
            pipe.execute_command("EVAL", "return redis.call('SPOP', KEYS[1])", 1, "set:large")
            pipe.execute_command("SADD", "set:large", number)
            pipe.execute_command("EXPIRE", f"plain:{(number + 9) % 300}", 1 + number % 5)
            pipe.execute()
            written += 12
        client.close()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    try:
        trips = [filled.trip() for _ in range(count)]
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    assert [(trip.outcome, trip.reason) for trip in trips] == [(Outcome.EQUAL, "")] * count
    assert written > 100 * count
    since = [step.words for trip in trips for step in trip.steps if "with the source" in step.argv[0]]
    assert any(not words.endswith(" 0 written since") for words in since), since


def test_a_key_whose_time_passes_meanwhile_is_no_difference(bench: Any) -> None:
    for number in range(200):
        bench.do("SET", f"soon:{number}", number, "PX", 50 + number * 5)
    bench.do("SET", "stays", 1)
    bench.do("SET", "later", 1, "EX", 3000)
    trip = bench.trip()
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert trip.comparison.rows >= 2


def test_an_empty_source_proves_nothing(bench: Any) -> None:
    trip = bench.trip()
    assert (trip.outcome, trip.stage) == (Outcome.UNPROVABLE, "verify")
    assert "no key" in trip.reason


@pytest.mark.parametrize(
    ("smoke", "expected"), [("GET plain:7", Outcome.EQUAL), ("GET gone", Outcome.NOT_RESTORABLE)]
)
def test_the_smoke_command_has_to_answer(filled: Any, smoke: str, expected: Outcome) -> None:
    trip = filled.trip(smoke=smoke)
    assert (trip.outcome, trip.stage) == (expected, "" if expected is Outcome.EQUAL else "smoke")


CHANGES = {
    "value": (("SET", "plain:7", "another"), "plain:7", ("value",)),
    "type": (("COPY", "list", "plain:7", "REPLACE"), "plain:7", ("type",)),
    "ttl lost": (("PERSIST", "session:3"), "session:3", ("ttl",)),
    "ttl got": (("EXPIRE", "plain:9", 1000), "plain:9", ("ttl",)),
    "ttl by one ms": (("PEXPIREAT", "session:4", "+1"), "session:4", ("ttl",)),
    "key lost": (("DEL", "plain:1"), "plain:1", "source"),
    "key got": (("SET", "new", 1), "new", "copy"),
    "renamed": (("RENAME", "plain:1", "plain:1b"), "plain:1", "source"),
    "list order": (("LMOVE", "list", "list", "LEFT", "RIGHT"), "list", ("value",)),
    "large list": (("LSET", "list:large", 4321, "x"), "list:large", ("value",)),
    "set member": (("SREM", "set", "a"), "set", ("value",)),
    "large set": (("SREM", "set:large", 77), "set:large", ("value",)),
    "score by an ulp": (("ZADD", "zset", "1.5000000000000002", "a"), "zset", ("value",)),
    "large zset": (("ZADD", "zset:large", "0.25", "m1999"), "zset:large", ("value",)),
    "hash field": (("HSET", "hash", "f1", "v2"), "hash", ("value",)),
    "large hash": (("HSET", "hash:large", "f2999", "x"), "hash:large", ("value",)),
    "fields swapped": (("HSET", "hash", "f1", "v2", "f2", "v1"), "hash", ("value",)),
    "stream entry": (("XDEL", "stream", "20-1"), "stream", ("value",)),
    "stream's last id": (("XSETID", "stream", "99-1"), "stream", ("value",)),
    "waiting entry": (("XACK", "stream", "workers", "6-1"), "stream", ("value",)),
    "group": (("XGROUP", "SETID", "stream", "workers", "9-1"), "stream", ("value",)),
    "bit": (("SETBIT", "bits", 999, 1), "bits", ("value",)),
    "binary": (("SETRANGE", b"\x00\xff binary", 3, b"\x07"), "\x00\\xff binary", ("value",)),
    "long string": (("SETRANGE", "long", 199_999, "y"), "long", ("value",)),
}


def rounds() -> list[list[str]]:
    """Return the changes in as few rounds as change no key twice."""
    found: list[list[str]] = []
    for name, (_, key, _) in CHANGES.items():
        for each in found:
            if all(CHANGES[other][1] != key for other in each):
                each.append(name)
                break
        else:
            found.append([name])
    return found


@pytest.mark.parametrize("names", rounds(), ids=len)
def test_every_change_is_named(filled: Any, names: list[str]) -> None:
    changed(filled, names)


@pytest.mark.nightly
@pytest.mark.parametrize("name", CHANGES)
def test_a_single_change_is_named(filled: Any, name: str) -> None:
    changed(filled, [name])


def changed(bench: Any, names: list[str]) -> None:
    """The snapshot of a source that has something otherwise is not the one of the manifest."""
    good = taken(bench)
    for name in names:
        words = CHANGES[name][0]
        if words[-1] == "+1":
            words = (*words[:-1], bench.do("PEXPIRETIME", words[1]) + 1)
        bench.do(*words)
    other = taken(bench)
    trip = bench.restored(other.path, unsummed(good.manifest), source=good.path)
    assert (trip.outcome, trip.stage) == (Outcome.DIFFERENT, "verify")
    rows = {row.key: row.only or row.columns for found in trip.comparison.differences for row in found.rows}
    rows.pop("plain:1b", None)  # the other half of a key that was renamed
    assert rows == {CHANGES[name][1]: CHANGES[name][2] for name in names}


def test_databases_are_told_apart(filled: Any) -> None:
    good = taken(filled)
    filled.do("SWAPDB", 3, 9)
    trip = filled.restored(taken(filled).path, unsummed(good.manifest), source=good.path)
    assert [found.what for found in trip.comparison.differences] == ["keys of db3", "keys of db9"]


def test_functions_are_compared(filled: Any) -> None:
    good = taken(filled)
    filled.do("FUNCTION", "FLUSH")
    trip = filled.restored(taken(filled).path, unsummed(good.manifest), source=good.path)
    assert trip.reason.startswith("functions lib: ")


def taken(bench: Any) -> Any:
    from verify.drills.redis.take import snapshot

    return snapshot(bench.server.address, bench.folder(), bench.clock())


def unsummed(manifest: Any) -> Any:
    """Return a manifest that would let another file pass as the one it belongs to."""
    return dataclasses.replace(manifest, sha256="")


def test_the_order_and_the_encoding_do_not_matter(filled: Any) -> None:
    with Session(filled.server.address, deadline=20) as session:
        before = fingerprint(session, since=0)
    filled.do("CONFIG", "SET", "hash-max-listpack-entries", 1)
    for number in range(50):
        filled.do("HSET", "hash", f"more{number}", 1)
        filled.do("HDEL", "hash", f"more{number}")
    filled.do("CONFIG", "SET", "hash-max-listpack-entries", 128)
    for number in reversed(range(300)):
        filled.do("RENAME", f"plain:{number}", f"x{number}")
    for number in range(300):
        filled.do("RENAME", f"x{number}", f"plain:{number}")
    assert filled.do("OBJECT", "ENCODING", "hash") == b"hashtable"
    with Session(filled.server.address, deadline=20) as session:
        assert fingerprint(session, since=0).relations == before.relations


def test_from_a_store_by_its_manifest_alone(filled: Any, tmp_path: Path) -> None:
    from verify.drills.postgres.manifest import load
    from verify.drills.store.base import Using
    from verify.drills.store.folder import FolderStore
    from verify.effects.redact import Redactor

    store = FolderStore(tmp_path, Using(journal=filled.journal, redactor=Redactor()))
    trip = filled.trip(store=store)
    assert trip.outcome is Outcome.EQUAL
    assert {"store", "fetch"} < {step.stage for step in trip.steps}
    listed = store.list().artefacts
    assert [each.key for each in listed] == [trip.artefact.key]
    manifest = load((tmp_path / f"{trip.artefact.key}.manifest").read_bytes())
    again = filled.restored(tmp_path / trip.artefact.key, manifest)
    assert again.outcome is Outcome.EQUAL
    alone = filled.restored(tmp_path / trip.artefact.key, None)
    assert (alone.outcome, alone.stage) == (Outcome.UNPROVABLE, "verify")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://host/db", "expected redis://"),
        ("redis://", "expected redis://"),
        ("redis://127.0.0.1:1/0", "is it running"),
        ("unix:///nowhere/redis.sock", "is it running"),
        ("redis://host:notaport", "expected redis://"),
    ],
)
def test_a_wrong_address(url: str, words: str, bench: Any) -> None:
    with pytest.raises(DrillError, match=words) as told:
        round_trip(Asked(backup="cache"), Address.parse(url), folder=bench.folder(), clock=bench.clock())
    assert told.value.stage == "take"


def test_a_wrong_password_and_missing_rights(filled: Any) -> None:
    filled.do(
        "ACL", "SETUSER", "reader", "on", ">right-secret", "~*", "+@read", "+info", "+time", "+function"
    )
    path = filled.server.address.path
    for password, words in (("wrong-secret", "check user and password"), ("right-secret", "allow its user")):
        address = Address.parse(f"unix://{path}?username=reader&password={password}")
        with pytest.raises(DrillError, match=words) as told:
            round_trip(Asked(backup="cache"), address, folder=filled.folder(), clock=filled.clock())
        assert password not in str(told.value) + repr(address)


def test_with_a_password_and_least_rights(filled: Any) -> None:
    filled.do("ACL", "SETUSER", "backup", "on", ">secret", "~*", "+@read", "+info", "+time", "+select",
              "+multi", "+exec", "+function", "+psync", "+replconf", "+ping")  # fmt: skip
    address = Address.parse(f"unix://{filled.server.address.path}?username=backup&password=secret")
    trip = round_trip(Asked(backup="cache"), address, folder=filled.folder(), clock=filled.clock())
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")


def test_a_source_of_an_older_version(older: Any) -> None:
    trip = older.trip()
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert trip.versions["source"] == "6.2.14"
    # of its files, when keys expire cannot be told exactly: the rest can
    trip = older.trip(data=older.server.folder)
    assert trip.outcome is Outcome.UNPROVABLE
    assert trip.comparison.unprovable == ("db0 expiring: when keys expire is told exactly from Redis 7 on",)
    assert trip.comparison.differences == ()
