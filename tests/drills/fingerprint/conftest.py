"""One server for the session, and databases on it that are as good as new for each test."""

import contextlib
import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg import sql

from verify.drills.postgres.address import Address
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.rows import locate
from verify.drills.postgres.server import Server, scratch_server
from verify.drills.postgres.session import Session, connect
from verify.drills.postgres.tools import client
from verify.effects.journal import Journal
from verify.effects.process import run
from verify.facts.equality import Comparison, Manifest, compare

WITHIN = 60.0
MAJOR = 15  # the one with contrib; tests/drills/fingerprint/test_versions.py takes every one


@dataclass
class Database:
    """A database, and what tests do to it."""

    cluster: "Cluster"
    name: str
    #: what restoring it said
    said: str = ""

    @property
    def address(self) -> Address:
        return self.cluster.address.at(self.name)

    def do(self, *statements: str) -> None:
        with psycopg.connect(self.address.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def ask(self, query: str) -> Any:
        with psycopg.connect(self.address.dsn, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    def session(self, **more: Any) -> Session:
        return connect(self.address, **({"deadline": WITHIN} | more))

    def manifest(self, **more: Any) -> Manifest:
        with self.session() as session:
            return fingerprint(session, **more)

    def copy(self, **more: Any) -> "Database":
        """Return what a dump of it is restored to."""
        made = self.cluster.database(**more)
        programs = client(self.cluster.server.programs.major)
        dump = self.cluster.folder / f"{made.name}.dump"
        at, to = self.address, made.address
        taken = run(
            [programs["pg_dump"], "-Fc", "-Z0", "-f", dump],
            deadline=WITHIN,
            env=self.cluster.environment(at),
        )
        assert taken.ok, taken.stderr.decode()
        back = run(
            [programs["pg_restore"], "-d", made.name, dump],
            deadline=WITHIN,
            env=self.cluster.environment(to),
        )
        dump.unlink()
        made.said = back.stderr.decode()
        return made

    def against(self, copy: "Database") -> Comparison:
        """Return the comparison of both, with the rows that differ."""
        with self.session() as ours, copy.session() as theirs:
            source, other = fingerprint(ours), fingerprint(theirs)
            return locate(compare(source, other), source, other, ours=ours, theirs=theirs)

    def drop(self) -> None:
        self.cluster.do(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(self.name)))


@dataclass
class Cluster:
    """A running server."""

    server: Server
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def address(self) -> Address:
        return self.server.address

    def environment(self, address: Address) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"} | address.environment()

    def do(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.address.dsn, autocommit=True) as connection:
            connection.execute(statement)

    def database(self, *, encoding: str = "UTF8", template: str = "template0") -> Database:
        name = f"db{next(self.numbers)}"
        self.do(
            sql.SQL("create database {} template {} encoding {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Literal(encoding)
            )
        )
        return Database(self, name)


@contextlib.contextmanager
def serving(folder: Path, major: int) -> Iterator[Cluster]:
    folder.chmod(0o700)
    with (
        Journal.open("fingerprint", folder / "state") as journal,
        scratch_server(journal, major=major) as server,
    ):
        yield Cluster(server, folder)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with serving(tmp_path_factory.mktemp("fingerprint"), MAJOR) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def cluster_of() -> Callable[..., contextlib.AbstractContextManager[Cluster]]:
    return serving


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    made = cluster.database()
    yield made
    made.drop()


@pytest.fixture
def other(cluster: Cluster) -> Iterator[Database]:
    """A second database, as empty as the first."""
    made = cluster.database()
    yield made
    made.drop()


@pytest.fixture
def restored(database: Database) -> Iterator[Callable[..., Database]]:
    """A dump of the database, restored each time this is called."""
    made: list[Database] = []

    def restore(**more: Any) -> Database:
        made.append(database.copy(**more))
        return made[-1]

    yield restore
    for each in made:
        each.drop()


@pytest.fixture(scope="session")
def generator() -> ModuleType:
    """``strategies.py`` beside this file; tests are no package to import it from."""
    name = "fingerprint_strategies"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("strategies.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
