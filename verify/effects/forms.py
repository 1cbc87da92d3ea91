"""The forms in which programs write a value: encoded, escaped, quoted."""

import base64
import html
import json
import re
import shlex
from collections.abc import Callable, Iterator
from itertools import chain
from urllib.parse import quote, quote_from_bytes, quote_plus
from xml.sax.saxutils import escape, quoteattr

_SHORTEST = 6
_LINE = 16
_XML = {'"': "&quot;", "'": "&apos;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def forms(value: str) -> frozenset[str]:
    """Return every form of ``value`` that is long enough to be told from ordinary text."""
    whole = {value, value.strip()}
    # A key of many lines is logged line by line; the frame around it is no secret.
    lines = {line for line in map(str.strip, value.splitlines()) if len(line) >= _LINE}
    plain = whole | {line for line in lines if not line.startswith("-----")}
    once = {encode(each) for encode in _ESCAPES for each in plain}
    twice = {encode(each) for encode in _ESCAPES for each in once}
    encoded = set(chain.from_iterable(_of_bytes(_raw(each)) for each in plain))
    escaped = {encode(each) for encode in (_percent, _percent_lower, _json_slash) for each in encoded}
    everything = plain | once | twice | encoded | escaped
    return frozenset(form for form in everything if len(form) >= _SHORTEST)


def _raw(value: str) -> bytes:
    try:
        return value.encode("utf-8", "surrogateescape")  # what the environment had before it was text
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def _of_bytes(raw: bytes) -> Iterator[str]:
    yield raw.hex()
    yield raw.hex().upper()
    yield "".join(f"%{byte:02X}" for byte in raw)
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield raw.decode("latin-1")  # UTF-8 in a header
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            yield from _aligned(encode(bytes(offset) + raw).decode(), offset, len(raw))


def _aligned(text: str, offset: int, length: int) -> Iterator[str]:
    """Yield what base64 of something that contains the value must contain.

    ``text`` encodes ``offset`` unknown bytes and the value: its first characters depend on
    the unknown, its last on what follows, where something does.
    """
    start = -(-offset * 8 // 6)
    yield text[start:]
    yield text[start:].rstrip("=")
    yield text[start : (offset + length) * 8 // 6]


def _percent(value: str) -> str:
    return quote_from_bytes(_raw(value), safe="")


def _percent_lower(value: str) -> str:
    return re.sub("%..", lambda match: match[0].lower(), _percent(value))


def _json_slash(value: str) -> str:
    return json.dumps(value)[1:-1].replace("/", r"\/")


_ESCAPES: tuple[Callable[[str], str], ...] = (
    _percent,
    _percent_lower,
    lambda value: quote(_raw(value), safe="/"),
    lambda value: quote(_raw(value), safe="!~*'()"),  # encodeURIComponent
    lambda value: quote(_raw(value), safe="!~*'();/?:@&=+$,#"),  # encodeURI
    lambda value: quote_plus(_raw(value)),
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    _json_slash,
    html.escape,
    lambda value: html.escape(value, quote=False),
    lambda value: html.escape(value).replace("&#x27;", "&#39;"),
    lambda value: escape(value, _XML),
    lambda value: quoteattr(value)[1:-1],  # which leaves the quotes that are not around it
    lambda value: repr(value)[1:-1],
    lambda value: ascii(value)[1:-1],
    lambda value: repr(_raw(value))[2:-1],
    lambda value: shlex.quote(value).removeprefix("'").removesuffix("'"),
    lambda value: re.sub(r"([^\w@%+=:,./-])", r"\\\1", value, flags=re.ASCII),
    lambda value: value.replace("'", "''"),  # SQL, YAML
)
