"""Tells another thread that what it does is of no use any more, and ends what it waits for."""

import os
import threading
from types import TracebackType
from typing import Self


class Stop:
    """Set once, from any thread; its descriptor is readable from then on, so that it wakes a selector."""

    def __init__(self) -> None:
        """Begin without having been set."""
        self._told = threading.Event()
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def set(self) -> None:
        """Tell everybody. Safe to repeat."""
        self._told.set()
        os.eventfd_write(self._descriptor, 1)

    @property
    def is_set(self) -> bool:
        """Say whether it was told."""
        return self._told.is_set()

    def fileno(self) -> int:
        """Return what a selector waits for."""
        return self._descriptor

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the descriptor; whoever waited has ended by then."""
        os.close(self._descriptor)
