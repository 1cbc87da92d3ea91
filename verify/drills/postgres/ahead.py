"""A scratch server that another thread prepares and starts, while the backup is still being taken."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from pathlib import Path

from verify.drills.postgres.server import DURABLE, Server, room, workplace
from verify.drills.postgres.tools import server as programs_of
from verify.effects.journal import Journal

#: seconds between two looks for a signal
_LOOK = 0.2


@contextlib.contextmanager
def ahead(
    journal: Journal,
    *,
    major: int | None = None,
    folder: Path | None = None,
    needed: int = 0,
    durable: bool = False,
) -> Iterator[Callable[[], Server]]:
    """Begin to start a server; what is yielded waits until it serves, or raises ``DrillError``.

    It lives in the new folder ``folder``, by default a temporary one, where ``needed`` bytes have to
    be free, and both go at the end of the block. An interrupt, which only the main thread hears of,
    ends what is under way.
    """
    with contextlib.ExitStack() as made, ThreadPoolExecutor(1, "scratch-server") as pool:
        stop = threading.Event()
        coming = pool.submit(_started, made, journal, major, folder, stop, needed=needed, durable=durable)
        try:
            yield lambda: _waited(coming)
        finally:
            stop.set()


def _started(  # noqa: PLR0913 - all that ``ahead`` was told
    made: contextlib.ExitStack,
    journal: Journal,
    major: int | None,
    folder: Path | None,
    stop: threading.Event,
    *,
    needed: int,
    durable: bool,
) -> Server:
    programs = programs_of(major)
    place = made.enter_context(workplace(journal, folder))
    room(place, needed, stage="restore")
    server = Server(
        programs,
        place / f"pg{programs.major}",
        journal=journal,
        settings=DURABLE if durable else None,
        stopping=stop,
    )
    server.prepare()
    made.callback(server.stop)
    return server.start()


def _waited(coming: "Future[Server]") -> Server:
    """Wait for it: each of its steps has a deadline of its own."""
    while True:
        # never without a timeout: a signal just before the thread falls asleep would wake nobody
        with contextlib.suppress(NotYetError):
            return coming.result(_LOOK)
