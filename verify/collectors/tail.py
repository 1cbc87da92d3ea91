"""The end of a log file: what was written since somebody began to look."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from verify.collectors.world import World
from verify.effects.errors import EffectError, FileError

MOST = 8 * 1024 * 1024
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(kw_only=True)
class Tail:
    """The lines of ``path`` from byte ``start`` of the file ``inode`` on."""

    path: Path
    start: int
    inode: int

    @classmethod
    def of(cls, world: World) -> Self:
        """Begin at the end of the environment's log; raise ``EffectError`` where there is none to read."""
        path = _source(world)
        found = _stat(path)
        return cls(path=path, start=found.st_size, inode=found.st_ino)

    def lines(self) -> tuple[str, ...]:
        """Return every whole line since the beginning; raise ``FileError`` above 8 MiB."""
        found = _stat(self.path)
        if found.st_ino != self.inode or found.st_size < self.start:
            self.start, self.inode = 0, found.st_ino  # rotated: all of the new file came after
        if found.st_size - self.start > MOST:
            raise FileError(f"{self.path}: more than {MOST} bytes were logged meanwhile: log less, or apart")
        descriptor = os.open(self.path, _FLAGS)
        try:
            data = os.pread(descriptor, MOST, self.start)
        finally:
            os.close(descriptor)
        whole, newline, _ = data.rpartition(b"\n")
        return tuple(whole.decode("utf-8", "replace").split("\n")) if newline else ()


def _source(world: World) -> Path:
    environment = world.environment
    logs = environment.logs if environment is not None else None
    if logs is not None and logs.file is not None:
        return world.root / logs.file
    if logs is not None:
        raise EffectError(
            f"the logs are in {logs.platform}, which is not read: "
            "let it write to a file, and state that as `logs: {file: …}`"
        )
    if world.breakable is not None:
        return world.breakable.log_file
    raise EffectError("no log can be read: state `logs: {file: …}` of the environment")


def _stat(path: Path) -> os.stat_result:
    try:
        found = path.stat()
    except OSError as error:
        raise FileError(f"{path}: expected a log file: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise FileError(f"{path}: expected a regular file that the system logs to")
    return found
