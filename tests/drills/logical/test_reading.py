"""What programs say, what dumps are, and what addresses hide: nothing is restored here."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest
import zstandard

from verify.drills.clock import Clock
from verify.drills.errors import DrillError, NotRestorable
from verify.drills.forms import form, form_of
from verify.drills.packing import compress, open_folder, unwrap
from verify.drills.postgres import dumps
from verify.drills.postgres.address import Address
from verify.drills.postgres.messages import Meaning, first, meaning, messages
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.facts.bracket import bracketed
from verify.facts.equality import Manifest, Relation, Sums, compare

SAID = """\
psql:/tmp/x.sql:12: NOTICE:  schema "app" already exists, skipping
psql:/tmp/x.sql:20: ERROR:  role "keeper" does not exist
psql:/tmp/x.sql:31: ERROR:  relation "app.orders" does not exist
LINE 1: COPY app.orders
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3; 2615 2200 SCHEMA public postgres
pg_restore: error: could not execute query: ERROR:  schema "public" already exists
Command was: CREATE SCHEMA public;
pg_restore: error: could not read from input file: end of file
pg_restore: warning: errors ignored on restore: 2
"""


def test_errors_are_read() -> None:
    assert [(each.meaning, each.text) for each in messages(SAID)] == [
        (Meaning.BENIGN, 'role "keeper" does not exist'),
        (Meaning.LOSS, 'relation "app.orders" does not exist'),
        (Meaning.BENIGN, 'schema "public" already exists'),
        (Meaning.LOSS, "could not read from input file: end of file"),
    ]
    assert first(SAID, Meaning.LOSS) == 'relation "app.orders" does not exist'
    assert first(SAID, Meaning.OURS) == ""


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ('unrecognized configuration parameter "transaction_timeout"', Meaning.BENIGN),
        ('must be able to SET ROLE "app"', Meaning.BENIGN),
        ('must be member of role "app"', Meaning.BENIGN),
        ("must be owner of table orders", Meaning.LOSS),
        ('extension "citext" is not available', Meaning.OURS),
        ('could not extend file "base/5/1": No space left on device', Meaning.OURS),
        ("unsupported version (1.16) in file header", Meaning.OURS),
        ("server closed the connection unexpectedly", Meaning.OURS),
        ('duplicate key value violates unique constraint "t_pkey"', Meaning.LOSS),
        ('invalid byte sequence for encoding "UTF8": 0xe9', Meaning.LOSS),
        ('type "citext" does not exist', Meaning.LOSS),
    ],
)
def test_what_an_error_means(text: str, means: Meaning) -> None:
    assert meaning(text) is means


def tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("toc.dat"))
    return made.getvalue()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", "empty"),
        (b"age-encryption.org/v1\n-> X25519", "age"),
        (gzip.compress(b"", mtime=0), "gzip"),
        (zstandard.compress(b""), "zstd"),
        (b"PGDMP\x01\x0e", "custom"),
        (tar(), "tar"),
        (b"REDIS0010", "rdb"),
        (b"--\n-- PostgreSQL database dump\n", "sql"),
        (b"\n\nCREATE TABLE t ();", "sql"),
        (b"\\restrict abc\n", "sql"),
        (b"-- \0", ""),
        (b"<html>", ""),
        (b"Salted__", ""),
    ],
)
def test_forms(head: bytes, name: str) -> None:
    assert form(head) == name


def test_a_folder_is_a_form(tmp_path: Path) -> None:
    assert form_of(tmp_path) == ""
    (tmp_path / "toc.dat").touch()
    assert form_of(tmp_path) == "directory"


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(Journal.open("reading", tmp_path / "state"), Redactor(), deadline=10)


@pytest.mark.parametrize("how", ["none", "gzip", "zstd"])
def test_layers_come_off_as_they_went_on(tmp_path: Path, clock: Clock, how: str) -> None:
    data = b"-- x\n" * 300_000
    path = tmp_path / "dump.sql"
    path.write_bytes(data)
    inner, encrypted = unwrap(compress(path, how), tmp_path, clock)
    assert (inner.read_bytes(), encrypted) == (data, False)


def test_frames_and_members_follow_each_other(tmp_path: Path, clock: Clock) -> None:
    for name, pack in (("gzip", gzip.compress), ("zstd", zstandard.compress)):
        path = tmp_path / name
        path.write_bytes(pack(b"-- one\n") + pack(b"-- two\n"))
        folder = tmp_path / f"{name}-out"
        folder.mkdir()
        assert unwrap(path, folder, clock)[0].read_bytes() == b"-- one\n-- two\n"


def test_layers_without_end_are_refused(tmp_path: Path, clock: Clock) -> None:
    data = b"x"
    for _ in range(7):
        data = gzip.compress(data)
    (tmp_path / "bomb").write_bytes(data)
    with pytest.raises(NotRestorable, match="more than 5 layers"):
        unwrap(tmp_path / "bomb", tmp_path, clock)


def test_a_tar_cut_between_two_members_is_seen(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("toc.dat", "1.dat"):
            member = tarfile.TarInfo(name)
            member.size = 512
            archive.addfile(member, io.BytesIO(b"x" * 512))
    path.write_bytes(path.read_bytes()[:1024])
    with pytest.raises(NotRestorable, match="its end is missing"):
        open_folder(path, tmp_path, clock)


def test_a_tar_does_not_leave_its_folder(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("../outside/x")
        archive.addfile(member, io.BytesIO(b""))
    with pytest.raises(NotRestorable, match="tar"):
        open_folder(path, tmp_path / "in", clock)
    assert not (tmp_path.parent / "outside").exists()


HEADER = """
CREATE DATABASE "my shop" WITH TEMPLATE = template0 ENCODING = 'UTF8';
ALTER DATABASE "my shop" OWNER TO keeper;
\\connect -reuse-previous=on "dbname='my shop'"
-- comment;
COMMENT ON DATABASE "my shop" IS 'one; two ''quoted''';
ALTER DATABASE "my shop" SET search_path TO 'app', 'public';
ALTER ROLE keeper IN DATABASE "my shop" SET statement_timeout TO '5s';
GRANT CONNECT ON DATABASE "my shop" TO reader;
SET client_encoding = 'UTF8';
"""


def test_what_a_dump_says_of_its_database_is_renamed() -> None:
    head = dumps.header(HEADER, "my shop")
    assert head.create.startswith('CREATE DATABASE "my shop"')
    found = [dumps.renamed(each, "my shop", 'drill"1') for each in head.properties]
    assert found == [
        'ALTER DATABASE "drill""1" OWNER TO keeper;',
        "COMMENT ON DATABASE \"drill\"\"1\" IS 'one; two ''quoted''';",
        "ALTER DATABASE \"drill\"\"1\" SET search_path TO 'app', 'public';",
        'ALTER ROLE keeper IN DATABASE "drill""1" SET statement_timeout TO \'5s\';',
        'GRANT CONNECT ON DATABASE "drill""1" TO reader;',
    ]
    assert (
        dumps.renamed("ALTER DATABASE shops SET a TO b;", "shop", "x") == "ALTER DATABASE shops SET a TO b;"
    )


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("CREATE TABLE t ();\n", ""),
        ("\\connect other\n", "\\connect other"),
        ("drop database x;\n", "drop database x;"),
        ("COPY t (a) FROM stdin;\n\\connect other\n\\.\n", ""),
        ("COPY t (a) FROM stdin;\nx\n\\.\n\\! rm x\n", "\\! rm x"),
    ],
)
def test_what_leaves_the_database_is_seen(tmp_path: Path, text: str, leaves: str) -> None:
    path = tmp_path / "x.sql"
    path.write_text(text)
    assert dumps.leaves(path) == leaves


def test_the_last_line_of_a_dump(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text(
        "-- PostgreSQL database dump\n\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n"
    )
    assert (dumps.is_dump(path), dumps.complete(path)) == (True, True)
    path.write_text("-- PostgreSQL database dump\n" + "x\n" * 5000)
    assert (dumps.is_dump(path), dumps.complete(path)) == (True, False)


def test_addresses() -> None:
    address = Address.parse("postgresql://u%40x:p%2Fw@db.example:5433/my%20shop?sslmode=require")
    assert address.words == "database my shop on db.example:5433"
    assert address.environment() == {
        "PGUSER": "u@x", "PGPASSWORD": "p/w", "PGHOST": "db.example", "PGPORT": "5433",
        "PGDATABASE": "my shop", "PGSSLMODE": "require",
    }  # fmt: skip
    assert Address.parse(address.url) == address
    assert Address.parse(address.dsn) == address
    assert "p/w" not in repr(address)
    assert Address.parse("host=/run/x dbname=d").words == "database d on /run/x"


@pytest.mark.parametrize(
    "dsn", ["postgresql+psycopg://u:secret77@h/d", "postgres:secret77", "host='secret77"]
)
def test_an_address_that_cannot_be_read_is_not_repeated(dsn: str) -> None:
    with pytest.raises(DrillError) as raised:
        Address.parse(dsn)
    assert "secret77" not in str(raised.value)
    assert "expected postgresql://" in str(raised.value)


def manifest(rows: int, sequence: str, **more: str) -> Manifest:
    sums = Sums(rows=rows, first=rows * 7, second=rows * 9)
    return Manifest(
        at=0, lsn="", version=150000, encoding="UTF8", size=1,
        relations={"t": Relation(columns=(("a", "integer"),), sums=sums)},
        catalogue={"sequence-value s": sequence, **more},
    )  # fmt: skip


def test_what_moved_is_unprovable_and_what_stood_is_proved() -> None:
    steady = bracketed(manifest(3, "5 used"), manifest(3, "5 used"))
    assert compare(steady, manifest(3, "5 used")).equal
    moved = bracketed(manifest(3, "5 used", x="1", y="1", z="1"), manifest(4, "9 used", x="1", y="2"))
    for facts in ({"y": "2"}, {"y": "1", "z": "1"}):
        seen = compare(moved, manifest(4, "7 used", x="1", **facts))
        assert seen.differences == ()
        assert seen.unprovable == ("t: written to while it was backed up, and not under our snapshot",)
    seen = compare(moved, manifest(4, "99 used", x="1", y="3"))
    assert [each.what for each in seen.differences] == ["sequence-value s", "y"]
