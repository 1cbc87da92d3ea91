"""Which rows differ: found through the buckets whose sums do, and named by their keys.

Buckets are narrowed by further bits of the key's hash until few enough rows are left to fetch, so that
neither side ever sends many, however large the relation is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from verify.drills.postgres.fingerprint import measure, totals
from verify.drills.postgres.hashing import BITS, Row
from verify.drills.postgres.relations import tables
from verify.drills.postgres.session import Session
from verify.drills.postgres.table import Table
from verify.facts.equality import (
    ABSENT,
    MOST_ROWS,
    Comparison,
    Difference,
    Manifest,
    Relation,
    RowDifference,
    Sums,
    differing_buckets,
)
from verify.model.text import abridged

__all__ = ["locate"]

#: rows that each side sends for one relation, about
FETCHED = 1000
_MOST_BITS = 6 * BITS
_PREFIX = "table "
_LONGEST = 200  # characters of a key that are shown


def locate(
    comparison: Comparison,
    source: Manifest,
    copy: Manifest,
    *,
    ours: Session | None = None,
    theirs: Session | None = None,
) -> Comparison:
    """Return ``comparison`` with rows that differ: at most 100 a relation, from about 1,000 looked at.

    ``ours`` is a session on the source, on the very snapshot ``source`` was made from, ``theirs`` one on
    the copy. Without both it is told which buckets differ, and how many rows lie there.
    """
    return replace(
        comparison,
        differences=tuple(_located(each, source, copy, ours, theirs) for each in comparison.differences),
    )


def _located(
    difference: Difference, source: Manifest, copy: Manifest, ours: Session | None, theirs: Session | None
) -> Difference:
    name = difference.what.removeprefix(_PREFIX)
    if not difference.what.startswith(_PREFIX) or ABSENT in {difference.source, difference.copy}:
        return difference
    first, second = source.relations[name], copy.relations[name]
    if ours is None or theirs is None:
        return replace(difference, rows=tuple(_buckets(first, second))[:MOST_ROWS])
    pair = _Pair.of(name, first.key, ours, theirs)
    return replace(difference, rows=tuple(pair.rows(first, second))[:MOST_ROWS])


def _buckets(source: Relation, copy: Relation) -> Iterator[RowDifference]:
    nothing = Sums(rows=0, first=0, second=0)
    for name in differing_buckets(source, copy):
        counts = (side.buckets.get(name, nothing).rows for side in (source, copy))
        yield RowDifference(key="bucket {}: {} rows in the source, {} in the copy".format(name, *counts))


@dataclass(frozen=True, slots=True)
class _Side:
    session: Session
    table: Table

    def sums(self, row: Row, chosen: "_Chosen") -> dict[str, Sums]:
        """Return the sums of the rows of ``chosen`` by the end of the key's hash, ``BITS`` bits longer."""
        return totals(self.session, row, bits=chosen.bits + BITS, where=chosen.where(row))

    def counted(self, row: Row, chosen: "_Chosen") -> Mapping[str, Counter[int]]:
        """Return how often which hash is there under which key."""
        query = sql.SQL(
            "select k, h, count(*) from (select {} as k, {} as h from {} where {} offset 0) q "
            'group by k, h order by k collate "C" limit {}'
        )
        found: defaultdict[str, Counter[int]] = defaultdict(Counter)
        key = row.key_text if self.table.key else sql.SQL("to_hex({})").format(row.hash)
        limit = sql.Literal(FETCHED * 10)
        for name, value, count in self.session.query(
            query.format(key, row.hash, row.source, chosen.where(row), limit)
        ):
            found[name][value] += count
        return found

    def columns(self, row: Row, chosen: "_Chosen", hashes: Iterable[int]) -> dict[int, list[int]]:
        """Return the hashes of columns by the hash of their row."""
        query = sql.SQL("select h, c from (select {} as h, {} as c from {} where {} offset 0) q where {}")
        wanted = sql.SQL("h = any({}::int8[])").format(sql.Literal(sorted(hashes)))
        found = self.session.query(
            query.format(row.hash, row.column_hashes, row.source, chosen.where(row), wanted)
        )
        return dict(found)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The rows whose key's hash ends in one of ``endings``, which have ``bits`` bits."""

    endings: tuple[int, ...]
    bits: int

    def where(self, row: Row) -> sql.Composed:
        return sql.SQL("({}) & {} = any({}::int8[])").format(
            row.key_hash, sql.Literal((1 << self.bits) - 1), sql.Literal(list(self.endings))
        )


