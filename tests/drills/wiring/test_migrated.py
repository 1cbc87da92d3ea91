"""What `backup/before-migration` asks for in an environment: the newest migration, and what was backed up."""

import datetime as dt
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from verify.collectors.migrated import collect
from verify.facts.migrated import LastMigration, Migrated
from verify.judge.registry import Registry
from verify.judge.verdict import Check, judge
from verify.model.need import Unseen
from verify.model.verdict import Outcome
from verify.rules import BackupSpec, NamedBackup, seconds

pytestmark = pytest.mark.needs("postgresql")
RULE = Registry(("verify.rules",)).get("backup/before-migration")
assert RULE.params is not None
STATED = RULE.params(backup=NamedBackup("database", BackupSpec(engine="postgresql")), within=seconds(3600))
(NEED,) = STATED.needs().values()
DJANGO = """
create table django_migrations (id int primary key, app text, name text, applied timestamptz);
insert into django_migrations values (1, 'shop', '0001_initial', now() - interval '9 days'),
                                     (2, 'shop', '0002_notes', now() - interval '2 hours');
"""
KEPT = {"engine": "postgresql", "store": "kept"}
AT = {"source": "$SOURCE"}


def told(world: Any, need: LastMigration = NEED) -> Any:
    ((asked, fact),) = collect((need,), world)
    assert asked == need
    return fact


def outcome(fact: object) -> Outcome:
    return judge(Check(rule=RULE, stated=STATED), {NEED: fact}).outcome


@pytest.fixture
def source(place) -> Any:
    return place.database(DJANGO)


