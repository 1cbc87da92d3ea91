"""What a key holds, hashed so that the server's way of storing it does not matter."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, cast

from verify.drills.redis.address import Client

#: the first version whose servers tell when a key expires, rather than in how long
EXACT = 70000
_WHOLE = 2000  # elements of a value that is read in one answer
_PART = 1000  # elements of an answer where it is not
_BYTES = 8 << 20
_WRAP = (1 << 128) - 1
_GONE = -2  # what a server says of a field that is not there (any more)
_SIZES = {
    b"string": "STRLEN",
    b"hash": "HLEN",
    b"set": "SCARD",
    b"zset": "ZCARD",
    b"list": "LLEN",
    b"stream": "XLEN",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: its type, a digest of its value, and the Unix time in ms when it expires, -1 for never.

    Of a hash, ``fading`` are the fields that expire, each by when it does and a digest of it and its
    value; ``digest`` is of the rest, and ``lasts`` says whether there is a rest.
    """

    kind: bytes
    digest: bytes
    expires: int = -1
    fading: tuple[tuple[int, bytes], ...] = ()
    lasts: bool = True

    @property
    def until(self) -> int:
        """Return when it is gone, -1 for never: a hash goes with the last of its fields."""
        if self.lasts or not self.fading:
            return self.expires
        last = max(at for at, _ in self.fading)
        return min(last, self.expires) if self.expires >= 0 else last

    def after(self, moment: int) -> "Entry | None":
        """Return what is left of it once what expires up to ``moment`` is gone, None for nothing."""
        if 0 <= self.until <= moment:
            return None
        return replace(self, fading=tuple(each for each in self.fading if each[0] > moment))

    def like(self, other: "Entry", slack: int = 0) -> bool:
        """Say whether both are the same; what a server tells of times may be ``slack`` ms off."""
        if (self.kind, self.digest, self.fading) != (other.kind, other.digest, other.fading):
            return False
        if -1 in {self.expires, other.expires}:
            return self.expires == other.expires
        return abs(self.expires - other.expires) <= slack

    def differs(self, other: "Entry", slack: int = 0) -> tuple[str, ...]:
        """Name what differs: ``type``, ``value``, ``ttl``."""
        if self.kind != other.kind:
            return ("type",)
        fields = [{digest for _, digest in each.fading} for each in (self, other)]
        value = self.digest != other.digest or fields[0] != fields[1]
        ttl = not replace(self, expires=other.expires).like(self, slack)
        ttl = ttl or (fields[0] == fields[1] and self.fading != other.fading)
        return (*(("value",) if value else ()), *(("ttl",) if ttl else ()))


def knows_fading(client: Client) -> bool:
    """Say whether the server lets fields of hashes expire, and tells when: Redis from 7.4 on, Valkey from 9.

    By asking it: the two count their versions apart. Raise ``RedisError`` for what else it says.
    """
    from redis.exceptions import ResponseError

    try:
        client.execute_command("HPEXPIRETIME", "drill", "FIELDS", 1, "drill")
    except ResponseError as error:
        if "unknown command" in str(error).lower():
            return False
        if "WRONGTYPE" not in str(error):
            raise
    return True


def entries(
    client: Client, keys: Sequence[bytes], version: int, *, fading: bool = False
) -> list[Entry | None]:
    """Return what each key holds, None where there is none (any more).

    ``fading`` asks when fields of hashes expire. A key that changes while it is read gives some entry
    or other: who asks a living server looks again.
    """
    kinds, expiries = _about(client, keys, version)
    sizes = _asked(client, ([_SIZES.get(kind, "TYPE"), key] for key, kind in zip(keys, kinds, strict=True)))
    small = [_is_small(kind, size) for kind, size in zip(kinds, sizes, strict=True)]
    wanted = [_whole(kind, key) for key, kind, whole in zip(keys, kinds, small, strict=True) if whole]
    answers = _asked(client, wanted)
    whole = iter(answers)
    hashes = {
        words[1]: answer
        for words, answer in zip(wanted, answers, strict=True)
        if fading and words[0] == "HGETALL" and isinstance(answer, list) and answer
    }
    times = dict(zip(hashes, _asked(client, (_when(key, all_) for key, all_ in hashes.items())), strict=True))
    found: list[Entry | None] = []
    for key, kind, expires, at_once in zip(keys, kinds, expiries, small, strict=True):
        if kind == b"none":
            found.append(None)
            continue
        answer = next(whole) if at_once else None
        if fading and kind == b"hash" and isinstance(answer, list | type(None)):
            pairs = _fading_pairs(client, key) if answer is None else _timed(answer, times.get(key))
            found.append(_faded(pairs, expires))
            continue
        if kind == b"stream":
            digest = _stream(client, key, exact=version >= EXACT)
        else:
            digest = _digest(client, key, kind, answer, at_once=at_once)
        found.append(Entry(kind, digest, expires))
    return found


