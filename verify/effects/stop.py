"""Tells other threads that what they do is of no use any more, and ends what they wait for."""

import math
import os
import select
import threading
import weakref
from types import TracebackType
from typing import Self

_MILLI = 1000


class Stop(threading.Event):
    """An event whose descriptor is readable once it is set, so that it wakes a selector too."""

    def __init__(self) -> None:
        """Begin without having been set."""
        super().__init__()
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closing = weakref.finalize(self, os.close, self._descriptor)

    def set(self) -> None:
        """Tell everybody. Safe to repeat."""
        super().set()
        if self._closing.alive:
            os.eventfd_write(self._descriptor, 1)

    def fileno(self) -> int:
        """Return what a selector waits for."""
        return self._descriptor

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the descriptor, which goes with the event at the latest; whoever waited has ended by then."""
        self._closing()


def wait(seconds: float, *stops: Stop) -> bool:
    """Wait ``seconds``, never less, or until one of ``stops`` is set; tell whether one is."""
    watched = select.poll()
    for stop in stops:
        watched.register(stop.fileno(), select.POLLIN)
    watched.poll(math.ceil(max(0.0, seconds) * _MILLI))
    return any(stop.is_set() for stop in stops)
