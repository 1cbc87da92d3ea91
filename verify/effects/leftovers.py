"""What removes each kind of resource that a dead run left; more kinds are registered with ``reaper``."""

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verify.effects.errors import EffectError
from verify.effects.procfs import Process, ancestors, boot_id, carries, end, process, processes
from verify.effects.record import MARKER, OWNED, Record
from verify.effects.removal import remove_folder

Reap = Callable[[Record], str]
#: seconds that what is ended may take to end by itself
_GRACE = 3.0
_ROUNDS = 5
#: seconds between two looks that must both find nothing
_AGAIN = 0.02


class CannotReap(EffectError):  # noqa: N818 - it is an answer to whoever cleans up
    """A resource stays because of the reason given; it is safe to try again."""


def reap_process(record: Record) -> str:
    """End the recorded process, its group, and whatever carries the run's mark."""
    ended: list[int] = []
    for _ in range(_ROUNDS):  # one of them may start another while we look
        targets = _targets(record) or _second_look(record)
        if not targets:
            break
        alive = end(targets, _GRACE)
        ended += [target.pid for target in targets if target not in alive]
        if alive:
            pids = ", ".join(str(target.pid) for target in alive)
            raise CannotReap(f"process {pids} could not be ended: end it as the user that owns it")
    else:
        raise CannotReap("new processes of the run appear as fast as they are ended: clean again")
    return f"ended {', '.join(map(str, ended))}" if ended else "had ended already"


def _second_look(record: Record) -> list[Process]:
    """Look again: one that forks, or is just being executed, can be missed by a single look."""
    time.sleep(_AGAIN)
    return _targets(record)


def _targets(record: Record) -> list[Process]:
    ours = ancestors()
    running = [found for found in processes() if found.pid not in ours]
    found = {each for each in running if carries(each, MARKER, record.run_id)}
    leader = _leader(record)
    if leader is not None and leader.pid not in ours:
        # While the leader is the one that was recorded, its number is this group's and no other's.
        found |= {each for each in running if each.group == leader.pid}
    return sorted(found, key=lambda each: each.start)


def _leader(record: Record) -> Process | None:
    """Return the recorded process if it still exists: same boot, same pid, same start."""
    details = record.details
    pid = details.get("pid")
    if not isinstance(pid, int) or details.get("boot") != boot_id():
        return None
    now = process(pid)
    return now if now is not None and now.start == details.get("start") else None


def reap_directory(record: Record) -> str:
    """Remove a folder of the run: one that carries the run's mark, or lies below one that does."""
    path = _path(record)
    try:
        seen = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "was gone already"
    if not stat.S_ISDIR(seen.st_mode):
        raise CannotReap("it is not a folder any more: remove it by hand if it is of no use")
    if not any(_marked(folder, record.run_id) for folder in (path, *path.parents)):
        return _remove_empty(path, record.run_id)
    try:
        remove_folder(path)
    except OSError as error:
        raise CannotReap(f"{error.filename}: {error.strerror}: remove it by hand") from error
    return "removed"


def _remove_empty(path: Path, run_id: str) -> str:
    """Remove a folder whose creation was cut short: nothing in it but, at most, a half-written mark."""
    try:
        mark = path / OWNED
        if [each.name for each in path.iterdir()] == [OWNED] and run_id.startswith(mark.read_text("latin-1")):
            mark.unlink()
        path.rmdir()
    except OSError:
        raise CannotReap(
            f"it does not carry this run's mark {OWNED}: remove it by hand if it is of no use"
        ) from None
    return "removed, it was empty"


def _marked(folder: Path, run_id: str) -> bool:
    mark = folder / OWNED
    try:
        return stat.S_ISREG(mark.lstat().st_mode) and mark.read_text("utf-8", "replace") == run_id
    except OSError:
        return False


def reap_file(record: Record) -> str:
    """Remove a file of the run: the very one that was recorded, or one that came after its plan."""
    path = _path(record)
    try:
        seen = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "was gone already"
    if stat.S_ISDIR(seen.st_mode):
        raise CannotReap("it is a folder now: remove it by hand if it is of no use")
    made = record.made or {}
    if made.get("inode", seen.st_ino) != seen.st_ino or seen.st_mtime < record.at - 1:
        raise CannotReap("another file has its name now, or it is older than the run: remove it by hand")
    try:
        path.unlink()
    except OSError as error:
        raise CannotReap(f"{error.strerror}: remove it by hand") from error
    return "removed"


def reap_http_resource(record: Record) -> str:
    """Name what was created over HTTP: only the environment's own protection may delete it."""
    raise CannotReap(f"delete {record.details.get('url', 'it')} by hand")


def _path(record: Record) -> Path:
    text: Any = record.details.get("path")
    path = Path(text) if isinstance(text, str) else Path()
    if not path.is_absolute() or path == Path(path.anchor):
        raise CannotReap(f"the journal names no absolute path but {text!r}")
    return path


REAPERS: dict[str, Reap] = {
    "process": reap_process,
    "directory": reap_directory,
    "file": reap_file,
    "http-resource": reap_http_resource,
}
