"""A program that runs beside us until it is stopped."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from verify.effects.errors import ProcessError
from verify.effects.journal import Entry, Journal
from verify.effects.launch import end_group, launch, record, recorded_environment, signal_group, wait_ended
from verify.effects.signals import held

_TAIL = 65536


class Service:
    """A long-running child, leader of its own group; its output goes to a log file.

    Use ``Service.start``; as a context manager it is stopped at the end of the block.
    """

    def __init__(self, name: str, log: Path, child: "subprocess.Popen[bytes]", entry: Entry | None) -> None:
        """Keep a started child; ``start`` is the way to get one."""
        self.name = name
        self.log = log
        self._child = child
        self._entry = entry
        self._stopping = threading.Lock()

    @classmethod
    def start(  # noqa: PLR0913 - each is something one program needs and another does not
        cls,
        argv: Sequence[str | Path],
        *,
        name: str,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: int | str | None = None,
        journal: Journal | None = None,
    ) -> Self:
        """Start ``argv``, its output appended to ``log``; recorded in ``journal`` before it exists.

        ``env`` is by default ``clean_environment()``. Raise ``ProcessError`` if it cannot start.
        """
        own = recorded_environment(env, journal)
        try:
            output = log.open("ab", buffering=0)
        except OSError as error:
            raise ProcessError(f"{name}: its log {log} cannot be written: {error.strerror}") from error
        with output, contextlib.ExitStack() as undo:
            entry = journal.plan("process", name=name) if journal is not None else None
            if entry is not None:
                undo.callback(entry.gone)
            with held():  # until the child has a handle and a record, an interrupt would lose it
                child = launch(argv, env=own, cwd=cwd, user=user, output=output)
                service = cls(name, log, child, entry)
                undo.callback(service.stop)
                record(child, entry)
            undo.pop_all()
        return service

    @property
    def pid(self) -> int:
        """Return the leader's pid, which is its group's number too."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Say whether the leader runs; it is not reaped here, so that its pid stays ours."""
        return not wait_ended(self._child, 0)

    @property
    def returncode(self) -> int | None:
        """Return how it ended, negative for a signal, or None before it was stopped."""
        return self._child.returncode

    def wait(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds for the leader to end by itself; say whether it did."""
        return wait_ended(self._child, timeout)

    def tail(self, n: int = 20) -> str:
        """Return the last ``n`` lines of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                text = file.read(_TAIL).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-n:]) if n > 0 else ""

    def stop(self, grace: float = 3.0) -> None:
        """End the group: SIGTERM, after ``grace`` seconds SIGKILL; reap it. Safe to repeat."""
        with self._stopping:
            try:
                if self._child.returncode is None:
                    signal_group(self._child, signal.SIGTERM)
                    wait_ended(self._child, grace)
            finally:
                end_group(self._child)
                if self._entry is not None:
                    self._entry.gone()

    def __enter__(self) -> Self:
        """Return the service itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, whatever happened."""
        self.stop()
