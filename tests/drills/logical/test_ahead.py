"""A server that gets ready in another thread: nothing of it outlives the block, however that ends."""

import os
import threading
import time
from pathlib import Path

import pytest

from verify.drills.errors import DrillError
from verify.drills.postgres import ahead as module
from verify.drills.postgres.ahead import ahead
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.server import Server
from verify.effects.journal import Journal
from verify.effects.procfs import carries, processes
from verify.effects.record import MARKER

pytestmark = pytest.mark.needs("postgresql")
SOON = 20.0


@pytest.fixture
def journal(tmp_path: Path):
    with Journal.open("ahead", tmp_path) as made:
        yield made
        assert [each for each in processes() if carries(each, MARKER, "ahead")] == []


def same(server: Server) -> Server:
    return server


def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the server is to live: a short path that its user can pass through."""
    folder = Path("/tmp") / f"dv-ahead-{os.getpid()}-{tmp_path.name[-8:]}"
    monkeypatch.setattr(module, "_LOOK", 0.01)
    return folder


def test_it_serves_once_it_is_waited_for(journal: Journal, tmp_path: Path, monkeypatch) -> None:
    folder = place(tmp_path, monkeypatch)
    with ahead(journal, same, folder=folder) as coming:
        server = coming()
        assert coming() is server
        with connected(server.address) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert not folder.exists()


def test_whoever_does_not_wait_leaves_nothing(journal: Journal, tmp_path: Path, monkeypatch) -> None:
    folder = place(tmp_path, monkeypatch)
    with ahead(journal, same, folder=folder):
        pass
    assert not folder.exists()


def test_what_is_under_way_ends_with_the_block(journal: Journal, tmp_path: Path, monkeypatch) -> None:
    folder, began = place(tmp_path, monkeypatch), tmp_path / "began"
    programs = tmp_path / "bin"
    programs.mkdir()
    slow = f"#!/bin/sh\ntouch {began}\nexec sleep 60\n"
    for name in ("cp", "chown", "chmod"):  # whichever is the first: there may be no template yet
        (programs / name).write_text(slow)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with ahead(journal, same, folder=folder):  # its block ends by an interrupt as it does here
        end = time.monotonic() + 2 * SOON
        while not began.exists():
            assert time.monotonic() < end
            threading.Event().wait(0.01)
        interrupted = time.monotonic()
    assert time.monotonic() - interrupted < SOON
    assert not folder.exists()


def test_what_went_wrong_is_told_to_whoever_waits(journal: Journal, tmp_path: Path, monkeypatch) -> None:
    folder = place(tmp_path, monkeypatch)
    with ahead(journal, same, folder=folder, needed=1 << 60) as coming:
        with pytest.raises(DrillError, match=r"MB are free, \d+ MB are needed"):
            coming()
        with pytest.raises(DrillError, match="are needed"):
            coming()
    assert not folder.exists()


def test_an_error_of_time_is_told(journal: Journal, tmp_path: Path, monkeypatch) -> None:
    """It is what waiting for a thread raises as well, and must not be taken for that."""

    def late(_: Server) -> Server:
        raise TimeoutError("late")

    folder = place(tmp_path, monkeypatch)
    with ahead(journal, late, folder=folder) as coming, pytest.raises(TimeoutError, match="late"):
        coming()
    assert not folder.exists()
