"""Ends what whoever started it cannot end any more, because it was killed.

As ``python -I -S keeper.py OWNER FOLDER PIDFILE`` it waits for the process OWNER, its parent,
to end, however it does. Then everything that carries the run's mark and works in FOLDER is
killed, and the folder removed. As ``keeper.py LOCK PIDFILE`` it waits for a lock that the
parent holds as long as it lives, and ends the one server of PIDFILE.

PostgreSQL is told instead of killed: it would leave a segment of System V shared memory behind,
and asked politely it may wait for its clients; told to end at once, it removes all it made.
``initdb`` does not clean up even then: its segment is removed here. Standard library only, and
little of that.
"""

import contextlib
import fcntl
import os
import select
import signal
import sys
import time

#: seconds for all of it; less than ``clean`` waits
_PATIENCE = 2.0
#: seconds PostgreSQL has to end by itself
_POLITE = 1.0
#: seconds without a find until nothing more can come: what was being started shows a moment later
_QUIET = 0.3
_LOOK = 0.02
_KEY_LINE = 6  # of the pid file: key and id of the segment
_REMOVE = 0  # IPC_RMID
_MARK = "VERIFY_RUN_ID"
_OWNED = ".verify-owned"


def wait_for_end(owner: int) -> None:
    """Return when the process ``owner``, our parent, has ended; at once where it has already."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(owner)
        if os.getppid() == owner:  # else the number may be another's by now
            ended = select.poll()
            ended.register(descriptor, select.POLLIN)
            ended.poll()


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
            server = abs(int(lines[0]))  # negative for one that serves nobody
            os.kill(server, signal.SIGQUIT)
            os.kill(server, signal.SIGCONT)  # one that is paused would not hear
        key, number = lines[_KEY_LINE].split()
        return int(key) & 0xFFFFFFFF, int(number)
    except (OSError, ValueError, IndexError):
        return None


def remove(number: int) -> None:
    """Remove the segment ``number``."""
    import ctypes

    ctypes.CDLL(None).shmctl(number, _REMOVE, None)


def inhabitants(folder: str, mark: bytes) -> dict[int, str]:
    """Return the processes but us that carry ``mark`` and work in ``folder``, each with where it does."""
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 # as above
        if not name.isdecimal() or int(name) == os.getpid():
            continue
        with contextlib.suppress(OSError):  # it has ended, or is not ours to see
            place = os.readlink(f"/proc/{name}/cwd").removesuffix(" (deleted)")  # noqa: PTH115 # as above
            if place != folder and not place.startswith(f"{folder}/"):
                continue
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123 # as above
                if mark in file.read().split(b"\0"):
                    found[int(name)] = place
    return found


def kill(process: int) -> None:
    """Kill ``process`` with its group: each part leads one of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        group = os.getpgid(process)
        if group != os.getpgrp():
            os.killpg(group, signal.SIGKILL)


def end_all(folder: str, pidfile: str, mark: bytes) -> bool:
    """End everything of the run; say whether it is gone in time."""
    import threading

    data = os.path.dirname(pidfile)  # noqa: PTH120 # as above
    started = quiet = time.monotonic()
    known: set[tuple[int, int]] = set()
    while (now := time.monotonic()) < started + _PATIENCE:
        server = end(pidfile)
        if server is not None:
            known.add(server)
        here = inhabitants(folder, mark)
        for process, place in here.items():
            if place != data or now > started + _POLITE:
                kill(process)
        for segment in known & segments():
            remove(segment[1])
        if here:
            quiet = now
        elif now > quiet + _QUIET:
            return True
        threading.Event().wait(_LOOK)
    return False


def end_server(pidfile: str) -> None:
    """End the server that ``pidfile`` names, now or in a moment, and see its segment gone."""
    import threading

    until = time.monotonic() + _PATIENCE
    known: set[tuple[int, int]] = set()
    while time.monotonic() < until and (os.path.exists(os.path.dirname(pidfile)) or known):  # noqa: PTH110, PTH120 # as above
        found = end(pidfile)
        if found is not None:
            known.add(found)
        for segment in known & segments():
            remove(segment[1])
        threading.Event().wait(_LOOK)


def remove_folder(folder: str) -> None:
    """Remove the run's folder, its mark last: cut short, ``clean`` can still tell whose it is."""
    import shutil

    with contextlib.suppress(FileNotFoundError):  # ``clean`` may be at it as well
        for name in os.listdir(folder):  # noqa: PTH208 # as above
            if name != _OWNED:
                path = os.path.join(folder, name)  # noqa: PTH118 # as above
                shutil.rmtree(path, ignore_errors=True)
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                    os.unlink(path)  # noqa: PTH108 # as above
        mark = os.path.join(folder, _OWNED)  # noqa: PTH118 # as above
        if os.listdir(folder) == [_OWNED]:  # noqa: PTH208 # else somebody still writes, and ``clean`` has to know it
            with open(mark, encoding="utf-8") as file:  # noqa: PTH123 # as above
                said = file.read()
            os.unlink(mark)  # noqa: PTH108 # as above
            try:
                os.rmdir(folder)  # noqa: PTH106 # as above
            except OSError:
                with open(mark, "w", encoding="utf-8") as file:  # noqa: PTH123 # as above
                    file.write(said)


def main(*words: str) -> None:
    """Wait for the end of the owner, then end what it has left."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # who cleans up asks everybody to end: not before it is done
    if len(words) == 2:  # noqa: PLR2004 - LOCK PIDFILE
        with open(words[0], encoding="ascii") as file:  # noqa: PTH123 # as above
            fcntl.flock(file, fcntl.LOCK_SH)
        end_server(words[1])
        return
    owner, folder, pidfile = words
    wait_for_end(int(owner))
    if end_all(folder, pidfile, f"{_MARK}={os.environ[_MARK]}".encode()):
        remove_folder(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
