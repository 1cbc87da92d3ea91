"""A relation whose rows are compared, and its columns."""

from dataclasses import dataclass

from psycopg import sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; ``safe`` where the hash of its value tells all values apart."""

    name: str
    type: str
    safe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A relation that holds rows.

    ``name`` is qualified and quoted as in SQL, ``source`` what stands in FROM; ``columns`` are in
    the order of their names, which both sides have, ``key`` names those of the primary key.
    ``blocks`` is its size in the server's blocks, 0 where it cannot be split by them;
    ``unprovable`` why its rows cannot be compared, else "".
    """

    name: str
    source: sql.Composable
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    blocks: int = 0
    populated: bool = True
    unprovable: str = ""
