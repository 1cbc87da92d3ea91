"""What a cheaper fingerprint does not see: each of these is a loss, and is named with its row and column."""

from dataclasses import replace

import pytest

from verify.drills.errors import DrillError
from verify.drills.postgres import rows
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.hashing import Row
from verify.drills.postgres.relations import tables
from verify.drills.postgres.rows import locate
from verify.facts.equality import RowDifference, compare

# ruff: noqa: S608 - tests write the SQL that they are about

pytestmark = pytest.mark.needs("postgresql")

#: type, one value, and another that the type holds to be equal, or that a lesser spelling shows alike
PAIRS = {
    "scale of a numeric": ("numeric", "1.0", "1.00"),
    "numeric, a far digit": ("numeric", "1e-300", "2e-300"),
    "infinity of a numeric": ("numeric", "Infinity", "NaN"),
    "negative zero": ("float8", "-0", "0"),
    "one ulp": ("float8", "0.1", "0.10000000000000002"),
    "one ulp of a float4": ("float4", "0.1", "0.10000001"),
    "case of citext": ("citext", "Ab", "ab"),
    "scale within jsonb": ("jsonb", '{"a": 1.0}', '{"a": 1.00}'),
    "blanks of json": ("json", '{"a":1}', '{"a": 1}'),
    "doubled key of json": ("json", '{"a":1,"a":1}', '{"a":1}'),
    "a month of days": ("interval", "1 mon", "30 days"),
    "a day of hours": ("interval", "1 day", "24 hours"),
    "lower bound of an array": ("int[]", "[2:3]={1,2}", "{1,2}"),
    "null within an array": ("text[]", '{"NULL"}', "{NULL}"),
    "empty and null": ("text", "", None),
    "trailing blank": ("text", "a", "a "),
    "composed and decomposed": ("text", "é", "e\u0301"),
    "kind of line break": ("text", "a\nb", "a\r\nb"),
    "zone of a timetz": ("timetz", "12:00+00", "13:00+01"),
    "microsecond": ("timestamptz", "2024-01-01 00:00:00.000001+00", "2024-01-01 00:00:00+00"),
    "infinite time": ("timestamptz", "infinity", "-infinity"),
    "before Christ": ("date", "0044-03-15 BC", "0044-03-15"),
    "bound of a range": ("numrange", "[1,2)", "[1,2]"),
    "scale in a range": ("numrange", "[1.0,2)", "[1,2)"),
    "zero byte": ("bytea", "\\x00", "\\x"),
    "prefix of an address": ("inet", "10.0.0.1/8", "10.0.0.1/9"),
    "length of a bit string": ("varbit", "0", "00"),
    "weight of a lexeme": ("tsvector", "a:1A", "a:1B"),
    "point": ("point", "(0,-0)", "(0,0)"),
    "length of a domain's text": ("short", "a", "a "),
    "label of an enum": ("mood", "sad", "glad"),
    "within a composite": ("pair", "(glad,1.0)", "(glad,1.00)"),
    "xml": ("xml", "<a/>", "<a></a>"),
    "money": ("money", "1.00", "1.01"),
    "not deterministic": ("blind", "Ab", "aB"),
}
PRELUDE = """
    create extension citext;
    create type mood as enum ('sad', 'glad');
    create type pair as (m mood, n numeric);
    create collation insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create domain blind as text collate insensitive;
    create domain short as text;
"""


@pytest.fixture(scope="module")
def alike(cluster):
    """Each pair in a table of its own: one value at the source, the other in the copy."""
    places = cluster.database(), cluster.database()
    for side, place in enumerate(places):
        place.do(PRELUDE)
        for number, pair in enumerate(PAIRS.values()):
            value = pair[side + 1]
            text = "null" if value is None else "'{}'".format(value.replace("'", "''"))
            place.do(
                f"create table t{number} (id int primary key, a int default 5, v {pair[0]})",
                f"insert into t{number} select i from generate_series(1, 40) i",
                f"insert into t{number} values (41, 5, {text}::{pair[0]})",
            )
    yield {each.what: each for each in places[0].against(places[1]).differences}
    for place in places:
        place.drop()


@pytest.mark.parametrize("name", PAIRS)
def test_a_value_that_looks_alike_is_another(alike, name):
    found = alike[f"table public.t{list(PAIRS).index(name)}"]
    assert (found.source, found.copy) == ("41 rows", "41 rows")
    assert found.rows == (RowDifference(key="(41)", columns=("v",)),)


