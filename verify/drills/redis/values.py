"""What a key holds, hashed so that the server's way of storing it does not matter."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

from verify.drills.redis import fading
from verify.drills.redis.address import Client, asked
from verify.drills.redis.entry import Entry, hashed, pairs, unordered

#: the first version whose servers tell when a key expires, rather than in how long
EXACT = 70000
_WHOLE = 2000  # elements of a value that is read in one answer
_PART = 1000  # elements of an answer where it is not
_BYTES = 8 << 20
_SIZES = {
    b"string": "STRLEN",
    b"hash": "HLEN",
    b"set": "SCARD",
    b"zset": "ZCARD",
    b"list": "LLEN",
    b"stream": "XLEN",
}


def entries(
    client: Client, keys: Sequence[bytes], version: int, *, fields: bool = False
) -> list[Entry | None]:
    """Return what each key holds, None where there is none (any more).

    ``fields`` asks when fields of hashes expire. A key that changes while it is read gives some entry
    or other: who asks a living server looks again.
    """
    kinds, expiries = _about(client, keys, version)
    sizes = asked(client, ([_SIZES.get(kind, "TYPE"), key] for key, kind in zip(keys, kinds, strict=True)))
    small = [_is_small(kind, size) for kind, size in zip(kinds, sizes, strict=True)]
    wanted = [_whole(kind, key) for key, kind, whole in zip(keys, kinds, small, strict=True) if whole]
    answers = asked(client, wanted)
    whole = iter(answers)
    hashes = {
        words[1]: answer
        for words, answer in zip(wanted, answers, strict=True)
        if fields and words[0] == "HGETALL" and isinstance(answer, list) and answer
    }
    expiring = asked(client, (fading.when(key, flat) for key, flat in hashes.items()))
    times = dict(zip(hashes, expiring, strict=True))
    found: list[Entry | None] = []
    for key, kind, expires, at_once in zip(keys, kinds, expiries, small, strict=True):
        if kind == b"none":
            found.append(None)
            continue
        answer = next(whole) if at_once else None
        if fields and kind == b"hash" and isinstance(answer, list | type(None)):
            held = fading.fields(client, key) if answer is None else fading.timed(answer, times.get(key))
            found.append(fading.faded(held, expires))
            continue
        if kind == b"stream":
            digest = _stream(client, key, exact=version >= EXACT)
        else:
            digest = _digest(client, key, kind, answer, at_once=at_once)
        found.append(Entry(kind, digest, expires))
    return found


def _about(client: Client, keys: Sequence[bytes], version: int) -> tuple[list[bytes], list[int]]:
    if version >= EXACT:
        answers = asked(client, (word for key in keys for word in (["TYPE", key], ["PEXPIRETIME", key])))
        return answers[::2], answers[1::2]
    words = [each for key in keys for each in (["TYPE", key], ["TIME"], ["PTTL", key])]
    answers = asked(client, words)
    clocks = [int(clock[0]) * 1000 + int(clock[1]) // 1000 for clock in answers[1::3]]
    left = answers[2::3]
    return answers[::3], [clock + ttl if ttl >= 0 else ttl for clock, ttl in zip(clocks, left, strict=True)]


def _is_small(kind: bytes, size: Any) -> bool:
    most = _BYTES if kind == b"string" else _WHOLE
    return kind not in {b"none", b"stream"} and kind in _SIZES and isinstance(size, int) and size <= most


def _whole(kind: bytes, key: bytes) -> list[Any]:
    commands: dict[bytes, list[Any]] = {
        b"string": ["GET", key],
        b"hash": ["HGETALL", key],
        b"set": ["SMEMBERS", key],
        b"zset": ["ZRANGE", key, 0, -1, "WITHSCORES"],
        b"list": ["LRANGE", key, 0, -1],
    }
    return commands[kind]


def _digest(client: Client, key: bytes, kind: bytes, answer: Any, *, at_once: bool) -> bytes:
    if at_once and isinstance(answer, bytes):
        return hashed(b"string", answer)
    if at_once and isinstance(answer, list):
        return (
            unordered(pairs(answer) if kind in {b"hash", b"zset"} else ((each,) for each in answer))
            if (kind != b"list")
            else _ordered(answer)
        )
    read: Callable[[Client, bytes], bytes] = _READERS.get(kind, _dumped)
    return read(client, key)


def _ordered(elements: Iterable[bytes]) -> bytes:
    digest = blake2b(digest_size=16)
    for each in elements:
        digest.update(hashed(each))
    return digest.digest()


def _string(client: Client, key: bytes) -> bytes:
    digest, at = blake2b(digest_size=16), 0
    while block := client.execute_command("GETRANGE", key, at, at + _BYTES - 1):
        digest.update(block)
        at += len(block)
    return hashed(b"long", at.to_bytes(8, "big"), digest.digest())


def _scanned(client: Client, command: str, key: bytes) -> Iterator[bytes]:
    cursor = b"0"
    while True:
        cursor, flat = client.execute_command(command, key, cursor, "COUNT", _PART)
        yield from flat
        if cursor == b"0":
            return


def _hash(client: Client, key: bytes) -> bytes:
    return unordered(_paired(_scanned(client, "HSCAN", key)))


def _zset(client: Client, key: bytes) -> bytes:
    return unordered(_paired(_scanned(client, "ZSCAN", key)))


def _paired(flat: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat, flat, strict=True)


def _set(client: Client, key: bytes) -> bytes:
    return unordered((each,) for each in _scanned(client, "SSCAN", key))


def _list(client: Client, key: bytes) -> bytes:
    def elements() -> Iterator[bytes]:
        at = 0
        while block := client.execute_command("LRANGE", key, at, at + _PART - 1):
            yield from block
            at += len(block)

    return _ordered(elements())


def _stream(client: Client, key: bytes, *, exact: bool) -> bytes:
    """Hash entries in order, the last id, and each group with what waits in it."""
    digest = blake2b(digest_size=16)
    start = b"-"
    while block := client.execute_command("XRANGE", key, start, "+", "COUNT", _PART):
        for number, fields in block:
            digest.update(hashed(number, *fields))
        start = b"(" + block[-1][0]
    about = _named(client.execute_command("XINFO", "STREAM", key))
    digest.update(hashed(*(_text(about.get(name)) for name in _STREAM[: None if exact else 2])))
    for group in sorted(
        map(_named, client.execute_command("XINFO", "GROUPS", key)), key=lambda g: g[b"name"]
    ):
        digest.update(hashed(*(_text(group.get(name)) for name in _GROUP[: None if exact else 2])))
        consumers = client.execute_command("XINFO", "CONSUMERS", key, group[b"name"])
        digest.update(hashed(*sorted(_named(each)[b"name"] for each in consumers)))
        for number, consumer, _, delivered in _pending(client, key, group[b"name"]):
            digest.update(hashed(number, consumer, _text(delivered)))
    return digest.digest()


#: the first two are told by servers before Redis 7 too
_STREAM = (b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added")
_GROUP = (b"name", b"last-delivered-id", b"entries-read")


def _pending(client: Client, key: bytes, group: bytes) -> Iterator[list[Any]]:
    start = b"-"
    while block := client.execute_command("XPENDING", key, group, start, "+", _PART):
        yield from block
        start = b"(" + block[-1][0]


def _named(flat: Sequence[Any]) -> dict[bytes, Any]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _text(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _dumped(client: Client, key: bytes) -> bytes:
    """Hash what a module's type is saved as: only servers of one version agree on that."""
    return hashed(b"dump", client.execute_command("DUMP", key) or b"")


_READERS: dict[bytes, Callable[[Client, bytes], bytes]] = {
    b"string": _string,
    b"hash": _hash,
    b"zset": _zset,
    b"set": _set,
    b"list": _list,
}
