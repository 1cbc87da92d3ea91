"""Files read without ever blocking, and written all or nothing."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from verify.effects.errors import FileError

LIMIT = 5 * 1024 * 1024
_T = TypeVar("_T")
_BLOCK = 1024 * 1024
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
}


def read_regular(path: Path, *, limit: int = LIMIT, root: Path | None = None) -> bytes:
    """Return the bytes of the regular file ``path``, at most ``limit``; never block.

    Where ``root`` is given, the file must lie below it after links are followed. Raise
    ``FileError`` for whatever is not such a file, is larger, or may not be read.
    """
    real = _resolved(path, root)
    _check(path, _attempt(path, real.lstat), limit)
    descriptor = _attempt(
        path, lambda: os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    )
    try:
        # The name may have been given to something else since it was looked at.
        _check(path, os.fstat(descriptor), limit)
        return _attempt(path, lambda: _drain(path, descriptor, limit))
    finally:
        os.close(descriptor)


def atomic_write(path: Path, data: bytes | str, *, mode: int = 0o644) -> None:
    """Write ``data`` (text as UTF-8) to ``path`` so that a reader sees the old or the new file, whole.

    The user's umask takes from ``mode`` what it takes from that of every new file.
    """
    content = data.encode() if isinstance(data, str) else data
    beside = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except OSError as error:
        raise FileError(f"{path}: expected a folder that can be written to: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except OSError as error:
        raise FileError(f"{path}: could not be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename or a new name in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _resolved(path: Path, root: Path | None) -> Path:
    real = _attempt(path, lambda: path.resolve(strict=True))
    if root is not None and not real.is_relative_to(_attempt(root, lambda: root.resolve(strict=True))):
        raise FileError(f"{path}: expected a file below {root}, found a link that leads out of it")
    return real


def _check(path: Path, seen: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(seen.st_mode):
        kind = _KINDS.get(stat.S_IFMT(seen.st_mode), "something else")
        raise FileError(f"{path}: expected a regular file of at most {limit} bytes, found {kind}")
    if seen.st_size > limit:
        raise FileError(
            f"{path}: expected a regular file of at most {limit} bytes, found {seen.st_size} bytes"
        )


def _drain(path: Path, descriptor: int, limit: int) -> bytes:
    """Read to the end; a file under /proc or one that grows has more than its size says."""
    parts: list[bytes] = []
    left = limit + 1
    while left and (part := os.read(descriptor, min(left, _BLOCK))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise FileError(f"{path}: expected a regular file of at most {limit} bytes, found more")
    return b"".join(parts)


def _attempt(path: Path, act: Callable[[], _T]) -> _T:
    try:
        return act()
    except RuntimeError:  # what Path.resolve raises for a loop, before Python 3.13
        raise FileError(f"{path}: expected a regular file, found a loop of symbolic links") from None
    except ValueError as error:
        raise FileError(f"{path!r}: expected the path of a regular file: {error}") from error
    except OSError as error:
        raise FileError(f"{path}: expected a regular file, found {plain(error)}") from error


def plain(error: OSError) -> str:
    """Return what was found in place of a file, in a few words."""
    words = {
        errno.ENOENT: "nothing there",
        errno.EACCES: "no permission to read it",
        errno.ELOOP: "a loop of symbolic links",
        errno.ENOTDIR: "a file where a folder should be",
        errno.EISDIR: "a directory",
    }
    return words.get(error.errno or 0, error.strerror or str(error))
