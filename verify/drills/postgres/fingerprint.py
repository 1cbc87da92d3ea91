"""A database as sums: each relation's rows in one pass, over several connections if wanted."""

import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from psycopg import sql

from verify.drills.postgres.catalogue import catalogue
from verify.drills.postgres.hashing import BITS, Row, sums
from verify.drills.postgres.relations import tables
from verify.drills.postgres.session import Session
from verify.drills.postgres.table import Table
from verify.facts.equality import Manifest, Relation, Sums

__all__ = ["added", "fingerprint", "measure", "totals"]

_WRAP = 2**64
#: blocks of a relation that are worth a task of their own: 32 MiB of 8 KiB
SHARD = 4096
#: the role that initdb made: its number is fixed
_FIRST = b"select pg_get_userbyid(10)::text"


@dataclass(frozen=True, slots=True)
class Shard:
    """The rows of ``table`` in blocks from ``first`` until ``last``, to its end where that is None."""

    table: Table
    first: int = 0
    last: int | None = None

    @property
    def where(self) -> sql.Composable | None:
        """Return the condition on the row's place, None for the whole relation."""
        if self.last is None and not self.first:
            return None
        low = sql.SQL("ctid >= {}").format(sql.Literal(f"({self.first},0)"))
        if self.last is None:  # open: what was added since we looked holds no row of the snapshot, or does
            return low
        return low + sql.SQL(" and ctid < {}").format(sql.Literal(f"({self.last},0)"))


def fingerprint(
    session: Session,
    *,
    buckets: bool = True,
    jobs: int = 1,
    only: Collection[str] | None = None,
    recovered: bool = False,
) -> Manifest:
    """Return what the session's snapshot holds.

    ``buckets`` keeps the sums of 1,024 parts of each relation, with which rows that differ are found;
    ``jobs`` is the number of connections that share the work. ``only`` names relations, and leaves
    the catalogue out. ``recovered``: the server came out of a physical backup, or a crash. Raise
    ``DrillError`` where something cannot be seen.
    """
    found = tables(session, only=only, recovered=recovered)
    about = session.about
    return Manifest(
        at=about.at,
        lsn=about.lsn,
        version=about.version,
        encoding=about.encoding,
        size=about.size,
        relations=measure(session, found, buckets=buckets, jobs=jobs),
        catalogue={} if only is not None else catalogue(session),
        superuser="" if only is not None else session.query(_FIRST)[0][0],
    )


def measure(
    session: Session, found: Sequence[Table], *, buckets: bool = True, jobs: int = 1, shard: int = SHARD
) -> dict[str, Relation]:
    """Return the fingerprints of ``found`` by name; ``shard`` is the least number of blocks of a task."""
    tasks = [
        part
        for table in found
        if not table.unprovable and table.populated
        for part in _split(table, jobs, shard)
    ]
    tasks.sort(key=lambda task: (task.last or task.table.blocks) - task.first, reverse=True)
    parts: dict[str, list[Mapping[str, Sums]]] = {table.name: [] for table in found}
    for task, part in _spread(session, tasks, buckets=buckets, jobs=min(jobs, len(tasks))):
        parts[task.table.name].append(part)
    return {table.name: _relation(table, parts[table.name], buckets=buckets) for table in found}


def _split(table: Table, jobs: int, shard: int) -> list[Shard]:
    count = max(1, min(jobs, table.blocks // shard))
    edges = [table.blocks * place // count for place in range(count)]
    return [Shard(table, first, last) for first, last in zip(edges, [*edges[1:], None], strict=True)]


def _spread(
    session: Session, tasks: Sequence[Shard], *, buckets: bool, jobs: int
) -> list[tuple[Shard, dict[str, Sums]]]:
    """Work the tasks off with ``jobs`` sessions on one snapshot; the first error ends all of them."""
    if jobs <= 1:
        return [(task, _sums(session, task, buckets=buckets)) for task in tasks]
    waiting = deque(tasks)
    done: list[tuple[Shard, dict[str, Sums]]] = []
    stop = threading.Event()

    def work(mine: Session) -> None:
        while not stop.is_set():
            try:
                task = waiting.popleft()
            except IndexError:
                return
            done.append((task, _sums(mine, task, buckets=buckets)))

    with session.joined(jobs - 1) as more, ThreadPoolExecutor(jobs, "fingerprint") as pool:
        sessions = (session, *more)
        running: list[Future[None]] = [pool.submit(work, each) for each in sessions]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        finally:  # an error or an interrupt: the others end now, not when their query does
            stop.set()
            if not all(future.done() for future in running):
                for each in sessions:
                    each.cancel()
        for future in running:
            future.result()
    return done


def _sums(session: Session, task: Shard, *, buckets: bool) -> dict[str, Sums]:
    return totals(session, Row(task.table), bits=BITS if buckets else 0, where=task.where)


def totals(
    session: Session, row: Row, *, bits: int = BITS, where: sql.Composable | None = None
) -> dict[str, Sums]:
    """Return the sums of the rows of ``where`` by the last ``bits`` bits of their key's hash."""
    query = sums(row, bits=bits, where=where)
    return {
        str(bucket): Sums(rows=rows, first=int(first) % _WRAP, second=int(second) % _WRAP)
        for bucket, rows, first, second in session.query(query)
    }


def _relation(table: Table, parts: Iterable[Mapping[str, Sums]], *, buckets: bool) -> Relation:
    total: dict[str, Sums] = {}
    for part in parts:
        for bucket, found in part.items():
            total[bucket] = added(total[bucket], found) if bucket in total else found
    whole = Sums(rows=0, first=0, second=0)
    for found in total.values():
        whole = added(whole, found)
    return Relation(
        columns=tuple((column.name, column.type) for column in table.columns),
        key=table.key,
        sums=whole,
        buckets={name: total[name] for name in sorted(total, key=int)} if buckets else {},
        unprovable=table.unprovable,
    )


def added(one: Sums, other: Sums) -> Sums:
    """Return the sums of two parts together."""
    return Sums(
        rows=one.rows + other.rows,
        first=(one.first + other.first) % _WRAP,
        second=(one.second + other.second) % _WRAP,
    )
