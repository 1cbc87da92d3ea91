"""A part of a database is smaller, refers to nothing that is gone, and leaves the whole as it was."""

import psycopg
import pytest

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.parts import part, weight
from verify.drills.postgres.target import Target

KEYS = """
    select 'customer', count(*) from customer c where country is not null
        and not exists (select from country p where p.code = c.country)
    union all select 'favourite', count(*) from customer c where favourite is not null
        and not exists (select from orders p where p.id = c.favourite)
    union all select 'orders', count(*) from orders c
        where not exists (select from customer p where p.id = c.customer)
    union all select 'line', count(*) from line c
        where not exists (select from orders p where p.id = c.orders)
    union all select 'category', count(*) from category c where parent is not null
        and not exists (select from category p where p.id = c.parent)
"""
COUNTS = """
    select (select count(*) from country), (select count(*) from customer), (select count(*) from orders),
           (select count(*) from line), (select count(*) from category), (select count(*) from event),
           (select count(*) from pg_largeobject_metadata)
"""


def target(place, address: Address, *, confined: bool) -> Target:
    return Target(address=address, admin=address, confined=confined, major=place.server.programs.major)


def names(place) -> set[str]:
    with psycopg.connect(place.server.address.dsn) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}


@pytest.mark.parametrize("stated", [False, True], ids=["own", "stated"])
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_part(place, small: Address, drills, share: float, *, stated: bool) -> None:
    before, databases = weight(small, deadline=30), names(place)
    server = place.server.address if stated else None
    with part(target(place, small, confined=stated), share, drills, server=server, deadline=60) as address:
        with psycopg.connect(address.dsn) as connection:
            assert [row for row in connection.execute(KEYS) if row[1]] == []
            country, *others, objects = connection.execute(COUNTS).fetchone()
        held = weight(address, deadline=30)
        assert names(place) - databases == {address.database}
    assert country == 50
    assert objects == 40 * share
    assert all(others), others
    assert 0.3 * share < held.rows / before.rows < 1.2 * share
    assert names(place) == databases
    assert weight(small, deadline=30) == before


def test_what_cannot_be_cut_says_why(place, small: Address, drills) -> None:
    databases = names(place)
    place.run(place.server.address, "drop role if exists plain; create role plain login createdb")
    plain = Address({**place.server.address.parameters, "user": "plain"})
    with psycopg.connect(place.server.address.dsn, autocommit=True) as connection:
        connection.execute('alter database "small" owner to plain')
    mine = Address({**small.parameters, "user": "plain"})
    with (
        pytest.raises(DrillError, match="session_replication_role"),
        part(target(place, mine, confined=True), 0.5, drills, server=plain, deadline=60),
    ):
        pass
    assert names(place) == databases


def test_the_deadline_ends_it(place, small: Address, drills) -> None:
    databases = names(place)
    with (
        pytest.raises(DrillError, match=r"too long|timeout"),
        part(target(place, small, confined=False), 0.5, drills, server=None, deadline=0.05),
    ):
        pass
    assert names(place) == databases
