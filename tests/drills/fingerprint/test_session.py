"""A session looks and cannot touch; what it cannot see it says, in one line and without the password."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.session import connect

pytestmark = pytest.mark.needs("postgresql")

SECRET = "correct horse battery"
SLOW = b"select pg_sleep(60)"


def refusal(address, **more):
    with pytest.raises(DrillError) as raised, connect(address, **({"deadline": 20} | more)) as session:
        fingerprint(session)
    words = str(raised.value)
    assert "\n" not in words
    assert SECRET not in words
    return raised.value


def test_what_a_session_knows(database):
    with database.session() as session:
        assert abs(session.at - time.time()) < 5
        assert session.version // 10000 == 15
        assert int(session.system_identifier) > 0
        assert session.database_oid == database.ask(
            "select oid::int8 from pg_database where datname = current_database()"
        )
        assert session.superuser
        assert re.fullmatch(r"[0-9A-F]+/[0-9A-F]+", session.lsn)
        assert session.about.encoding == "UTF8"
        assert session.about.size > 5_000_000
        assert session.stage == "verify"
        assert database.name in session.where


@pytest.mark.parametrize(
    "statement",
    ["create table public.x ()", "insert into public.t values (1)", "drop table public.t",
     "select setval('public.s', 9)", "select nextval('public.s')", "set transaction read write",
     "alter system set work_mem = '9MB'", "vacuum public.t"],
)  # fmt: skip
def test_a_session_cannot_write(database, statement):
    database.do("create table t (id int); create sequence s")
    with database.session() as session:
        session.query(b"select 1")
        with pytest.raises(DrillError, match=r"25006|25001|READ WRITE|read-only|cannot run inside"):
            session.query(statement.encode())


def test_nothing_of_a_session_stays(database):
    """Servers before 16 let a read-only transaction make a large object; ours is never committed."""
    with database.session() as session:
        session.query(b"select lo_create(7)")
    assert database.ask("select count(*) from pg_largeobject_metadata") == 0


def test_all_sessions_see_the_snapshot(database):
    database.do("create table t (id int); insert into t values (1)")
    with database.session() as session:
        database.do("insert into t values (2)")
        with session.joined(2) as more:
            assert [each.query(b"select count(*) from public.t")[0][0] for each in (session, *more)] == [
                1,
                1,
                1,
            ]
        assert fingerprint(session, jobs=3).relations["public.t"].sums.rows == 1
        with psycopg.connect(database.address.dsn) as dump, dump.transaction():
            dump.execute("set transaction isolation level repeatable read")
            dump.execute(f"set transaction snapshot '{session.snapshot}'".encode())
            assert dump.execute("select count(*) from t").fetchone() == (1,)


def test_a_writer_meanwhile_changes_nothing(database):
    database.do(
        "create table t (id int primary key, v int)",
        "insert into t select i, 0 from generate_series(1, 3000) i",
    )
    before = database.manifest().relations
    stop = threading.Event()

    def write():
        with psycopg.connect(database.address.dsn, autocommit=True) as writer:
            while not stop.is_set():
                writer.execute("update t set v = v + 1 where id % 7 = 0")
                writer.execute("insert into t select max(id) + 1, 0 from t")

    with database.session() as session, ThreadPoolExecutor(1) as pool:
        running = pool.submit(write)
        try:
            seen = [fingerprint(session, jobs=jobs).relations for jobs in (1, 3, 1)]
        finally:
            stop.set()
            running.result()
    assert seen == [before] * 3
    assert database.manifest().relations != before


def test_stages_are_told(database):
    assert refusal(database.address.at("absent"), stage="take").stage == "take"


def test_a_database_that_does_not_exist(database):
    found = refusal(database.address.at("absent"))
    assert re.search(
        r"database absent on /.*: the server has no such database: expected .*: cor", found.reason
    )


def test_a_role_that_does_not_exist(database):
    address = Address({**database.address.parameters, "user": "nobody_here", "password": SECRET})
    assert "the server refuses the user" in refusal(address).reason


@pytest.fixture
def guarded(cluster, database):
    """The server asks this role for a password."""
    hba = cluster.server.data / "pg_hba.conf"
    old = hba.read_text()
    hba.write_text(f"local all guarded scram-sha-256\nlocal all shut reject\n{old}")
    database.do(
        "drop role if exists guarded, shut",
        f"create role guarded login password '{SECRET}'; create role shut login",
        "select pg_reload_conf()",
    )  # fmt: skip
    with psycopg.connect(database.address.dsn, autocommit=True) as asked:  # a new backend has the new rules
        assert asked.execute("select count(*) from pg_hba_file_rules where error is null").fetchone() != (0,)
    yield {**database.address.parameters, "user": "guarded", "password": SECRET}
    hba.write_text(old)
    database.do("select pg_reload_conf()", "drop owned by guarded", "drop role guarded", "drop role shut")


def test_credentials(guarded):
    with connect(Address(guarded), deadline=20) as session:
        assert not session.superuser
        assert int(session.system_identifier) > 0
    wrong = refusal(Address({**guarded, "password": f"{SECRET}!"}))
    assert re.search(r"refuses the user: .*correct the credentials .*authentication failed", wrong.reason)
    assert (
        "refuses the user" in refusal(Address({k: v for k, v in guarded.items() if k != "password"})).reason
    )
    assert "lets nobody in from here" in refusal(Address({**guarded, "user": "shut"})).reason


def test_rights_that_are_missing_are_told_together(database, guarded):
    database.do(
        "create table open (id int); create table closed (id int); create table part (a int, b int)",
        "create table hidden (owner name); alter table hidden enable row level security",
        "create schema other; create table other.t (id int)",
        "grant select on open, hidden to guarded; grant select (a, b) on part to guarded",
    )
    reason = refusal(Address(guarded)).reason
    assert "public.closed (no SELECT on it)" in reason
    assert "other.t (no SELECT on it)" in reason
    assert "public.hidden (row-level security hides rows)" in reason
    assert "public.open" not in reason
    assert "public.part" not in reason
    assert "pg_read_all_data" in reason
    database.do("grant pg_read_all_data to guarded")
    assert "public.hidden (row-level" in refusal(Address(guarded)).reason
    database.do("alter role guarded bypassrls", "create sequence s")
    with connect(Address(guarded), deadline=20) as session:
        assert fingerprint(session) == database_as_seen(database, session)
    database.do(
        "revoke pg_read_all_data from guarded",
        "grant select on all tables in schema public, other to guarded",
    )
    database.do("grant usage on schema other to guarded")
    assert re.search(r"cannot read the sequences public.s: expected", refusal(Address(guarded)).reason)


def database_as_seen(database, session):
    """What a superuser sees of the same moment, but for when it was seen."""
    seen = database.manifest()
    return replace(seen, at=session.at, lsn=session.lsn, size=session.about.size)


def test_large_objects_that_may_not_be_read_are_unprovable(database, guarded):
    database.do("select lo_from_bytea(5, 'x')", "create table t (id int); grant select on t to guarded")
    with connect(Address(guarded), deadline=20) as session:
        assert "grant it pg_read_all_data" in fingerprint(session).relations["large objects"].unprovable


def test_a_server_that_is_down(tmp_path):
    nowhere = f"host={tmp_path} dbname=x user=u password='{SECRET}'"
    assert "no answer: expected a PostgreSQL server" in refusal(nowhere).reason
    assert "no answer" in refusal(f"postgresql://u:{SECRET.replace(' ', '%20')}@127.0.0.1:1/x").reason


def test_an_address_that_is_none():
    assert "cannot be read" in refusal(f"not an address {SECRET}").reason
    assert "SQLAlchemy" in refusal(f"postgresql+psycopg://u:{SECRET}@h/x").reason


def test_a_deadline_ends_a_query(database):
    started = time.monotonic()
    with database.session(deadline=1) as session:
        with pytest.raises(DrillError, match="the deadline of 1 s passed: allow it more time"):
            session.query(SLOW)
        with pytest.raises(DrillError, match="the deadline of 1 s passed"):
            session.query(b"select 1")
        with pytest.raises(DrillError, match="deadline"), session.joined(1):
            pass
    assert time.monotonic() - started < 10


def test_a_run_that_is_broken_off_ends_a_query(database):
    stopping = threading.Event()
    started = time.monotonic()
    with database.session(deadline=60) as session, session.until(stopping):
        assert session.query(b"select 1") == [(1,)]
        threading.Timer(0.3, stopping.set).start()
        with pytest.raises(DrillError):
            session.query(SLOW)
    assert time.monotonic() - started < 10


def test_a_server_that_hangs_is_cut_off(database, monkeypatch):
    """Stopped, it answers neither the query nor the cancelling."""
    monkeypatch.setattr("verify.drills.postgres.session.GRACE", 1.0)
    started = time.monotonic()
    with database.session(deadline=2) as session:
        number = session.query(b"select pg_backend_pid()")[0][0]
        postmaster = database.cluster.server.service.pid
        for each in (postmaster, number):
            os.kill(each, signal.SIGSTOP)
        try:
            with pytest.raises(DrillError, match="the deadline of 2 s passed"):
                session.query(b"select 1")
        finally:
            for each in (number, postmaster):
                os.kill(each, signal.SIGCONT)
    assert time.monotonic() - started < 15


def test_a_lock_of_others_is_not_waited_for_long(database):
    database.do("create table t (id int)")
    with psycopg.connect(database.address.dsn) as migration:
        migration.execute("lock table t in access exclusive mode")
        reason = refusal(database.address, lock=0.3).reason
    assert "others held a lock for 0.3 s" in reason
    assert "try again when no migration runs" in reason


def test_one_error_ends_the_work_of_all(database, monkeypatch):
    database.do(
        "create table a (id int); insert into a values (1); create table b (id int); insert into b values (1)"
    )
    module = sys.modules["verify.drills.postgres.fingerprint"]
    real = module.totals

    def broken(session, row, **more):
        if row.table.name == "public.a":
            session.query(b"select 1/0")
        session.query(SLOW)
        return real(session, row, **more)

    monkeypatch.setattr(module, "totals", broken)
    started = time.monotonic()
    with database.session() as session, pytest.raises(DrillError, match="division by zero"):
        fingerprint(session, jobs=2)
    assert time.monotonic() - started < 20


def test_nothing_runs_on_after_ctrl_c(database):
    script = textwrap.dedent(
        """
        import sys
        from verify.drills.postgres import fingerprint as module
        from verify.drills.postgres.session import connect
        module.totals = lambda session, row, **more: session.query(b"select pg_sleep(60)")
        with connect(sys.argv[1], deadline=60) as session:
            print("ready", flush=True)
            module.fingerprint(session, jobs=2)
        """
    )
    database.do("create table a (id int); create table b (id int)")
    child = subprocess.Popen(
        [sys.executable, "-c", script, database.address.dsn], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    count = (
        "select count(*) from pg_stat_activity where application_name = 'deploy-verify' and state <> 'idle'"
    )
    sleeping = f"{count} and query ~ 'pg_sleep'"
    try:
        assert child.stdout.readline() == b"ready\n"
        until(lambda: database.ask(sleeping) == 2)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=20)
    finally:
        child.kill()
        child.wait()
    assert b"KeyboardInterrupt" in said
    until(lambda: database.ask(sleeping) == 0)


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.05)


def test_text_without_an_encoding_is_shown(cluster):
    made = cluster.database(encoding="SQL_ASCII")
    made.do("create table t (id int primary key, v text)")
    try:
        with psycopg.connect(made.address.dsn, autocommit=True, client_encoding="SQL_ASCII") as raw:
            raw.execute(b"insert into t values (1, E'\\xe4\\xff')")
            raw.execute(b"comment on table t is E'\\xe4'")
        seen = made.manifest()
        assert seen.relations["public.t"].sums.rows == 1
        assert seen.catalogue["comment on table public.t"] == "\\xe4"
    finally:
        made.drop()
