"""Removes a run's folder so that, cut short at any point, what is left can still be told as the run's."""

import contextlib
import shutil
import threading
from pathlib import Path

from verify.effects.record import OWNED

#: looks at a folder that somebody still writes into, or removes as well, and seconds between two
_LOOKS, _BETWEEN = 10, 0.02


def remove_folder(path: Path) -> None:
    """Remove ``path`` and all below it, the mark of its run last; nothing where it is gone already.

    One whose process was not yet quite dead may add to it, and another may remove it at the
    same time: that is borne for a moment. Raise ``OSError`` for what cannot be removed.
    """
    looks = 1
    while path.exists():
        try:
            _remove(path)
        except OSError:
            if looks == _LOOKS and path.exists():
                raise
            looks += 1
            threading.Event().wait(_BETWEEN)


def _remove(path: Path) -> None:
    for each in path.iterdir():
        if each.name == OWNED:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
    mark = path / OWNED
    try:
        said = mark.read_bytes()
    except FileNotFoundError:
        path.rmdir()
        return
    mark.unlink()
    try:
        path.rmdir()
    except OSError:  # something came between: the folder is still the run's
        with contextlib.suppress(FileNotFoundError):
            mark.write_bytes(said)
        raise
