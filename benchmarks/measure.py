"""What the comparisons share: CPU of a child process and of servers, medians, one table with a verdict."""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: seconds that one measured program may take
WITHIN = 3600.0
_TICK = os.sysconf("SC_CLK_TCK")
#: of /proc/PID/stat after the name: user and system time, its own and of children that were waited for
_OWN, _CHILDREN = slice(11, 13), slice(13, 15)


@dataclass(frozen=True)
class Used:
    """CPU seconds of client and servers, seconds by the clock, and the client's largest memory in MB.

    The kernel says of no child that it held less memory than whoever started it.
    """

    client: float
    server: float
    wall: float
    memory: float

    @property
    def whole(self) -> float:
        return self.client + self.server


@dataclass(frozen=True)
class Row:
    """One comparison: ``figure`` must not exceed ``goal``; without a goal it is only reported."""

    what: str
    figure: float
    goal: float | None = None
    unit: str = " times"

    @property
    def missed(self) -> bool:
        return self.goal is not None and self.figure > self.goal


def cpu(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], expect: frozenset[int] = frozenset({0})
) -> float:
    """Run ``command`` to its end and return its CPU time in seconds, user and system, children included."""
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stderr is not None
    with process.stderr as errors:
        said = errors.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expect:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}:\n{said.decode(errors='replace')}")
    return used.ru_utime + used.ru_stime


def used(
    command: Sequence[str | Path],
    postmasters: Sequence[int],
    *,
    env: Mapping[str, str] | None = None,
    says: bytes = b"",
) -> Used:
    """Run ``command`` to its end, which it has to report as ``says``; return what it and the servers used.

    A server's CPU is that of its backends, told by the kernel between two moments at which none was
    left, and of PostgreSQL 18's I/O workers, which read for them and stay. Checkpointer and writer
    are counted for nobody. Clients have to come by a unix socket.
    """
    quiet(postmasters)
    before = sum(map(spent, postmasters))
    began = time.monotonic()
    child = subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(os.environ) | dict(env or {}),
    )
    watch = threading.Timer(WITHIN, child.kill)
    watch.start()
    assert child.stderr is not None
    with child.stderr as errors:
        said = errors.read()
    _, status, mine = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    watch.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode or says not in said or (says and b"ERROR" in said):
        raise SystemExit(
            f"{command[0]} ended with {child.returncode}: {said.decode(errors='replace')[-500:]}"
        )
    quiet(postmasters)
    served = sum(map(spent, postmasters)) - before
    return Used(mine.ru_utime + mine.ru_stime, served, wall, mine.ru_maxrss / 1024)


def quiet(postmasters: Sequence[int]) -> None:
    """Wait until no backend is left: each outlives its client for a moment, and counts once it is reaped."""
    end = time.monotonic() + 30
    while any(_serving(title) for pid in postmasters for title in children(pid).values()):
        assert time.monotonic() < end, "a backend did not end"
        time.sleep(0.01)


def children(postmaster: int) -> dict[str, bytes]:
    """Return the titles of a server's processes, "" of one that is about to be reaped."""
    every = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return {pid: _title(pid) for pid in every}


def spent(postmaster: int) -> float:
    """Return the CPU seconds of a server's backends that have ended and of its I/O workers."""
    workers = [pid for pid, title in children(postmaster).items() if b" io worker" in title]
    return _ticks(postmaster, _CHILDREN) + sum(_ticks(worker, _OWN) for worker in workers)


def _serving(title: bytes) -> bool:
    """Say whether it is a backend, a worker of one, or a process without a title yet, or any more."""
    return not title.startswith(b"postgres: ") or b"[local]" in title or b"parallel worker" in title


def _title(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:  # reaped meanwhile
        return b""


def _ticks(pid: int | str, which: slice) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[which])) / _TICK


def interleaved(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Measure in turn, so that a busy moment touches all; the first round warms up and is dropped."""
    found: list[list[float]] = [[] for _ in measures]
    for number in range(rounds + 1):
        for place, measure in enumerate(measures):
            value = measure()
            if number:
                found[place].append(value)
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the rounds' own ratios, which a slow minute does not move."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def report(title: str, rows: Sequence[Row]) -> int:
    """Print a table and return the exit status: 1 where a goal is missed."""
    width = max(len(row.what) for row in rows)
    print(title)
    for row in rows:
        goal = (
            ""
            if row.goal is None
            else f"   goal ≤ {row.goal:g}{row.unit}   {'MISS' if row.missed else 'PASS'}"
        )
        print(f"  {row.what:<{width}}  {row.figure:8.3f}{row.unit}{goal}")
    sys.stdout.flush()
    return int(any(row.missed for row in rows))
