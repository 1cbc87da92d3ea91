"""What the comparisons share: CPU of a child process, medians, one table with a verdict."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


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
