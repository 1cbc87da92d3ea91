"""Tells whether an answer is the file that must not be served, or only some other page."""

import re
from dataclasses import dataclass
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Need
from verify.model.text import abridged

#: how a body begins that is more than blanks and comments
_BEGINNING = re.compile(
    r"\A\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+(?:(?P<page><(?:!doctype html|html|head|body)\b)|\S)",
    re.IGNORECASE | re.DOTALL,
)
_ANYTHING = re.compile(r"\S")
_DUMP = r"(?m)^-- (?:PostgreSQL|MySQL|MariaDB) .*dump|^(?:CREATE TABLE|INSERT INTO) |^PGDMP|^SQLite format"
#: path -> how its content reads; what is not named is anything that is no page
_CONTENTS = {
    "/.env": r"(?m)^[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*[ \t]*=",
    "/.git/HEAD": r"\A(?:ref: |[0-9a-f]{40})",
    "/.git/config": r"(?m)^[ \t]*\[(?:core|remote|branch)",
    "/__debug__/": r"djDebug|Debug Toolbar",
    "/server-status": r"Apache (?:Server )?Status|Server Version:|Active connections:",
    "/admin/": r"Django site admin|Django administration",
}
_LISTING = re.compile(
    r"<title>\s*(?:Index of /|Directory listing for|Listing of)"
    r"|<h[12]>\s*(?:Index of /|Directory listing for)"
    r"|\[To Parent Directory\]|Parent Directory</a>",
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
    begun = answer.search(_BEGINNING)
    return begun is not None and begun["page"] is not None


def exposed(path: str, answer: Exchange) -> str:
    """Return how the content shows that ``path`` is served, an empty text where it is not.

    Raise ``PartError`` where what was read of it does not tell.
    Systems that answer every path with their start page do not expose what was asked for.
    """
    if answer.status not in _OK or answer.search(_ANYTHING) is None:
        return ""
    page = is_page(answer)
    known = _CONTENTS.get(path.partition("?")[0]) or (_DUMP if path.endswith(".sql") else None)
    if known is None:
        return "" if page else f"{answer.size} of {answer.header('Content-Type') or 'no type'}"
    if page and not path.endswith("/") and path != "/server-status":
        return ""
    found = answer.search(re.compile(known))
    # of NAME=value the name alone
    return abridged(found[0].partition("=")[0].strip(), 60) if found else ""


def listed(answer: Exchange) -> bool:
    """Tell whether ``answer`` lists a folder, as nginx, Apache, IIS, Python and others write it."""
    return answer.status in _OK and answer.search(_LISTING) is not None


def names_version(value: str) -> bool:
    """Tell whether a header such as ``nginx/1.18.0`` names a version."""
    return _VERSION.search(value) is not None
