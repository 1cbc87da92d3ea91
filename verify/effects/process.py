"""Programs run with a deadline, as groups: what we start, we end, with all its children."""

import contextlib
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.effects.errors import ProcessError
from verify.effects.journal import Journal
from verify.effects.launch import clean_environment, end_group, launch, record, recorded_environment
from verify.effects.output import Output
from verify.effects.service import Service
from verify.effects.signals import held
from verify.effects.stop import Stop

__all__ = ["Finished", "ProcessError", "Service", "clean_environment", "run"]

LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that ended, or was ended.

    ``returncode`` is negative for a signal; ``stdout`` and ``stderr`` hold at most the limit
    each and ``truncated`` says whether one had more; ``timed_out``: it was killed at its deadline.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool = False
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Say whether it ended by itself with 0."""
        return self.returncode == 0 and not self.timed_out


def run(  # noqa: PLR0913 - each is something one program needs and another does not
    argv: Sequence[str | Path],
    *,
    deadline: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: bytes | None = None,  # noqa: A002 - the name subprocess.run has for it
    limit: int = LIMIT,
    user: int | str | None = None,
    journal: Journal | None = None,
    stop: Stop | None = None,
) -> Finished:
    """Run ``argv`` for at most ``deadline`` seconds and return what it said.

    It gets ``env``, by default ``clean_environment()``, and ``input`` on its standard input,
    by default nothing. It leads a group of its own that is killed whole at the deadline, on
    Ctrl-C, on any error, and when it has ended; ``journal`` records it against a KILL of ours.
    Ctrl-C reaches the main thread alone: what runs in another one ends once ``stop`` is set.
    Raise ``ProcessError`` if it cannot start, or was broken off.
    """
    started = time.monotonic()
    stdin = subprocess.PIPE if input else subprocess.DEVNULL
    with contextlib.ExitStack() as cleanup:
        own = recorded_environment(env, journal)
        entry = journal.plan("process", name=str(argv[0])) if journal is not None else None
        if entry is not None:
            cleanup.callback(entry.gone)
        with held():  # an interrupt must not find the child without its end prepared
            child = launch(argv, env=own, cwd=cwd, user=user, stdin=stdin)
            cleanup.callback(end_group, child)
            record(child, entry)
            output = Output(child, input or b"", limit, stop)
            cleanup.callback(output.close)
        ended = output.collect(started + deadline)
        if not ended and stop is not None and stop.is_set():
            raise ProcessError(f"{argv[0]}: broken off with the run")
        end_group(child)
        output.rest()
    out, err = output.streams
    return Finished(
        argv=tuple(map(str, argv)),
        returncode=child.returncode,
        stdout=out,
        stderr=err,
        seconds=time.monotonic() - started,
        timed_out=not ended,
        truncated=output.truncated,
    )
