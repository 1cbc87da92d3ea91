"""SIGTERM and SIGHUP end a run the way Ctrl-C does: with its clean-up.

Plain pytest dies at once from both, so that fixtures are not torn down and children live on.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType

#: seconds a clean-up has before a further signal may break it off
GRACE = 7.5
_Handler = Callable[[int, FrameType | None], object]


@dataclass
class Interruption:
    """Which signal came first, if one did, and since when (monotonic seconds)."""

    received: signal.Signals | None = None
    at: float = field(default=0.0)

    @property
    def exit_code(self) -> int:
        """Return 128 + the signal's number (143 SIGTERM, 129 SIGHUP, 130 SIGINT), else 0."""
        return 128 + self.received if self.received else 0

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is not None and now - self.at < GRACE:
            return
        if self.received is None:
            self.received = signal.Signals(number)
        self.at = now
        raise KeyboardInterrupt


@contextlib.contextmanager
def graceful() -> Iterator[Interruption]:
    """Raise ``KeyboardInterrupt`` in the main thread on SIGTERM, SIGHUP and SIGINT.

    A further signal within ``GRACE`` seconds of the first is swallowed, so that it cannot
    break off the clean-up. A signal that was ignored before (``nohup``) stays ignored; old
    handlers come back at the end. In any other thread this does nothing.
    """
    seen = Interruption()
    old = _install((signal.SIGTERM, signal.SIGHUP, signal.SIGINT), seen._on_signal)  # noqa: SLF001 - same module
    try:
        yield seen
    finally:
        _restore(old)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold signals back until the block is done, then deliver the first one.

    For the few instructions in which a child exists that nobody has a handle on yet. Only
    signals handled in Python are held, and only in the main thread: no other is interrupted.
    """
    waiting: list[int] = []
    handled = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        if callable(signal.getsignal(number))
    ]
    old = _install(handled, lambda number, _frame: waiting.append(number))
    try:
        yield
    finally:
        _restore(old)
        if waiting:
            signal.raise_signal(waiting[0])


def _install(numbers: Sequence[int], handler: _Handler) -> dict[int, _Handler | int]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    old: dict[int, _Handler | int] = {}
    for number in numbers:
        before = signal.getsignal(number)
        # None: set by C code, it could not be put back
        if before is not None and before != signal.SIG_IGN:
            old[number] = before
            signal.signal(number, handler)
    return old


def _restore(old: dict[int, _Handler | int]) -> None:
    for number, handler in old.items():
        signal.signal(number, handler)
