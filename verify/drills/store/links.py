"""Files under a second name instead of copied, where that is possible and harms nobody."""

import contextlib
import errno
import os
import stat
from pathlib import Path

#: what a folder gives to what is made in it, and not to what is linked into it
_DEFAULTS = "system.posix_acl_default"
#: what link(2) says where the file system has none
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})


def linked(path: Path, name: Path) -> bool:
    """Give the file ``path`` the second name ``name``; False where the two cannot share it.

    Raise ``FileExistsError`` where the name is taken.
    """
    if path.is_symlink() or not path.is_file() or _gives(name.parent):
        return False
    try:
        name.hardlink_to(path)
    except FileExistsError:
        raise
    except OSError:  # another file system, or one without links, or not allowed: a copy does it
        return False
    return True


def claim(part: Path, target: Path) -> None:
    """Give ``part`` its name; fail where somebody else has taken it meanwhile, which a rename would not."""
    try:
        target.hardlink_to(part)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        part.rename(target)


def take_back(target: Path, part: Path) -> None:
    """Remove ``target`` where it is ``part`` by another name, and not somebody else's."""
    with contextlib.suppress(FileNotFoundError):
        if target.samefile(part):
            target.unlink()


def sync(path: Path) -> None:
    """Wait until ``path`` and its name are on the disk; nothing where it is not there any more."""
    for each in (path, path.parent):
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(each, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _gives(folder: Path) -> bool:
    """Say whether files made in ``folder`` get a group or rights of its own: a link would not have them."""
    if folder.stat().st_mode & stat.S_ISGID:
        return True
    try:
        return _DEFAULTS in os.listxattr(folder)
    except OSError:  # a file system without them
        return False
