"""Killed at any stage: the source is untouched, clean leaves nothing, and the next drill works."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest

from verify.drills.postgres.address import Address
from verify.effects.journal import clean
from verify.effects.procfs import carries, processes
from verify.effects.record import MARKER
from verify.run import leftovers

PATIENCE = 60.0
#: a drill that stands still as soon as it comes to a stage
DRILL = """
import sys, threading
from pathlib import Path
from verify.drills.clock import Clock
from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps
from verify.drills.postgres.logical import Packing
from verify.drills.postgres.roundtrip import Drill, restore_drill
from verify.drills.store.base import Using
from verify.drills.store.folder import FolderStore
from verify.effects.journal import Journal
from verify.effects.redact import Redactor

stage, marker, folder, state, source, scratch = sys.argv[1:]

def stopping(act):
    def wrapped(self, seen, *rest, **more):
        if seen == stage:
            Path(marker).touch()
            threading.Event().wait()
        return act(self, seen, *rest, **more)
    return wrapped

Clock.run, Clock.call = stopping(Clock.run), stopping(Clock.call)
with Journal.open("killed-logical", Path(state)) as journal:
    restore_drill(Drill(
        backup="db", engine=Dumps(how=Packing(format="plain")), journal=journal, redactor=Redactor(),
        store=FolderStore(Path(folder), Using(journal=journal, redactor=Redactor())),
        source=Address.parse(source), scratch=Address.parse(scratch) if scratch else None,
        variable="SCRATCH_URL", deadline=60,
    ))
"""
QUICK = ("take", "restore", "verify")
SLOW = ("decompress", "analyze", "smoke")


def cases() -> list[object]:
    every = [(stage, own) for stage in QUICK + SLOW for own in (False, True)]
    return [
        pytest.param(
            *case,
            marks=()
            if case in {("take", False), ("restore", True), ("smoke", False)}
            else pytest.mark.nightly,
        )
        for case in every
    ]


@pytest.mark.parametrize(("stage", "own"), cases())
def test_killed(
    place,
    source: Address,
    source_seen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    stage: str,
    own: bool,
) -> None:
    state, folder, marker = tmp_path / "state", tmp_path / "bucket", tmp_path / "marker"
    for each in (state, folder):
        each.mkdir(mode=0o700)
    url = place.server.address.url
    monkeypatch.setenv("SCRATCH_URL", url)
    before, folders = databases(place), runs()
    argv = [sys.executable, "-c", DRILL, stage, marker, folder, state, source.url, "" if own else url]
    with subprocess.Popen(argv, env={**os.environ, "VERIFY_STATE_DIR": str(state)}) as child:
        end = time.monotonic() + PATIENCE
        while not marker.exists():
            assert child.poll() is None, "the drill ended before it came to this stage"
            assert time.monotonic() < end
            threading.Event().wait(0.02)
        os.kill(child.pid, signal.SIGKILL)
    leftovers.register()
    reaped = clean(state)
    assert reaped
    assert [str(each) for each in reaped if not each.done] == []
    assert clean(state) == []
    assert databases(place) == before
    assert runs() == folders
    assert [each.pid for each in processes() if carries(each, MARKER, "killed-logical")] == []
    assert [each.name for each in folder.rglob("*") if each.is_file()] == []
    now = place.seen(source)
    assert (now.relations, now.catalogue) == (source_seen.relations, source_seen.catalogue)


def databases(place) -> set[str]:
    with psycopg.connect(place.server.address.dsn) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}


def runs() -> set[str]:
    return {each.name for each in Path(tempfile.gettempdir()).glob("dv-*killed-logical*")}
