"""A source whose first superuser owns everything, as `POSTGRES_USER=app` makes it in Compose."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from verify.drills.postgres import target
from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps
from verify.drills.postgres.logical import Packing
from verify.drills.postgres.roundtrip import Drill, restore_drill, restore_newest
from verify.drills.postgres.server import scratch_server
from verify.effects.redact import Redactor
from verify.facts.backup import Outcome

SCRIPT = """
drop extension plpgsql;
create extension plpgsql;
create extension {extension};
create role reader login;
create table t (id serial primary key, line {extension});
insert into t (line) select ({value})::{extension} from generate_series(1, 500) i;
grant select on t to reader;
create publication p for table t;
create view v as select * from t;
alter default privileges grant select on tables to reader;
comment on extension plpgsql is 'ours';
"""
#: an extension of Debian's servers, and one of the wheel's: a type, and a value of it
EXTENSIONS = {"citext": "'line ' || i", "vector": "'[1,' || i || ']'"}
DUMP = """#!/bin/bash
set -euo pipefail
pg_dump "$DATABASE_URL" | gzip > "$BACKUP_DIR/app.sql.gz"
aws s3 cp "$BACKUP_DIR/app.sql.gz" "s3://$BACKUP_BUCKET/app.sql.gz"
"""


@pytest.fixture(scope="module")
def source(drills, place) -> Iterator[Address]:
    with scratch_server(drills, major=place.server.programs.major) as server:
        server.rename_superuser("App owner")
        with psycopg.connect(server.address.dsn, autocommit=True) as connection:
            connection.execute("create database app")
        with psycopg.connect(server.address.at("app").dsn, autocommit=True) as connection:
            known = {row[0] for row in connection.execute("select name from pg_available_extensions")}
            extension, value = next(each for each in EXTENSIONS.items() if each[0] in known)
            connection.execute(SCRIPT.format(extension=extension, value=value))
            roles = [
                row[0] for row in connection.execute("select rolname from pg_roles where rolname !~ '^pg_'")
            ]
        assert sorted(roles) == ["App owner", "reader"]
        yield server.address.at("app")


def drill(source: Address, store: Any, drills: Any, **more: Any) -> Drill:
    return Drill(
        backup="db", store=store, journal=drills, redactor=Redactor(), source=source,
        deadline=60, durable=True, **{"engine": Dumps(), **more},
    )  # fmt: skip


@pytest.mark.parametrize("form", ["custom", pytest.param("plain", marks=pytest.mark.nightly)])
def test_its_dumps_come_back(source: Address, store, drills, form: str) -> None:
    trip = restore_drill(drill(source, store, drills, engine=Dumps(how=Packing(format=form)), keep=True))
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, ""), trip.reason
    assert (trip.durable, trip.untimed) == (True, "")
    later = restore_newest(replace(drill(source, store, drills), source=None))  # by its manifest
    assert (later.outcome, later.reason) == (Outcome.EQUAL, "")


def test_its_script_s_backups_come_back(team, source: Address) -> None:
    trip = team.drill(source, team.script(DUMP), scratch=None)
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, ""), trip.reason


def test_without_that_name_it_differs(
    source: Address, store, drills, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is what the name is for."""
    monkeypatch.setattr(target.Server, "rename_superuser", lambda _, __: None)
    trip = restore_drill(drill(source, store, drills))
    assert trip.outcome is Outcome.DIFFERENT
    assert "App owner" in trip.reason