def test_a_name_that_is_our_alias_hides_nothing(database, other):
    """``t::text from t`` is the column t of t where there is one."""
    names = ["t", "q", "h", "b", "__fp_row", "ctid2", "row", 'Odd "Name', "per%cent %s", "größe", "select"]
    quoted = ", ".join('"{}" numeric'.format(name.replace('"', '""')) for name in names)
    for place in (database, other):
        place.do(f"create table t ({quoted})", f"insert into t values ({', '.join('1' for _ in names)})")
    assert database.against(other).equal
    for name in names:
        column = '"{}"'.format(name.replace('"', '""'))
        other.do(f"update t set {column} = 2")
        (found,) = database.against(other).differences
        assert [row.columns for row in found.rows] == [(name,)]
        other.do(f"update t set {column} = 1")


def test_an_alias_that_is_a_column_is_refused(database):
    database.do("create table t (__fp_abc int)")
    with database.session() as session:
        (table,) = tables(session)
        with pytest.raises(DrillError, match=r"public.t has a column __fp_abc"):
            Row(table, nonce="abc")


def test_rows_that_are_doubled_do_not_cancel(database, other):
    for place, times in ((database, 2), (other, 4)):
        place.do("create table t (v text)", *(["insert into t values ('a')"] * times))
    (found,) = database.against(other).differences
    assert (found.source, found.copy) == ("2 rows", "4 rows")
    database.do("truncate t", "insert into t values ('a'), ('a'), ('b'), ('b')")
    other.do("truncate t", "insert into t values ('a'), ('a'), ('a'), ('b')")
    (found,) = database.against(other).differences
    assert [(row.columns, row.only) for row in found.rows] == [(("v",), "")]


def test_values_swapped_between_rows(database, other):
    """The sum of hashes that are linear in the columns is the same: the second sum tells."""
    table = "create table t (a int primary key, b int)"
    database.do(table, "insert into t values (1, 10), (2, 20)")
    other.do(table, "insert into t values (1, 20), (2, 10)")
    one, another = database.manifest().relations["public.t"], other.manifest().relations["public.t"]
    assert one.sums.first == another.sums.first
    assert one.sums.second != another.sums.second
    (found,) = database.against(other).differences
    assert [(row.key, row.columns) for row in found.rows] == [("(1)", ("b",)), ("(2)", ("b",))]


def test_a_row_moved_between_partitions_or_to_the_parent(database, other):
    tree = (
        "create table p (id int, v text) partition by list (v)",
        "create table p_a partition of p for values in ('a')",
        "create table p_rest partition of p default",
        "create table base (id int); create table child () inherits (base)",
    )
    database.do(*tree, "insert into p values (1, 'a'); insert into child values (7)")
    other.do(*tree, "insert into p values (1, 'b'); insert into base values (7)")
    found = {each.what: (each.source, each.copy) for each in database.against(other).differences}
    assert found == {
        "table public.p_a": ("1 rows", "0 rows"),
        "table public.p_rest": ("0 rows", "1 rows"),
        "table public.child": ("1 rows", "0 rows"),
        "table public.base": ("0 rows", "1 rows"),
    }


def test_rows_of_a_table_without_columns(database, other):
    database.do("create table t ()", "insert into t default values", "insert into t default values")
    other.do("create table t ()", "insert into t default values")
    (found,) = database.against(other).differences
    assert (found.source, found.copy) == ("2 rows", "1 rows")


def test_rows_without_a_key_are_paired_by_what_they_share(database, other):
    insert = "insert into t select i, 'v' || i, i / 2.0 from generate_series(1, 300) i"
    for place in (database, other):
        place.do("create table t (a int, b text, c numeric)", insert)
    other.do(
        "update t set c = 99.90 where a = 5",
        "delete from t where a = 9",
        "insert into t values (0, null, null)",
    )
    (found,) = database.against(other).differences
    assert sorted((row.columns, row.only) for row in found.rows) == [
        ((), "copy"), ((), "source"), (("c",), ""),
    ]  # fmt: skip


def test_a_materialised_view_that_was_not_refreshed(database, restored):
    database.do(
        "create table t (id int primary key)",
        "insert into t values (1), (2)",
        "create materialized view m as select * from t",
        "insert into t values (3)",
        "create materialized view empty as select * from t with no data",
    )
    # restoring fills it from the rows of now: it is not what the source shows
    (found,) = database.against(restored()).differences
    assert (found.what, found.source, found.copy) == ("table public.m", "2 rows", "3 rows")


