"""The one transaction of a session: how it begins, what is pinned in it, and what is known then."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from verify.drills.errors import DrillError
from verify.drills.postgres import refused
from verify.drills.postgres.address import Address

OLDEST = 140000
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


@dataclass(frozen=True, slots=True)
class Access:
    """How a database is reached, and until when (monotonic seconds)."""

    address: Address
    stage: str
    seconds: float
    until: float
    lock: float

    def left(self) -> float:
        """Return the seconds that are left."""
        return self.until - time.monotonic()

    def expired(self) -> DrillError:
        """Return what is raised when none are."""
        return DrillError(
            self.stage,
            f"{self.address.words}: the deadline of {self.seconds:g} s passed: "
            "allow it more time, or look at what keeps the server busy",
        )

    def error(self, error: psycopg.Error) -> DrillError:
        """Return what ``error`` means, without the password."""
        if self.left() <= 0:
            return self.expired()
        reason = refused.reason(error, self.address.words, seconds=self.seconds, lock=self.lock)
        password = self.address.password
        return DrillError(self.stage, reason.replace(password, "***") if password else reason)


def begin(connection: "psycopg.Connection[tuple[Any, ...]]", access: Access, joining: About | None) -> About:
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


def _limits(access: Access, version: int) -> Mapping[str, str]:
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