def _about(client: Client, keys: Sequence[bytes], version: int) -> tuple[list[bytes], list[int]]:
    if version >= EXACT:
        answers = _asked(client, (word for key in keys for word in (["TYPE", key], ["PEXPIRETIME", key])))
        return answers[::2], answers[1::2]
    words = [each for key in keys for each in (["TYPE", key], ["TIME"], ["PTTL", key])]
    answers = _asked(client, words)
    clocks = [int(clock[0]) * 1000 + int(clock[1]) // 1000 for clock in answers[1::3]]
    left = answers[2::3]
    return answers[::3], [clock + ttl if ttl >= 0 else ttl for clock, ttl in zip(clocks, left, strict=True)]


def _asked(client: Client, commands: Iterable[Sequence[Any]]) -> list[Any]:
    """Send commands in one go; an error of one of them stands in its place."""
    pipe = client.pipeline(transaction=False)
    for words in commands:
        pipe.execute_command(*words)
    return cast("list[Any]", pipe.execute(raise_on_error=False))


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
            _unordered(_pairs(answer) if kind in {b"hash", b"zset"} else ((each,) for each in answer))
            if (kind != b"list")
            else _ordered(answer)
        )
    read: Callable[[Client, bytes], bytes] = _READERS.get(kind, _dumped)
    return read(client, key)


def _when(key: bytes, flat: Sequence[bytes]) -> list[Any]:
    fields = flat[::2]
    return ["HPEXPIRETIME", key, "FIELDS", len(fields), *fields]


def _timed(flat: Sequence[bytes], times: Any) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield field, value, and when the field expires; not ``times`` where the key has changed meanwhile."""
    known = times if isinstance(times, list) and 2 * len(times) == len(flat) else [-1] * (len(flat) // 2)
    for (field, value), at in zip(_pairs(flat), known, strict=True):
        if at != _GONE:
            yield field, value, at


def _fading_pairs(client: Client, key: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    cursor = b"0"
    while True:
        cursor, flat = client.execute_command("HSCAN", key, cursor, "COUNT", _PART)
        if flat:
            (times,) = _asked(client, [_when(key, flat)])
            yield from _timed(flat, times)
        if cursor == b"0":
            return


def _faded(fields: Iterable[tuple[bytes, bytes, int]], expires: int) -> Entry | None:
    """Return the entry of a hash, None where all its fields have expired.

    Without fields that expire it is as any other server has it.
    """
    lasting: list[tuple[bytes, bytes]] = []
    fading: set[tuple[int, bytes]] = set()
    for field, value, at in fields:
        if at < 0:
            lasting.append((field, value))
        else:
            fading.add((at, hashed(field, value)))
    if not lasting and not fading:
        return None
    return Entry(b"hash", _unordered(lasting), expires, fading=tuple(sorted(fading)), lasts=bool(lasting))


def hashed(*parts: bytes) -> bytes:
    """Return 16 bytes that stand for ``parts``; where one ends and the next begins matters."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _unordered(elements: Iterable[tuple[bytes, ...]]) -> bytes:
    """Sum the hashes: a set has no order; what a scan names twice counts once."""
    seen = {int.from_bytes(hashed(*each), "big") for each in elements}
    return hashed(len(seen).to_bytes(8, "big"), (sum(seen) & _WRAP).to_bytes(16, "big"))


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
    return _unordered(_paired(_scanned(client, "HSCAN", key)))


def _zset(client: Client, key: bytes) -> bytes:
    return _unordered(_paired(_scanned(client, "ZSCAN", key)))


def _paired(flat: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat, flat, strict=True)


def _set(client: Client, key: bytes) -> bytes:
    return _unordered((each,) for each in _scanned(client, "SSCAN", key))


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
