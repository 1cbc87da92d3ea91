"""Tells whether an answer is the file that must not be served, or only some other page."""

import re
from dataclasses import dataclass
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Need

_HTML = re.compile(
    rb"\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_DUMP = rb"(?m)^-- (?:PostgreSQL|MySQL|MariaDB) .*dump|^(?:CREATE TABLE|INSERT INTO) |^PGDMP|^SQLite format"
#: path -> how its content reads; what is not named is anything that is no page
_CONTENTS = {
    "/.env": rb"(?m)^[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*[ \t]*=",
    "/.git/HEAD": rb"\A(?:ref: |[0-9a-f]{40})",
    "/.git/config": rb"(?m)^[ \t]*\[(?:core|remote|branch)",
    "/__debug__/": rb"djDebug|Debug Toolbar",
    "/server-status": rb"Apache (?:Server )?Status|Server Version:|Active connections:",
    "/admin/": rb"Django site admin|Django administration",
}
_LISTING = re.compile(
    rb"<title>\s*(?:Index of /|Directory listing for|Listing of)"
    rb"|<h[12]>\s*(?:Index of /|Directory listing for)"
    rb"|\[To Parent Directory\]|Parent Directory</a>",
    re.IGNORECASE,
)
_VERSION = re.compile(r"\d\.\d|/\s*v?\d")
PATHS = (*_CONTENTS, "/backup.sql", "/dump.sql")
_OK = frozenset({200, 206})


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What came of asking for a file that must not be served; its content is not kept.

    ``shown`` are the words that give the file away, empty where it is not served.
    """

    url: str = "https://system.example/"
    status: int = 404
    shown: str = ""

    @property
    def place(self) -> str:
        """Return the request line as findings name it."""
        return f"GET {self.url}"


@dataclass(frozen=True, slots=True)
class Probe(Need):
    """Ask for ``path``, which should not be there; answered by ``Probed``.

    It is no ``Get``, because facts become evidence, and this content would be secrets.
    """

    kind: ClassVar[str] = "exposure"
    answer: ClassVar[type] = Probed

    path: str


def is_page(answer: Exchange) -> bool:
    """Tell whether ``answer`` is a page for browsers."""
    return _HTML.match(answer.body) is not None


def exposed(path: str, answer: Exchange) -> str:
    """Return how the content shows that ``path`` is served, an empty text where it is not.

    Systems that answer every path with their start page do not expose what was asked for.
    """
    if answer.status not in _OK or not answer.body.strip():
        return ""
    page = is_page(answer)
    known = _CONTENTS.get(path.partition("?")[0]) or (_DUMP if path.endswith(".sql") else None)
    if known is None:
        return "" if page else f"{len(answer.body)} bytes of {answer.header('Content-Type') or 'no type'}"
    if page and not path.endswith("/") and path != "/server-status":
        return ""
    found = re.search(known, answer.body)
    # of NAME=value the name alone
    return found[0].decode("utf-8", "replace").partition("=")[0].strip()[:60] if found else ""


def listed(answer: Exchange) -> bool:
    """Tell whether ``answer`` lists a folder, as nginx, Apache, IIS, Python and others write it."""
    return answer.status in _OK and _LISTING.search(answer.body) is not None


def names_version(value: str) -> bool:
    """Tell whether a header such as ``nginx/1.18.0`` names a version."""
    return _VERSION.search(value) is not None
