"""What a server says before there is a session, and while one looks, in words that tell what to do."""

import psycopg
import pytest
from psycopg import errors

from verify.drills.postgres.refused import reason

SAID = {
    'FATAL:  password authentication failed for user "x"': "correct the credentials",
    "fe_sendauth: no password supplied": "correct the credentials",
    'FATAL:  no pg_hba.conf entry for host "10.0.0.9"': "add this host and user",
    'FATAL:  database "shop" does not exist': "correct its name",
    "FATAL:  sorry, too many clients already": "raise max_connections, or wait",
    "FATAL:  the database system is starting up": "wait until it is up",
    "server does not support SSL, but SSL was required": "correct either",
    "connection refused": "start it, or correct host and port",
    "could not translate host name": "start it, or correct host and port",
}
CODES = {
    errors.QueryCanceled: "expected an answer within 9 s: allow more time",
    errors.LockNotAvailable: "others held a lock for 3 s",
    errors.InsufficientPrivilege: "grant it pg_read_all_data",
    errors.UndefinedTable: "it changed while it was looked at",
    errors.InternalError_: "it changed while it was looked at",
    errors.DivisionByZero: "the server said 22012",
}


@pytest.mark.parametrize("said", SAID)
def test_before_a_session(said):
    found = reason(psycopg.OperationalError(said), "database shop on h:1", seconds=9, lock=3)
    assert found.startswith("database shop on h:1: ")
    assert SAID[said] in found
    assert "expected" in found


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.__name__)
def test_while_it_looks(kind):
    found = reason(kind("a line\nand another"), "here", seconds=9, lock=3)
    assert CODES[kind] in found
    assert "\n" not in found


def test_what_policies_hide():
    error = errors.InsufficientPrivilege("query would be affected by row-level security policy for table t")
    assert "grant the user BYPASSRLS" in reason(error, "here", seconds=9, lock=3)
