"""A team's own scripts, run as they are: good ones hold, and each known weakness is found."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import psycopg
import pytest

from verify.drills.postgres.address import Address
from verify.drills.postgres.server import scratch_server
from verify.drills.postgres.tools import installed, server
from verify.drills.script.command import Command
from verify.facts.backup import Outcome, RoundTrip

#: as a deployment document has it: no `set -e`, no `pipefail`, nothing quoted, nothing checked
SEED = """#!/bin/bash
TIMESTAMP=$(date +%Y%m%d_%H%M%S)
BACKUP_FILE="$BACKUP_DIR/shop_$TIMESTAMP.sql"
pg_dump $DATABASE_URL > $BACKUP_FILE
gzip $BACKUP_FILE
aws s3 cp $BACKUP_FILE.gz s3://$BACKUP_BUCKET/
find $BACKUP_DIR -mtime +30 -delete
echo "Backup completed: $BACKUP_FILE.gz"
"""
CAREFUL = """#!/bin/bash
set -euo pipefail
name=shop-$(date -u +%Y%m%dT%H%M%SZ).dump
pg_dump --format=custom --dbname="$DATABASE_URL" --file="$BACKUP_DIR/$name"
aws s3 cp "$BACKUP_DIR/$name" "s3://$BACKUP_BUCKET/daily/$name"
"""
PIPED = """#!/bin/bash
set -euo pipefail
name=shop-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
pg_dump "$DATABASE_URL" | gzip > "$BACKUP_DIR/$name"
aws s3 cp "$BACKUP_DIR/$name" "s3://$BACKUP_BUCKET/$name"
"""
RESTORE = """#!/bin/bash
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
aws s3 cp "s3://$BACKUP_BUCKET/$1" "$folder/backup.dump"
pg_restore --exit-on-error --dbname="$DATABASE_URL" "$folder/backup.dump"
psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command=ANALYZE
"""
#: no setting of the database is part of what these databases promise
SIMPLE = """
create table t (id int primary key, line text);
insert into t select i, md5(i::text) from generate_series(1, 2000) i;
create table u (a int, b text);
insert into u values (1, 'łódź');
"""
KEPT = """
do $$ begin
    if not exists (select from pg_roles where rolname = 'keeper') then create role keeper; end if;
