"""Where the reference keeps what outlives a run, and where it puts a run."""

import os
import stat
import tempfile
from pathlib import Path

from verify.reference import binaries
from verify.reference.errors import ReferenceSystemError

_NAME = "deploy-verify"
_LONGEST = 70  # characters; a unix socket's path may have 107 with the names below


def cache() -> Path:
    """Return our folder in the user's cache, or one of our own in the temporary folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(base) if base.startswith("/") else Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111 # Path.home() raises without a home
    own = Path(tempfile.gettempdir()) / f"{_NAME}-cache-{os.geteuid()}"
    for folder in (home / _NAME, own):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if _ours(folder):
            return folder
    msg = f"no cache folder can be written: neither {home / _NAME} nor {own}: set XDG_CACHE_HOME"
    raise ReferenceSystemError(msg)


def _ours(folder: Path) -> bool:
    """Say whether nobody else can have put something into ``folder``."""
    seen = folder.lstat()
    private = stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o022
    return private and os.access(folder, os.W_OK)


def place(run: str, user: str | None) -> Path:
    """Return where the folder of ``run`` is to be: short enough for unix sockets, in reach of ``user``."""
    base, name = Path(tempfile.gettempdir()), f"dv-{run}"
    usable = len(str(base / name)) <= _LONGEST and binaries.passable(base, user)
    return (base if usable else Path("/tmp")) / name  # noqa: S108 # made with mode 0700, and it must not exist
