"""Rows of ours in a source that may be written to: they mark the points to recover to."""

import contextlib
import os
import re
from collections.abc import Iterator

import psycopg
from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.scratch import connected, mark_of
from verify.effects.journal import Journal, Record, reaper
from verify.effects.leftovers import CannotReap

KIND = "sentinel-schema"
_NAME = re.compile(r"drill_sentinel_[0-9a-f]{12}")
_Connection = psycopg.Connection[tuple[object, ...]]


@contextlib.contextmanager
def sentinel(source: Address, journal: Journal, *, variable: str = "") -> Iterator[str]:
    """Give the name of a schema of ours with a table ``rows``; both are dropped at the end.

    ``variable`` leads to the source: ``clean`` reads it where we were killed. Without one, the source
    is the run's own and goes with it.
    """
    name = f"drill_sentinel_{os.urandom(6).hex()}"
    entry = journal.plan(KIND, name=name, server=source.words, variable=variable)
    try:
        with connected(source, stage="take") as connection, connection.transaction():
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))
            mark = sql.Literal(mark_of(journal.run_id))
            connection.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(name), mark))
            connection.execute(
                sql.SQL("create table {} (word text primary key, at timestamptz not null)").format(
                    _table(name)
                )
            )
        entry.made()
        yield name
    finally:
        if _dropped(source, name, journal.run_id):
            entry.gone()


def write(source: Address, name: str, word: str) -> tuple[float, str]:
    """Commit a row ``word``; return the server's Unix time and place in the WAL right after."""
    insert = sql.SQL("insert into {} values ({}, clock_timestamp())").format(_table(name), sql.Literal(word))
    with connected(source, stage="take") as connection:
        connection.execute("set synchronous_commit = on")
        connection.execute(insert)
        row = connection.execute(
            "select extract(epoch from clock_timestamp())::float8, pg_current_wal_insert_lsn()::text"
        ).fetchone()
    if row is None:
        raise DrillError("take", f"{source.words}: the row that marks a point could not be written")
    return float(str(row[0])), str(row[1])


def words(copy: Address, name: str) -> set[str]:
    """Return the rows that are in ``copy``; none where the table itself is not there."""
    with connected(copy, stage="verify") as connection:
        there = connection.execute("select to_regclass(%s) is not null", [f"{name}.rows"]).fetchone()
        if there is None or not there[0]:
            return set()
        return {
            str(row[0]) for row in connection.execute(sql.SQL("select word from {}").format(_table(name)))
        }


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(name, "rows")


def _dropped(source: Address, name: str, run_id: str) -> bool:
    """Drop the schema where it bears our mark; say whether it is gone."""
    query = "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s"
    with connected(source, stage="take") as connection:
        row = connection.execute(query, [name]).fetchone()
        if row is not None and row[0] != mark_of(run_id):
            return False
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))
    return True


@reaper(KIND)
def reap(record: Record) -> str:
    """Drop a schema of a dead run: by the variable that leads to its server."""
    name, variable = str(record.details.get("name", "")), str(record.details.get("variable", ""))
    if not variable:
        return "went with its server, which was the run's own"
    by_hand = f"drop it by hand in the {record.details.get('server')}: DROP SCHEMA {name} CASCADE"
    if not _NAME.fullmatch(name):
        raise CannotReap("the journal names no schema of a drill")
    dsn = os.environ.get(variable, "")
    if not dsn:
        raise CannotReap(f"set the environment variable {variable} and clean again, or {by_hand}")
    try:
        if not _dropped(Address.parse(dsn), name, record.run_id):
            raise CannotReap("it does not bear this run's mark: drop it by hand if it is of no use")
    except DrillError as error:
        raise CannotReap(f"{error.reason}: {by_hand}") from error
    return "dropped"
