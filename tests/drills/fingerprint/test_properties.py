"""Whatever the database: its restored dump is equal, and no value changes unseen."""

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from verify.drills.postgres.fingerprint import fingerprint, measure
from verify.drills.postgres.relations import tables
from verify.facts.equality import compare

# ruff: noqa: S608 - tests write the SQL that they are about

pytestmark = pytest.mark.needs("postgresql")

_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
few = settings(max_examples=12, deadline=None, suppress_health_check=_SLOW, derandomize=True)
many = settings(max_examples=200, deadline=None, suppress_health_check=_SLOW)


@pytest.fixture(scope="module")
def empty(cluster, generator):
    """A template with the types of the strategies, so that an example need not make them."""
    made = cluster.database()
    made.do(generator.PRELUDE)
    yield made
    made.drop()


def built(cluster, empty, made):
    database = cluster.database(template=empty.name)
    database.do(*made.statements[1:])
    return database


def round_trip(cluster, empty, made):
    database = built(cluster, empty, made)
    try:
        copy = database.copy()
        try:
            seen = database.against(copy)
            assert not seen.differences, (seen.differences, copy.said)
            assert not seen.unprovable
        finally:
            copy.drop()
    finally:
        database.drop()


@few
@given(data=st.data())
def test_a_restored_dump_is_equal(cluster, empty, generator, data):
    round_trip(cluster, empty, data.draw(generator.databases()))


@pytest.mark.nightly
@many
@given(data=st.data())
def test_a_restored_dump_is_equal_many_times(cluster, empty, generator, data):
    round_trip(cluster, empty, data.draw(generator.databases()))


def test_every_extra_survives_a_dump(cluster, empty, generator):
    """All of them at once: what the properties draw from is itself sound."""
    round_trip(cluster, empty, generator.Made((), tuple(generator.EXTRAS)))


def test_there_are_enough_types_and_extras(generator):
    assert len(generator.TYPES) >= 40
    assert len(generator.EXTRAS) >= 25


def mutation(cluster, empty, generator, data):
    """Change one value of one row; the text of the row says whether it is another."""
    made = data.draw(generator.databases(extras=0))
    database = built(cluster, empty, made)
    try:
        before = database.manifest()
        filled = [table for table in made.tables if table.columns and table.rows]
        if not filled:
            return
        table = data.draw(st.sampled_from(filled))
        column = data.draw(st.sampled_from(table.columns))
        value = data.draw(generator.values(column.type, null=column.name not in table.key))
        copy = cluster.database(template=database.name)
        try:
            columns = ", ".join(each.quoted for each in table.columns)
            spelled = f'select row({columns})::text collate "C" from {table.name} order by 1'
            first = f"(select ctid from {table.name} order by ctid limit 1)"
            try:
                copy.do(f"update {table.name} set {column.quoted} = {value} where ctid = {first}")
            except psycopg.errors.UniqueViolation:
                return
            changed = pinned(copy, spelled) != pinned(database, spelled)
            seen = compare(before, copy.manifest())
            assert bool(seen.differences) == changed, (column, value)
            if changed:
                (found,) = database.against(copy).differences
                named = {name for row in found.rows for name in row.columns}
                assert found.rows
                assert not named or named == {column.name}
                if table.key and column.name not in table.key:
                    assert named == {column.name}
        finally:
            copy.drop()
    finally:
        database.drop()


def pinned(database, query):
    with database.session() as session:
        return session.query(query.encode())


@few
@given(data=st.data())
def test_a_changed_value_is_seen_and_named(cluster, empty, generator, data):
    mutation(cluster, empty, generator, data)


@pytest.mark.nightly
@many
@given(data=st.data())
def test_a_changed_value_is_seen_and_named_many_times(cluster, empty, generator, data):
    mutation(cluster, empty, generator, data)


@pytest.fixture(scope="module")
def large(cluster):
    made = cluster.database()
    made.do(
        "create table t (id int primary key, v text, n numeric)",
        "insert into t select i, repeat('x', i % 300), i / 7.0 from generate_series(1, 9000) i",
        "delete from t where id % 5 = 0",
        "create table plain (v int)",
        "insert into plain select i % 50 from generate_series(1, 5000) i",
        "create table nothing (v int)",
    )
    yield made
    made.drop()


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(jobs=st.integers(2, 5), shard=st.integers(1, 60), buckets=st.booleans())
def test_parts_add_up(large, jobs, shard, buckets):
    with large.session() as session:
        found = tables(session)
        whole = measure(session, found, buckets=buckets)
        assert measure(session, found, jobs=jobs, shard=shard, buckets=buckets) == whole
        assert sum(relation.sums.rows for relation in whole.values()) == 7200 + 5000


def test_the_sums_of_buckets_are_the_whole(large):
    with large.session() as session:
        with_buckets, without = (fingerprint(session, buckets=wanted) for wanted in (True, False))
    assert {name: each.sums for name, each in with_buckets.relations.items()} == {
        name: each.sums for name, each in without.relations.items()
    }
    assert len(with_buckets.relations["public.t"].buckets) > 900
