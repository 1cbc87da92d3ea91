"""What is wrong with us or with the place is said so, in time, and blames no backup."""

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pyrage
import pytest

from verify.drills.errors import DrillError, NotRestorable
from verify.drills.hold import hold
from verify.drills.postgres import logical, tools
from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps
from verify.drills.postgres.logical import Packing
from verify.drills.postgres.roundtrip import Drill, restore_drill, restore_newest
from verify.drills.postgres.scratch import Shape, reap, require_ours, scratch_database
from verify.drills.postgres.server import scratch_server
from verify.effects.journal import Journal, Record
from verify.effects.leftovers import CannotReap
from verify.effects.redact import Redactor
from verify.facts.backup import Outcome

SECRET = "pa55-of-the-source"


@pytest.fixture
def drill(place, source: Address, store, drills) -> Drill:
    return Drill(
        backup="db",
        engine=Dumps(),
        store=store,
        journal=drills,
        redactor=Redactor(),
        source=source,
        scratch=place.server.address,
        deadline=30,
    )


@pytest.fixture
def guarded(place) -> Address:
    """A role that may log in and see nothing."""
    place.run(
        place.server.address,
        "do $$ begin if not exists (select from pg_roles where rolname = 'guest') then"
        " create role guest login; end if; end $$",
    )
    return Address({**place.server.address.parameters, "user": "guest", "password": SECRET})


SOURCES = {
    "no such user": ({"user": "nobody-here"}, "the server refuses the user"),
    "no such database": ({"dbname": "gone"}, "no such database"),
    "nothing there": ({"host": "/nonexistent-socket"}, "expected a PostgreSQL server there"),
    "a port that nobody serves": ({"host": "127.0.0.1", "port": "1"}, "expected a PostgreSQL server there"),
}


@pytest.mark.parametrize("what", SOURCES)
def test_a_source_that_cannot_be_seen(drill: Drill, source: Address, what: str) -> None:
    change, named = SOURCES[what]
    wrong = Address({**source.parameters, "password": SECRET, **change})
    began = time.monotonic()
    with pytest.raises(DrillError, match=named) as raised:
        restore_drill(replace(drill, source=wrong))
    assert not isinstance(raised.value, NotRestorable)
    assert raised.value.stage == "take"
    assert SECRET not in str(raised.value) + repr(raised.value.steps)
    assert time.monotonic() - began < 30


def test_a_source_that_may_not_be_read(drill: Drill, guarded: Address) -> None:
    with pytest.raises(DrillError, match="grant it pg_read_all_data") as raised:
        restore_drill(replace(drill, source=guarded.at("shop")))
    assert not isinstance(raised.value, NotRestorable)


def test_a_scratch_server_that_is_down(drill: Drill, place) -> None:
    wrong = Address({**place.server.address.parameters, "host": "/nonexistent-socket"})
    with pytest.raises(DrillError) as raised:
        restore_drill(replace(drill, scratch=wrong))
    assert raised.value.stage == "restore"
    assert [step.stage for step in raised.value.steps][:2] == ["verify", "take"]


def test_a_client_older_than_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    old = tools.Programs(Path("/usr/lib/postgresql/9.6/bin"), 9)
    monkeypatch.setattr(tools, "installed", lambda: (old,))
    with pytest.raises(DrillError, match="installed here: 9: install postgresql-client-16"):
        tools.client(16)


def test_the_same_major_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pg_dump").touch()
    made = tuple(tools.Programs(tmp_path, major) for major in (18, 16, 15))
    monkeypatch.setattr(tools, "installed", lambda: made)
    assert [tools.client(major).major for major in (15, 16, 17, 18)] == [15, 16, 18, 18]


