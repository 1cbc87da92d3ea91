"""A team's source that archives its WAL, its scripts, its contract, and gates that are killed."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from verify.drills.postgres.address import Address
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.session import connect
from verify.reference import keeper

HERE = Path(__file__).parent


def _loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


KILLED = _loaded("drills_killed", HERE.parents[1] / "proof" / "killed.py")
_PHYSICAL = _loaded("drills_killed_physical", HERE.parent / "physical" / "conftest.py")
_RTO = _loaded("drills_killed_rto", HERE.parent / "rto" / "conftest.py")
_PHYSICAL.SETTINGS = {**_PHYSICAL.SETTINGS, "archive_timeout": "60s"}
# a source that archives its WAL, as there
journal, place, bench = _PHYSICAL.journal, _PHYSICAL.place, _PHYSICAL.bench

CONTRACT = """verify: 1
system: shop
environments:
  staging:
    url: URL_IT_IS
    protection: disposable
    gate: [backup]
    backups:
      database: {source: $SOURCE}
      sized: {source: $SIZED, scratch: $SCRATCH}
      plain: {source: $SIZED, scratch: $SCRATCH}
      alone: {source: $SIZED}
      cluster: {source: $CLUSTER, archive: ARCHIVE_IT_IS}
endpoints:
  health: {path: /health/}
backups:
  database:
    engine: script
    script: {run: ./backup.sh, env: {DATABASE_URL: "{source}", FOLDER: "{folder}", HERE: HERE_IT_IS}}
    restore: {run: './restore.sh {artefact}', env: {DATABASE_URL: "{target}", HERE: HERE_IT_IS}}
    store: HERE_IT_IS/kept
  pruned:
    engine: script
    script: {run: ./nightly.sh, env: {DATABASE_URL: "{source}", BACKUP_DIR: "{folder}", HERE: HERE_IT_IS}}
    store: HERE_IT_IS/kept
  sized: {engine: postgresql, store: HERE_IT_IS/sized, size: 5GiB}
  alone: {engine: postgresql, store: HERE_IT_IS/sized, size: 5GiB}
  plain: {engine: postgresql, store: HERE_IT_IS/sized}
  cluster: {engine: physical, pitr: true}
drills:
  down:
    after: bad-release
    backup: database
    cause: {run: ./cause.sh, env: {HERE: HERE_IT_IS}}
    recover: {run: ./recover.sh, env: {HERE: HERE_IT_IS}}
claims:
  restored: {says: restores, at: here, rule: backup/restores, with: {backup: plain}}
  sampled: {says: restores, at: here, rule: backup/restores, with: {backup: sized}}
  sampled-here: {says: restores, at: here, rule: backup/restores, with: {backup: alone}}
  refused:
    says: damage is refused
    at: here
    rule: backup/refuses-damaged
    with: {backup: database, damages: [cut, empty, missing]}
  undone:
    says: migrations can be undone
    at: here
    rule: recovery/reversible
    with:
      backup: database
      back: {run: ./sql.sh, env: {DATABASE_URL: '{target}', SQL: 'drop table added'}}
      forth: {run: ./sql.sh, env: {DATABASE_URL: '{target}', SQL: 'create table added (id int)'}}
  back: {says: comes back, at: here, rule: recovery/within, with: {drill: down, within: 5m}}
  moment: {says: any moment, at: here, rule: backup/pitr, with: {backup: cluster, within: 1h}}
  archived: {says: archived, at: here, rule: backup/archived, with: {backup: cluster, within: 1h}}
  pruned:
    says: kept
    at: here
    rule: backup/prune
    with: {backup: pruned, keep: 'daily: 5d', where: folder, days: 12}
