"""The time in a name and the form in the first bytes, in many styles; what is no time stays none."""

import gzip
import io
import tarfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyrage
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from verify.drills.store.names import HEAD, Span, at, form, when

BERLIN = ZoneInfo("Europe/Berlin")


def unix(*parts: int, zone: object = UTC) -> float:
    return datetime(*parts, tzinfo=zone).timestamp()  # type: ignore[arg-type]  # parts of a date, and its zone


SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
MOMENT = (2026, 11, 21, 2, 0, 5)


@pytest.mark.parametrize(
    "name",
    [
        "db_20261121_020005.sql.gz",
        "db-20261121-020005.dump",
        "20261121020005.sql",
        "backup.20261121T020005Z.age",
        "backup-2026-11-21T02:00:05Z.sql",
        "backup-2026-11-21T02:00:05.123456Z.sql",
        "backup-2026-11-21T03:00:05+01:00.sql",
        "backup-20261121T030005+0100.sql",
        "backup-20261120T210005-0500.sql",
        "2026-11-21_02-00-05.sql.gz",
        "2026-11-21-02-00-05.sql.gz",
        "2026-11-21 02:00:05.sql",
        "2026.11.21_02.00.05.tar",
        "2026_11_21__02_00_05.tar",
        "daily/2026/11/21/020005-db.dump",
        "pg15-db-2026-11-21_at_02:00:05.gz",
        "21-Nov-2026_02-00-05.dump",
        "Nov-21-2026_020005.dump",
        "21-11-2026_02-00-05.dump",
        "11-21-2026_02-00-05.dump",
        "backup-1795226405.sql",
        "backup-1795226405123.sql",
        "backup-2026-11-21_020005_UTC.sql",
    ],
)
def test_a_second(name: str) -> None:
    start = unix(*MOMENT)
    assert when(name) == Span(start, start + SECOND)


@pytest.mark.parametrize(
    ("name", "start", "length"),
    [
        ("db-20261121-0200.sql", unix(2026, 11, 21, 2), MINUTE),
        ("db-2026-11-21_02:00.sql", unix(2026, 11, 21, 2), MINUTE),
        ("db-2026-11-21_02h30.sql", unix(2026, 11, 21, 2, 30), MINUTE),
        ("202611210230.sql", unix(2026, 11, 21, 2, 30), MINUTE),
        ("2026112102.sql", unix(2026, 11, 21, 2), HOUR),
        ("2026-11-21T02.sql", unix(2026, 11, 21, 2), HOUR),
        ("db-20261121.sql", unix(2026, 11, 21), DAY),
        ("db-20261121-01.sql", unix(2026, 11, 21), DAY),
        ("db-2026-11-21-7.sql", unix(2026, 11, 21), DAY),
        ("db-2024-02-29.sql", unix(2024, 2, 29), DAY),
        ("2026/11/21/db.dump", unix(2026, 11, 21), DAY),
        ("backup_2026nov21.dump", unix(2026, 11, 21), DAY),
        ("backup_05-05-2026.dump", unix(2026, 5, 5), DAY),
        ("backup-2026-W47.tar", unix(2026, 11, 16), 7 * DAY),
        ("backup-2026W476.tar", unix(2026, 11, 21), DAY),
        ("monthly/2026-11.dump", unix(2026, 11, 1), 30 * DAY),
        ("monthly/2026-12.dump", unix(2026, 12, 1), 31 * DAY),
        ("2026-11-01/db-20261121T020005Z.sql", unix(*MOMENT), SECOND),
        ("db-20261121T020005Z/part-20261122.sql", unix(*MOMENT), SECOND),
        ("from-2026-11-01-to-2026-11-21.sql", unix(2026, 11, 21), DAY),
    ],
)
def test_as_exact_as_it_is_stated(name: str, start: float, length: float) -> None:
    assert when(name) == Span(start, start + length)


@pytest.mark.parametrize(
    "name",
    [
        "db.sql",
        "latest.dump",
        "db-2026.sql",
        "db-20261345.sql",
        "db-2026-02-30.sql",
        "db-20260229.sql",
        "db-05-06-2026.sql",
        "v1.2.3-15.18.dump",
        "8f14e45fceea167a5a36dedd4bea2543.dump",
        "order-120261121000.sql",
        "99999999999999.sql",
        "2026-W60.tar",
        "",
    ],
)
def test_no_time(name: str) -> None:
    assert when(name) is None
    assert at(name, 1234.5) == 1234.5


