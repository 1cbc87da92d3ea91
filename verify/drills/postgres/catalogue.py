"""What a database is besides its rows: every fact by kind and name, as text without OIDs.

One file of SQL a subject in ``queries/``, each giving names and values; ``_prelude.sql`` stands before
each. Definitions come from the server's own ``pg_get_*def`` under the session's pinned settings. Nothing
that may legitimately differ is hidden here: whoever compares says which kinds to leave apart.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.definitions import canonical
from verify.drills.postgres.session import Session

__all__ = ["catalogue", "sequences"]

#: kinds of which the digest is kept: long, or holding what may be secret
_DIGESTED = ("function ", "options ")
_LONGEST = 1000
_SHOWN = 300
_AT_ONCE = 200

_SEQUENCES = b"""
    select n.nspname::text, c.relname::text, format('%I.%I', n.nspname, c.relname),
           has_schema_privilege(n.oid, 'usage') and has_sequence_privilege(c.oid, 'select')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'S' and c.relpersistence <> 't'
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and (c.relpersistence <> 'u' or not pg_is_in_recovery())
"""


def catalogue(session: Session) -> dict[str, str]:
    """Return every fact but the rows; raise ``DrillError`` where something cannot be seen."""
    found = {
        name: _shown(name, value)
        for query in _queries(session.version)
        for name, value in session.query(query)
        if value is not None
    }
    found |= sequences(session)
    return dict(sorted(found.items()))


def sequences(session: Session) -> dict[str, str]:
    """Return where each sequence stands now: sequences know no snapshot.

    A dump reads them while it runs. Where others write meanwhile, its values lie between those that
    were read before and those that are read after it: see ``Manifest.later``.
    """
    rows = session.query(_SEQUENCES)
    refused = [name for _, _, name, may in rows if not may]
    if refused:
        raise DrillError(
            session.stage,
            f"{session.where}: cannot read the sequences {', '.join(refused)}: expected a user who can: "
            "grant it pg_read_all_data",
        )
    found: dict[str, str] = {}
    for start in range(0, len(rows), _AT_ONCE):
        part = (
            sql.SQL("select {}, last_value, is_called from {}").format(
                sql.Literal(f"sequence-value {name}"), sql.Identifier(schema, relation)
            )
            for schema, relation, name, _ in rows[start : start + _AT_ONCE]
        )
        for what, value, called in session.query(sql.SQL(" union all ").join(part)):
            found[what] = f"{value} {'used' if called else 'next'}"
    return found


def _queries(version: int) -> Iterator[bytes]:
    for since, text in _texts():
        if version >= since:
            yield text


@cache
def _texts() -> tuple[tuple[int, bytes], ...]:
    """Return the queries and the server version that each needs (first line ``-- since 150000``)."""
    folder = files("verify.drills.postgres") / "queries"
    prelude = (folder / "_prelude.sql").read_bytes()
    found = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".sql") and not file.name.startswith("_"):
            text = file.read_bytes()
            first = text.partition(b"\n")[0]
            since = int(first.split()[-1]) if first.startswith(b"-- since ") else 0
            found.append((since, prelude + text))
    return tuple(found)


def _shown(name: str, value: str) -> str:
    """Return a value as it is compared and shown: in its canonical form, and not at any length."""
    text = canonical(value)
    custom = name.startswith("setting ") and "." in name.split()[1]  # an application's own, maybe a secret
    if custom or name.startswith(_DIGESTED):
        return _digest(text)
    return text if len(text) <= _LONGEST else f"{text[:_SHOWN]}… {_digest(text)}"


def _digest(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return f"sha256 {hashlib.sha256(data).hexdigest()} of {len(data)} bytes"
