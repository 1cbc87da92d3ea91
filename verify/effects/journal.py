"""Each resource is recorded before it is created, so that what a KILL left can be found and removed.

One file a run, ``<run-id>.jsonl``, one JSON object a line, synced on each line, locked while
the run is alive::

    {"event": "run", "pid": 4711, "start": 1234567, "boot": "<id>"}
    {"event": "plan", "id": 1, "kind": "process", "at": 1700000000.0, "details": {…}}
    {"event": "made", "id": 1, "details": {…}}
    {"event": "gone", "id": 1}
"""

import contextlib
import fcntl
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from verify.effects.errors import FileError
from verify.effects.procfs import boot_id, process
from verify.effects.reap import Reaped, clean, clean_run, reaper
from verify.effects.record import MARKER, OWNED, Record
from verify.effects.removal import remove_folder
from verify.effects.signals import held
from verify.effects.state import state_folder, sync_folder

__all__ = ["MARKER", "OWNED", "Entry", "Journal", "Reaped", "Record", "clean", "reaper"]

#: what a run makes on its own machine
LOCAL = frozenset({"process", "directory", "file"})
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class Entry:
    """One planned resource of a run; safe to use from any thread."""

    def __init__(self, journal: "Journal", number: int) -> None:
        """Belong to ``journal``; ``Journal.plan`` is the way to get one."""
        self._journal = journal
        self.id = number

    def made(self, **details: Any) -> None:
        """Record that the resource exists and what identifies it (JSON values)."""
        self._journal._append({"event": "made", "id": self.id, "details": details})  # noqa: SLF001 - its other half

    def gone(self) -> None:
        """Record that the resource does not exist any more, or never came to be. Safe to repeat."""
        self._journal._forget(self.id)  # noqa: SLF001 - its other half


class Journal:
    """The open journal of a living run; ``Journal.open`` makes one."""

    def __init__(self, run_id: str, path: Path, descriptor: int) -> None:
        """Keep an open, locked file."""
        self.run_id = run_id
        self.path = path
        self._descriptor = descriptor
        self._lock = threading.RLock()
        self._last = 0
        self._open_ids: set[int] = set()

    @classmethod
    def open(cls, run_id: str, state_dir: Path | None = None) -> Self:
        """Create the journal of ``run_id`` (letters, digits, ``._-``, at most 64) and lock it.

        Raise ``FileError`` where the folder cannot be used or the run has a journal already.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise FileError(f"run id {run_id!r}: expected at most 64 letters, digits and ._-")
        folder = state_folder(state_dir)
        path = folder / f"{run_id}.jsonl"
        while True:
            try:
                descriptor = os.open(
                    path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600
                )
            except FileExistsError:
                raise FileError(
                    f"{path}: run {run_id} has a journal already: choose another run id"
                ) from None
            except OSError as error:
                raise FileError(
                    f"{path}: could not be created: {error.strerror}: set VERIFY_STATE_DIR"
                ) from error
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A clean-up that came between creating and locking took the empty file for a dead run's.
            if os.fstat(descriptor).st_nlink:
                journal = cls(run_id, path, descriptor)
                own = process(os.getpid())
                journal._append(
                    {"event": "run", "pid": os.getpid(), "start": own.start if own else 0, "boot": boot_id()}
                )
                sync_folder(folder)
                return journal
            os.close(descriptor)

    def plan(self, kind: str, **details: Any) -> Entry:
        """Record, durably, that a resource is about to be created; then create it."""
        with self._lock:
            self._last += 1
            number = self._last
            self._append({"event": "plan", "id": number, "kind": kind, "at": time.time(), "details": details})
            self._open_ids.add(number)
        return Entry(self, number)

    def make_directory(self, path: Path) -> Entry:
        """Create the folder ``path`` (mode 0700), planned first and marked as this run's."""
        whole = path.absolute()
        entry = self.plan("directory", path=str(whole))
        try:
            whole.mkdir(mode=0o700)
        except OSError as error:
            entry.gone()
            raise FileError(f"{path}: expected a new folder to create: {error.strerror}") from error
        (whole / OWNED).write_text(self.run_id)
        entry.made()
        return entry

    @contextlib.contextmanager
    def folder(self, path: Path) -> Iterator[Path]:
        """Give the folder ``path``, created as by ``make_directory``; remove it with all in it at the end.

        What cannot be removed stays in the journal, so that ``clean`` tells of it.
        """
        entry: Entry | None = None
        try:
            with held():  # an interrupt must not find a folder that nobody removes
                entry = self.make_directory(path)
            yield path
        finally:
            if entry is not None:
                with contextlib.suppress(OSError):
                    remove_folder(path)
                    entry.gone()

    @contextlib.contextmanager
    def workspace(self, kind: str) -> Iterator[Path]:
        """Give an empty temporary folder for ``kind`` of work, which goes at the end as by ``folder``."""
        name = f"dv-{kind}-{self.run_id[:24]}-{os.urandom(4).hex()}"
        with self.folder(Path(tempfile.gettempdir()) / name) as marked:
            inner = marked / "work"  # beside the mark, which no work is to meet
            inner.mkdir()
            yield inner

    def close(self) -> None:
        """Unlock; the file goes when every resource is gone, else it stays for ``clean``. Safe to repeat."""
        with self._lock:
            if self._descriptor < 0:
                return
            if not self._open_ids:
                with contextlib.suppress(FileNotFoundError):
                    self.path.unlink()
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _forget(self, number: int) -> None:
        with self._lock:
            if number in self._open_ids and self._descriptor >= 0:
                self._append({"event": "gone", "id": number})
                self._open_ids.discard(number)

    def _append(self, event: dict[str, Any]) -> None:
        line = json.dumps(event).encode() + b"\n"
        with self._lock:
            if self._descriptor < 0:
                raise FileError(f"{self.path}: the journal is closed: plan resources while the run is alive")
            try:
                os.write(self._descriptor, line)
                os.fsync(self._descriptor)
            except OSError as error:
                raise FileError(f"{self.path}: could not be written: {error.strerror}") from error


@contextlib.contextmanager
def journal_of(run_id: str, state_dir: Path | None = None) -> Iterator[Journal]:
    """Give the journal of a run that begins here, as ``Journal.open`` does, and close it when the run ends.

    What is left of it on this machine then goes too: an interrupt may come between the creation of
    a resource and the line that would have removed it. What lies in an environment is left to
    ``clean``, which somebody calls: nothing is sent because a run ends.
    """
    journal = Journal.open(run_id, state_dir)
    try:
        yield journal
    finally:
        journal.close()
        clean_run(journal.path, LOCAL)