baseline: none
"""
#: stands still where a file says so, until its gate is opened
STAND = """#!/bin/bash
set -euo pipefail
stand() {
  [ "$(cat "$HERE/stand" 2>/dev/null)" = "$1" ] || return 0
  : >"$2"
  read -r _ <"$HERE/gate"
}
"""
SCRIPTS = {
    "backup.sh": 'name=shop-$(date -u +%Y%m%dT%H%M%S%N).dump\n'
    'pg_dump --format=custom --dbname="$DATABASE_URL" --file="$FOLDER/$name"\n'
    'stand backup "$HERE/here"\nmv "$FOLDER/$name" "$HERE/kept/$name"\n',
    "restore.sh": 'pg_restore --file=/dev/null "$HERE/kept/$1"\nstand restore "$HERE/here"\n'
    'pg_restore --single-transaction --exit-on-error --dbname="$DATABASE_URL" "$HERE/kept/$1"\n',
    "nightly.sh": 'stand prune "$BACKUP_DIR/here"\nname=db-$(date -u +%Y%m%d).dump\n'
    'pg_dump "$DATABASE_URL" >"$BACKUP_DIR/$name"\n'
    'ls "$BACKUP_DIR"/db-*.dump | head -n -5 | xargs -r rm --\n',
    "cause.sh": 'touch "$HERE/down"\nstand cause "$HERE/here"\n',
    "recover.sh": 'stand recover "$HERE/here"\nrm "$HERE/down"\n',
    "sql.sh": 'psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command="$SQL"\n',
}  # fmt: skip
_SHOP = """
create table customer (id serial primary key, name text);
insert into customer (name) select md5(i::text) from generate_series(1, 2000) i;
create table added (id int);
"""
#: what pytest ends with after an interrupt
_INTERRUPTED = 2
#: seconds that shared memory of a server may outlive it
_AFTER = 5.0
#: a backup that the team's own script has made: it is the team's, and stays
_OWN = re.compile(r"shop-\d{8}T\d+\.dump")
_SIZED = 4600  # customers: some 10 MB of rows


@dataclass
class Team:
    """A team's source, its scripts and stores, and what a gate is started with."""

    bench: Any
    home: Path
    sized: Address
    cache: Path
    first: Path = Path()

    @property
    def cluster(self) -> Address:
        return self.bench.source

    @property
    def source(self) -> Address:
        return self.bench.source.at("shop")

    @property
    def path(self) -> str:
        return f"{self.bench.server.programs.folder}:{os.environ['PATH']}"

    @property
    def here(self) -> Path:
        return self.home / "here"

    def seen(self) -> dict[str, Any]:
        """Return what must not change: databases, the sources' rows and catalogues, stores, shared memory."""
        held: dict[str, Any] = {"databases": self._databases()}
        for address in (self.cluster, self.source, self.sized):
            with connect(address, deadline=60) as session:
                found = fingerprint(session)
            held[address.database] = (found.relations, found.catalogue)
        stored = (path for name in ("kept", "sized") for path in (self.home / name).rglob("*"))
        held["stores"] = [
            self.first.exists(),
            *sorted(path.name for path in stored if not _OWN.fullmatch(path.name)),
        ]
        return held

    def _databases(self) -> set[str]:
        with psycopg.connect(self.cluster.dsn) as connection:
            return {row[0] for row in connection.execute("select datname from pg_database")}

    def reset(self) -> None:
        """Let everything go on that stands."""
        for name in ("here", "stand", "down"):
            (self.home / name).unlink(missing_ok=True)

    def gate(self, claim: str, stand: str) -> AbstractContextManager[Any]:
        """Start a gate of one claim that stands at ``stand``: a script's word, or what ``stands`` reads."""
        self.reset()
        variables = {
            "SOURCE": self.source.url,
            "SIZED": self.sized.url,
            "SCRATCH": self.cluster.url,
            "CLUSTER": self.cluster.url,
            "PATH": self.path,
            "PYTHONPATH": f"{HERE}:{HERE.parents[2]}",
        }
        if " " in stand:
            variables["DRILL_STANDS"] = f"{stand} {self.here}"
        else:
            (self.home / "stand").write_text(stand)
        options = ("-p", "stands", "-p", "no:randomly", "--env=staging", "--allow-destructive=staging")
        return KILLED.started(
            self.cache, self.home / "system", *options, f"--claim={claim}", variables=variables
        )


@dataclass
class Killing:
    """What every test here needs: the helper of the gates, a cache of their own, a look at what outlives."""

    cache: Path
    KILLED: ModuleType = KILLED

    def leaves_nothing(
        self, run: Any, number: signal.Signals, status: int, memory: set[tuple[int, int]]
    ) -> None:
        """See how a gate ended by ``number``; nothing is left beside the segments ``memory`` held before."""
        if number == signal.SIGKILL:
            assert status == -signal.SIGKILL
            first, second = run.clean(2)
            assert first.returncode == 0, first.stdout
        else:
            assert status == _INTERRUPTED
            (second,) = run.clean(1)
        assert second.stdout == "nothing was left behind\n"
        assert run.left() == []
        assert self.outlived(memory) == set()

    def outlived(self, before: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return the segments of shared memory that came and stay."""
        end = time.monotonic() + _AFTER
        while (left := keeper.segments() - before) and time.monotonic() < end:
            threading.Event().wait(0.05)
        return left


@pytest.fixture(scope="session")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killing:
    return Killing(tmp_path_factory.mktemp("cache"))


class _Health(BaseHTTPRequestHandler):
    home: Path

    def do_GET(self) -> None:
        self.send_response(503 if (self.home / "down").exists() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def team(bench: Any, killed: Killing) -> Iterator[Team]:
    home = Path(tempfile.mkdtemp(prefix="dvt-"))
    home.chmod(0o711)
    handler = type("Handler", (_Health,), {"home": home})
    try:
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            yield _made(bench, home, server.server_address[1], killed.cache)
            server.shutdown()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _made(bench: Any, home: Path, port: int, cache: Path) -> Team:
    for name in ("system", "kept", "sized"):
        (home / name).mkdir()
    values = {
        "URL_IT_IS": f"http://127.0.0.1:{port}",
        "HERE_IT_IS": str(home),
        "ARCHIVE_IT_IS": str(bench.archive),
    }
    contract = CONTRACT
    for word, value in values.items():
        contract = contract.replace(word, value)
    (home / "system" / "verify.yaml").write_text(contract)
    for name, body in SCRIPTS.items():
        path = home / "system" / name
        path.write_text(STAND + body)
        path.chmod(0o755)
    os.mkfifo(home / "gate")
    bench.do("drop table fleeting")  # a recovery to a point in time never has its rows
    for name, script in (("shop", _SHOP), ("sized", _RTO._sized(_SIZED))):
        bench.do(f"create database {name}")
        with psycopg.connect(bench.source.at(name).dsn, autocommit=True) as connection:
            connection.execute(script)
    made = Team(bench, home, bench.source.at("sized"), cache)
    # a first backup, which the drills on copies need
    subprocess.run(
        [home / "system" / "backup.sh"],
        env={"PATH": made.path, "DATABASE_URL": made.source.url, "FOLDER": str(home), "HERE": str(home)},
        check=True,
        timeout=60,
    )
    (made.first,) = (home / "kept").iterdir()
    return made
