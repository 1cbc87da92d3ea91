"""A database for the benchmarks: 24 relations of the kinds that applications have, 1.0 GB at scale 1."""

# ruff: noqa: E501, ISC004, S608 - SQL as it would stand in a file of its own

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from verify.drills.postgres.address import Address
from verify.drills.postgres.server import Server, scratch_server
from verify.effects.journal import Journal

#: rows at scale 1, and how to make them out of the number i
TABLES: dict[str, tuple[int, str, str]] = {
    "accounts": (3_000_000, "aid int primary key, bid int, abalance int, filler char(84)", "i, i / 100000, i % 997, ''"),
    "orders": (
        1_500_000,
        "id bigint primary key, customer int, total numeric(12,2), state text, at timestamptz",
        "i, i % 300000, i % 99999 / 7.0, (array['new', 'paid', 'sent'])[i % 3 + 1], '2020-01-01'::timestamptz + i * '1 min'::interval",
    ),
    "customer": (
        300_000,
        "id int primary key, email text, name varchar(80), tags text[], attributes jsonb, born date, score float8, "
        "weight real, balance numeric, active boolean, address inet, key uuid, during tstzrange, spent interval, "
        "initial char(3), picture bytea, seen timestamp, level smallint, place point",
        "i, 'user' || i || '@example.com', 'Name ' || i, array['a', 'b' || i % 9], jsonb_build_object('n', i, 'x', i % 7), "
        "'1970-01-01'::date + i % 20000, i / 3.0, i / 7.0, i / 11.0, i % 2 = 0, ('10.0.' || i % 256 || '.1')::inet, "
        "md5(i::text)::uuid, tstzrange('2024-01-01'::timestamptz, '2024-01-01'::timestamptz + i * '1 s'::interval), "
        "i * '1 s'::interval, 'abc', decode(md5(i::text), 'hex'), '2024-01-01'::timestamp + i * '1 s'::interval, "
        "i % 100, point(i, -i)",
    ),
    "event": (
        800_000,
        "id bigint, kind text, body jsonb, at timestamptz",
        "i, 'kind' || i % 20, jsonb_build_object('user', i % 1000, 'path', '/p/' || i, 'ms', i % 977), "
        "'2024-01-01'::timestamptz + i * '1 s'::interval",
    ),
    "blobs": (
        6_000,
        "id int primary key, body bytea",
        "i, (select decode(string_agg(md5(i::text || j), ''), 'hex') from generate_series(1, 1000) j)",
    ),
    **{
        f"detail{number}": (60_000, "id int primary key, a int, b text, c numeric, d timestamptz", "i, i % 77, md5(i::text), i / 3.0, now()")
        for number in range(18)
    },
}  # fmt: skip


def make(address: Address, scale: float) -> int:
    """Fill an empty database; return its size in bytes."""
    with psycopg.connect(address.dsn, autocommit=True) as connection:
        for name, (rows, columns, values) in TABLES.items():
            connection.execute(f"create table {name} ({columns})".encode())
            count = max(10, int(rows * scale))
            connection.execute(
                f"insert into {name} select {values} from generate_series(1, {count}) i".encode()
            )
        connection.execute(
            "create materialized view totals as select state, sum(total) from orders group by state"
        )
        connection.execute("vacuum analyze")  # hint bits: neither side pays for the other
        row = connection.execute("select pg_database_size(current_database())").fetchone()
        assert row is not None
        return int(row[0])


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Give a server without autovacuum, whose work would be counted."""
    settings = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "autovacuum": "off"}
    with Journal.open("benchmark", folder) as journal, scratch_server(journal, settings=settings) as server:
        yield server


def database(server: Server, name: str) -> Address:
    """Make an empty database."""
    with psycopg.connect(server.address.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    return server.address.at(name)


def main() -> None:
    """Fill a database that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dsn", help="of an empty database")
    parser.add_argument("--scale", type=float, default=0.1)
    stated = parser.parse_args()
    print(f"{make(Address.parse(stated.dsn), stated.scale) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
