"""What Linux tells about processes under ``/proc``; a process is a pid *and* its start time."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_ENDED = frozenset("ZXx")


@dataclass(frozen=True, slots=True)
class Process:
    """One process; ``start`` is its start in clock ticks since boot: a reused pid differs in it."""

    pid: int
    parent: int
    group: int
    session: int
    start: int
    ended: bool


@cache
def boot_id() -> str:
    """Return the id of this boot; a pid means nothing after another one."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def process(pid: int) -> Process | None:
    """Return the process that has ``pid`` now, or None."""
    try:
        text = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # The name in parentheses may hold anything, a parenthesis too: the last one ends it.
    fields = text[text.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        start=int(fields[19]),
        ended=fields[0].decode() in _ENDED,
    )


def alive(pid: int, start: int, boot: str) -> bool:
    """Say whether the process that had ``pid`` then still runs now."""
    now = process(pid) if boot == boot_id() else None
    return now is not None and now.start == start and not now.ended


def processes() -> Iterator[Process]:
    """Yield each process that has not ended."""
    for name in os.listdir(_PROC):  # noqa: PTH208 - names are enough, there may be thousands
        if name.isdecimal() and (found := process(int(name))) is not None and not found.ended:
            yield found


def carries(found: Process, variable: str, value: str) -> bool:
    """Say whether the process was started with ``variable=value``; False where that is not ours to see."""
    try:
        environment = (_PROC / str(found.pid) / "environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return f"{variable}={value}".encode() in environment.split(b"\0")


def ancestors() -> frozenset[int]:
    """Return the pids of this process and of all it descends from."""
    found, pid = set(), os.getpid()
    while pid and pid not in found:
        found.add(pid)
        here = process(pid)
        pid = here.parent if here else 0
    return frozenset(found)


def send(target: Process, number: signal.Signals) -> None:
    """Signal exactly ``target``: never a process that got its pid since; nothing if it is gone."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(target.pid)
        try:
            now = process(target.pid)
            if now is not None and now.start == target.start:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def end(targets: Sequence[Process], grace: float) -> list[Process]:
    """End ``targets``: SIGTERM, after ``grace`` seconds SIGKILL; return those that are still there."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        for target in targets:
            with contextlib.suppress(PermissionError):
                send(target, number)
        targets = _still_there(targets, time.monotonic() + patience)
    return list(targets)


def _still_there(targets: Sequence[Process], until: float) -> list[Process]:
    """Wait until all have ended or monotonic ``until`` has come."""
    for target in targets:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(target.pid)
            try:
                now = process(target.pid)
                if now is not None and now.start == target.start and not now.ended:
                    ended = select.poll()
                    ended.register(descriptor, select.POLLIN)
                    ended.poll(max(0.0, until - time.monotonic()) * 1000)
            finally:
                os.close(descriptor)
    return [
        each for each in targets if (now := process(each.pid)) and now.start == each.start and not now.ended
    ]