def keep(folder: Path, hours: float, size: int = 5000) -> None:
    """Put a dump of so many hours ago into the folder."""
    folder.mkdir(exist_ok=True)
    moment = dt.datetime.now(tz=dt.UTC) - dt.timedelta(hours=hours)
    path = folder / f"shop-{moment:%Y%m%dT%H%M%SZ}.sql"
    path.write_bytes(b"--" + b"x" * (size - 2))
    os.utime(path, (moment.timestamp(), moment.timestamp()))


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ((26, 2.5), Outcome.HOLDS),
        ((26, 1.9), Outcome.VIOLATED),
        ((26,), Outcome.VIOLATED),
        ((), Outcome.VIOLATED),
    ],
)
def test_the_last_backup_by_then_counts(
    hours: tuple[float, ...], expected: Outcome, source: Any, living: Any, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    for each in hours:
        keep(tmp_path / "kept", each)
    fact = told(living(KEPT, AT, SOURCE=source.url))
    assert isinstance(fact, Migrated), fact
    assert (fact.name, len(fact.backups)) == ("shop.0002_notes", len(hours))
    assert fact.applied == pytest.approx(time.time() - 7200, abs=60)
    assert outcome(fact) is expected


def test_what_holds_nothing_is_no_backup(source: Any, living: Any, tmp_path: Path) -> None:
    keep(tmp_path / "kept", 2.5, size=43)
    fact = told(living(KEPT, AT, SOURCE=source.url))
    assert [point.good for point in fact.backups] == [False]
    assert outcome(fact) is Outcome.VIOLATED


def test_who_sees_no_migration_cannot_tell(place, living: Any, tmp_path: Path) -> None:
    keep(tmp_path / "kept", 2.5)
    empty = place.database("create table django_migrations (app text, name text, applied timestamptz)")
    fact = told(living(KEPT, AT, SOURCE=empty.url))
    assert (fact.name, fact.applied) == ("", None)
    assert outcome(fact) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "select version, installed_on from flyway",
            r"refused \(relation \"flyway\" does not exist\): correct it",
        ),
        ("selekt", "refused .*syntax error"),
        ("select 'a', now()::timestamp", "with its time zone .*got datetime: cast it to timestamptz"),
        ("select 'a', true", "got bool"),
        ("select 'a'", "got 1 columns"),
        ("select 'a', now(); drop table django_migrations", "refused .*multiple commands"),
        ("delete from django_migrations returning name, applied", "refused"),
        (
            "with gone as (delete from django_migrations returning *) select name, applied from gone",
            "data-modif",
        ),
        ("select 'a', nextval('counted')", "read-only transaction"),
        ("select 'a', applied from locked", "grant it pg_read_all_data"),
        ("select 'a', pg_sleep(60)::text::int", "deadline of 3 s passed"),
    ],
)
def test_a_query_that_is_no_answer_is_named(
    query: str, words: str, source: Any, living: Any, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    name = f"reader_{secrets.token_hex(4)}"
    with psycopg.connect(source.dsn, autocommit=True) as connection:
        connection.execute("create sequence if not exists counted; create table locked (applied timestamptz)")
        connection.execute(f"create role {name} login")
        connection.execute(
            f"grant select, delete on django_migrations to {name}; grant usage on counted to {name}"
        )
    limited = type(source)({**source.parameters, "user": name})
    world = living(KEPT, AT, SOURCE=limited.url)
    object.__setattr__(world, "deadline", seconds(3))
    fact = told(world, LastMigration(backup="database", query=query))
    assert isinstance(fact, Unseen), fact
    assert re.search(words, fact.reason), fact.reason
    with psycopg.connect(source.dsn) as connection:
        assert connection.execute("select count(*) from django_migrations").fetchone() == (2,)


def test_another_framework_is_asked_its_own_way(place, living: Any, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    source = place.database(
        "create schema app; create table app.moves (version text, at bigint);"
        "insert into app.moves values ('20270101_a%b', 1798761600);"
    )
    with psycopg.connect(source.dsn, autocommit=True) as connection:
        connection.execute(f'alter database "{source.database}" set search_path to app')
    query = "select version, at from moves where version like '%a\\%b' order by at desc;"
    fact = told(living(KEPT, AT, SOURCE=source.url), LastMigration(backup="database", query=query))
    assert isinstance(fact, Migrated), fact
    assert (fact.name, fact.applied) == ("20270101_a%b", 1798761600.0)


@pytest.mark.parametrize(
    ("backup", "at", "words"),
    [
        (KEPT, {}, r"state `source: \$NAME`"),
        ({"engine": "redis", "store": "kept"}, AT, "engine redis is of nothing that remembers migrations"),
        ({"engine": "postgresql", "store": "absent"}, AT, "there is no such folder"),
        ({"engine": "snapshot", "instance": "absent"}, AT, r"expected `access: \$NAME`"),
    ],
)
def test_what_has_to_be_stated(
    backup: dict[str, str], at: dict[str, str], words: str, source: Any, living: Any, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    fact = told(living(backup, at, SOURCE=source.url))
    assert isinstance(fact, Unseen)
    assert re.search(words, fact.reason), fact.reason


def test_snapshots_count_alike(rds: Any, at: Any, keys: Any, place, living: Any) -> None:
    """Before there is one, before the migration, and after it."""
    name = f"app-{secrets.token_hex(4)}"
    source = place.database(DJANGO)
    world = living({"engine": "snapshot", "instance": name}, {**at, **AT}, SOURCE=source.url, **keys)
    rds.create_db_instance(
        DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="postgres", BackupRetentionPeriod=0
    )
    outcomes = []
    try:
        outcomes.append(outcome(told(world)))
        rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-by-hand")
        outcomes.append(outcome(told(world)))
        with psycopg.connect(source.dsn, autocommit=True) as connection:
            connection.execute("insert into django_migrations values (3, 'shop', '0003', now())")
        fact = told(world)
        outcomes.append(outcome(fact))
        assert (fact.place, fact.name) == (name, "shop.0003")
    finally:
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    assert outcomes == [Outcome.VIOLATED, Outcome.VIOLATED, Outcome.HOLDS]
