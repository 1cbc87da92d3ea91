"""Hashes whose fields expire, each at a time of its own: Redis from 7.4 on, Valkey from 9."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from verify.drills.redis.address import Client, asked
from verify.drills.redis.entry import Entry, hashed, pairs, unordered

_PART = 1000  # fields of an answer
_GONE = -2  # what a server says of a field that is not there (any more)


def knows_fading(client: Client) -> bool:
    """Say whether the server lets fields of hashes expire, and tells when.

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


def when(key: bytes, flat: Sequence[bytes]) -> list[Any]:
    """Return the command that asks when the fields of an answer expire."""
    fields = flat[::2]
    return ["HPEXPIRETIME", key, "FIELDS", len(fields), *fields]


def timed(flat: Sequence[bytes], times: Any) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield field, value, and when the field expires; not ``times`` where the key has changed meanwhile."""
    known = times if isinstance(times, list) and 2 * len(times) == len(flat) else [-1] * (len(flat) // 2)
    for (field, value), at in zip(pairs(flat), known, strict=True):
        if at != _GONE:
            yield field, value, at


def fields(client: Client, key: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield each field of a large hash, its value, and when it expires (Unix ms), -1 for never."""
    cursor = b"0"
    while True:
        cursor, flat = client.execute_command("HSCAN", key, cursor, "COUNT", _PART)
        if flat:
            (times,) = asked(client, [when(key, flat)])
            yield from timed(flat, times)
        if cursor == b"0":
            return


def faded(fields: Iterable[tuple[bytes, bytes, int]], expires: int) -> Entry | None:
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
    return Entry(b"hash", unordered(lasting), expires, fading=tuple(sorted(fading)), lasts=bool(lasting))
