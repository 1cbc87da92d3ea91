"""A few counters in shared memory: how parent and front speak without a request.

A file of 64-bit numbers, mapped by both. Each slot has one writer, and an aligned
64-bit store is one instruction, so no lock is needed between processes.
"""

import mmap
from pathlib import Path
from types import TracebackType
from typing import Self

_SLOTS = 8
_SIZE = _SLOTS * 8

#: written by the parent
BEHAVIOUR = 0
LIMITS = 1
#: written by the front
REQUESTS = 2
READY = 3


class Shared:
    """The mapped counters; index with the names of this module."""

    def __init__(self, path: Path) -> None:
        """Map ``path``, which must hold at least the slots."""
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self._bytes = memoryview(self._map)
        self._slots = self._bytes.cast("Q")

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create the file with all slots at zero, and map it."""
        path.write_bytes(bytes(_SIZE))
        return cls(path)

    def __getitem__(self, slot: int) -> int:
        """Return the number in ``slot``."""
        return self._slots[slot]

    def __setitem__(self, slot: int, value: int) -> None:
        """Set the number in ``slot``; call it in the one process that owns the slot."""
        self._slots[slot] = value

    def close(self) -> None:
        """Unmap; the file stays."""
        self._slots.release()
        self._bytes.release()
        self._map.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unmap."""
        self.close()
