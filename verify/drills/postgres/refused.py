"""What a server's refusal means, in one line: what was attempted, expected, and what to do."""

import psycopg
from psycopg import errors

from verify.model.text import abridged

#: libpq gives no code for what happens before a session exists; servers may say it in other words
_CONNECTING = (
    (
        ("password authentication failed", "no password supplied", 'role "', "authentication failed"),
        "the server refuses the user: expected its own name and password: correct the credentials",
    ),
    (
        ("no pg_hba.conf entry", "pg_hba.conf rejects"),
        "the server lets nobody in from here: expected a line in its pg_hba.conf: add this host and user",
    ),
    (
        ('database "',),
        "the server has no such database: expected the one the backup is of: correct its name",
    ),
    (
        ("too many clients", "too many connections", "remaining connection slots"),
        "the server has no connection left: expected a free one: raise max_connections, or wait",
    ),
    (
        ("the database system is starting up", "the database system is shutting down", "in recovery mode"),
        "the server does not take connections yet: expected one that serves: wait until it is up",
    ),
    (
        ("certificate", "SSL"),
        "the connection cannot be secured: expected what sslmode in the address asks for: correct either",
    ),
)
_DOWN = "no answer: expected a PostgreSQL server there: start it, or correct host and port in the address"


def reason(error: psycopg.Error, words: str, *, seconds: float, lock: float) -> str:
    """Return why ``error`` came, for the database that ``words`` name.

    ``seconds`` is the deadline, ``lock`` the seconds allowed for others' locks.
    """
    said = _said(error)
    match error:
        case errors.QueryCanceled():
            text = f"a query was cancelled ({said}): expected an answer within {seconds:g} s: allow more time"
        case errors.LockNotAvailable():
            text = f"others held a lock for {lock:g} s ({said}): try again when no migration runs"
        case errors.InsufficientPrivilege() if "row-level security" in said:
            text = (
                f"row-level security hides rows ({said}): grant the user BYPASSRLS, or connect as the owner"
            )
        case errors.InsufficientPrivilege():
            text = f"the user may not look ({said}): grant it pg_read_all_data"
        case errors.UndefinedTable() | errors.UndefinedColumn() | errors.InternalError_():
            text = f"it changed while it was looked at ({said}): try again when no migration runs"
        case _ if error.sqlstate is None:
            text = _connecting(said)
        case _:
            text = f"the server said {error.sqlstate}: {said}"
    return f"{words}: {text}"


def _connecting(said: str) -> str:
    for marks, text in _CONNECTING:
        if any(mark in said for mark in marks):
            return f"{text} (it said: {said})"
    return f"{_DOWN} ({said})"


def _said(error: psycopg.Error) -> str:
    """Return the server's own sentence; never its DETAIL, which may show values of rows."""
    primary = error.diag.message_primary
    return primary or abridged(" ".join(str(error).split()), 300)
