"""What the reference needs of this machine: libraries, and the servers of ``effects.servers``."""

import importlib.util
from pathlib import Path

from verify.effects import servers
from verify.effects.errors import ProcessError
from verify.effects.servers import EXTRA, passable
from verify.reference.errors import MissingError

__all__ = ["EXTRA", "database_user", "passable", "postgres", "redis", "require_libraries"]

_LIBRARIES = ("django", "rest_framework", "granian", "celery", "redis", "structlog", "trustme", "psycopg")


def require_libraries() -> None:
    """Raise ``MissingError`` if a library of the extra is not installed; imports none of them."""
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        msg = f"the reference needs {', '.join(missing)}, which cannot be imported: {EXTRA}"
        raise MissingError(msg)


def database_user() -> str | None:
    """Return whom PostgreSQL is to run as: itself refuses root; None for ourselves."""
    try:
        return servers.database_user()
    except ProcessError as error:
        raise MissingError(str(error)) from error


def postgres(user: str | None) -> Path:
    """Return the folder with ``initdb`` and ``postgres`` that ``user`` can run."""
    try:
        return servers.postgres(user)
    except ProcessError as error:
        raise MissingError(str(error)) from error


def redis() -> Path:
    """Return the program of Redis or Valkey."""
    try:
        return servers.redis()
    except ProcessError as error:
        raise MissingError(str(error)) from error