def test_content_and_rights_of_large_objects(database, restored):
    database.do(
        "select lo_from_bytea(77, 'one'); select lo_from_bytea(78, decode(repeat('ab', 9000), 'hex'))"
    )
    copy = restored()
    assert database.against(copy).equal
    copy.do("select lo_put(78, 5000, 'x')")
    (found,) = database.against(copy).differences
    assert found.what == "table large objects"
    assert [(row.key, row.columns) for row in found.rows] == [("(78,2)", ("data",))]
    copy.do("select lo_put(78, 5000, '\\xab')", "grant select on large object 77 to public")
    (found,) = database.against(copy).differences
    assert (found.what, found.rows[0].columns) == ("table owners of large objects", ("privileges",))
    copy.do("revoke select on large object 77 from public", "select lo_unlink(77)")
    assert {each.what for each in database.against(copy).differences} == {
        "table large objects", "table owners of large objects",
    }  # fmt: skip


def test_few_rows_are_named_of_many_that_differ(database, other):
    for place, value in ((database, "a"), (other, "b")):
        place.do(
            "create table t (id int primary key, v text)",
            f"insert into t select i, '{value}' from generate_series(1, 30000) i",
        )
    (found,) = database.against(other).differences
    assert len(found.rows) == 100
    assert {row.columns for row in found.rows} == {("v",)}


def test_one_row_of_very_many_is_found_by_narrowing(database, other, monkeypatch):
    """As with 1,200,000 rows and 1,000 fetched, only smaller."""
    monkeypatch.setattr(rows, "FETCHED", 10)
    for place in (database, other):
        place.do(
            "create table t (id int primary key, v int)",
            "insert into t select i, i from generate_series(1, 40000) i",
        )
    other.do("update t set v = 0 where id = 7777")
    (found,) = database.against(other).differences
    assert found.rows == (RowDifference(key="(7777)", columns=("v",)),)


def test_without_the_source_the_buckets_are_told(database, other):
    for place in (database, other):
        place.do("create table t (id int primary key)", "insert into t select generate_series(1, 5000)")
    other.do("delete from t where id = 5")
    source, copy = database.manifest(), other.manifest()
    (found,) = locate(compare(source, copy), source, copy).differences
    (row,) = found.rows
    assert row.key.startswith("bucket ")
    before, after = (int(word) for word in row.key.split() if word.isdecimal())
    assert before == after + 1


def test_without_buckets_the_rows_are_found_all_the_same(database, other):
    for place in (database, other):
        place.do("create table t (id int primary key)", "insert into t select generate_series(1, 5000)")
    other.do("delete from t where id = 5")
    with database.session() as ours, other.session() as theirs:
        source, copy = fingerprint(ours, buckets=False), fingerprint(theirs, buckets=False)
        assert not source.relations["public.t"].buckets
        (found,) = locate(compare(source, copy), source, copy, ours=ours, theirs=theirs).differences
    assert found.rows == (RowDifference(key="(5)", only="source"),)


def test_a_key_that_was_lost_does_not_hide_rows(database, other):
    for place in (database, other):
        place.do(
            "create table t (id int primary key, v int)",
            "insert into t select i, i from generate_series(1, 9) i",
        )
    other.do("alter table t drop constraint t_pkey", "insert into t values (7, 7)")
    seen = database.against(other)
    found = {each.what: each for each in seen.differences}
    assert found["constraint t_pkey on public.t"].copy == "absent"
    assert found["table public.t"].rows == (RowDifference(key="(7)", only="copy"),)


def test_what_cannot_be_compared_is_said(database, restored):
    database.do(
        "create extension postgres_fdw",
        "create server elsewhere foreign data wrapper postgres_fdw options (host 'nowhere.invalid')",
        "create foreign table f (id int) server elsewhere",
        "create unlogged table u (id int); insert into u values (1)",
        "create temp table mine (id int)",
    )
    copy = restored()
    seen = database.against(copy)
    assert not seen.differences
    assert seen.unprovable == (
        "public.f: a foreign table: its rows are on the server elsewhere, not in this database",
    )
    assert not seen.equal
    recovered = compare(database.manifest(), copy.manifest(recovered=True))
    assert [each.partition(":")[0] for each in recovered.unprovable] == ["public.f", "public.u"]


def test_an_empty_database_is_equal_to_nothing(database, other):
    seen = database.against(other)
    assert not seen.differences
    assert not seen.equal
    assert replace(seen, relations=1).equal
