"""Ends PostgreSQL when whoever started it was killed.

Killed itself, PostgreSQL would leave a segment of System V shared memory behind, and asked
politely it may wait for its clients; told to end at once, it removes all it made. So this
waits beside it, as ``python -I -S keeper.py LOCK PIDFILE``, for a lock that the parent holds
as long as it lives, and then tells it. ``initdb`` does not clean up even then: its segment is
removed here. Standard library only, and little of that.
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
_KEY_LINE = 6  # of the pid file: key and id of the segment
_REMOVE = 0  # IPC_RMID


def segments() -> set[tuple[int, int]]:
    """Return key and id of each segment that no process uses."""
    with open("/proc/sysvipc/shm", encoding="ascii") as file:  # noqa: PTH123 # pathlib would double the start-up
        rows = [line.split() for line in file][1:]
    return {(int(row[0]) & 0xFFFFFFFF, int(row[1])) for row in rows if row[6] == "0"}


def end(pidfile: str) -> tuple[int, int] | None:
    """End the server that ``pidfile`` names; return key and id of its segment when they are known."""
    try:
        with open(pidfile, encoding="ascii") as file:  # noqa: PTH123 # as above
            lines = file.readlines()
        with contextlib.suppress(ProcessLookupError):
            os.kill(abs(int(lines[0])), signal.SIGQUIT)  # negative for one that serves nobody
        key, number = lines[_KEY_LINE].split()
        return int(key) & 0xFFFFFFFF, int(number)
    except (OSError, ValueError, IndexError):
        return None


def remove(number: int) -> None:
    """Remove the segment ``number``."""
    import ctypes

    ctypes.CDLL(None).shmctl(number, _REMOVE, None)


def main(lock: str, pidfile: str) -> None:
    """Wait for ``lock``, then end what ``pidfile`` names and see its segment gone."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # who cleans up asks everybody to end: not before it is done
    with open(lock, encoding="ascii") as file:  # noqa: PTH123 # as above
        fcntl.flock(file, fcntl.LOCK_SH)
    until = time.monotonic() + _PATIENCE
    known: set[tuple[int, int]] = set()
    while time.monotonic() < until and (os.path.exists(os.path.dirname(pidfile)) or known):  # noqa: PTH110, PTH120 # as above
        found = end(pidfile)
        if found is not None:
            known.add(found)
        for segment in known & segments():
            remove(segment[1])
        threading.Event().wait(_LOOK)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
