"""What differs in spelling or in place, and is the same: none of it may be told as a difference."""

from dataclasses import replace

import pytest

from verify.drills.postgres.catalogue import sequences
from verify.facts.equality import compare

# ruff: noqa: S608 - tests write the SQL that they are about

pytestmark = pytest.mark.needs("postgresql")

TABLE = """
    create table t (id int primary key, v text);
    insert into t select i, 'v' || i from generate_series(1, 500) i
"""


def test_a_copy_is_equal(database, restored):
    database.do(TABLE)
    seen = database.against(restored())
    assert seen.equal, seen
    assert seen.rows == 500
    assert seen.relations == 1
    assert seen.facts > 10


def test_the_oid_of_an_enums_label_is_no_value(database, other):
    enum = "create type mood as enum ('sad', 'glad'); create type pair as (m mood, n int)"
    table = "create table t (id int primary key, m mood, ms mood[], p pair)"
    row = "insert into t values (1, 'glad', '{sad,glad}', '(glad,1)')"
    database.do(enum, table, row)
    other.do("create type shift as enum ('a', 'b', 'c')", "drop type shift", enum, table, row)
    label = "select max(oid)::int8 from pg_enum"
    assert database.ask(label) != other.ask(label)
    assert database.against(other).equal


@pytest.mark.parametrize("extension", ["citext", "hstore", "ltree"])
def test_the_oid_of_an_extensions_type_is_no_value(database, other, extension):
    table = f"create table t (id int primary key, v {extension}, vs {extension}[])"
    value = {"citext": "Abc", "hstore": "a=>1", "ltree": "a.b"}[extension]
    row = f"insert into t values (1, '{value}', array['{value}'::{extension}])"
    database.do(f"create extension {extension}", table, row)
    other.do("create table shift (a int)", "drop table shift", f"create extension {extension}", table, row)
    assert database.against(other).equal


def test_order_and_place_are_no_value(database, other):
    database.do(TABLE)
    other.do(
        "create table t (id int primary key, v text)",
        "insert into t select i, 'old' from generate_series(500, 1, -1) i",
        "update t set v = 'v' || id",
        "vacuum full t",
    )
    assert database.against(other).equal


def test_vacuum_full_and_cluster_change_nothing(database):
    database.do(TABLE, "delete from t where id % 3 = 0")
    before = database.manifest()
    database.do("vacuum full t")
    assert database.manifest().relations == before.relations
    database.do(
        "create index i on t (v)", "cluster t using i", "alter table t set without cluster", "drop index i"
    )
    assert database.manifest().relations == before.relations
    assert database.manifest().catalogue == before.catalogue


def test_dropped_columns_leave_no_trace(database, restored):
    database.do(
        "create table t (a int, gone text, b text, id int primary key)",
        "insert into t select i, 'x', i, i from generate_series(1, 50) i",
        "alter table t drop column gone",
        "alter table t add column c int default 7",
    )
    assert database.against(restored()).equal


def test_children_are_restored_with_their_parents_columns_first(database, restored):
    database.do(
        "create table parent (a int)",
        "create table child (own text) inherits (parent)",
        "alter table parent add column later int default 3",
        "insert into child values (1, 'x', 2); insert into parent values (5, 6)",
    )
    copy = restored()
    assert database.against(copy).equal


def test_ranges_of_text_in_a_check_are_spelled_in_two_ways(database, restored):
    database.do(
        "create table t (v varchar(9) check (v in ('a', 'it''s', '(', 'd,e')), w varchar default 'x')",
        "create view w as select * from t where w in ('a', 'b]') and v::text = any (array['a', 'b'])",
    )
    copy = restored()
    plain = "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 't'::regclass"
    assert database.ask(plain) != copy.ask(plain)  # the trap is there
    assert database.against(copy).equal