@dataclass(frozen=True, slots=True)
class _Pair:
    """One relation on both sides, under the key that the source has."""

    ours: _Side
    theirs: _Side

    @classmethod
    def of(cls, name: str, key: tuple[str, ...], ours: Session, theirs: Session) -> "_Pair":
        return cls(
            *(_Side(session, replace(tables(session, only=[name])[0], key=key)) for session in (ours, theirs))
        )

    def rows(self, first: Relation, second: Relation) -> list[RowDifference]:
        """Return the rows that differ, of as many buckets as can be fetched."""
        counted = all(side.buckets or not side.sums.rows for side in (first, second))
        if not counted or first.key != second.key:  # fingerprinted without, or by another key
            first, second = (
                measure(side.session, [side.table])[side.table.name] for side in (self.ours, self.theirs)
            )
        chosen = self._narrowed(first.buckets, second.buckets)
        if chosen is None:
            return []
        ours, theirs = (side.counted(Row(side.table), chosen) for side in (self.ours, self.theirs))
        gone, come = _left(ours, theirs), _left(theirs, ours)
        return list(self._named(chosen, gone, come))

    def _narrowed(self, ours: Mapping[str, Sums], theirs: Mapping[str, Sums]) -> _Chosen | None:
        chosen = _choose(ours, theirs, 0)
        while chosen is not None and chosen[1] > FETCHED and chosen[0].bits < _MOST_BITS:
            part = chosen[0]
            ours, theirs = (side.sums(Row(side.table), part) for side in (self.ours, self.theirs))
            narrower = _choose(ours, theirs, part.bits)
            if narrower is None:  # it changed while we looked
                break
            chosen = narrower
        return chosen[0] if chosen is not None else None

    def _named(
        self, chosen: _Chosen, gone: Mapping[str, list[int]], come: Mapping[str, list[int]]
    ) -> Iterator[RowDifference]:
        names = sorted(gone.keys() | come.keys())[:FETCHED]
        ours, theirs = (
            side.columns(Row(side.table), chosen, {each for name in names for each in found.get(name, ())})
            for side, found in ((self.ours, gone), (self.theirs, come))
        )
        if not self.ours.table.key:
            yield from self._paired(ours, theirs, gone, come)
            return
        for name in names:
            if name in gone and name in come:
                columns = self._changed(ours[gone[name][0]], theirs[come[name][0]])
                yield RowDifference(key=_short(name), columns=columns)
            else:
                yield RowDifference(key=_short(name), only="source" if name in gone else "copy")

    def _paired(
        self,
        ours: dict[int, list[int]],
        theirs: dict[int, list[int]],
        gone: Mapping[str, list[int]],
        come: Mapping[str, list[int]],
    ) -> Iterator[RowDifference]:
        """Pair rows without a key that have most columns in common; the rest is on one side only."""
        left = {each: theirs[each] for found in come.values() for each in found if each in theirs}
        for name, found in sorted(gone.items()):
            alike = {each: _same(ours[found[0]], other) for each, other in left.items()}
            best = max(alike, key=alike.__getitem__, default=None)
            alone = len(gone) == len(come) == 1
            if best is None or not (alike[best] or alone):
                yield RowDifference(key=f"row {name}", only="source")
                continue
            columns = self._changed(ours[found[0]], left.pop(best))
            yield RowDifference(key=f"row {name}", columns=columns)
        for name, found in sorted(come.items()):
            if found[0] in left:
                yield RowDifference(key=f"row {name}", only="copy")

    def _changed(self, ours: Sequence[int], theirs: Sequence[int]) -> tuple[str, ...]:
        names = [column.name for column in self.ours.table.columns]
        return tuple(name for name, one, other in zip(names, ours, theirs, strict=True) if one != other)


def _choose(ours: Mapping[str, Sums], theirs: Mapping[str, Sums], bits: int) -> tuple[_Chosen, int] | None:
    """Choose differing buckets until they hold enough rows, at least one; and return how many rows.

    ``ours`` and ``theirs`` are by the end of the key's hash, which is longer than ``bits``.
    """
    nothing = Sums(rows=0, first=0, second=0)
    found: list[int] = []
    total = 0
    differing = [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]
    for name in sorted(differing, key=int):
        rows = max(ours.get(name, nothing).rows, theirs.get(name, nothing).rows)
        if found and total + rows > FETCHED:
            break
        found.append(int(name))
        total += rows
    return (_Chosen(tuple(found), bits + BITS), total) if found else None


def _left(one: Mapping[str, Counter[int]], other: Mapping[str, Counter[int]]) -> dict[str, list[int]]:
    """Return what ``one`` has more often than ``other``: hashes by key."""
    return {name: sorted(more) for name, found in one.items() if (more := found - other.get(name, Counter()))}


def _same(one: Sequence[int], other: Sequence[int]) -> int:
    return sum(left == right for left, right in zip(one, other, strict=True))


def _short(key: str) -> str:
    return abridged(key, _LONGEST)
