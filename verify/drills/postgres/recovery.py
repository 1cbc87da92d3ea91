"""A base backup and its WAL, recovered by a server of ours to a stated point."""

import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres.server import Server, room
from verify.drills.postgres.tools import server as programs_of
from verify.effects import servers
from verify.facts.archive import wanted

_COPY = 600.0
_LOOK = 0.01
_STATUS = 7  # line of the pid file that says whether it serves
#: what a server says that does not recover for a reason of this machine
_OURS = re.compile(
    r"No space left|Cannot allocate memory|could not map anonymous shared memory|locale|could not access file"
    r"|incompatible with server|Permission denied|could not create shared memory|too many clients"
)
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "replica",
    # nobody looks before the target is reached; else it would need at least the source's own limits
    "hot_standby": "off",
    "archive_mode": "off",
    "shared_preload_libraries": "",
    "primary_conninfo": "",
    "recovery_target_action": "promote",
    "log_min_messages": "log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a recovery stops: before what came at or after ``value`` of ``kind`` (``time``, ``lsn``)."""

    kind: str
    value: str
    timeline: str = "current"

    @property
    def settings(self) -> dict[str, str]:
        """Return the server's settings for it."""
        return {
            f"recovery_target_{self.kind}": self.value,
            "recovery_target_inclusive": "off",
            "recovery_target_timeline": self.timeline,
        }


def require_archive(archive: Path) -> None:
    """Raise ``DrillError`` where ``archive`` cannot be read: that says nothing of what lies in it."""
    try:
        next(archive.iterdir(), None)
    except OSError as error:
        raise DrillError(
            "fetch", f"{archive}: {error.strerror}: expected a folder with archived WAL"
        ) from error


def fetch_wal(archive: Path, into: Path, clock: Clock) -> None:
    """Copy what a recovery may ask for from ``archive`` into a new folder, for the server's user."""
    with clock.call("fetch", "copy", str(archive)) as noted:
        into.mkdir()
        try:
            for each in sorted(archive.iterdir()):
                if wanted(each.name) and each.is_file():
                    shutil.copyfile(each, into / each.name)
                    noted.size += each.stat().st_size
        except OSError as error:
            raise DrillError(
                "fetch", f"{archive}: {error.strerror}: expected a folder with archived WAL"
            ) from error
    owner = servers.database_user()
    if owner is not None:
        for each in (into, *into.iterdir()):
            shutil.chown(each, owner)


@contextlib.contextmanager
def recovered(
    base: Path, wal: Path, target: Target, home: Path, clock: Clock, *, user: str
) -> Iterator[Server]:
    """Give a server, living in ``home``, of a copy of ``base`` that has replayed ``wal`` up to ``target``.

    ``user`` is a superuser of the source. Raise ``NotRestorable`` where the target is not reached.
    """
    major = _major(base, clock)
    settings = _SETTINGS | target.settings | {"restore_command": f'cp "{wal}/%f" "%p"'}
    server = Server(programs_of(major), home, journal=clock.journal, settings=settings, user=user)
    with clock.call("restore", "postgres", f"{target.kind} {target.value}"):
        room(
            home.parent,
            2 * sum(each.stat().st_size for each in base.rglob("*") if each.is_file()),
            stage="restore",
        )
        server.make_home()
        _lay_out(base, server, clock)
        try:
            _promoted(server.start(wait=False), clock.deadline)
        except DrillError as error:
            server.stop()
            raise _told(server, error, target, clock) from error
    with server:
        yield server


def _promoted(server: Server, within: float) -> None:
    """Wait until the recovery has ended and the server takes connections: a standby's do not count."""
    end = time.monotonic() + within
    service, notes = server.service, server.data / "postmaster.pid"
    while service is not None and not _ready(notes):
        if service.wait(_LOOK):
            raise DrillError("restore", f"the scratch server ended at once: {service.tail(8)}")
        if time.monotonic() > end:
            raise DrillError("restore", f"the scratch server was not ready within {within:g} s")


def _ready(notes: Path) -> bool:
    try:
        return [line.strip() for line in notes.read_text().splitlines()[_STATUS:]][:1] == ["ready"]
    except OSError:
        return False


def _major(base: Path, clock: Clock) -> int:
    try:
        return int((base / "PG_VERSION").read_text().strip())
    except (OSError, ValueError):
        raise clock.lost("restore", "PG_VERSION is missing or damaged: this is no base backup") from None


def _lay_out(base: Path, server: Server, clock: Clock) -> None:
    """Copy the base backup into place; its configuration, which is of another machine, is not used."""
    from verify.effects.process import run

    copied = run(["cp", "-a", "--reflink=auto", base, server.data], deadline=_COPY, journal=clock.journal)
    if not copied.ok:
        raise clock.unseen("restore", f"the base backup could not be copied: {copied.stderr.decode()[-300:]}")
    for name, text in (
        ("postgresql.conf", ""),
        ("postgresql.auto.conf", ""),
        ("pg_hba.conf", "local all all trust\n"),
        ("pg_ident.conf", ""),
        ("recovery.signal", ""),
    ):
        (server.data / name).write_text(text)
    for name in ("postmaster.pid", "standby.signal"):
        (server.data / name).unlink(missing_ok=True)
    (server.data / "pg_wal").mkdir(exist_ok=True)
    server.own()


def _told(server: Server, error: DrillError, target: Target, clock: Clock) -> DrillError:
    """Tell whose fault it was, by the server's log."""
    log = server.log.read_text("utf-8", "replace") if server.log.exists() else ""
    said = [re.split(r"(?=FATAL:|PANIC:)", line, maxsplit=1)[-1] for line in log.splitlines()
            if _ENDED.search(line)]  # fmt: skip
    if not said or "was not ready within" in error.reason or _OURS.search(" ".join(said)):
        return clock.unseen("restore", error.reason)
    why = [line.partition("LOG:")[2].strip() for line in log.splitlines() if _WHY.search(line)]
    words = "; ".join(dict.fromkeys([*said[:2], *why[-2:]]))
    return clock.lost("restore", f"{target.kind} {target.value} is not reached: {words}")


_ENDED = re.compile(r"FATAL:|PANIC:|could not (?:open|find|read)")
_WHY = re.compile(
    r"invalid|incorrect|unexpected|wrong|mismatch|different database system|out-of-sequence|not contain"
    r"|does not exist"
)