NOISE = {
    "extra_float_digits": "-15",
    "timezone": "'Asia/Kathmandu'",
    "datestyle": "'german'",
    "intervalstyle": "'iso_8601'",
    "bytea_output": "'escape'",
    "lc_monetary": "'C.UTF-8'",
    "xmloption": "'document'",
    "xmlbinary": "'hex'",
    "search_path": "app",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "'serializable'",
    "row_security": "on",
}
VALUES = """
    create schema app;
    create type app.mood as enum ('sad', 'glad');
    create table app.t (id int primary key, f float8, r float4, z timestamptz, d date, i interval, b bytea,
        m money, x xml, e app.mood, es app.mood[], ds date[], zs tstzrange, bs bytea[]);
    insert into app.t values (1, 0.1::float8 + 0.2, 1.1, '2024-03-31 01:30+01', '2024-12-03',
        '1 mon 2 days 03:00', '\\xdeadbeef00', 12.34, '<a>1</a>',
        'glad', '{sad}', '{2024-12-03}', '[2024-01-01,2024-02-01)',
        array['\\x00ff'::bytea]);
    create view app.v as select id, '\\x00'::bytea as b, '2024-01-02'::date as d, f from app.t
        where d > '2020-01-01';
"""


@pytest.fixture(scope="module")
def spelled(cluster):
    made = cluster.database()
    made.do(VALUES)
    yield made, made.manifest()
    made.drop()


@pytest.mark.parametrize("name", NOISE)
def test_settings_of_the_user_are_no_value(spelled, name):
    database, before = spelled
    database.do(f"alter database {database.name} set {name} = {NOISE[name]}")
    try:
        after = database.manifest()
    finally:
        database.do(f"alter database {database.name} reset {name}")
    assert after.relations == before.relations
    changed = {what for what in after.catalogue if after.catalogue[what] != before.catalogue.get(what)}
    assert {what.lower() for what in changed} == {f"setting {name} of the database"}


PINNED = {
    "extra_float_digits": "0",
    "timezone": "Asia/Kathmandu",
    "datestyle": "german",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "search_path": "app, pg_catalog",
}


@pytest.mark.parametrize("name", PINNED)
def test_settings_matter_where_they_are_not_pinned(spelled, name):
    """The trap is real: without the pin the text of that very row is another."""
    database, _ = spelled
    spell = b"select (row(f, r, z, d, i, b, es))::text || pg_typeof(e)::text from app.t"
    with database.session() as session:
        pinned = session.query(spell)
        session.query(b"select set_config(%s, %s, true)", [name, PINNED[name]])
        assert session.query(spell) != pinned


def test_pages_of_large_objects_are_no_value(database, restored):
    """A hole, zeros written over it, and pages that were never filled read the same."""
    database.do(
        "select lo_create(77)",
        "select lo_put(77, 5000000, 'end')",
        "select lo_from_bytea(78, decode(repeat('00', 5000), 'hex'))",
        "select lo_put(78, 4, '\\x07')",
        "select lo_create(79)",
    )
    copy = restored()
    pages = "select count(*) from pg_largeobject"
    assert database.ask(pages) != copy.ask(pages)
    assert database.against(copy).equal


def test_a_sequence_may_move_while_it_is_dumped(database, other):
    for each in (database, other):
        each.do(
            "create sequence s; create sequence down increment -1", "select nextval('s'), nextval('down')"
        )
    before = database.manifest()
    database.do("select nextval('s') from generate_series(1, 9)", "select nextval('down')")
    with database.session() as session:
        later = sequences(session)
    other.do("select nextval('s') from generate_series(1, 4)", "select nextval('down')")
    copy = other.manifest(only=None)
    assert [each.what for each in compare(before, copy).differences] == [
        "sequence-value public.down", "sequence-value public.s",
    ]  # fmt: skip
    assert not compare(replace(before, later=later), copy).differences
    other.do("select setval('s', 100)")
    late = compare(replace(before, later=later), other.manifest())
    assert [each.what for each in late.differences] == ["sequence-value public.s"]
    assert late.differences[0].copy == "100 used"