end $$;
alter table u owner to keeper;
"""


@pytest.fixture
def simple(place) -> Iterator[Address]:
    address = place.database(SIMPLE)
    yield address
    place.drop(address)


def test_a_careful_script_holds(team, simple: Address) -> None:
    ended = team.drill(simple, team.script(CAREFUL), team.script(RESTORE, "{artefact}", env={}))
    assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")
    assert ended.artefact.key.startswith("daily/shop-")
    programs = [(step.stage, step.argv[0]) for step in ended.steps if step.argv]
    assert ("take", "pg_dump") in programs
    assert ("store", "aws") in programs
    assert ("fetch", "aws") in programs
    assert ("restore", "pg_restore") in programs
    dump = next(step for step in ended.steps if step.argv[:1] == ("pg_dump",))
    assert dump.size > 10_000
    assert dump.took > 0
    assert any(word.startswith("--dbname=") for word in dump.argv)


def test_what_is_restored_comes_from_the_store(team, simple: Address) -> None:
    """A script that leaves its dump beside it, and uploads another file under that name."""
    text = CAREFUL.replace(
        'aws s3 cp "$BACKUP_DIR/$name"', 'head -c 300 "$BACKUP_DIR/$name" > x; aws s3 cp x'
    )
    ended = team.drill(simple, team.script(text))
    assert ended.outcome is Outcome.NOT_RESTORABLE
    assert ended.stage == "restore"


@pytest.mark.parametrize("text", [CAREFUL, PIPED, SEED], ids=["careful", "piped", "seed"])
def test_a_script_on_a_server_of_its_own(team, simple: Address, text: str) -> None:
    ended = team.drill(simple, team.script(text), scratch=None)
    assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")


class Writer:
    """Writes until it is told to stop; knows how much came."""

    def __init__(self, address: Address) -> None:
        self.address, self.rows = address, 0
        self._end, self._first = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        with psycopg.connect(self.address.dsn, autocommit=True) as connection:
            while not self._end.wait(0.001):
                connection.execute("insert into u select generate_series(1, 7)")
                connection.execute("update t set line = line || '.' where id = %s", [1 + self.rows % 2000])
                self.rows += 7
                self._first.set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._first.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def test_equality_is_exact_while_others_write(team, place, simple: Address) -> None:
    with Writer(simple) as writer:
        ended = team.drill(simple, team.script(PIPED))
    assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")
    assert writer.rows > place.seen(simple).relations["public.t"].sums.rows / 1000
    assert ended.comparison.rows < 2001 + writer.rows


def absolute(team, options: str = "") -> str:
    return PIPED.replace("pg_dump ", f"{team.programs}/pg_dump {options} ")


def test_without_our_snapshot_what_stood_still_is_proved(team, simple: Address) -> None:
    ended = team.drill(simple, team.script(absolute(team)))
    assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")


def test_without_our_snapshot_what_moved_is_unprovable(team, simple: Address) -> None:
    with Writer(simple):
        ended = team.drill(simple, team.script(absolute(team)))
    assert ended.outcome is Outcome.UNPROVABLE
    assert "public.u: written to while it was backed up" in ended.reason


def test_without_our_snapshot_a_loss_is_found(team, simple: Address) -> None:
    ended = team.drill(simple, team.script(absolute(team, "-T u")))
    assert ended.outcome is Outcome.DIFFERENT
    assert "table public.u" in ended.reason


#: cause -> what the script is given instead, the stage that is to blame, what is named
CAUSES = {
    "no address": ({"DATABASE_URL": ""}, "take", "pg_dump ended with 1"),
    "server down": ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/shop"}, "take", "pg_dump ended with 1"),
    "no such database": ({"DATABASE_URL": "{source}_gone"}, "take", "pg_dump ended with 1"),
    "SQLAlchemy's": ({"DATABASE_URL": "postgresql+psycopg://u@h/shop"}, "take", "pg_dump ended with 1"),
    "blanks in the address": (
        {"DATABASE_URL": "host={source_host} dbname={source_name} user={source_user}"},
        "take", "pg_dump ended with 1",
    ),
    "another database": ({"DATABASE_URL": "{source_server}"}, "verify", "table public.t"),
    "no such bucket": ({"BACKUP_BUCKET": "gone"}, "store", "aws ended with 1"),
    "no folder": ({"BACKUP_DIR": "/dev/null"}, "take", "gzip ended with 1"),
}  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES)
def test_the_seed_says_all_is_well(team, place, simple: Address, cause: str) -> None:
    """Its exit code is 0 each time."""
    given, stage, named = CAUSES[cause]
    script = team.script(SEED)
    env = {
        name: text.replace("{source_server}", place.server.address.url)
        for name, text in {**script.env, **given}.items()
    }
    ended = team.drill(simple, Command(run=script.run, cwd=script.cwd, env=env, within=60))
    assert ended.outcome in {Outcome.NOT_RESTORABLE, Outcome.DIFFERENT}
    assert (ended.stage, named in ended.reason) == (stage, True), ended.reason
    took = next(step for step in ended.steps if step.argv == script.run)
    assert took.returncode == 0


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
        capture_output=True,
        check=False,
        timeout=10,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True, timeout=10)


def test_a_full_disk_leaves_a_whole_gzip_of_half_a_dump(team, simple: Address, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", "64k") as disk:
        script = team.script(SEED)
        command = Command(run=script.run, cwd=script.cwd, env={**script.env, "BACKUP_DIR": str(disk)})
        ended = team.drill(simple, command)
    assert (ended.outcome, ended.stage) == (Outcome.NOT_RESTORABLE, "take")
    assert "No space left on device" in ended.reason


def test_a_client_older_than_the_server(team, drills) -> None:
    """Such a pg_dump writes nothing, and the script uploads that."""
    newest, oldest = server(), installed()[-1]  # some may lie where only we may run them
    if newest.major == oldest.major:
        pytest.skip("no version of PostgreSQL here has an older one beside it")
    old = team.folder / "old"
    old.mkdir()
    (old / "pg_dump").symlink_to(oldest["pg_dump"])
    env = {
        "DATABASE_URL": "{source}", "BACKUP_DIR": "{folder}", "BACKUP_BUCKET": "{bucket}",
        "PATH": f"{old}:{os.environ['PATH']}",
    }  # fmt: skip
    with scratch_server(drills, major=newest.major) as newer:
        with psycopg.connect(newer.address.dsn, autocommit=True) as connection:
            connection.execute(SIMPLE)
        ended = team.drill(newer.address, team.script(SEED, env=env), scratch=None)
    assert (ended.outcome, ended.stage) == (Outcome.NOT_RESTORABLE, "take")
    assert "server version mismatch" in ended.reason


def test_a_backup_that_hangs(team, simple: Address) -> None:
    ended = team.drill(simple, team.script("#!/bin/sh\nsleep 600\n", within=1))
    assert (ended.outcome, ended.stage) == (Outcome.NOT_RESTORABLE, "take")
    assert "had not ended after 1 s" in ended.reason


def test_a_restore_that_never_ends(team, simple: Address) -> None:
    """pg_restore loops for ever on half of a tar file."""
    take = """#!/bin/bash
