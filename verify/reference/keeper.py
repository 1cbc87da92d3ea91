"""Ends PostgreSQL when whoever started it was killed.

Killed itself, PostgreSQL would leave a segment of System V shared memory behind, and asked
politely it may wait for its clients; told to end at once, it removes all it made. So this
waits beside it, as ``python -I -S keeper.py LOCK PIDFILE``, for a lock that the parent holds
as long as it lives, and then tells it. Standard library only, and little of that.
"""

import contextlib
import fcntl
import os
import signal
import sys
import threading
import time

_PATIENCE = 2.0  # seconds the server has to write its pid file; less than ``clean`` waits
_LOOK = 0.02


def main(lock: str, pidfile: str) -> None:
    """Wait for ``lock``, then end the server that ``pidfile`` names, if it comes to be."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # who cleans up asks everybody to end: not before it is done
    with open(lock, encoding="ascii") as file:  # noqa: PTH123 # pathlib would double the start-up
        fcntl.flock(file, fcntl.LOCK_SH)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            with open(pidfile, encoding="ascii") as file:  # noqa: PTH123 # as above
                pid = int(file.readline())
            os.kill(pid, signal.SIGQUIT)
            return
        threading.Event().wait(_LOOK)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