def test_an_extension_that_is_not_here(restored, source: Address, source_seen, tmp_path: Path) -> None:
    """It is not the backup's fault that this machine lacks it."""
    path = tmp_path / "dump.sql"
    program = tools.client(source_seen.version // 10000)["pg_dump"]
    subprocess.run([program, "-f", path], env=logical.environment(source), check=True, timeout=60)
    text = path.read_text().replace(
        "CREATE SCHEMA app;", 'CREATE EXTENSION "no_such_extension";\nCREATE SCHEMA app;', 1
    )
    with pytest.raises(DrillError, match="no_such_extension") as raised:
        restored(text.encode(), "backup", source_seen)
    assert not isinstance(raised.value, NotRestorable)
    assert raised.value.stage == "restore"


def test_no_room_for_a_server(drill: Drill, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small],
        capture_output=True,
        check=False,
        timeout=10,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: needs root")
    try:
        with pytest.raises(DrillError, match="MB are free") as raised:
            restore_drill(replace(drill, scratch=None, folder=small / "pg"))
    finally:
        subprocess.run(["umount", "-l", small], check=True, timeout=10)
    assert not isinstance(raised.value, NotRestorable)


def test_nothing_in_the_store(drill: Drill) -> None:
    ended = restore_newest(drill)
    assert (ended.outcome, ended.stage) == (Outcome.NOT_RESTORABLE, "fetch")


def test_without_a_manifest_nothing_is_proved(drill: Drill, tmp_path: Path) -> None:
    restore_drill(replace(drill, keep=True))
    for manifest in (tmp_path / "store").glob("*.manifest"):
        manifest.unlink()
    ended = restore_newest(drill)
    assert ended.outcome is Outcome.UNPROVABLE
    assert "no manifest" in ended.reason


def test_a_later_drill_needs_no_source(drill: Drill) -> None:
    assert restore_drill(replace(drill, keep=True)).outcome is Outcome.EQUAL
    ended = restore_newest(replace(drill, source=None, scratch=None))
    assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")
    assert ended.took > 0


@pytest.mark.parametrize("how", ["cut", "flipped", "foreign"])
def test_a_manifest_that_is_damaged(drill: Drill, tmp_path: Path, how: str) -> None:
    restore_drill(replace(drill, keep=True))
    (path,) = (tmp_path / "store").glob("*.manifest")
    data = path.read_bytes()
    path.write_bytes(
        {"cut": data[:-20], "flipped": data[:-20] + bytes([data[-20] ^ 1]) + data[-19:], "foreign": b"{}"}[
            how
        ]
    )
    with pytest.raises(DrillError, match=r"\.manifest") as raised:
        restore_newest(drill)
    assert not isinstance(raised.value, NotRestorable)


def test_a_clock_that_is_ahead(drill: Drill, tmp_path: Path) -> None:
    """What claims to be of tomorrow is restored all the same: its manifest knows when it was taken."""
    restore_drill(replace(drill, keep=True))
    tomorrow = time.time() + 86400
    for path in (tmp_path / "store").iterdir():
        os.utime(path, (tomorrow, tomorrow))
    ended = restore_newest(drill)
    assert ended.outcome is Outcome.EQUAL
    assert abs(ended.at - time.time()) < 300


class TestEncryption:
    """Age: what is sealed for us, for another, or for nobody."""

    ours = pyrage.x25519.Identity.generate()
    other = pyrage.x25519.Identity.generate()

    def act(self, drill: Drill, key: str, *, recipient: str = "") -> object:
        engine = Dumps(how=Packing(recipient=recipient or str(self.ours.to_public())))
        return restore_drill(replace(drill, engine=engine, key=key))

    def test_with_its_key(self, drill: Drill) -> None:
        ended = self.act(drill, str(self.ours))
        assert (ended.outcome, ended.encrypted) == (Outcome.EQUAL, True)
        assert "decrypt" in {step.stage for step in ended.steps}

    def test_with_a_key_file(self, drill: Drill) -> None:
        assert self.act(drill, f"# created: today\n{self.ours}\n").outcome is Outcome.EQUAL

    def test_without_encryption_it_is_known(self, drill: Drill) -> None:
        assert restore_drill(drill).encrypted is False

    @pytest.mark.parametrize(
        ("key", "named"), [("", "no key"), ("other", "cannot decrypt"), ("junk", "none of age's")]
    )
    def test_with_another(self, drill: Drill, key: str, named: str) -> None:
        ended = self.act(drill, str(self.other) if key == "other" else key)
        assert (ended.outcome, ended.stage) == (Outcome.NOT_RESTORABLE, "decrypt")
        assert named in ended.reason
        assert str(self.other) not in ended.reason

    @pytest.mark.parametrize("how", ["cut", "flipped"])
    def test_damaged(self, drill: Drill, tmp_path: Path, how: str) -> None:
        engine = Dumps(how=Packing(recipient=str(self.ours.to_public())))
        restore_drill(replace(drill, engine=engine, key=str(self.ours), keep=True))
        (path,) = (tmp_path / "store").glob("*.age")
        data = path.read_bytes()
        middle = len(data) // 2
        path.write_bytes(
            data[:middle] if how == "cut" else data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        )
        for manifest in (tmp_path / "store").glob("*.manifest"):
            manifest.unlink()  # it knows the sum, and would be first
        ended = restore_newest(replace(drill, key=str(self.ours)))
        assert (ended.outcome, ended.stage) == (Outcome.NOT_RESTORABLE, "decrypt")


class TestSafety:
    """Nothing is restored into what is not ours, and nothing of ours stays."""

    def test_the_source_itself_is_refused(self, source: Address, drills) -> None:
        with pytest.raises(DrillError, match="is the source itself"):
            require_ours(source, drills, source=source)

    def test_what_bears_no_mark_is_refused(self, place, source: Address, drills) -> None:
        other = place.database()
        try:
            with pytest.raises(DrillError, match="was not made by this run"):
                require_ours(other, drills, source=source)
        finally:
            place.drop(other)

    @pytest.mark.parametrize("script", ["create table t ()", "select lo_create(0)", "create schema s"])
    def test_what_is_not_empty_is_refused(self, place, drills, script: str) -> None:
        with scratch_database(place.server.address, drills) as target:
            place.run(target, script)
            with pytest.raises(DrillError, match="is not empty"):
                require_ours(target, drills)

    def test_databases_go_with_the_block(self, place, drills) -> None:
        seen = []

        def fail() -> None:
            with scratch_database(place.server.address, drills) as target:
                seen.extend(databases(place) & {target.database})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert seen[0].startswith("drill_")
        assert seen[0] not in databases(place)

    def test_what_was_killed_is_dropped_by_its_variable(
        self, place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("SCRATCH_URL", place.server.address.url)
        record = self.left_by_a_kill(place, tmp_path)
        assert record.details["variable"] == "SCRATCH_URL"
        assert place.server.address.dsn not in json.dumps(record.details)
        assert reap(record) == "dropped"
        assert record.details["name"] not in databases(place)
        assert reap(record) == "dropped"

    def test_without_the_variable_it_says_what_to_drop(self, place, tmp_path, monkeypatch) -> None:
        record = self.left_by_a_kill(place, tmp_path)
        monkeypatch.delenv("SCRATCH_URL", raising=False)
        with pytest.raises(CannotReap, match=f"DROP DATABASE {record.details['name']}"):
            reap(record)
        monkeypatch.setenv("SCRATCH_URL", place.server.address.url)
        assert reap(record) == "dropped"

    def test_another_mark_is_left_alone(self, place, tmp_path, monkeypatch) -> None:
        record = self.left_by_a_kill(place, tmp_path)
        monkeypatch.setenv("SCRATCH_URL", place.server.address.url)
        name = record.details["name"]
        place.run(place.server.address, f"comment on database {name} is 'precious'")
        with pytest.raises(CannotReap, match="does not bear this run's mark"):
            reap(record)
        assert name in databases(place)
        place.run(place.server.address, f"drop database {name}")

    def left_by_a_kill(self, place, tmp_path: Path) -> Record:
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        with Journal.open("killed", state) as journal:
            block = scratch_database(place.server.address, journal, shape=Shape(), variable="SCRATCH_URL")
            self.unended = block  # a block that is never left: nobody drops what it made
            block.__enter__()
            planned = json.loads(journal.path.read_text().splitlines()[1])
        return Record(
            run_id="killed", id=1, kind=planned["kind"], at=planned["at"], planned=planned["details"]
        )

    def test_the_second_drill_says_who_holds_it(self, drill: Drill) -> None:
        with (
            hold(drill.held, "the-first"),
            pytest.raises(DrillError, match=r"is held by run the-first on .* since 20") as raised,
        ):
            restore_drill(drill)
        assert not isinstance(raised.value, NotRestorable)
        assert restore_drill(drill).outcome is Outcome.EQUAL

    def test_nothing_is_left(self, place, drill: Drill, store, source: Address, source_seen) -> None:
        before = databases(place)
        restore_drill(drill)
        assert databases(place) == before
        assert [each.key for each in store.list().artefacts] == []
        again = place.seen(source)
        assert again.relations == source_seen.relations
        assert again.catalogue == source_seen.catalogue

    def test_the_password_is_nowhere(self, drill: Drill, source: Address) -> None:
        ended = restore_drill(replace(drill, source=Address({**source.parameters, "password": SECRET})))
        assert ended.outcome is Outcome.EQUAL
        assert SECRET not in repr(ended)


def databases(place) -> set[str]:
    with psycopg.connect(place.server.address.dsn) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}


def test_a_server_of_its_own_is_gone_afterwards(drills) -> None:
    with scratch_server(drills) as server:
        place, process = server.home.parent, server.service
        assert oct(server.home.stat().st_mode & 0o777) == "0o700"
    assert process is not None
    assert not process.alive
    assert not place.exists()
