"""One server for the whole session, a database worth backing up, and a store in a folder."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from verify.drills.clock import Clock
from verify.drills.postgres import manifest
from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps, Work
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.roundtrip import Drill, restore_newest
from verify.drills.postgres.server import Server, scratch_server
from verify.drills.postgres.session import connect
from verify.drills.postgres.tools import installed
from verify.drills.store.base import Using
from verify.drills.store.folder import FolderStore
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.facts.backup import RoundTrip
from verify.facts.equality import Manifest

DEADLINE = 60.0
SOURCE = """
create schema app;
create table app.customer (id bigint generated always as identity primary key, name text not null, note text);
insert into app.customer (name, note)
    select 'customer ' || i, repeat(md5(i::text), 3) from generate_series(1, 1500) i;
create table app.orders (id serial primary key, customer bigint not null references app.customer,
                         amount numeric(12,2), at timestamptz default now());
insert into app.orders (customer, amount, at)
    select 1 + i % 1500, i / 100.0, timestamptz '2026-01-01' + i * interval '1 minute'
    from generate_series(1, 3000) i;
create index on app.orders (customer);
create table app.zlog (line text);
insert into app.zlog select 'line ' || i || ' ' || md5(i::text) from generate_series(1, 1500) i;
create view app.big as select * from app.orders where amount > 20;
create materialized view app.total as select count(*) as n, sum(amount) as amount from app.orders;
create function app.next(i bigint) returns bigint language sql immutable as 'select i + 1';
comment on table app.customer is 'whoever buys';
select lo_from_bytea(0, decode(repeat('ab', 5000), 'hex'));
do $$ begin
    if not exists (select from pg_roles where rolname = 'shop_owner') then create role shop_owner; end if;
    if not exists (select from pg_roles where rolname = 'Odd reader') then
        create role "Odd reader" login connection limit 7;
    end if;
    execute format('alter database %I set statement_timeout = %L', current_database(), '77s');
    execute format('alter role shop_owner in database %I set search_path = app, public',
                   current_database());
end $$;
grant shop_owner to "Odd reader";
alter table app.orders owner to shop_owner;
grant select on app.customer to "Odd reader" with grant option;
alter default privileges for role shop_owner in schema app grant select on tables to "Odd reader";
"""


@dataclass
class Place:
    """Makes databases on one server, and knows what each needs."""

    server: Server
    journal: Journal
    number: int = 0

    def database(self, script: str = "", *, options: str = "", name: str = "") -> Address:
        self.number += 1
        name = name or f"db{self.number}"
        with psycopg.connect(self.server.address.dsn, autocommit=True) as connection:
            connection.execute(f'create database "{name}" {options}')
        address = self.server.address.at(name)
        if script:
            self.run(address, script)
        return address

    def run(self, address: Address, script: str) -> None:
        with psycopg.connect(address.dsn, autocommit=True) as connection:
            connection.execute(script)

    def drop(self, address: Address) -> None:
        with psycopg.connect(self.server.address.dsn, autocommit=True) as connection:
            connection.execute(f'drop database if exists "{address.database}" with (force)')

    def seen(self, address: Address) -> Manifest:
        with connect(address, deadline=DEADLINE) as session:
            return fingerprint(session)

    def clock(self, *, deadline: float = DEADLINE) -> Clock:
        return Clock(self.journal, Redactor(), deadline=deadline)


@pytest.fixture(scope="session")
def drills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    old = os.environ.get("VERIFY_STATE_DIR")
    os.environ["VERIFY_STATE_DIR"] = str(state)
    with Journal.open(f"drills-{os.getpid()}", state) as journal:
        yield journal
    if old is None:
        del os.environ["VERIFY_STATE_DIR"]
    else:
        os.environ["VERIFY_STATE_DIR"] = old


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(15, marks=pytest.mark.needs("postgresql")),
        pytest.param(16, marks=pytest.mark.nightly),
        pytest.param(18, marks=pytest.mark.nightly),
    ],
)
def place(request: pytest.FixtureRequest, drills: Journal) -> Iterator[Place]:
    if request.param not in {each.major for each in installed()}:
        pytest.skip(f"PostgreSQL {request.param} is not on this machine")
    with scratch_server(drills, major=request.param) as server:
        yield Place(server, drills)


@pytest.fixture(scope="session")
def source(place: Place) -> Address:
    return place.database(SOURCE, name="shop")


@pytest.fixture(scope="session")
def source_seen(place: Place, source: Address) -> Manifest:
    return place.seen(source)


@pytest.fixture
def store(tmp_path: Path, drills: Journal) -> FolderStore:
    folder = tmp_path / "store"
    folder.mkdir()
    return FolderStore(folder, Using(journal=drills, redactor=Redactor()))


Restored = Callable[..., RoundTrip]


@pytest.fixture
def restored(place: Place, tmp_path: Path, store: FolderStore, drills: Journal) -> Restored:
    """Put bytes into the store with a manifest of whole bytes, restore from there on the shared server."""

    def act(
        data: bytes, name: str, seen: Manifest | None, *, deadline: float = DEADLINE, **more: Any
    ) -> RoundTrip:
        (tmp_path / "store" / name).write_bytes(data)
        if seen is not None:
            (tmp_path / "store" / f"{name}.manifest").write_bytes(manifest.dump(replace(seen, sha256="")))
        drill = Drill(
            backup="db",
            engine=Dumps(),
            store=store,
            journal=drills,
            redactor=Redactor(),
            deadline=deadline,
            **({"scratch": place.server.address} | more),
        )
        return restore_newest(drill)

    return act


@pytest.fixture
def work(tmp_path: Path, place: Place, store: FolderStore) -> Work:
    folder = tmp_path / "work"
    folder.mkdir()
    return Work(clock=place.clock(), store=store, folder=folder)
