"""How a program is started and ended: the one place that forks."""

import contextlib
import os
import pwd
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from verify.effects.errors import ProcessError
from verify.effects.journal import MARKER, Entry, Journal
from verify.effects.procfs import boot_id, process
from verify.effects.signals import held

_ALLOWED = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR"})
#: program -> what brings it, where its name does not say so
_PACKAGES = {
    **dict.fromkeys(("initdb", "pg_ctl", "postgres"), "the PostgreSQL server"),
    **dict.fromkeys(("pg_dump", "pg_restore", "psql"), "the PostgreSQL client"),
    **dict.fromkeys(("redis-server", "redis-cli"), "Redis or Valkey"),
    "promtool": "Prometheus",
}


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a program may see of our environment (PATH HOME LANG LC_* TZ TMPDIR), and ``extra``."""
    kept = {name: value for name, value in os.environ.items() if name in _ALLOWED or name.startswith("LC_")}
    return kept | dict(extra or {})


def launch(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None,
    cwd: Path | None,
    user: int | str | None,
    stdin: int = subprocess.DEVNULL,
    output: IO[bytes] | int = subprocess.PIPE,
) -> "subprocess.Popen[bytes]":
    """Start ``argv`` as the leader of its own session; ``output`` takes both streams where it is a file."""
    words = [str(word) for word in argv]
    if not words:
        raise ProcessError("expected a program to run, got an empty argument list")
    piped = output == subprocess.PIPE
    try:
        identity = _identity(user)
        with held():
            return subprocess.Popen(
                words,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.PIPE if piped else subprocess.STDOUT,
                env=clean_environment() if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                bufsize=0,
                **identity,
            )
    except FileNotFoundError as error:
        raise ProcessError(_missing(words[0], cwd)) from error
    except PermissionError as error:
        who = f" as user {user!r} (changing the user needs root)" if user is not None else ""
        raise ProcessError(f"{words[0]}: not allowed to run it{who}: {error.strerror}") from error
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ProcessError(f"{words[0]}: could not be started: {error}") from error


def _missing(program: str, cwd: Path | None) -> str:
    if cwd is not None and not cwd.is_dir():
        return f"{program}: could not be started: its working folder {cwd} does not exist"
    package = _PACKAGES.get(Path(program).name, Path(program).name)
    return f"{program}: program not found: install {package}, or put its folder on PATH"


def _identity(user: int | str | None) -> dict[str, Any]:
    """Return Popen's arguments for running as ``user`` with that user's own group and no other."""
    if user is None:
        return {}
    try:
        account = pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
    except KeyError:
        raise ProcessError(
            f"user {user!r} does not exist on this machine: create it or name another"
        ) from None
    if account.pw_uid == os.geteuid():
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def wait_ended(child: "subprocess.Popen[bytes]", timeout: float) -> bool:
    """Wait until ``child`` has ended, without reaping it; say whether it has."""
    if child.returncode is not None:
        return True
    descriptor = os.pidfd_open(child.pid)
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(max(0.0, timeout) * 1000))
    finally:
        os.close(descriptor)


def signal_group(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Signal the whole group, if the leader was not reaped: after that the number may be another's."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)


def end_group(child: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the group and reap its leader."""
    signal_group(child, signal.SIGKILL)
    child.wait()


def recorded_environment(env: Mapping[str, str] | None, journal: Journal | None) -> dict[str, str]:
    """Return ``env``, by default a clean one, with the mark of the journal's run."""
    own = dict(clean_environment() if env is None else env)
    return own if journal is None else own | {MARKER: journal.run_id}


def record(child: "subprocess.Popen[bytes]", entry: Entry | None) -> None:
    """Record which process ``child`` is: its pid alone may be another's one day."""
    seen = process(child.pid)
    if entry is not None and seen is not None:
        entry.made(pid=child.pid, start=seen.start, boot=boot_id())
