"""A prepared data folder, made once and copied for each run."""

import contextlib
import fcntl
import hashlib
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from verify.effects.process import run
from verify.reference.errors import StartError

_DEADLINE = 120.0
_COPY = 60.0
_SHOP = Path(__file__).parent / "shop"
#: what a template is made from: a change of any of these makes another one
_SOURCES = ("migrations/*.py", "models.py", "settings.py", "prepare.py", "../postgres.py")
_OLD = 30 * 86400  # seconds after which a template of other sources is dropped


class Template:
    """The template for one server version and the present sources."""

    def __init__(
        self,
        cache: Path,
        version: str,
        environment: Mapping[str, str],
        *,
        sources: Iterable[Path] | None = None,
        stopping: threading.Event | None = None,
    ) -> None:
        """Name it; ``environment`` is what its programs get, ``sources`` by default the shop's.

        ``stopping`` ends what another thread than the main one waits for.
        """
        self._environment = environment
        self._stopping = stopping
        digest = hashlib.sha256(version.encode())
        for path in _shop() if sources is None else sources:
            digest.update(path.read_bytes())
        self._folder = cache / "templates"
        self._path = self._folder / digest.hexdigest()[:24]

    def copy_to(self, target: Path) -> bool:
        """Copy it to ``target``; return False where there is none yet."""
        if not self._path.is_dir():
            return False
        self._path.touch()
        self._copy(self._path, target)
        return True

    @contextlib.contextmanager
    def building(self) -> Iterator[bool]:
        """Let one process build at a time; yields False if another one has built meanwhile."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with (self._folder / ".lock").open("w") as file:
            end = time.monotonic() + _DEADLINE
            while not _locked(file.fileno()):
                if time.monotonic() > end or (self._stopping is not None and self._stopping.is_set()):
                    msg = f"another run still builds {self._path} after {_DEADLINE:g} s: end it"
                    raise StartError(msg)
                threading.Event().wait(0.05)
            yield not self._path.is_dir()

    def keep(self, data: Path) -> None:
        """Keep a copy of the stopped server's ``data`` as the template; call it while building."""
        for path in self._folder.iterdir():
            unfinished = path.name.startswith(".building-")
            if unfinished or (path.is_dir() and path.stat().st_mtime < time.time() - _OLD):
                shutil.rmtree(path, ignore_errors=True)
        draft = self._folder / f".building-{self._path.name}"
        self._copy(data, draft)
        draft.rename(self._path)

    def _copy(self, source: Path, target: Path) -> None:
        done = run(
            ["cp", "-a", "--reflink=auto", source, target],
            deadline=_COPY,
            env=self._environment,
            stopping=self._stopping,
        )
        if not done.ok:
            words = done.stderr.decode("utf-8", "replace")[-500:]
            msg = f"{source} could not be copied to {target}: {words}: is the disk full?"
            raise StartError(msg)


def _shop() -> Iterator[Path]:
    for pattern in _SOURCES:
        yield from sorted(_SHOP.glob(pattern))


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
