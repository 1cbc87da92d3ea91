"""What can be seen of a dump without restoring it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from verify.model.text import abridged

_END = re.compile(rb"^-- PostgreSQL database (?:cluster )?dump complete\s*$", re.MULTILINE)
_CLUSTER = b"-- PostgreSQL database cluster dump"
#: bytes at the end that hold the last words of a dump, with what newer versions write after them
_TAIL = 4096
_COPY = re.compile(rb"^COPY .* FROM stdin;\s*$", re.IGNORECASE)
_ELSEWHERE = re.compile(
    rb"^\s*(?:\\c(?:onnect)?\b|(?:CREATE|DROP|ALTER) DATABASE\b|\\!|\\i\b|\\o\b)", re.IGNORECASE
)
_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """What a dump says of its database: its name, and the statements about the database itself."""

    database: str
    create: str = ""
    properties: tuple[str, ...] = ()


def complete(path: Path) -> bool:
    """Say whether a plain dump ends with the words that pg_dump and pg_dumpall write last."""
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
        return _END.search(file.read()) is not None


def is_dump(path: Path) -> bool:
    """Say whether a plain file is pg_dump's or pg_dumpall's own, which has a last line to look for."""
    with path.open("rb") as file:
        head = file.read(_TAIL)
    return b"-- PostgreSQL database dump" in head or _CLUSTER in head


def leaves(path: Path) -> str:
    """Return the first command of a plain dump that would reach beyond the database it is read into.

    "" where there is none. Rows that follow ``COPY … FROM stdin`` are no commands.
    """
    with path.open("rb") as file:
        for line in _commands(file):
            if _ELSEWHERE.match(line):
                return abridged(line.decode("utf-8", "replace").strip(), 200)
    return ""


def _commands(file: IO[bytes]) -> Iterator[bytes]:
    rows = False
    while line := file.readline(_LINE):
        if rows:
            rows = line.rstrip(b"\r\n") != b"\\."
        else:
            rows = _COPY.match(line) is not None
            yield line


def header(text: str, database: str) -> Header:
    """Read what ``pg_restore --create --file=-`` wrote of the database's own entries."""
    create, properties = "", []
    for statement in statements(text):
        if statement.startswith("CREATE DATABASE "):
            create = statement
        elif re.match(r"(?:ALTER DATABASE|ALTER ROLE|GRANT|REVOKE|COMMENT ON DATABASE)\b", statement):
            properties.append(statement)
    return Header(database, create, tuple(properties))


def renamed(statement: str, old: str, new: str) -> str:
    """Return ``statement`` about the database ``old`` as one about ``new``; both are plain names."""
    pattern = re.compile(rf"\bDATABASE (?:{re.escape(quoted(old))}|{re.escape(old)})(?=[\s;])")
    return pattern.sub(lambda _: f"DATABASE {quoted(new)}", statement, count=1)


def quoted(name: str) -> str:
    """Quote an identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def statements(text: str) -> Iterator[str]:
    """Split SQL at the semicolons outside of quotes; comments and psql's own commands are left out."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith(("--", "\\")))
    for found in re.finditer(r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^;'"])+;""", kept):
        yield found[0].strip()