pg_dump --format=tar --dbname="$DATABASE_URL" | head -c 40000 > "$BACKUP_DIR/x.tar"
aws s3 cp "$BACKUP_DIR/x.tar" "s3://$BACKUP_BUCKET/x.tar"
"""
    back = team.script(RESTORE, "{artefact}", env={}, within=4)
    ended = team.drill(simple, team.script(take), back)
    assert ended.outcome is Outcome.NOT_RESTORABLE
    assert ended.stage in {"take", "restore"}
    assert "had not ended after 4 s" in ended.reason


LOAD = 'gunzip -c "$FILE" | psql -q "$DATABASE_URL"'
ANEW = 'dropdb -f "$NAME"; createdb "$NAME" -T template0 --locale=C'
#: how a restore goes wrong with exit code 0 -> the script, what is named
RESTORES = {
    "into Latin-1": (f"{ANEW} -E LATIN1; {LOAD}", "database encoding"),
    "into SQL_ASCII": (f"{ANEW} -E SQL_ASCII; {LOAD}", "database encoding"),
    "half of it": (
        'gunzip -c "$FILE" | head -c 30000 | psql -q -v ON_ERROR_STOP=1 -1 "$DATABASE_URL"', "table public.t",
    ),
    "nothing": ("true", "table public.t"),
    "without owners": ('gunzip -c "$FILE" | grep -v "OWNER TO" | psql -q "$DATABASE_URL"', "owner of"),
    "twice": (f"{LOAD}; {LOAD}", "table public.u"),
}  # fmt: skip


@pytest.mark.parametrize("how", RESTORES)
def test_a_restore_that_says_all_is_well(team, place, how: str) -> None:
    address = place.database(SIMPLE + KEPT)
    text, named = RESTORES[how]
    back = team.script(
        f"#!/bin/bash\nFILE=$1\n{text}\nexit 0\n",
        "{folder}/{artefact}",
        env={"NAME": "{target_name}", "PGHOST": "{target_host}", "PGUSER": "{target_user}"},
    )
    try:
        ended: RoundTrip = team.drill(address, team.script(PIPED), back, scratch=None)
    finally:
        place.drop(address)
    assert ended.outcome in {Outcome.NOT_RESTORABLE, Outcome.DIFFERENT}
    found = " ".join(each.what for each in ended.comparison.differences)
    assert named in ended.reason + found
    assert next(step for step in ended.steps if step.argv == back.run).returncode == 0


#: how a release is rolled back onto the database that is there
ROLLBACKS = {
    "psql onto what is there": ('gunzip -c "$FILE" | psql -q "$DATABASE_URL"', False),
    "pg_restore --clean": ('pg_restore --clean --if-exists --dbname="$DATABASE_URL" "$FILE"', False),
    "a database anew": (
        f'{ANEW}; pg_restore --dbname="$DATABASE_URL" "$FILE"',
        True,
    ),
}


@pytest.mark.parametrize("how", ROLLBACKS)
def test_restoring_onto_what_is_there(team, simple: Address, how: str) -> None:
    text, good = ROLLBACKS[how]
    env = {"NAME": "{target_name}", "PGHOST": "{target_host}", "PGUSER": "{target_user}"}
    back = team.script(f"#!/bin/bash\nFILE=$1\n{text}\nexit 0\n", "{folder}/{artefact}", env=env)
    take = team.script(PIPED if "gunzip" in text else CAREFUL)
    ended = team.drill(simple, take, back, scratch=None, populated=True)
    assert (ended.outcome is Outcome.EQUAL) is good, ended.reason
    if not good:
        assert "created_since_the_backup" in ended.reason + str(ended.comparison)


@pytest.mark.parametrize("keep", [False, True])
def test_the_teams_backup_stays_and_our_manifest_only_if_wanted(team, simple: Address, *, keep: bool) -> None:
    ended = team.drill(simple, team.script(PIPED), keep=keep)
    assert ended.outcome is Outcome.EQUAL
    name = ended.artefact.key
    assert team.stored == ([name, f"{name}.manifest"] if keep else [name])
    assert not list((team.buckets / "shop-backups").glob(".*"))
