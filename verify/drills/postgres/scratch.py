"""Databases to restore into on a server that is stated: created, marked and dropped by us alone."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.effects.journal import Entry, Journal, Record, reaper
from verify.effects.leftovers import CannotReap

KIND = "scratch-database"
PREFIX = "drill"
_DEADLINE = 30
_LONGEST_RUN = 40  # of a name's 63 bytes
_EMPTY = (
    "select not exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n"
    " on n.oid = c.relnamespace where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
    " and n.nspname !~ '^pg_(temp|toast_temp)_')"
    " and not exists (select from pg_catalog.pg_largeobject_metadata)"
    " and not exists (select from pg_catalog.pg_namespace where nspname not in"
    " ('pg_catalog', 'information_schema', 'pg_toast', 'public') and nspname !~ '^pg_(temp|toast_temp)_')"
)
_MARK = (
    "select pg_catalog.shobj_description(oid, 'pg_database') from pg_catalog.pg_database where datname = %s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is decided when a database is created: encoding and locale; "" is the server's own.

    ``template`` is a database that it begins as a copy of, with encoding and locale of that.
    """

    encoding: str = "UTF8"
    collate: str = ""
    ctype: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which database it is: that of a server's cluster since its start, whatever its address says."""

    cluster: int
    database: int
    started: float

    def is_of(self, other: "Identity") -> bool:
        """Say whether both are one; a copied cluster shares the first two numbers with its origin."""
        return self == other


def mark_of(run_id: str) -> str:
    """Return the comment that a database made by ``run_id`` bears."""
    return f"deploy-verify {run_id}"


@contextlib.contextmanager
def scratch_database(
    server: Address,
    journal: Journal,
    *,
    shape: Shape | None = None,
    variable: str = "",
    deadline: float = _DEADLINE,
) -> Iterator[Address]:
    """Give an empty database, marked as this run's, on ``server``; it is dropped at the end.

    Creating it may take ``deadline`` seconds.

    ``variable`` is the environment variable with the server's address: ``clean`` reads it where we
    were killed, for the journal holds no secret. Raise ``DrillError`` where it cannot be made.
    """
    run = re.sub(r"[^a-z0-9]+", "_", journal.run_id.lower())[:_LONGEST_RUN]
    name = f"{PREFIX}_{run}_{os.urandom(4).hex()}"
    entry = journal.plan(KIND, name=name, server=server.words, variable=variable)
    address = server.at(name)
    try:
        with connected(server, deadline=deadline) as connection:
            _create(connection, name, shape or Shape(), mark_of(journal.run_id))
        entry.made()
        yield address
    except BaseException:
        with contextlib.suppress(DrillError):  # what is left stays in the journal, for ``clean``
            _end(server, name, journal, entry)
        raise
    _end(server, name, journal, entry)


def _end(server: Address, name: str, journal: Journal, entry: Entry) -> None:
    if _dropped(server, name, journal.run_id):
        entry.gone()


def identity(address: Address, *, stage: str = "restore") -> Identity:
    """Return which database ``address`` leads to."""
    query = (
        "select s.system_identifier, d.oid::int8,"
        " extract(epoch from pg_catalog.pg_postmaster_start_time())::float8"
        " from pg_catalog.pg_control_system() s, pg_catalog.pg_database d"
        " where d.datname = pg_catalog.current_database()"
    )
    with connected(address, stage=stage) as connection:
        row = connection.execute(query).fetchone()
    if row is None:
        raise DrillError(stage, f"{address.words}: which database it is could not be seen")
    return Identity(cluster=row[0], database=row[1], started=row[2])


def require_ours(target: Address, journal: Journal, *, source: Address | None = None) -> None:
    """Refuse to restore into ``target`` unless it is empty, marked as this run's, and not ``source``."""
    if source is not None and identity(target).is_of(identity(source, stage="take")):
        raise DrillError("restore", f"{target.words} is the source itself: nothing is restored into it")
    with connected(target) as connection:
        row = connection.execute(_MARK, [target.database]).fetchone()
        if row is None or row[0] != mark_of(journal.run_id):
            raise DrillError(
                "restore", f"{target.words} was not made by this run: nothing is restored into it"
            )
        row = connection.execute(_EMPTY).fetchone()
        if row is None or not row[0]:
            raise DrillError("restore", f"{target.words} is not empty: nothing is restored into it")


@contextlib.contextmanager
def connected(
    address: Address, *, stage: str = "restore", deadline: float = _DEADLINE
) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """Give a connection that commits each statement; errors become ``DrillError``.

    ``deadline`` are the seconds that each statement may take.
    """
    timeout = f"-c statement_timeout={max(1, int(deadline * 1000))}ms"
    limits = {
        "connect_timeout": str(_DEADLINE),
        "options": f"{address.parameters.get('options', '')} {timeout}".strip(),
        "application_name": "deploy-verify",
    }
    try:
        with psycopg.connect(Address({**address.parameters, **limits}).dsn, autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        raise DrillError(stage, f"{address.words}: {_line(error)}") from error


def _create(connection: "psycopg.Connection[tuple[Any, ...]]", name: str, shape: Shape, mark: str) -> None:
    options = [sql.SQL("template template0 encoding {}").format(sql.Literal(shape.encoding))]
    if shape.template:
        options = [sql.SQL("template {}").format(sql.Identifier(shape.template))]
    for word, value in (("lc_collate", shape.collate), ("lc_ctype", shape.ctype)):
        if value:
            options.append(sql.SQL(word + " {}").format(sql.Literal(value)))
    connection.execute(
        sql.SQL("create database {} {}").format(sql.Identifier(name), sql.SQL(" ").join(options))
    )
    connection.execute(
        sql.SQL("comment on database {} is {}").format(sql.Identifier(name), sql.Literal(mark))
    )


def _dropped(server: Address, name: str, run_id: str) -> bool:
    """Drop what bears our mark, or what was cut short before it got one; say whether it is gone."""
    with connected(server) as connection:
        row = connection.execute(_MARK, [name]).fetchone()
        if row is None:
            return True
        if row[0] is None and _empty(server.at(name)):
            pass  # killed between its creation and its mark: the name was ours alone
        elif row[0] != mark_of(run_id):
            return False
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    return True


def _empty(address: Address) -> bool:
    with connected(address) as connection:
        row = connection.execute(_EMPTY).fetchone()
    return bool(row and row[0])


@reaper(KIND)
def reap(record: Record) -> str:
    """Drop a database of a dead run: by the variable that leads to its server."""
    details: Mapping[str, Any] = record.details
    name, variable = str(details.get("name", "")), str(details.get("variable", ""))
    by_hand = f"drop it by hand on the server of {details.get('server')}: DROP DATABASE {name} WITH (FORCE)"
    if not re.fullmatch(rf"{PREFIX}_[a-z0-9_]*_[0-9a-f]{{8}}", name):
        raise CannotReap("the journal names no database of a drill")
    dsn = os.environ.get(variable, "") if variable else ""
    if not dsn:
        what = f"set the environment variable {variable} and clean again, or " if variable else ""
        raise CannotReap(what + by_hand)
    try:
        if not _dropped(Address.parse(dsn, stage="restore"), name, record.run_id):
            raise CannotReap("it does not bear this run's mark: drop it by hand if it is of no use")
    except DrillError as error:
        raise CannotReap(f"{error.reason}: {by_hand}") from error
    return "dropped"


def _line(error: psycopg.Error) -> str:
    """Return an error's first line; libpq's messages name host, port and user but no password."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
