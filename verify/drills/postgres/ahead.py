"""A scratch server that another thread prepares and starts, while the backup is still being taken."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

from verify.drills.postgres.server import DURABLE, Server, room, workplace
from verify.drills.postgres.tools import server as programs_of
from verify.effects.journal import Journal
from verify.effects.stop import Stop

#: seconds between two looks for a signal
_LOOK = 0.2
Made = TypeVar("Made")


@contextlib.contextmanager
def ahead(
    journal: Journal,
    then: Callable[[Server], Made],
    *,
    major: int | None = None,
    folder: Path | None = None,
    needed: int = 0,
    durable: bool = False,
) -> Iterator[Callable[[], Made]]:
    """Begin to start a server; what is yielded waits for what ``then`` makes on it, or raises ``DrillError``.

    It lives in the new folder ``folder``, by default a temporary one, where ``needed`` bytes have to
    be free, and both go at the end of the block. An interrupt, which only the main thread hears of,
    ends what is under way.
    """
    with contextlib.ExitStack() as made, Stop() as stop, ThreadPoolExecutor(1, "scratch-server") as pool:

        def work() -> Made:
            programs = programs_of(major)
            place = made.enter_context(workplace(journal, folder))
            room(place, needed, stage="restore")
            home, settings = place / f"pg{programs.major}", DURABLE if durable else None
            server = Server(programs, home, journal=journal, settings=settings, stop=stop)
            server.prepare()
            made.callback(server.stop, at_once=True)
            return then(server.start())

        coming = pool.submit(work)
        try:
            yield lambda: _waited(coming)
        finally:
            stop.set()


def _waited(coming: Future[Made]) -> Made:
    """Wait for it: each of its steps has a deadline of its own."""
    while not wait((coming,), _LOOK).done:
        pass  # never without a timeout: a signal just before the thread falls asleep would wake nobody
    return coming.result()
