"""Removes what dead runs left behind, as their journals say; living runs are left alone."""

import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from verify.effects.errors import EffectError
from verify.effects.leftovers import REAPERS, CannotReap, Reap
from verify.effects.procfs import alive
from verify.effects.record import Record, parse, parse_runner
from verify.effects.state import state_folder

#: seconds for a dead run's lock to be released, and between two looks
_RELEASE, _POLL = 5.0, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """One thing that a dead run left: what was found, whether it is gone now, what was done or why not."""

    run_id: str
    kind: str
    what: str
    done: bool
    how: str

    def __str__(self) -> str:
        """Write it on one line."""
        return f"{self.run_id}: {self.kind} {self.what}: {'' if self.done else 'still there: '}{self.how}"


def reaper(kind: str) -> Callable[[Reap], Reap]:
    """Register, as a decorator, what removes a resource of ``kind``.

    It gets the ``Record``, removes exactly that resource, and says in a few words what it
    did; it raises ``CannotReap`` or another ``EffectError`` to say why it could not. It must
    bear being called again.
    """

    def register(function: Reap) -> Reap:
        REAPERS[kind] = function
        return function

    return register


def clean(state_dir: Path | None = None) -> list[Reaped]:
    """Remove what dead runs left and say what was found; a second call finds only what could not go."""
    found: list[Reaped] = []
    for path in sorted(state_folder(state_dir).glob("*.jsonl")):
        found += clean_run(path)
    return found


def clean_run(path: Path, kinds: frozenset[str] | None = None) -> list[Reaped]:
    """Remove what the run of one journal left, unless it is alive, and say what was found.

    Of other than ``kinds``, where they are given, nothing is touched, and the journal stays.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    except OSError as error:
        return [_problem(path, f"the journal cannot be opened: {error.strerror}")]
    with FileIO(descriptor, "r+") as file:
        if not _locked(file):
            return []  # the run is alive, or another clean-up is at it or has done it
        text = file.read()
        records, unread = parse(path.stem, text)
        file.truncate(text.rfind(b"\n") + 1)  # a line cut off by the kill must not swallow ours
        found = [
            _problem(path, f"line {number} cannot be read: remove the file by hand") for number in unread
        ]
        open_ones = [record for record in records if not record.gone]
        wanted = [record for record in open_ones if kinds is None or record.kind in kinds]
        for record in reversed(wanted):  # what was created last may live in what was created first
            found.append(_reap(record))
            if found[-1].done:
                file.write(json.dumps({"event": "gone", "id": record.id}).encode() + b"\n")
        if all(each.done for each in found) and wanted == open_ones:
            path.unlink(missing_ok=True)
    return found


def _locked(file: FileIO) -> bool:
    """Take the lock of a dead run, which a child caught between fork and exec may hold on to for a moment."""
    until = time.monotonic() + _RELEASE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            runner = parse_runner(file.read())
            file.seek(0)
            if time.monotonic() > until or (runner is not None and alive(*runner)):
                return False
            time.sleep(_POLL)
        else:
            return os.fstat(file.fileno()).st_nlink > 0


def _reap(record: Record) -> Reaped:
    details = record.details
    what = str(details.get("name") or details.get("path") or details.get("url") or record.id)
    reap = REAPERS.get(record.kind)
    try:
        if reap is None:
            raise CannotReap(
                f"nothing here removes a {record.kind}: install what created it, or remove it by hand"
            )
        how, done = reap(record), True
    except EffectError as error:
        how, done = str(error), False
    return Reaped(run_id=record.run_id, kind=record.kind, what=what, done=done, how=how)


def _problem(path: Path, how: str) -> Reaped:
    return Reaped(run_id=path.stem, kind="journal", what=str(path), done=False, how=how)
