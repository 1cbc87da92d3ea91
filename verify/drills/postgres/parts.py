"""Parts of a restored database: its large tables cut short, and every row that then leads nowhere gone.

What is kept of a table are its first blocks, so that cutting touches nothing that stays. A reference
to a row that is gone becomes null; where it may not, its row goes as well. Small tables, such as lists
of countries, stay whole: what refers to them would go with them.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.scratch import PREFIX, Shape, connected, scratch_database
from verify.drills.postgres.target import Target
from verify.effects.journal import Journal

#: tables of less than this share of all bytes stay whole
_SMALL = 0.01
#: a table that still has this many times its share is cut itself
_TOO_MUCH = 1.1
#: rounds in which rows may follow those that they refer to
_ROUNDS = 64
_LARGE_OBJECTS = 500  # each one that is removed takes a lock

_TABLES = r"""
    select c.oid::int8, format('%I.%I', n.nspname, c.relname), pg_table_size(c.oid),
           pg_relation_size(c.oid) / current_setting('block_size')::int
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relpersistence <> 't'
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    order by c.oid
"""
#: of each foreign key: both tables, the child and what becomes null as SQL has them, which rows lead nowhere
_KEYS = r"""
    select k.conrelid::int8, k.confrelid::int8,
           case c.relkind when 'p' then '' else 'only ' end || format('%I.%I', cn.nspname, c.relname),
           coalesce(string_agg(format('%I = null', ca.attname), ', ' order by x.place)
               filter (where not ca.attnotnull and ca.attgenerated = ''), ''),
           format(
               '%s and not exists (select from %s%s p where %s)',
               string_agg(format('c.%I is not null', ca.attname), ' and ' order by x.place),
               case p.relkind when 'p' then '' else 'only ' end, format('%I.%I', pn.nspname, p.relname),
               string_agg(
                   format('p.%I operator(%I.%s) c.%I', pa.attname, n.nspname, o.oprname, ca.attname),
                   ' and ' order by x.place))
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
    join pg_catalog.pg_class p on p.oid = k.confrelid
    join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    cross join lateral unnest(k.conkey, k.confkey, k.conpfeqop)
        with ordinality x (child, parent, equal, place)
    join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = x.child
    join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = x.parent
    join pg_catalog.pg_operator o on o.oid = x.equal
    join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
    where k.contype = 'f' and k.conparentid = 0 and k.convalidated
    group by k.oid, k.conrelid, k.confrelid, c.relkind, c.relname, cn.nspname,
             p.relkind, p.relname, pn.nspname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How much a database holds: ``rows`` of its tables, ``held`` by rows and large objects in bytes.

    ``size`` is the whole database in bytes, with its indexes and its catalogue.
    """

    rows: int
    held: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    name: str
    size: int
    blocks: int
    rows: int


class _Key(NamedTuple):
    """A foreign key: ``nulls`` sets what may be null, "" where nothing may; ``lost`` are rows of ``c``."""

    child: int
    parent: int
    table: str
    nulls: str
    lost: str


Connection = psycopg.Connection[tuple[Any, ...]]


def weight(address: Address, *, deadline: float) -> Weight:
    """Count what the database at ``address`` holds; raise ``DrillError``."""
    with connected(address, deadline=deadline) as connection:
        found = _tables(connection)
        row = connection.execute(
            "select pg_catalog.pg_database_size(pg_catalog.current_database()),"
            " pg_catalog.pg_total_relation_size('pg_catalog.pg_largeobject')"
        ).fetchone()
    size, large = row or (0, 0)
    return Weight(
        rows=sum(table.rows for table in found.values()),
        held=large + sum(table.size for table in found.values()),
        size=size,
    )


@contextlib.contextmanager
def part(
    target: Target,
    share: float,
    journal: Journal,
    *,
    server: Address | None,
    variable: str = "",
    deadline: float,
) -> Iterator[Address]:
    """Give a database beside ``target`` that holds about ``share`` of its rows; it is dropped at the end.

    ``server`` is the stated one that ``variable`` leads to, None where it is our own. All of it takes
    ``deadline`` seconds at most. Raise ``DrillError``.
    """
    until = time.monotonic() + deadline
    with _copy(target, journal, server, variable, deadline) as address:
        with connected(address, deadline=until - time.monotonic()) as connection:
            _cut(connection, share, until)
        yield address


@contextlib.contextmanager
def _copy(
    target: Target, journal: Journal, server: Address | None, variable: str, deadline: float
) -> Iterator[Address]:
    origin = target.admin.database
    if server is not None:
        shape = Shape(template=origin)
        with scratch_database(server, journal, shape=shape, variable=variable, deadline=deadline) as made:
            yield made
        return
    name, first = f"{PREFIX}_{os.urandom(4).hex()}", target.admin.at("postgres")
    try:
        with connected(first, deadline=deadline) as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(origin))
            )
        yield target.admin.at(name)
    finally:
        with connected(first) as connection:
            drop = sql.SQL("drop database if exists {} with (force)")
            connection.execute(drop.format(sql.Identifier(name)))


def _cut(connection: Connection, share: float, until: float) -> None:
    """Leave about ``share`` of the rows; what is left refers to nothing that is gone."""
    # no trigger, rule or foreign key acts on what we remove
    connection.execute("set session_replication_role = replica")
    connection.execute("set work_mem = '64MB'")
    found = _tables(connection)
    keys = [_Key(*row) for row in connection.execute(_KEYS)]
    least = _SMALL * sum(table.size for table in found.values())
    large = {number: table for number, table in found.items() if table.size >= least and table.blocks > 1}
    bound = {key.child for key in keys if key.parent != key.child and key.parent in large}
    for number, table in large.items():
        if number not in bound:
            _shorten(connection, table, share)
    _follow(connection, keys, until)
    for number, table in large.items():
        if number in bound and _count(connection, table.name) > _TOO_MUCH * share * table.rows:
            _shorten(connection, table, share)
            _follow(connection, keys, until)  # before the next: one part of another is a smaller one
    _fewer_large_objects(connection, share)


def _follow(connection: Connection, keys: Sequence[_Key], until: float) -> None:
    """Let no row refer to one that is gone: forget the reference, or remove the row and so on."""
    for _ in range(_ROUNDS):
        if time.monotonic() > until:
            raise DrillError("verify", "cutting a part of the restored copy took too long")
        if not sum(_mended(connection, key) for key in keys):
            return
    raise DrillError("verify", f"after {_ROUNDS} rounds there are rows left that refer to none")


def _mended(connection: Connection, key: _Key) -> int:
    """Return how many rows referred to one that is gone, and do no more."""
    if key.nulls:
        with contextlib.suppress(psycopg.IntegrityError):  # a check wants a value
            statement = f"update {key.table} c set {key.nulls} where {key.lost}"  # noqa: S608 - quoted by the server
            return connection.execute(statement.encode()).rowcount
    statement = f"delete from {key.table} c where {key.lost}"  # noqa: S608 - quoted by the server
    return connection.execute(statement.encode()).rowcount


def _shorten(connection: Connection, table: _Table, share: float) -> None:
    place = f"({max(1, int(table.blocks * share))},0)"
    statement = f"delete from only {table.name} where ctid >= '{place}'::pg_catalog.tid"  # noqa: S608 - quoted by the server
    connection.execute(statement.encode())


def _fewer_large_objects(connection: Connection, share: float) -> None:
    numbers = connection.execute("select oid::int8 from pg_catalog.pg_largeobject_metadata order by oid")
    gone = [row[0] for row in numbers]
    gone = gone[int(len(gone) * share) :]
    for start in range(0, len(gone), _LARGE_OBJECTS):
        some = gone[start : start + _LARGE_OBJECTS]
        connection.execute("select pg_catalog.lo_unlink(l::oid) from unnest(%s::int8[]) l", [some])


def _tables(connection: Connection) -> Mapping[int, _Table]:
    return {
        number: _Table(name=name, size=size, blocks=blocks, rows=_count(connection, name))
        for number, name, size, blocks in connection.execute(_TABLES).fetchall()
    }


def _count(connection: Connection, name: str) -> int:
    row = connection.execute(f"select count(*) from only {name}".encode()).fetchone()  # noqa: S608 - quoted by the server
    return row[0] if row else 0
