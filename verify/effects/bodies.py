"""Answer bodies read up to a limit: an endless one, a gigabyte or a gzip bomb costs no more than that."""

import zlib
from collections.abc import Callable

from urllib3.response import BaseHTTPResponse

_BLOCK = 65536
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 47}


def read_body(answer: BaseHTTPResponse, limit: int) -> tuple[bytes, bool]:
    """Return at most ``limit`` bytes, decoded where they are gzip or deflate, and whether more came.

    An answer that is not read to its end is dropped with its connection. Raise what the
    network raises, and ``ValueError`` for a body that is not in its stated coding.
    """
    decode = _decoder((answer.headers.get("Content-Encoding") or "").strip().lower(), limit)
    body = bytearray()
    try:
        while len(body) <= limit and (block := answer.read(min(_BLOCK, limit + 1), decode_content=False)):
            body += decode(block)
    finally:
        if len(body) > limit or not answer.closed:
            answer.close()
    return bytes(body[:limit]), len(body) > limit


def _decoder(coding: str, limit: int) -> Callable[[bytes], bytes]:
    if coding not in _WINDOW:
        return bytes  # not coded, or in a way that was not asked for: kept as it came
    engine = zlib.decompressobj(_WINDOW[coding])

    def decode(block: bytes) -> bytes:
        try:
            return engine.decompress(block, limit + 1)
        except zlib.error:
            raise ValueError(f"the body is not the {coding} that it says it is") from None

    return decode
