"""Plain queries of the hot path: one connection a thread, renewed when it went stale."""

import threading
from typing import Any

import psycopg

from verify.reference.config import Config

_CONNECT = 2  # seconds; less is not honoured by libpq
_STATEMENT = 2000  # milliseconds


class Database:
    """Runs single read-only statements outside of Django's ORM."""

    def __init__(self, config: Config) -> None:
        """Connect on first use."""
        self._parameters = dict(config.database)
        self._local = threading.local()

    def _connection(self) -> "psycopg.Connection[tuple[Any, ...]]":
        connection: psycopg.Connection[tuple[Any, ...]] | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(
                host=self._parameters["host"],
                port=self._parameters["port"],
                dbname=self._parameters["name"],
                user=self._parameters["user"],
                autocommit=True,
                connect_timeout=_CONNECT,
                options=f"-c statement_timeout={_STATEMENT}",
                application_name="reference-front",
            )
            self._local.connection = connection
        return connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return all rows of ``query``; raise ``psycopg.Error`` when the database is not there."""
        kept = getattr(self._local, "connection", None) is not None
        try:
            return self._connection().execute(query.encode()).fetchall()
        except psycopg.OperationalError:
            self._drop()
            if not kept:
                raise
        # the kept connection was stale, as after a restart of the server: once more, afresh
        return self._connection().execute(query.encode()).fetchall()

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()
