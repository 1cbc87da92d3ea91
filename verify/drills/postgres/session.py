"""A session that looks and cannot touch: one snapshot, pinned settings, every query with a deadline."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from verify.drills.errors import DrillError
from verify.drills.postgres import refused
from verify.drills.postgres.address import Address

__all__ = ["About", "Session", "connect"]

Row = tuple[Any, ...]
#: what is never put together from text
Statement = bytes | sql.SQL | sql.Composed

OLDEST = 140000
#: seconds that a query that was cancelled may take to end before its connection is cut
GRACE = 5.0
#: seconds that a table may be locked by others before we give up: we must not queue before writers
LOCK = 30.0
_BATCH = 1000

#: how values and definitions are spelled as text. All of it is local to the transaction: behind a
#: pooler, the server's session is somebody else's afterwards
_SPELLING = {
    "search_path": "pg_catalog, pg_temp",
    "extra_float_digits": "1",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "xmloption": "content",
    "xmlbinary": "base64",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
}
_MANNERS = {
    "default_transaction_read_only": "on",
    "row_security": "off",  # what a policy would hide becomes an error instead
    "max_parallel_workers_per_gather": "0",  # the source has work of its own; ours is spread by `jobs`
    "jit": "off",
}
_LEAST_TIMEOUT = 170000  # the first version that can bound a whole transaction

_ABOUT = sql.SQL(
    """
    select pg_export_snapshot(),
           extract(epoch from statement_timestamp())::float8,
           coalesce(case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                         else pg_current_wal_lsn() end::text, ''),
           pg_is_in_recovery(),
           current_database()::text,
           current_user::text,
           d.oid,
           pg_encoding_to_char(d.encoding)::text,
           pg_database_size(d.oid),
           current_setting('is_superuser') = 'on',
           current_setting('block_size')::int,
           has_function_privilege('pg_control_system()', 'execute')
    from pg_database d where d.datname = current_database()
    """
)
_IDENTIFIER = sql.SQL("select system_identifier::text from pg_control_system()")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a session found out when its snapshot was taken.

    ``at`` is the server's clock as Unix time, ``lsn`` the place in the WAL (replayed, on a standby),
    ``size`` and ``block`` are bytes; ``system_identifier`` is "" where the user may not see it.
    """

    snapshot: str
    at: float
    lsn: str
    standby: bool
    database: str
    user: str
    database_oid: int
    encoding: str
    size: int
    superuser: bool
    block: int
    system_identifier: str
    version: int


class Session:
    """One connection within one REPEATABLE READ READ ONLY transaction; use it from one thread at a time.

    Everything raises ``DrillError`` of ``stage``. At the deadline a query under way is cancelled,
    and where that does not help its connection is cut.
    """

    def __init__(self, connection: "psycopg.Connection[Row]", about: About, access: "_Access") -> None:
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
            cursor.execute(statement, parameters or None)
            yield from cursor

    def text(self, query: sql.Composable) -> str:
        """Return ``query`` as text, its identifiers quoted."""
        return query.as_string(self._connection)

    def cancel(self) -> None:
        """Cancel what the session does right now; from any thread."""
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=GRACE)

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
    return _open(_Access(address, stage, deadline, time.monotonic() + deadline, lock))


@dataclass(frozen=True, slots=True)
class _Access:
    """How a database is reached, and until when (monotonic seconds)."""

    address: Address
    stage: str
    seconds: float
    until: float
    lock: float

    def left(self) -> float:
        return self.until - time.monotonic()

    def expired(self) -> DrillError:
        return DrillError(
            self.stage,
            f"{self.address.words}: the deadline of {self.seconds:g} s passed: "
            "allow it more time, or look at what keeps the server busy",
        )

    def error(self, error: psycopg.Error) -> DrillError:
        if self.left() <= 0:
            return self.expired()
        reason = refused.reason(error, self.address.words, seconds=self.seconds, lock=self.lock)
        password = self.address.password
        return DrillError(self.stage, reason.replace(password, "***") if password else reason)


def _open(access: _Access, *, joining: About | None = None) -> Session:
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
            about = _begin(connection, access, joining)
        except psycopg.Error as error:
            raise access.error(error) from None  # its traceback may show the address
        stack.pop_all()
    return Session(connection, about, access)


def _begin(connection: "psycopg.Connection[Row]", access: _Access, joining: About | None) -> About:
    """Begin the transaction, pin the settings, then take (or join) the snapshot."""
    version = connection.info.server_version
    if version < OLDEST:
        raise DrillError(
            access.stage,
            f"{access.address.words}: is PostgreSQL {version // 10000}, which cannot be fingerprinted: "
            f"expected {OLDEST // 10000} or newer: upgrade it",
        )
    for kind in ("text", "varchar", "name", "bpchar", '"char"'):
        connection.adapters.register_loader(kind, _Lenient)
    connection.execute("begin isolation level repeatable read read only")
    if joining is not None:
        connection.execute(sql.SQL("set transaction snapshot {}").format(joining.snapshot))
    settings = {**_SPELLING, **_MANNERS, **_limits(access, version)}
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        settings["client_encoding"] = "SQL_ASCII"  # its texts may be of any encoding: take them as they are
    for name, value in settings.items():  # SET takes no snapshot, a SELECT would
        connection.execute(sql.SQL("set local {} = {}").format(sql.SQL(name), sql.SQL(_quoted(name, value))))
    if joining is not None:
        return joining
    found = connection.execute(_ABOUT).fetchone()
    assert found is not None  # noqa: S101 - one's own database is always in pg_database
    *rest, may_see = found
    identifier = connection.execute(_IDENTIFIER).fetchone() if may_see else None
    names = tuple(name for name in About.__slots__ if name not in {"system_identifier", "version"})
    return About(
        **dict(zip(names, rest, strict=True)),
        system_identifier=identifier[0] if identifier else "",
        version=version,
    )


def _limits(access: _Access, version: int) -> Mapping[str, str]:
    whole = f"{max(1, int(access.left() * 1000))}ms"
    limits = {
        "statement_timeout": whole,
        "idle_in_transaction_session_timeout": whole,  # a dump may run on our snapshot meanwhile
        "lock_timeout": f"{int(access.lock * 1000)}ms",
    }
    return limits | ({"transaction_timeout": whole} if version >= _LEAST_TIMEOUT else {})


def _quoted(name: str, value: str) -> str:
    """Return a setting's value for SET; those of lists keep their commas."""
    return value if name in {"search_path", "DateStyle"} else f"'{value}'"


class _Lenient(Loader):
    """Text of a database without an encoding (SQL_ASCII) need not be UTF-8: show what is not."""

    def load(self, data: Buffer) -> str:
        """Return the text."""
        return bytes(data).decode("utf-8", "backslashreplace")
