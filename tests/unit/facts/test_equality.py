"""Fingerprints side by side: what is a difference, what cannot be told, and what is neither."""

from dataclasses import replace

import pytest

from verify.facts.equality import Manifest, Relation, Sums, compare, differing_buckets

ONE = Sums(rows=2, first=3, second=4)
TABLE = Relation(columns=(("id", "integer"),), key=("id",), sums=ONE, buckets={"5": ONE})
SOURCE = Manifest(
    at=1.0,
    lsn="0/1",
    version=150018,
    encoding="UTF8",
    size=1,
    relations={"app.t": TABLE},
    catalogue={"setting a of the database": "1"},
)


def told(copy, source=SOURCE, **more):
    seen = compare(source, copy, **more)
    return [(each.what, each.source, each.copy) for each in seen.differences]


def test_the_same_is_equal():
    seen = compare(SOURCE, replace(SOURCE, at=9.0, lsn="0/9", size=5))
    assert seen.equal
    assert (seen.relations, seen.rows, seen.facts) == (1, 2, 1)


@pytest.mark.parametrize(
    "sums",
    [Sums(rows=3, first=3, second=4), Sums(rows=2, first=0, second=4), Sums(rows=2, first=3, second=0)],
)
def test_any_sum_that_differs_is_a_difference(sums):
    copy = replace(SOURCE, relations={"app.t": replace(TABLE, sums=sums)})
    assert told(copy) == [("table app.t", "2 rows", f"{sums.rows} rows")]


def test_a_relation_on_one_side_only():
    empty = replace(SOURCE, relations={})
    assert told(empty) == [("table app.t", "2 rows", "absent")]
    assert told(SOURCE, empty) == [("table app.t", "absent", "2 rows")]
    assert not compare(empty, empty).equal


def test_columns_that_differ():
    copy = replace(SOURCE, relations={"app.t": replace(TABLE, columns=(("id", "bigint"),))})
    assert told(copy) == [("columns of app.t", "id integer", "id bigint")]


@pytest.mark.parametrize("side", ["source", "copy"])
def test_what_cannot_be_compared_is_not_equal(side):
    closed = replace(SOURCE, relations={"app.t": replace(TABLE, unprovable="foreign")})
    seen = compare(closed, SOURCE) if side == "source" else compare(SOURCE, closed)
    assert seen.unprovable == ("app.t: foreign",)
    assert not seen.equal


def test_facts_left_apart_are_not_counted():
    copy = replace(SOURCE, catalogue={})
    assert told(copy) == [("setting a of the database", "1", "absent")]
    seen = compare(SOURCE, copy, apart={"setting"})
    assert seen.equal
    assert seen.facts == 0


@pytest.mark.parametrize(
    ("before", "value", "after", "same"),
    [
        ("5 used", "5 used", "9 used", True),
        ("5 used", "7 used", "9 used", True),
        ("5 next", "5 used", "5 used", True),
        ("5 used", "10 used", "9 used", False),
        ("5 used", "4 used", "9 used", False),
        ("5 used", "5 next", "9 used", False),
        ("-3 used", "-6 used", "-9 used", True),
        ("-3 used", "-12 used", "-9 used", False),
    ],
)
def test_a_sequence_lies_between_two_looks(before, value, after, same):
    what = "sequence-value app.s"
    source = replace(SOURCE, catalogue={what: before}, later={what: after})
    assert bool(told(replace(SOURCE, catalogue={what: value}), source)) is not same


def test_a_sequence_that_is_lost_is_between_nothing():
    what = "sequence-value app.s"
    source = replace(SOURCE, catalogue={what: "5 used"}, later={what: "9 used"})
    assert told(replace(SOURCE, catalogue={}), source) == [(what, "5 used", "absent")]


def test_our_own_mark_is_no_comment():
    source = replace(SOURCE, catalogue={"comment on the database": "shop"})
    marked = replace(SOURCE, catalogue={"comment on the database": "deploy-verify run"})
    assert not told(marked, source)
    assert told(replace(SOURCE, catalogue={"comment on the database": "other"}), source)


def test_only_an_invalid_index_may_be_missing():
    nothing = replace(SOURCE, catalogue={})
    assert not told(nothing, replace(SOURCE, catalogue={"index app.i": "invalid, CREATE INDEX"}))
    assert told(nothing, replace(SOURCE, catalogue={"index app.i": "CREATE INDEX"}))
    broken = replace(SOURCE, catalogue={"index app.i": "invalid, CREATE INDEX"})
    assert told(broken, replace(SOURCE, catalogue={"index app.i": "CREATE INDEX"}))


def test_another_major_may_spell_a_definition_otherwise():
    what = "definition of view app.w"
    source, copy = (replace(SOURCE, catalogue={what: text}) for text in ("SELECT t.a", "SELECT a"))
    assert told(copy, source)
    newer = replace(copy, version=180004)
    seen = compare(source, newer)
    assert not seen.differences
    assert seen.unprovable == (f"{what}: PostgreSQL 15 and 18 may spell it otherwise",)
    assert told(replace(newer, catalogue={}), source) == [(what, "SELECT t.a", "absent")]
    assert told(replace(newer, catalogue={"setting a of the database": "2"}))


def test_buckets_that_differ():
    other = replace(TABLE, buckets={"5": replace(ONE, first=9), "7": ONE})
    assert differing_buckets(TABLE, other) == ("5", "7")
    assert differing_buckets(TABLE, TABLE) == ()
