"""A session that looks and cannot touch: one snapshot, pinned settings, every query with a deadline."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.snapshot import About, Access, begin

__all__ = ["About", "Session", "connect"]

Row = tuple[Any, ...]
#: what is never put together from text
Statement = bytes | sql.SQL | sql.Composed

#: seconds that a query that was cancelled may take to end before its connection is cut
GRACE = 5.0
#: seconds that a table may be locked by others before we give up: we must not queue before writers
LOCK = 30.0
_BATCH = 1000
_OWN_PATH = b"""
    select set_config('search_path', reset_val, true) from pg_catalog.pg_settings where name = 'search_path'
"""
_LOOK = 0.1  # seconds between two looks whether to stop


class Session:
    """One connection within one REPEATABLE READ READ ONLY transaction; use it from one thread at a time.

    Everything raises ``DrillError`` of ``stage``. At the deadline a query under way is cancelled,
    and where that does not help its connection is cut.
    """

    def __init__(self, connection: "psycopg.Connection[Row]", about: About, access: Access) -> None:
        """Take over ``connection``, whose transaction has begun."""
        self._connection = connection
        self._access = access
        self._watch = threading.Timer(access.left(), self._expire)
        self._watch.daemon = True
        self._watch.start()
        self.about = about

    @property
    def snapshot(self) -> str:
        """Return the identifier that ``pg_dump --snapshot`` and ``joined`` take."""
        return self.about.snapshot

    @property
    def at(self) -> float:
        """Return when the snapshot was taken, by the server's clock (Unix time)."""
        return self.about.at

    @property
    def lsn(self) -> str:
        """Return the place in the WAL at that moment."""
        return self.about.lsn

    @property
    def version(self) -> int:
        """Return the server's version as a number (150018)."""
        return self.about.version

    @property
    def system_identifier(self) -> str:
        """Return what tells this cluster from every other, "" where the user may not see it."""
        return self.about.system_identifier

    @property
    def database_oid(self) -> int:
        """Return the database's own number within its cluster."""
        return self.about.database_oid

    @property
    def superuser(self) -> bool:
        """Say whether the user is a superuser, who is not needed here."""
        return self.about.superuser

    @property
    def stage(self) -> str:
        """Return the stage that errors are of."""
        return self._access.stage

    @property
    def where(self) -> str:
        """Name the database and its user in a message."""
        return f"{self._access.address.words} as {self.about.user}"

    def query(self, statement: Statement, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run ``statement`` and return all rows; for few or small ones."""
        with self._translated():
            return self._connection.execute(statement, parameters or None).fetchall()

    def stream(self, statement: Statement, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """Run ``statement`` and yield its rows by the thousand, in bounded memory."""
        with self._translated(), self._connection.cursor(name="deploy_verify") as cursor:
            cursor.itersize = _BATCH
            cursor.execute(statement, parameters)
            yield from cursor

    def first(self, query: str) -> Row | None:
        """Return the first row of a query that a contract states, None for none.

        Names without a schema are looked up as they are for the user elsewhere; it is one query, and
        cannot write.
        """
        with self._translated():
            self._connection.execute(_OWN_PATH)
            try:
                with self._connection.cursor(name="deploy_verify") as cursor:
                    return cursor.execute(query.encode()).fetchone()
            except psycopg.errors.InsufficientPrivilege:
                raise
            except psycopg.ProgrammingError as error:
                said = error.diag.message_primary or str(error)
                raise DrillError(
                    self.stage, f"{self.where}: the stated query is refused ({said}): correct it"
                ) from None

    def text(self, query: sql.Composable) -> str:
        """Return ``query`` as text, its identifiers quoted."""
        return query.as_string(self._connection)

    def cancel(self) -> None:
        """Cancel what the session does right now; from any thread."""
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=GRACE)

    @contextlib.contextmanager
    def until(self, stopping: threading.Event) -> Iterator[None]:
        """Cancel what the session does once ``stopping`` is set: no interrupt reaches other threads."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_LOOK):
                if stopping.is_set():
                    self.cancel()
                    return

        watcher = threading.Thread(target=watch, name="verify-cancel", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    @contextlib.contextmanager
    def joined(self, count: int) -> Iterator[tuple["Session", ...]]:
        """Open ``count`` more sessions on the same snapshot, as sessions for other threads."""
        with contextlib.ExitStack() as stack:
            yield tuple(stack.enter_context(_open(self._access, joining=self.about)) for _ in range(count))

    def close(self) -> None:
        """End the transaction and the connection, whatever it is doing; safe to repeat."""
        self._watch.cancel()
        if self._connection.info.transaction_status is psycopg.pq.TransactionStatus.ACTIVE:
            self.cancel()  # the server would finish the query for nobody
        self._connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        if self._access.left() <= 0:
            raise self._access.expired()
        try:
            yield
        except psycopg.Error as error:
            raise self._access.error(error) from None  # its traceback may show values
        except UnicodeEncodeError:
            raise DrillError(
                self.stage,
                f"{self.where}: the database has no encoding, and names beyond ASCII: expected either: "
                "rename what they name, or give the database its encoding",
            ) from None

    def _expire(self) -> None:
        """Cancel what runs at the deadline; cut the connection if that does not help."""
        self.cancel()
        end = time.monotonic() + GRACE
        while self._busy() and time.monotonic() < end:
            threading.Event().wait(0.05)
        if self._busy():
            with (
                contextlib.suppress(OSError, psycopg.Error),
                socket.fromfd(self._connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as line,
            ):  # a second descriptor of the same socket; its family does not matter to shutdown
                line.shutdown(socket.SHUT_RDWR)

    def _busy(self) -> bool:
        status = psycopg.pq.TransactionStatus
        return not self._connection.closed and self._connection.info.transaction_status is status.ACTIVE


def connect(
    dsn: str | Address,
    *,
    deadline: float,
    stage: str = "verify",
    lock: float = LOCK,
) -> Session:
    """Open a session on ``dsn`` that may last ``deadline`` seconds, in a ``with`` statement.

    Its one transaction holds back vacuum on the source for as long as it lives, so keep the deadline
    short. ``lock`` bounds the seconds a query waits for others' locks. Raise ``DrillError`` of
    ``stage`` that names the database, what was expected and what to do, never the password.
    """
    address = dsn if isinstance(dsn, Address) else Address.parse(dsn, stage=stage)
    return _open(Access(address, stage, deadline, time.monotonic() + deadline, lock))


def _open(access: Access, *, joining: About | None = None) -> Session:
    if access.left() <= 0:
        raise access.expired()
    parameters: dict[str, Any] = {
        "application_name": "deploy-verify",
        **access.address.parameters,
        "connect_timeout": max(2, int(access.left())),
        "client_encoding": "UTF8",
    }
    with contextlib.ExitStack() as stack:
        try:
            connection = psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
            stack.callback(connection.close)
            about = begin(connection, access, joining)
        except psycopg.Error as error:
            raise access.error(error) from None  # its traceback may show the address
        stack.pop_all()
    return Session(connection, about, access)
