"""A manifest survives as bytes, and whatever else lies in its place is told from one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.drills.errors import DrillError
from verify.drills.postgres.manifest import dump, load
from verify.facts.equality import Manifest, Relation, Sums

NUMBERS = st.integers(0, 2**64 - 1)
SUMS = st.builds(Sums, rows=NUMBERS, first=NUMBERS, second=NUMBERS)
RELATIONS = st.builds(
    Relation,
    columns=st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple),
    key=st.lists(st.text(), max_size=2).map(tuple),
    sums=SUMS,
    buckets=st.dictionaries(NUMBERS.map(str), SUMS, max_size=3),
    unprovable=st.text(),
)
TEXTS = st.dictionaries(st.text(), st.text(), max_size=3)
MANIFESTS = st.builds(
    Manifest,
    at=st.floats(0, 2**40),
    lsn=st.text(),
    version=st.integers(140000, 200000),
    encoding=st.text(),
    size=NUMBERS,
    relations=st.dictionaries(st.text(), RELATIONS, max_size=3),
    catalogue=TEXTS,
    sha256=st.text(),
    later=TEXTS,
)
ONE = Manifest(
    at=1.5, lsn="0/1", version=150018, encoding="UTF8", size=7, relations={}, catalogue={"a b": "c"}
)


@given(MANIFESTS)
def test_it_comes_back_as_it_was(manifest):
    assert load(dump(manifest)) == manifest


def test_the_same_is_the_same_bytes():
    assert dump(ONE) == dump(ONE)
    assert dump(ONE).startswith(b"deploy-verify manifest 1\n")


@given(st.data())
def test_no_flipped_byte_passes(data):
    good = dump(ONE)
    place = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DrillError):
        load(bytes(bad))


@given(st.integers(0, len(dump(ONE)) - 1))
def test_no_cut_passes(length):
    with pytest.raises(DrillError):
        load(dump(ONE)[:length])


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is no manifest"),
        (b"PGDMP\x01\x0e", "is no manifest"),
        (b"\x28\xb5\x2f\xfd", "is no manifest"),
        (dump(ONE).replace(b"manifest 1", b"manifest 2", 1), "is of version 2, this program reads 1"),
        (dump(ONE)[:-1], "is damaged: its sum does not match"),
    ],
)
def test_what_is_no_manifest_of_ours_is_told(data, what):
    with pytest.raises(
        DrillError, match=rf"take: db\.manifest: {re.escape(what)}: expected .* or take a new"
    ):
        load(data, name="db.manifest", stage="take")


def test_a_sum_that_is_right_does_not_make_it_a_manifest():
    import hashlib

    import zstandard

    for body in (b"no zstd", zstandard.compress(b"[]"), zstandard.compress(b'{"at": "late"}')):
        head = b"deploy-verify manifest 1\n" + hashlib.sha256(body).hexdigest().encode() + b"\n"
        with pytest.raises(DrillError, match="cannot be read"):
            load(head + body)
