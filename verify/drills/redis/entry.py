"""One key of Redis as a digest: equal where two servers hold the same, however they store it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

_WRAP = (1 << 128) - 1


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


def hashed(*parts: bytes) -> bytes:
    """Return 16 bytes that stand for ``parts``; where one ends and the next begins matters."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Return names and values, or members and scores, of an answer that lists them in turn."""
    return zip(flat[::2], flat[1::2], strict=True)


def unordered(elements: Iterable[tuple[bytes, ...]]) -> bytes:
    """Sum the hashes: a set has no order; what a scan names twice counts once."""
    seen = {int.from_bytes(hashed(*each), "big") for each in elements}
    return hashed(len(seen).to_bytes(8, "big"), (sum(seen) & _WRAP).to_bytes(16, "big"))
