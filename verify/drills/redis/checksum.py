"""Whether an RDB file is as it was saved, by the CRC-64 (Jones) at its end."""

from functools import cache
from pathlib import Path

_POLYNOMIAL = 0x95AC9329AC4BC9B5  # reflected
_LENGTH = 8
#: bytes of a file that is looked at: a second for each four million of them
MOST = 64 << 20


@cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)  # noqa: PLW2901 - bit by bit
        table.append(value)
    return tuple(table)


def crc64(data: bytes, value: int = 0) -> int:
    """Return the checksum of ``data`` that follows what ``value`` is the sum of."""
    table = _table()
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value


def damaged(path: Path) -> bool | None:
    """Say whether the file's sum differs; None where that is not known: no sum in it, or too large."""
    size = path.stat().st_size
    if size > MOST:
        return None
    data = path.read_bytes()
    stated = int.from_bytes(data[-_LENGTH:], "little")
    if len(data) > _LENGTH and not stated:
        return None  # saved with `rdbchecksum no`
    return crc64(data[:-_LENGTH]) != stated
