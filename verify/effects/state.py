"""Where the clean-up journals lie: a folder of ours that nobody else can write to."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from verify.effects.errors import FileError


def state_folder(given: Path | None = None) -> Path:
    """Return the state folder, created if need be, for this user alone (mode 0700).

    It is ``given``, else ``$VERIFY_STATE_DIR``, else ``$XDG_STATE_HOME/deploy-verify``, else
    ``~/.local/state/deploy-verify``; where the home folder cannot be written to,
    ``<tmp>/deploy-verify-<uid>``. Raise ``FileError`` where it belongs to somebody else.
    """
    stated = given or _path("VERIFY_STATE_DIR")
    if stated is not None:
        return _own(stated)
    try:
        return _own(_usual())
    except FileError:
        return _own(Path(tempfile.gettempdir(), f"deploy-verify-{os.geteuid()}"))


@contextlib.contextmanager
def left_as_found() -> Iterator[None]:
    """Remove at the end the folders that were made for the journals meanwhile, where nothing lies in them."""
    folder = _path("VERIFY_STATE_DIR") or _usual()
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    finally:
        for each in made:
            with contextlib.suppress(OSError):  # something lies in it, or it was not made after all
                each.rmdir()


def _usual() -> Path:
    base = _path("XDG_STATE_HOME") or Path(os.environ.get("HOME") or "/nonexistent", ".local", "state")
    return base / "deploy-verify"


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).absolute() if value else None


def _own(folder: Path) -> Path:
    """Create ``folder`` and make sure that it is a real folder, ours, and closed to others."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        seen = folder.lstat()
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid():
            raise FileError(
                f"{folder}: expected a folder of user {os.geteuid()} for the clean-up journal, "
                "found another's or a link: remove it, or set VERIFY_STATE_DIR"
            )
        if stat.S_IMODE(seen.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise FileError(
            f"{folder}: expected a folder that can be written to, for the clean-up journal: "
            f"{error.strerror}: set VERIFY_STATE_DIR"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(f"{folder}: expected a folder that can be written to: set VERIFY_STATE_DIR")
    return folder


def sync_folder(folder: Path) -> None:
    """Make a new or changed name in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
