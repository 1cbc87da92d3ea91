"""Which relations hold rows to compare, with which columns, and whether the user sees them all.

Ordinary tables, partitions' leaves and materialised views. Not their TOAST, which is part of them;
not temporary tables, which belong to a session; partitioned parents and views hold no rows.
"""

from collections.abc import Collection, Sequence

from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.large_objects import large_objects
from verify.drills.postgres.session import Session
from verify.drills.postgres.table import Column, Table

#: types whose hash of the value tells apart all that their text tells apart, cheaply; ``bpchar`` is
#: one where it has a length, texts are where their collation is deterministic
SAFE = frozenset(
    {
        "bool", "bytea", "date", "inet", "int2", "int4", "int8", "macaddr", "name", "oid", "text",
        "timestamp", "timestamptz", "uuid", "varchar",
    }
)  # fmt: skip
_LOCKED_AT_ONCE = 200
_USER_SCHEMA = r"n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"

_RELATIONS = f"""
    select c.oid, n.nspname::text, c.relname::text, format('%I.%I', n.nspname, c.relname),
           c.relkind::text, c.relpersistence::text, c.relispopulated,
           coalesce(pg_relation_size(c.oid) / current_setting('block_size')::int, 0)::int8,
           coalesce(s.srvname::text, ''),
           has_schema_privilege(n.oid, 'usage') and (
               has_table_privilege(c.oid, 'select') or (c.relnatts > 0 and not exists (
                   select from pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                     and not has_column_privilege(c.oid, a.attnum, 'select')))),
           row_security_active(c.oid)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_foreign_table f on f.ftrelid = c.oid
    left join pg_foreign_server s on s.oid = f.ftserver
    where c.relkind in ('r', 'm', 'f') and c.relpersistence <> 't' and {_USER_SCHEMA}
    order by n.nspname collate "C", c.relname collate "C"
"""  # noqa: S608 - constants of this file

_COLUMNS = """
    with recursive base (oid, root) as (
        select t.oid, t.oid from pg_type t where t.typtype <> 'd'
        union all
        select d.oid, b.root from pg_type d join base b on d.typbasetype = b.oid where d.typtype = 'd'
    )
    select a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod),
           case when n.nspname = 'pg_catalog' then t.typname::text else '' end,
           t.typname = 'bpchar' and a.atttypid = t.oid and a.atttypmod > 4,
           coalesce(l.collisdeterministic, true)
    from pg_attribute a
    join base b on b.oid = a.atttypid
    join pg_type t on t.oid = b.root
    join pg_namespace n on n.oid = t.typnamespace
    left join pg_collation l on l.oid = a.attcollation
    where a.attrelid = any(%s) and a.attnum > 0 and not a.attisdropped
    order by a.attrelid, a.attname collate "C"
"""

_KEYS = """
    select i.indrelid, a.attname::text
    from pg_index i
    cross join lateral unnest(i.indkey::int2[]) with ordinality k (attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indisprimary and i.indisvalid and k.place <= i.indnkeyatts and i.indrelid = any(%s)
    order by i.indrelid, k.place
"""


def tables(session: Session, *, only: Collection[str] | None = None, recovered: bool = False) -> list[Table]:
    """Return the relations to compare, locked against migrations until the session ends.

    ``only`` names some of them; ``recovered`` says that the server came out of a physical backup or
    a crash, which empties unlogged tables. Raise ``DrillError`` naming every relation that the user
    may not read wholly, and every name in ``only`` that does not exist.
    """
    rows = session.query(_RELATIONS.encode())
    large = {table.name: table for table in large_objects(session)}
    if only is not None:
        missing = sorted(set(only) - {row[3] for row in rows} - set(large))
        if missing:
            raise DrillError(
                session.stage,
                f"{session.where}: there is no table {', '.join(missing)}: expected names as SQL quotes them",
            )
        rows = [row for row in rows if row[3] in only]
    numbers = [row[0] for row in rows]
    columns: dict[int, list[Column]] = {number: [] for number in numbers}
    for number, name, kind, base, fixed, deterministic in session.query(_COLUMNS.encode(), [numbers]):
        safe = (base in SAFE or fixed) and deterministic
        columns[number].append(Column(name=name, type=kind, safe=safe))
    keys: dict[int, list[str]] = {number: [] for number in numbers}
    for number, name in session.query(_KEYS.encode(), [numbers]):
        keys[number].append(name)
    found = []
    refused: list[str] = []
    for number, schema, relation, name, kind, persistence, populated, blocks, server, may, hidden in rows:
        unprovable = _unprovable(kind, persistence, server, session, recovered=recovered)
        if not unprovable and not may:
            refused.append(f"{name} (no SELECT on it)")
        elif not unprovable and hidden:
            refused.append(f"{name} (row-level security hides rows)")
        found.append(
            Table(
                name=name,
                source=sql.SQL("only {}").format(sql.Identifier(schema, relation)),
                columns=tuple(columns[number]),
                key=tuple(keys[number]),
                blocks=blocks,
                populated=populated,
                unprovable=unprovable,
            )
        )
    if refused:
        raise DrillError(
            session.stage,
            f"{session.where}: cannot see every row of {', '.join(refused)}: expected a user who can: "
            "grant it pg_read_all_data and BYPASSRLS, or connect as the owner",
        )
    found += [table for name, table in large.items() if only is None or name in only]
    _lock(session, found)
    return found


def _unprovable(kind: str, persistence: str, server: str, session: Session, *, recovered: bool) -> str:
    if kind == "f":
        return f"a foreign table: its rows are on the server {server}, not in this database"
    if persistence == "u" and session.about.standby:
        return "unlogged: a standby has none of its rows"
    if persistence == "u" and recovered:
        return "unlogged: recovery has emptied it, a physical backup never has its rows"
    return ""


def _lock(session: Session, found: Sequence[Table]) -> None:
    """Touch every relation at once: a rewrite that comes later has to wait until we are done."""
    read = [table for table in found if not table.unprovable]
    for start in range(0, len(read), _LOCKED_AT_ONCE):
        part = (
            sql.SQL("select from {} as t where false").format(table.source)
            for table in read[start : start + _LOCKED_AT_ONCE]
        )
        session.query(sql.SQL(" union all ").join(part))
