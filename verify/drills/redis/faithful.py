"""Whether a snapshot is what the source held, exactly, although others write to the source meanwhile.

The snapshot, loaded into a server of ours, is compared with the source key by key. Keys that
differ may have been written since: the source is asked for them in one transaction together
with its replication offset; our server is given every write up to that offset, which the link
has kept; then both hold the same, or the snapshot was wrong.
"""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from verify.drills.errors import DrillError
from verify.drills.redis.address import Address, asking
from verify.drills.redis.entry import Entry, hashed
from verify.drills.redis.fingerprint import Session, rows_of, text
from verify.drills.redis.link import Link
from verify.drills.redis.server import SPARE
from verify.drills.redis.values import EXACT
from verify.facts.equality import MOST_ROWS, RowDifference
from verify.model.text import abridged

_AT_ONCE = 200  # keys of one transaction: the source serves nobody else while it answers
_SLACK = 5  # ms that a time to live is off where the server only tells how long it is
_BLOCK = 1 << 16
_OFF = b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n"
_ON = b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithful:
    """What came of it: ``keys`` compared, how many of them had been written since, and what differs.

    ``unprovable`` says why it cannot be told, else "".
    """

    keys: int
    written: int
    rows: tuple[RowDifference, ...] = ()
    unprovable: str = ""


def compare_live(source: Session, loaded: Session, link: Link, stream: Path) -> Faithful:
    """Compare ``source`` with the snapshot ``loaded`` into a server of ours, to which writes are added."""
    keys = 0
    suspects: list[tuple[int, bytes]] = []
    for database in sorted({*source.databases(), *loaded.databases()} - {SPARE}):
        found, differing = _differing(source, loaded, database)
        keys += found
        suspects += [(database, key) for key in differing]
    rows: list[RowDifference] = []
    with _Replay(loaded.address, stream, source.deadline) as replay:
        for start in range(0, len(suspects), _AT_ONCE):
            batch = suspects[start : start + _AT_ONCE]
            offset, held = _at_one_moment(source, batch)
            if not link.wait_for(offset, source.deadline):
                reason = f"writes to the source were lost: {link.ended or 'they did not come in time'}"
                return Faithful(keys=keys, written=len(suspects), unprovable=reason)
            replay.until(offset - link.start)
            rows += _rows(source, loaded, batch, held)
            if len(rows) >= MOST_ROWS:
                break
    return Faithful(keys=keys, written=len(suspects), rows=tuple(rows[:MOST_ROWS]))


def _differing(source: Session, loaded: Session, database: int) -> tuple[int, list[bytes]]:
    """Return how many keys there are, and those that are not the same on both sides."""
    suspects: list[bytes] = []
    known: set[bytes] = set()
    slack = 0 if source.version >= EXACT else _SLACK
    for keys in source.keys(database):
        ours, theirs = source.entries(database, keys), loaded.entries(database, keys)
        for key, one, other in zip(keys, ours, theirs, strict=True):
            known.add(hashed(key))
            if one is None or other is None or not one.like(other, slack):
                suspects.append(key)
    for keys in loaded.keys(database):
        suspects += [key for key in keys if hashed(key) not in known]
        known.update(hashed(key) for key in keys)
    return len(known), suspects


def _at_one_moment(source: Session, batch: list[tuple[int, bytes]]) -> tuple[int, list[tuple[Any, int]]]:
    """Return the source's offset, what each key is saved as there, and when it expires (Unix ms, or < 0)."""
    client = source.client(0)
    pipe = client.pipeline(transaction=True)
    pipe.execute_command("INFO", "replication")
    pipe.execute_command("TIME")
    for database, key in batch:
        pipe.execute_command("SELECT", database)
        pipe.execute_command("DUMP", key)
        pipe.execute_command("PEXPIRETIME" if source.version >= EXACT else "PTTL", key)
    with asking(source.address, "verify"):
        try:
            answers = pipe.execute()
        finally:
            client.connection_pool.disconnect()  # it has another database selected now
    said = dict(line.partition(":")[::2] for line in answers[0].decode().splitlines())
    clock = int(answers[1][0]) * 1000 + int(answers[1][1]) // 1000 if source.version < EXACT else 0
    expiries = (clock + ttl if ttl >= 0 else ttl for ttl in answers[4::3])
    return int(said["master_repl_offset"]), list(zip(answers[3::3], expiries, strict=True))


def _rows(
    source: Session, loaded: Session, batch: list[tuple[int, bytes]], held: list[tuple[Any, int]]
) -> Iterator[RowDifference]:
    """Put what the source holds beside what we hold, and yield what differs."""
    gone = int((max(source.clock(), time.time()) + 1) * 1000)  # whose time has come may be there or not
    slack = 0 if source.version >= EXACT else _SLACK
    for (database, key), (payload, expires) in zip(batch, held, strict=True):
        (copy,) = loaded.entries(database, [key])
        there = None if payload is None else _unpacked(loaded, key, payload, expires)
        sides = [each and each.after(gone) for each in (there, copy)]
        if sides[0] and sides[1] and sides[0].like(sides[1], slack):
            continue
        named = f"db{database} {text(key)}".encode()
        yield from rows_of(*({named: each} if each else {} for each in sides))


def _unpacked(loaded: Session, key: bytes, payload: bytes, expires: int) -> Entry | None:
    """Return what a saved value is, once it lies in a server of ours."""
    spare = loaded.client(SPARE)
    with asking(loaded.address, "verify"):
        spare.execute_command("RESTORE", key, 0, payload, "REPLACE")
        (found,) = loaded.entries(SPARE, [key])
        spare.execute_command("DEL", key)
    return found and replace(found, expires=max(expires, -1))


class _Replay:
    """Gives a server of ours the writes of a stream, as far as they are wanted."""

    def __init__(self, address: Address, stream: Path, deadline: float) -> None:
        self._address, self._path, self._deadline = address, stream, deadline
        self._sent = 0
        self._socket: socket.socket | None = None

    def until(self, count: int) -> None:
        """Send the stream's first ``count`` bytes, as far as they were not sent yet, and wait for them."""
        with asking(self._address, "verify"):
            sock = self._socket or self._address.socket(self._deadline)
            self._socket = sock
            sock.sendall(_OFF)  # not every write is answered: none is then
            with self._path.open("rb") as file:
                file.seek(self._sent)
                while self._sent < count and (block := file.read(min(_BLOCK, count - self._sent))):
                    sock.sendall(block)
                    self._sent += len(block)
            sock.sendall(_ON)
            answer = sock.recv(_BLOCK)
        if not answer.startswith(b"+OK"):
            raise DrillError(
                "verify",
                f"the writes since the snapshot could not be repeated: {abridged(repr(answer), 200)}",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()
