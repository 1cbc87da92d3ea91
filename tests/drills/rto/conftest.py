"""The servers, journal and databases of the other drills, and a database that can be told in size."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from verify.drills.postgres.address import Address

_SPEC = importlib.util.spec_from_file_location(
    "drills_script_conftest", Path(__file__).parents[1] / "script" / "conftest.py"
)
_SCRIPT = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_SCRIPT)
Team = _SCRIPT.Team
# the same server, journal, databases and scripts as there
drills, place, team = _SCRIPT.drills, _SCRIPT.place, _SCRIPT.team
store = _SCRIPT._LOGICAL.store

#: customers, their orders, the orders' lines, each with its own tree of categories; a circle of keys
SHAPE = """
create table country (code int primary key, name text);
insert into country select i, 'country ' || i from generate_series(1, 50) i;
create table customer (id int primary key, country int references country, name text, favourite int);
create table orders (id int primary key, customer int not null references customer, note text);
create table line (orders int references orders, number int, text text, primary key (orders, number));
create table category (id int primary key, parent int references category, name text);
create table event (at int, text text) partition by range (at);
create table event_low partition of event for values from (0) to (100000);
create table event_high partition of event for values from (100000) to (10000000);
insert into customer select i, 1 + i % 50, md5(i::text), i from generate_series(1, {customers}) i;
insert into orders select i, 1 + (i * 7) % {customers}, md5(i::text) || repeat(' note', i % 20)
    from generate_series(1, {customers} * 3) i;
insert into line select 1 + i % ({customers} * 3), i / ({customers} * 3), repeat(md5(i::text), 3)
    from generate_series(1, {customers} * 8) i;
insert into category select i, nullif(i / 2, 0), md5(i::text) from generate_series(1, {customers}) i;
insert into event select i, md5(i::text) from generate_series(1, {customers} * 2) i;
create index on line (text);
create index on orders (customer);
alter table customer add foreign key (favourite) references orders;
select lo_from_bytea(0, decode(repeat('ab', 2000), 'hex')) from generate_series(1, 40);
create function forbidden() returns trigger language plpgsql as $$ begin raise 'nothing goes'; end $$;
create trigger stays before delete on line for each row execute function forbidden();
"""


def _sized(customers: int) -> str:
    """Return the script of a database: 1,000 customers are about 3.5 MB of it."""
    return SHAPE.replace("{customers}", str(customers))


@pytest.fixture(scope="session")
def sized() -> Callable[[int], str]:
    return _sized


@pytest.fixture(scope="session")
def small(place) -> Address:
    return place.database(_sized(8000), name="small")
