"""Two runs drill one backup: the second says who is at it, and after a KILL the next one works."""

import contextlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from verify.effects.journal import clean
from verify.effects.procfs import processes
from verify.run import leftovers

pytestmark = pytest.mark.needs("postgresql")
PATIENCE = 40.0
CONTRACT = """verify: 1
system: shop
environments:
  staging:
    url: URL_IT_IS
    protection: disposable
    gate: [backup]
    backups: {database: {source: $SOURCE, scratch: $SCRATCH}}
endpoints:
  health: {path: /health/}
backups:
  database:
    engine: script
    script: {run: ./backup.sh, env: {DATABASE_URL: "{source}", FOLDER: "{folder}", HERE: HERE_IT_IS}}
    store: kept
claims:
  X-1: {says: backups restore, at: here, rule: backup/restores, with: {backup: database}}
"""
#: stands still while there is a pipe to read from
SCRIPT = """#!/bin/bash
set -euo pipefail
if [ -p "$HERE/gate" ]; then
  touch "$HERE/begun"
  read -r _ < "$HERE/gate"
fi
name=shop-$(date -u +%Y%m%dT%H%M%S%N).dump
pg_dump --format=custom --dbname="$DATABASE_URL" --file="$FOLDER/$name"
mv "$FOLDER/$name" "$HERE/kept/$name"
"""


@pytest.fixture
def url() -> Iterator[str]:
    """A system that is well."""

    class Well(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Well) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def home(tmp_path: Path, url: str) -> Path:
    """A team's folder: its contract, a script, and where it keeps its backups."""
    path = tmp_path / "team"
    (path / "kept").mkdir(parents=True)
    contract = CONTRACT.replace("HERE_IT_IS", str(path)).replace("URL_IT_IS", url)
    (path / "verify.yaml").write_text(contract)
    (path / "backup.sh").write_text(SCRIPT)
    (path / "backup.sh").chmod(0o755)
    os.mkfifo(path / "gate")
    return path


@pytest.fixture
def environment(place: Any, tmp_path: Path) -> Iterator[dict[str, str]]:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    source = place.database(
        "create table t (id int primary key); insert into t select generate_series(1, 99)"
    )
    yield {
        **os.environ,
        "SOURCE": source.url,
        "SCRATCH": place.server.address.url,
        "VERIFY_STATE_DIR": str(state),
        "PATH": f"{place.server.programs.folder}:{os.environ['PATH']}",
    }
    place.drop(source)


Begin = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def begin(home: Path, environment: dict[str, str]) -> Iterator[Begin]:
    """Start a run of a name; whatever of it is left at the end goes."""
    runs: list[subprocess.Popen[bytes]] = []
    yield lambda name: runs.append(_begin(home, environment, name)) or runs[-1]
    for each in runs:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(each.pid, signal.SIGKILL)
        each.communicate(timeout=PATIENCE)


def _begin(home: Path, environment: dict[str, str], name: str) -> "subprocess.Popen[bytes]":
    words = ["--env=staging", "--allow-destructive=staging", "-p", "no:cacheprovider", "-p", "no:randomly"]
    argv = [sys.executable, "-m", "pytest", *words, f"--reports={home / name}"]
    return subprocess.Popen(
        argv,
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def ended(run: "subprocess.Popen[bytes]") -> tuple[int, str]:
    said, _ = run.communicate(timeout=PATIENCE)
    return run.returncode, said.decode()


def wait_for(path: Path, run: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert run.poll() is None, ended(run)[1]
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def working_in(folder: Path) -> Iterator[int]:
    for each in processes():
        with contextlib.suppress(OSError):  # somebody else's, or just ended
            if Path(f"/proc/{each.pid}/cwd").readlink() == folder:
                yield each.pid


def test_the_second_says_who_holds_it(home: Path, begin: Begin) -> None:
    first = begin("first")
    wait_for(home / "begun", first)
    status, said = ended(begin("second"))
    assert status == 1
    assert "1 inconclusive" in said
    assert f"(pid {first.pid})" in said
    assert "is held by run" in said
    assert first.poll() is None
    (home / "gate").write_text("go\n")
    status, said = ended(first)
    assert (status, "1 holds" in said) == (0, True), said


def test_after_a_kill_the_next_works(home: Path, begin: Begin, environment: dict[str, str]) -> None:
    first = begin("first")
    wait_for(home / "begun", first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(PATIENCE)
    (home / "gate").unlink()
    status, said = ended(begin("second"))
    assert (status, "1 holds" in said) == (0, True), said
    assert len(list((home / "kept").glob("*.dump"))) == 1
    leftovers.register()
    reaped = clean(Path(environment["VERIFY_STATE_DIR"]))
    assert reaped
    assert [str(each) for each in reaped if not each.done] == []
    assert list(working_in(home)) == []
