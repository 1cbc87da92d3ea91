"""A row as 64 bits: the values themselves where their hash is exact, their text where it is not.

The server's hash of records is fast, and blind to what equality of a type ignores (the scale of a
numeric, the case of citext, -0) or sees what is no value (an enum's OID). So only columns of types in
``relations.SAFE`` go through it; all others go through the text of a row, under pinned settings.
Against accidents only: whoever wants two rows to collide can make them.
"""

import secrets
from collections.abc import Sequence

from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.table import Column, Table

#: of the key's hash, that name a bucket: 1,024 of them
BITS = 10
_VALUES, _TEXT, _KEY = 11, 22, 33  # seeds
_SECOND = 77
ZERO = sql.SQL("0::int8")


class Row:
    """The expressions over one row of ``table``, which stands in FROM under ``alias``."""

    def __init__(self, table: Table, *, nonce: str = "") -> None:
        """Choose an alias that no column has: ``alias.column`` would else be a field of that column."""
        self.table = table
        name = f"__fp_{nonce or secrets.token_hex(4)}"
        if any(column.name == name for column in table.columns):
            raise DrillError("verify", f"{table.name} has a column {name}, which is ours: try again")
        self.alias = sql.Identifier(name)
        self._columns = {column.name: column for column in table.columns}

    @property
    def source(self) -> sql.Composed:
        """Return what stands in FROM."""
        return sql.SQL("{} as {}").format(self.table.source, self.alias)

    @property
    def hash(self) -> sql.Composable:
        """Return the row's hash as int8; the same for every row of a table without columns."""
        safe = [column for column in self.table.columns if column.safe]
        rest = [column for column in self.table.columns if not column.safe]
        parts = []
        if safe:
            parts.append(self._values(safe, _VALUES))
        if rest:
            parts.append(self._texts(rest, _TEXT))
        return sql.SQL(" # ").join(parts) if parts else ZERO

    @property
    def key_hash(self) -> sql.Composable:
        """Return the hash of the primary key as int8, of the whole row where there is none."""
        key = self._key
        if not key:
            return self.hash
        return (self._values if all(column.safe for column in key) else self._texts)(key, _KEY)

    @property
    def key_text(self) -> sql.Composable:
        """Return the primary key as the text of a row."""
        return sql.SQL("{}::text").format(self._row(self._key))

    def bucket(self, bits: int = BITS) -> sql.Composable:
        """Return the last ``bits`` bits of the key's hash as int8: the number of the row's bucket."""
        return sql.SQL("({}) & {}").format(self.key_hash, sql.Literal((1 << bits) - 1)) if bits else ZERO

    @property
    def column_hashes(self) -> sql.Composable:
        """Return one hash for each column, in order, as int8[]."""
        each = (self._texts([column], _TEXT) for column in self.table.columns)
        return sql.SQL("array[{}]::int8[]").format(sql.SQL(", ").join(each))

    @property
    def _key(self) -> list[Column]:
        return [self._columns[name] for name in self.table.key]

    def _values(self, columns: Sequence[Column], seed: int) -> sql.Composed:
        return sql.SQL("hash_record_extended({}, {})").format(self._row(columns), sql.Literal(seed))

    def _texts(self, columns: Sequence[Column], seed: int) -> sql.Composed:
        text = sql.SQL('hashtextextended({}::text collate "C", {})')
        return text.format(self._row(columns), sql.Literal(seed))

    def _row(self, columns: Sequence[Column]) -> sql.Composed:
        each = (sql.SQL("{}.{}").format(self.alias, sql.Identifier(column.name)) for column in columns)
        return sql.SQL("row({})").format(sql.SQL(", ").join(each))


def sums(row: Row, *, bits: int = BITS, where: sql.Composable | None = None) -> sql.Composed:
    """Return the query for bucket (0 without ``bits``), count and two sums of the rows of ``where``, as text.

    The hash is computed once a row, in a subquery that the planner may not flatten. Sums, not xor:
    xor would cancel two equal rows. The first sum alone is linear in the columns, so that swapping
    two values between rows keeps it; the second, of the hash's hash, is not.
    """
    return sql.SQL(
        "select b, count(*), coalesce(sum(h), 0)::text, "
        "coalesce(sum(hashint8extended(h, {second})), 0)::text "
        "from (select {hash} as h, {bucket} as b from {source} {where} offset 0) q group by b"
    ).format(
        second=sql.Literal(_SECOND),
        hash=row.hash,
        bucket=row.bucket(bits),
        source=row.source,
        where=sql.SQL("where {}").format(where) if where is not None else sql.SQL(""),
    )
