"""A PostgreSQL that archives its WAL, one for all tests here, and one base backup with marked points."""

import contextlib
import dataclasses
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from verify.drills.clock import Clock
from verify.drills.postgres import archiver, sentinel
from verify.drills.postgres.address import Address
from verify.drills.postgres.marks import Marks, mark
from verify.drills.postgres.physical import Physical, base_backup, point_in_time, restore
from verify.drills.postgres.server import Server, workplace
from verify.drills.postgres.tools import Programs, installed, version
from verify.drills.postgres.tools import server as programs_of
from verify.effects import servers
from verify.effects.journal import Journal
from verify.effects.redact import Redactor

WITHIN = 60.0
NUMBERS = itertools.count()
SETTINGS = {
    "fsync": "off",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "archive_mode": "on",
    "archive_timeout": "0",
    "track_counts": "on",
}
ROWS = """
create table customer (id serial primary key, name text, at timestamptz, note jsonb);
insert into customer (name, at, note) select 'name ' || n, now(), '{"a": 1}' from generate_series(1, 4000) n;
create index on customer (name);
create table big (n int primary key, t text);
insert into big select n, repeat(md5(n::text), 10) from generate_series(1, 3000) n;
create unlogged table fleeting (n int);
create sequence counter increment by -3;
select nextval('counter'), nextval('counter');
select lo_from_bytea(0, 'a large object');
create role reader;
grant select on customer to reader;
alter database postgres set statement_timeout = '1min';
"""


@dataclasses.dataclass
class Bench:
    """A source, its archive, and places to recover in."""

    server: Server
    archive: Path
    place: Path
    journal: Journal

    @property
    def source(self) -> Address:
        return self.server.address

    def do(self, statement: str) -> None:
        with psycopg.connect(self.source.dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def one(self, statement: str) -> Any:
        with psycopg.connect(self.source.dsn, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return row and row[0]

    def clock(self, deadline: float = WITHIN) -> Clock:
        return Clock(self.journal, Redactor(), deadline=deadline)

    def folder(self) -> Path:
        path = self.place / f"t{next(NUMBERS)}"
        path.mkdir(mode=0o711)
        return path

    def drill(self, **other: Any) -> Physical:
        return Physical(backup="cluster", source=self.source, archive=self.archive, **other)

    def trip(self, deadline: float = WITHIN, **other: Any) -> Any:
        return point_in_time(self.drill(**other), folder=self.folder(), clock=self.clock(deadline))


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    with Journal.open("physical-drills", tmp_path_factory.mktemp("state")) as opened:
        yield opened


@pytest.fixture(scope="session")
def place(journal: Journal) -> Iterator[Path]:
    with workplace(journal) as folder:
        yield folder


@contextlib.contextmanager
def archived_server(place: Path, journal: Journal, programs: Programs) -> Iterator[Bench]:
    """Start a source that archives into a folder, with rows in it."""
    archive = place / f"archive-{programs.major}"
    archive.mkdir(mode=0o755)
    owner = servers.database_user()
    if owner is not None:
        shutil.chown(archive, owner)
    command = f'test ! -f "{archive}/%f" && cp "%p" "{archive}/.%f" && mv "{archive}/.%f" "{archive}/%f"'
    home, settings = place / f"source-{programs.major}", SETTINGS | {"archive_command": command}
    server = Server(programs, home, journal=journal, settings=settings)
    server.prepare()
    with server.start():
        bench = Bench(server, archive, place, journal)
        for statement in ROWS.split(";\n"):
            if statement.strip():
                bench.do(statement)
        yield bench
        server.kill()  # nothing of it is wanted any more, so it need not write all of it first


@pytest.fixture(scope="session")
def bench(journal: Journal, place: Path) -> Iterator[Bench]:
    ours = version(servers.installations()[0] / "postgres")
    with archived_server(place, journal, programs_of(ours)) as bench:
        yield bench


@pytest.fixture(scope="module", params=[each.major for each in installed()])
def of_any_version(request: pytest.FixtureRequest, journal: Journal) -> Iterator[Bench]:
    with (
        workplace(journal) as place,
        archived_server(place, journal, programs_of(request.param)) as bench,
    ):
        yield bench


@dataclasses.dataclass
class Kept:
    """A base backup, the WAL since, and the points that were marked."""

    bench: Bench
    base: Path
    marks: Marks
    programs: Programs

    def restored(self, damage: Any = None, *, verify_files: bool = True, **marks: Any) -> Any:
        """Recover copies, which ``damage`` has been done to: it replaces files, for the base's are links."""
        folder = self.bench.folder()
        base, archive = folder / "base", folder / "archive"
        shutil.copytree(self.base, base, symlinks=True, copy_function=os.link)
        archive.mkdir()
        for each in self.bench.archive.iterdir():
            if each.name[:24] <= self.marks.wal:  # what came later is another test's
                shutil.copyfile(each, archive / each.name)
        if damage is not None:
            damage(base, archive)
        drill = dataclasses.replace(self.bench.drill(verify_files=verify_files), archive=archive)
        marked = dataclasses.replace(self.marks, **marks)
        return restore(drill, base, marked, self.programs, folder=folder, clock=self.bench.clock())


@contextlib.contextmanager
def marked(bench: Bench) -> Iterator[Kept]:
    """Take a base backup, write, and mark two points."""
    clock, base = bench.clock(), bench.folder() / "base"
    programs = base_backup(bench.source, base, clock)
    bench.do("update big set t = 'since the base backup' where n % 7 = 0")
    with sentinel.sentinel(bench.source, bench.journal) as schema:
        marks = mark(bench.source, schema, clock)
        archiver.wait_archived(bench.source, marks.wal, clock)
        yield Kept(bench, base, marks, programs)


@pytest.fixture(scope="session")
def kept(bench: Bench) -> Iterator[Kept]:
    with marked(bench) as held:
        yield held


@pytest.fixture(scope="module")
def kept_of_any_version(of_any_version: Bench) -> Iterator[Kept]:
    with marked(of_any_version) as held:
        yield held
