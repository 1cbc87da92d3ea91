"""One drill at a time: the second says who holds the environment."""

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from verify.drills.errors import DrillError
from verify.effects.state import state_folder


@contextlib.contextmanager
def hold(what: str, run_id: str, *, stage: str = "take", state_dir: Path | None = None) -> Iterator[None]:
    """Hold ``what``, such as an environment and its backup, until the block ends or we die.

    Raise ``DrillError`` of ``stage`` naming run, machine and time of whoever holds it. It holds
    among the runs of one user on one machine; for a database see ``hold_database``.
    """
    path = state_folder(state_dir) / f"drill-{hashlib.sha256(what.encode()).hexdigest()[:24]}.lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DrillError(stage, f"{what} is held by {_holder(file.read())}: wait for it to end") from None
        file.truncate(0)
        file.write(
            json.dumps({"run": run_id, "host": socket.gethostname(), "pid": os.getpid(), "at": time.time()})
        )
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)  # the file stays: removing it would let two hold two files of one name


def _holder(text: str) -> str:
    try:
        who = json.loads(text)
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(who["at"]))
        return f"run {who['run']} on {who['host']} (pid {who['pid']}) since {since}"
    except (ValueError, KeyError, TypeError):
        return "another run that has just begun or is about to end"
