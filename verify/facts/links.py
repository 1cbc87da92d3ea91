"""Where an answer sends its reader."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from verify.facts.http import Exchange

_LINKS = re.compile(r"""\b(?:href|action|src)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_DROPPED = re.compile(r"[\t\r\n]")
_REFRESH = re.compile(r"url\s*=\s*[\"']?([^\"']+)", re.IGNORECASE)


def target_of(answer: Exchange) -> str | None:
    """Return the address that ``answer`` redirects to, as browsers read it, or None."""
    written = answer.header("Location")
    if written is None:
        refresh = _REFRESH.search(answer.header("Refresh") or "")
        written = refresh[1] if refresh else None
    return None if written is None else _read(answer.url, written)


def hosts_of(answer: Exchange) -> Iterator[str]:
    """Yield the hosts that redirect and links of ``answer`` lead to, then raise ``PartError`` of a part."""
    yield from filter(None, [host_of(target_of(answer) or "")])
    for link in answer.every(_LINKS):
        yield from filter(None, [host_of(_read(answer.url, link[1]))])


def host_of(url: str) -> str:
    """Return the host of ``url`` in lower case, an empty text where there is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _read(base: str, written: str) -> str:
    """Resolve an address: browsers read a backslash as a slash, and drop tabs and line breaks."""
    try:
        return urljoin(base, _DROPPED.sub("", written.strip()).replace("\\", "/"))
    except ValueError:
        return ""
