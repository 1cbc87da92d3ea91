"""The fingerprint of a server: every key of every database, without an order."""

import re
import time
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import islice
from typing import Self

from verify.drills.redis.address import Address, Client, asking
from verify.drills.redis.entry import Entry, hashed
from verify.drills.redis.fading import knows_fading
from verify.drills.redis.values import EXACT, entries
from verify.facts.equality import (
    MOST_ROWS,
    Comparison,
    Difference,
    Manifest,
    Relation,
    RowDifference,
    Sums,
    differing_buckets,
)
from verify.facts.redis import EXPIRING, add, bucket, moment, total

COLUMNS = (("key", "bytes"), ("type", "name"), ("value", "hash"), ("ttl", "ms"))
BATCH = 512
#: how a fingerprint was read, as its ``encoding``
_NOW, _BEFORE = "redis 7", "redis 6"
_NONE = Sums(rows=0, first=0, second=0)


class Session:
    """A server that is read: its clients by database, what ``INFO`` says of it."""

    def __init__(self, address: Address, *, deadline: float, stage: str = "take") -> None:
        """Ask the server who it is; raise ``DrillError`` of ``stage`` where it does not say."""
        self.address, self.deadline, self.stage = address, deadline, stage
        self._clients: dict[int, Client] = {}
        with asking(address, stage):
            answer: bytes = self.client(0).execute_command("INFO", "everything")
            #: whether fields of hashes expire there
            self.fading = knows_fading(self.client(0))
        self.about = _said(answer)
        self.version = number(self.about.get("valkey_version") or self.about.get("redis_version", "0"))
        #: the version as which it is read: that of the older of two which are compared
        self.reads = self.version

    def read_as(self, manifest: Manifest) -> None:
        """Read it as the server of ``manifest`` was read, which may have told less."""
        if manifest.encoding == _BEFORE:
            self.reads = min(self.reads, EXACT - 1)

    def client(self, database: int) -> Client:
        """Return the client for one database."""
        if database not in self._clients:
            self._clients[database] = self.address.client(self.deadline, database=database)
        return self._clients[database]

    def databases(self) -> list[int]:
        """Return the numbers of the databases that hold keys."""
        with asking(self.address, self.stage):
            said = _said(self.client(0).execute_command("INFO", "keyspace"))
        return sorted(int(name[2:]) for name in said if re.fullmatch(r"db\d+", name))

    def keys(self, database: int) -> Iterator[list[bytes]]:
        """Yield the keys of a database in batches, each once."""
        client, cursor = self.client(database), b"0"
        known: set[bytes] = set()
        while True:
            with asking(self.address, self.stage):
                cursor, found = client.execute_command("SCAN", cursor, "COUNT", BATCH)
            # a table that grows or shrinks meanwhile is told in part twice
            fresh = {hashed(key): key for key in found}
            new = [key for mark, key in fresh.items() if mark not in known]
            known.update(fresh)
            for start in range(0, len(new), BATCH):
                yield new[start : start + BATCH]
            if cursor == b"0":
                return

    def entries(self, database: int, keys: list[bytes]) -> list[Entry | None]:
        """Return what ``keys`` hold."""
        with asking(self.address, self.stage):
            return entries(self.client(database), keys, self.reads, fields=self.fading)

    def clock(self) -> float:
        """Return the server's Unix time."""
        with asking(self.address, self.stage):
            seconds, micro = self.client(0).execute_command("TIME")
        return int(seconds) + int(micro) / 1e6

    def close(self) -> None:
        """Give up the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def number(version: str) -> int:
    """Return a version as one number, such as 70015 of 7.0.15."""
    parts = [*(int(each) for each in re.findall(r"\d+", version)[:3]), 0, 0, 0]
    return parts[0] * 10000 + parts[1] * 100 + parts[2]


def _said(answer: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in answer.decode("utf-8", "replace").splitlines())
    return {name: value.strip() for name, colon, value in lines if colon}


def fingerprint(session: Session, *, since: float | None = None) -> Manifest:
    """Return the sums of every key; ``since`` is the time of the fingerprint this will be compared with."""
    at = session.clock() if since is None else since
    relations: dict[str, Relation] = {}
    for database in session.databases():
        kept: dict[str, Sums] = {}
        expiring: dict[str, Sums] = {}
        for keys in session.keys(database):
            for key, entry in zip(keys, session.entries(database, keys), strict=True):
                for expires, name, sums in _parts(key, entry, at) if entry is not None else ():
                    into = expiring if expires else kept
                    into[name] = add(into.get(name, _NONE), sums)
        name = f"db{database}"
        relations |= _relation(name, kept) | _relation(f"{name}{EXPIRING}", expiring)
    if session.reads < EXACT:
        relations = {name: _approximate(name, relation) for name, relation in relations.items()}
    return Manifest(
        at=at,
        lsn=f"{session.about.get('master_replid', '')}:{session.about.get('master_repl_offset', '')}",
        version=session.version,
        encoding=_NOW if session.reads >= EXACT else _BEFORE,
        size=int(session.about.get("used_memory_dataset", 0)),
        relations=relations,
        catalogue=catalogue(session),
    )


def catalogue(session: Session) -> Mapping[str, str]:
    """Return what a snapshot holds besides keys: the functions."""
    if session.reads < EXACT:
        return {}
    with asking(session.address, session.stage):
        libraries = session.client(0).execute_command("FUNCTION", "LIST", "WITHCODE")
    named = [dict(zip(each[::2], each[1::2], strict=True)) for each in libraries]
    return {
        f"functions {each[b'library_name'].decode('utf-8', 'replace')}": hashed(each[b"library_code"]).hex()
        for each in named
    }


def _bucket(key: bytes) -> str:
    return bucket(int.from_bytes(hashed(key)[:8], "big"))


def _parts(key: bytes, entry: Entry, since: float) -> Iterator[tuple[bool, str, Sums]]:
    """Yield what an entry adds to the sums: whether that expires, in which bucket it lies, and its own sums.

    Fields that expire are summed apart, each by when it does: the others are still compared then.
    """
    own = _sums(key, entry.kind, entry.digest, str(entry.expires).encode())
    until = entry.until
    yield until >= 0, _bucket(key) if until < 0 else moment(until, since), own
    for at, digest in entry.fading:
        first = min(at, entry.expires) if entry.expires >= 0 else at
        yield True, moment(first, since), _sums(key, b"field", digest, str(at).encode())


def _sums(*parts: bytes) -> Sums:
    whole = hashed(*parts)
    return Sums(rows=1, first=int.from_bytes(whole[:8], "big"), second=int.from_bytes(whole[8:], "big"))


def _relation(name: str, buckets: dict[str, Sums]) -> dict[str, Relation]:
    if not buckets:
        return {}
    return {name: Relation(columns=COLUMNS, key=("key",), sums=total(buckets), buckets=buckets)}


def _approximate(name: str, relation: Relation) -> Relation:
    reason = "when keys expire is told exactly from Redis 7 on" if name.endswith(EXPIRING) else ""
    return replace(relation, unprovable=reason)


def locate(
    comparison: Comparison, source: Manifest, copy: Manifest, ours: Session | None, theirs: Session
) -> Comparison:
    """Name the keys behind each difference, at most ``MOST_ROWS`` a database.

    ``ours`` is the source's copy as it was taken; without it only its sums are known, and what is
    named are the keys of the restored server that lie in the buckets that differ.
    """
    return replace(
        comparison,
        differences=tuple(_located(each, source, copy, ours, theirs) for each in comparison.differences),
    )


def _located(
    difference: Difference, source: Manifest, copy: Manifest, ours: Session | None, theirs: Session
) -> Difference:
    name = difference.what.removeprefix("keys of ")
    if not re.fullmatch(rf"db\d+({EXPIRING})?", name):
        return difference
    empty = Relation(columns=COLUMNS, sums=_NONE)
    wanted = set(differing_buckets(source.relations.get(name, empty), copy.relations.get(name, empty)))
    database = int(name.removesuffix(EXPIRING)[2:])
    since = source.at
    here = _within(theirs, database, wanted, since)
    if ours is None:
        rows = [RowDifference(key=text(key), columns=("bucket",)) for key in sorted(here)]
    else:
        there = _within(ours, database, wanted, since)
        # one whose TTL came or went lies elsewhere on the other side
        here |= _at(theirs, database, there.keys() - here.keys())
        there |= _at(ours, database, here.keys() - there.keys())
        rows = list(islice(rows_of(there, here), MOST_ROWS))
    return replace(difference, rows=tuple(rows[:MOST_ROWS]))


def rows_of(source: Mapping[bytes, Entry], copy: Mapping[bytes, Entry]) -> Iterator[RowDifference]:
    """Yield each key that differs, in order."""
    for key in sorted(source.keys() | copy.keys()):
        ours, theirs = source.get(key), copy.get(key)
        if ours is None or theirs is None:
            yield RowDifference(key=text(key), only="copy" if ours is None else "source")
        elif not ours.like(theirs):
            yield RowDifference(key=text(key), columns=ours.differs(theirs))


def text(key: bytes) -> str:
    """Write a key for people: what is no text as escapes."""
    return key.decode("utf-8", "backslashreplace")


def _within(session: Session, database: int, wanted: set[str], since: float) -> dict[bytes, Entry]:
    found: dict[bytes, Entry] = {}
    for keys in session.keys(database):
        for key, entry in zip(keys, session.entries(database, keys), strict=True):
            if entry is None:
                continue
            left = entry.after(int(time.time() * 1000))
            if left is not None and any(name in wanted for _, name, _ in _parts(key, entry, since)):
                found[key] = left
    return found


def _at(session: Session, database: int, keys: AbstractSet[bytes]) -> dict[bytes, Entry]:
    found: dict[bytes, Entry] = {}
    left = sorted(keys)
    for start in range(0, len(left), BATCH):
        batch = left[start : start + BATCH]
        held = zip(batch, session.entries(database, batch), strict=True)
        found |= {key: entry for key, entry in held if entry is not None}
    return found