def test_the_zone_is_that_of_the_schedule() -> None:
    assert when("db-20260701-020000.sql", BERLIN) == Span(unix(2026, 7, 1, 0), unix(2026, 7, 1, 0) + SECOND)
    assert when("db-20261121-020000Z.sql", BERLIN) == Span(
        unix(2026, 11, 21, 2), unix(2026, 11, 21, 2) + SECOND
    )


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_a_day_is_as_long_as_it_is(day: tuple[int, int, int], hours: int) -> None:
    span = when(f"db-{day[0]}-{day[1]:02}-{day[2]:02}.sql", BERLIN)
    assert span is not None
    assert span.end - span.start == hours * HOUR


def test_the_file_s_time_is_finer_than_a_day_and_coarser_than_a_second() -> None:
    written = unix(2026, 11, 21, 2, 3, 4)
    assert at("db-2026-11-21.sql", written) == written
    assert at("db-20261121-020000.sql", written) == unix(2026, 11, 21, 2)


def test_a_copy_s_time_says_nothing() -> None:
    assert at("db-2026-11-21.sql", unix(2026, 12, 24)) == unix(2026, 11, 21)


def test_nothing_is_of_a_time_after_it_was_written() -> None:
    written = unix(2026, 11, 21, 2)
    assert at("db-20990101.sql", written) == written
    assert at("db-20261121T130000.sql", written) == written  # local time of a zone nobody stated


@given(
    st.integers(1_000_080_000, 1_988_150_000),
    st.sampled_from(
        ["%Y%m%dT%H%M%SZ", "%Y-%m-%d_%H-%M-%S", "%Y/%m/%d/%H%M%S", "%d-%b-%Y_%H%M%S", "%Y%m%d%H%M%S"]
    ),
    st.sampled_from(["db-{}.sql.gz", "daily/app_{}.dump", "{}", "pg15/prod-{}-full.tar.zst"]),
)
def test_what_is_written_is_read(start: int, style: str, name: str) -> None:
    moment = datetime.fromtimestamp(start, UTC)
    assert when(name.format(moment.strftime(style))) == Span(start, start + SECOND)


@given(st.text(max_size=60), st.floats(0, 4e9))
def test_any_name_has_a_time_that_is_not_after_its_file_s(name: str, modified: float) -> None:
    assert at(name, modified) <= modified


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("toc.dat"), io.BytesIO())
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (pyrage.passphrase.encrypt(b"select 1;", "secret"), "age"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", "age"),
        (b"-----BEGIN PGP MESSAGE-----\n", "openpgp"),
        (b"\x85\x02\x0c\x03" + bytes(600), "openpgp"),
        (b"\x8c\x0d\x04\x09\x03\x08" + bytes(600), "openpgp"),
        (b"\x85\x02\x0c\x63" + bytes(600), ""),
        (b"\x85", ""),
        (b"Salted__12345678", "openssl"),
        (gzip.compress(b"", mtime=0), "gzip"),
        (zstandard.compress(b"x"), "zstd"),
        (b"PGDMP\x01\x0e", "custom"),
        (b"REDIS0010", "rdb"),
        (tarred(), "tar"),
        (b"--\n-- PostgreSQL database dump\n--\n", "sql"),
        (b"\xef\xbb\xbf\n  CREATE TABLE x();", "sql"),
        (b"\\restrict abc\n", "sql"),
        (("-- " + "ü" * 400).encode()[:HEAD], "sql"),
        (b"settings of a program", ""),
        (b"hello", ""),
        (bytes(512), ""),
        (b"\xff\xfe" * 256, ""),
    ],
)
def test_forms(content: bytes, expected: str) -> None:
    assert form(content[:HEAD]) == expected


@given(st.binary(max_size=HEAD))
def test_any_bytes_have_a_form(head: bytes) -> None:
    assert form(head) in {
        *("age", "openpgp", "openssl", "gzip", "zstd", "custom", "tar", "sql", "rdb", "empty", ""),
    }
