"""Answer bodies read up to a limit: an endless one, a gigabyte or a gzip bomb costs no more than that."""

import re
import zlib

from urllib3.response import BaseHTTPResponse

from verify.facts.http import Part

_BLOCK = 65536
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 47}
#: parts of one gzip stream: who joins files has some, who joins thousands of empty ones has none to show
_MEMBERS = 1000
_TOKEN = re.compile(r"[A-Za-z0-9._+-]{1,30}")


def read_body(answer: BaseHTTPResponse, limit: int) -> bytes | Part:
    """Return the body, decoded where it is gzip or deflate; a ``Part`` of what is longer than ``limit``.

    A body in another coding is there, and nobody can read it: a ``Part`` that shows nothing.
    An answer that is not read to its end is dropped with its connection. Raise what the
    network raises, and ``ValueError`` for a body that is not in its stated coding.
    """
    codings = _codings(answer, "Content-Encoding", "identity")
    framing = _codings(answer, "Transfer-Encoding", "chunked")
    unknown = [*framing, *(codings if len(codings) > 1 or not _WINDOW.keys() >= set(codings) else ())]
    unpacked = _Unpacked(codings[0], limit) if codings and not unknown else None
    body = bytearray()
    try:
        while len(body) <= limit and (block := answer.read(min(_BLOCK, limit + 1), decode_content=False)):
            body += unpacked.take(block) if unpacked else block
    finally:
        if len(body) > limit or not answer.closed:
            answer.close()
    if unknown and body:
        named = " and ".join(each for each in unknown if _TOKEN.fullmatch(each)) or "something unknown"
        return Part(why=f"its body is coded as {named}, which cannot be undone here")
    if len(body) > limit:
        return Part(read=bytes(body[:limit]), why=f"its body was cut after {limit} bytes")
    if unpacked:
        unpacked.end()
    return bytes(body)


def _codings(answer: BaseHTTPResponse, header: str, usual: str) -> list[str]:
    """Return what was done to the body, in order, but for what is usual."""
    words = (word.strip().lower() for word in (answer.headers.get(header) or "").split(","))
    return [word for word in words if word not in {"", usual}]


class _Unpacked:
    """Undoes one coding; no block becomes much more than ``limit`` bytes."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding, self._limit = coding, limit
        self._members = 0
        self._begun = False
        self._engine = self._next()

    def take(self, block: bytes) -> bytes:
        """Return what ``block`` unpacks to; raise ``ValueError``."""
        made = b""
        while block and len(made) <= self._limit:
            if self._engine.eof:
                block = block.lstrip(b"\0")  # gzip may be padded with them
                if not block:
                    break
                self._engine = self._next()
            self._begun = True
            try:
                made += self._engine.decompress(block, self._limit + 1 - len(made))
            except zlib.error:
                raise ValueError(f"the body is not the {self._coding} that it says it is") from None
            block = self._engine.unused_data
        return made

    def end(self) -> None:
        """Raise ``ValueError`` where more should have come."""
        if self._begun and not self._engine.eof:
            raise ValueError(f"the body ends within its {self._coding}")

    def _next(self) -> "zlib._Decompress":
        self._members += 1
        if self._members > (1 if self._coding == "deflate" else _MEMBERS):
            raise ValueError(f"the body goes on after the end of its {self._coding}")
        return zlib.decompressobj(_WINDOW[self._coding])
