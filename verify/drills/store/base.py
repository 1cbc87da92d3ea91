"""What every store can do, and what they share."""

import hashlib
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import BinaryIO, Protocol

from verify.drills.errors import DrillError
from verify.effects.journal import Journal
from verify.effects.names import Names
from verify.effects.redact import Redactor
from verify.facts.backup import Step, Store
from verify.model.units import Duration

#: what lies beside an artefact and is none itself
MANIFEST = ".manifest"
#: seconds for one artefact to be moved, and for a store to be listed
MOVED, LISTED = 900.0, 300.0
#: this machine, in a store's ``host``
HERE = "localhost"
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Using:
    """What a store is used with.

    ``zone`` is that of dates in names; ``snapshot_at`` reads the Unix time of the snapshot out of a
    manifest, and raises ``DrillError`` or ``ValueError`` for one that is none; ``source`` is the
    address of what is backed up, ``source_host`` its machine or region.
    """

    journal: Journal
    redactor: Redactor
    zone: tzinfo = UTC
    snapshot_at: Callable[[bytes], float] | None = None
    source: str = ""
    source_host: str = ""

    def at(self, manifest: bytes) -> float | None:
        """Return the snapshot's time by a manifest, None where it tells none."""
        if self.snapshot_at is None:
            return None
        try:
            return self.snapshot_at(manifest)
        except (DrillError, ValueError):
            return None  # a broken manifest is found by the restore; here the name has to do


class BackupStore(Protocol):
    """Where backups are kept. Each method takes ``deadline`` seconds at most and raises ``DrillError``.

    ``place`` is its address without secrets, ``host`` the machine or region it is on, this
    machine being ``localhost``. Keys are names below the place, with ``/`` between folders.
    """

    place: str
    host: str

    def put(self, path: Path, key: str, *, deadline: float = MOVED, given: bool = False) -> Step:
        """Store the file ``path`` under a ``key`` that is free, marked as this run's.

        ``given``: nobody needs ``path`` any more, which then is not there afterwards.
        """
        ...

    def get(
        self, key: str, into: Path, *, deadline: float = MOVED, reading: bool = False
    ) -> tuple[Path, Step]:
        """Fetch ``key`` into the folder ``into``; raise ``NotRestorable`` where it is not there.

        ``reading``: nobody will write to it, so that it need not be a copy. The step has the
        SHA-256 of what is there then.
        """
        ...

    def list(self, *, deadline: float = LISTED) -> Store:
        """Return what is there, the oldest first, and how it is kept."""
        ...

    def delete(self, key: str, *, deadline: float = MOVED) -> Step:
        """Remove what this run has put there, and nothing else."""
        ...

    def leave(self, key: str) -> None:
        """Let what this run has put there stay, as a backup like any other; nothing for what it has not."""
        ...

    def close(self) -> None:
        """Take back what this run has put there and was neither removed nor to be left. Safe to repeat."""
        ...


class Tally:
    """Counts and hashes what passes, until the deadline."""

    def __init__(self, stage: str, what: str, deadline: float) -> None:
        """Start the clock of ``stage``; ``what`` is attempted."""
        self.size = 0
        self._stage, self._what, self._deadline = stage, what, deadline
        self._began = time.monotonic()
        self._hash = hashlib.sha256()

    @property
    def left(self) -> float:
        """Return the seconds that are left; raise ``DrillError`` where none are."""
        left = self._deadline - (time.monotonic() - self._began)
        if left <= 0:
            raise DrillError(self._stage, f"{self._what}: not done within {Duration(self._deadline)}")
        return left

    def passed(self, data: bytes) -> bytes:
        """Count ``data`` and return it; raise ``DrillError`` after the deadline."""
        _ = self.left
        self.size += len(data)
        self._hash.update(data)
        return data

    def look(self, path: Path) -> None:
        """Count and hash what is in the file ``path``."""
        with path.open("rb") as file:
            for block in blocks(file):
                self.passed(block)

    def move(self, blocks: Iterable[bytes], target: BinaryIO) -> None:
        """Write each block to ``target``."""
        target.writelines(self.passed(block) for block in blocks)

    def step(self, *argv: str) -> Step:
        """Return what was done, by the name of the call."""
        return Step(
            stage=self._stage,
            argv=argv,
            took=Duration(time.monotonic() - self._began),
            size=self.size,
            sha256=self._hash.hexdigest() if self.size else "",
        )


def blocks(file: BinaryIO) -> Iterable[bytes]:
    """Yield a file in parts."""
    while block := file.read(_BLOCK):
        yield block


def checked(key: str, stage: str) -> str:
    """Return ``key``; raise ``DrillError`` for one that leads out of its store or names no file."""
    parts = key.split("/")
    if not key or "\0" in key or {"", ".", ".."} & set(parts):
        raise DrillError(stage, f"expected the key of an artefact, got {key!r}")
    return key


def regular(path: Path) -> Path:
    """Return ``path``; raise ``DrillError`` for what is no file to store."""
    if path.is_symlink() or not path.is_file():
        raise DrillError("store", f"{path}: expected a file to store: pack a folder first")
    return path


def machine(host: str, *, deadline: float = 5.0) -> str:
    """Return ``host``, or ``localhost`` where it is this machine by whatever name; "" is a socket's.

    A name that cannot be looked up is returned as it is.
    """
    plain = host.strip("[]").lower().removesuffix(".")
    if not plain or plain.startswith(("/", "@")) or plain in {HERE, socket.gethostname().lower()}:
        return HERE
    try:
        found = Names().look_up(plain, 0, deadline)
    except OSError:
        return plain
    return HERE if any(_ours(family, address[0]) for family, address in found) else plain


def _ours(family: socket.AddressFamily, address: str) -> bool:
    """Say whether ``address`` is one of this machine's: only these can be bound."""
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as sock:
        try:
            sock.bind((address, 0))
        except OSError:
            return False
    return True
