"""A PostgreSQL server of our own to restore into: a unix socket for us alone, gone with the run."""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.tools import Programs
from verify.drills.postgres.tools import server as programs_of
from verify.effects import servers
from verify.effects.journal import Journal
from verify.effects.process import Service, clean_environment, run
from verify.reference import folders, keeper
from verify.reference.errors import ReferenceSystemError
from verify.reference.template import Template

USER = "drill"
_PORT = "5432"
_INITDB = 60.0
_READY = 60.0
_LOOK = 0.01
_LONGEST = 90  # characters of a folder; a unix socket's path may have 107
_ALIVE = "alive.lock"
_STATUS = 7  # line of the pid file that says whether it serves
_INIT = ("-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale", "--wal-segsize=16")
#: a scratch server that is lost is made again: it never waits for the disk
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal"}
#: a server as it is installed: what time a restore takes shows on such a one alone
DURABLE = {
    "wal_level": "replica",
    "max_wal_senders": "10",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
}
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "dynamic_shared_memory_type": "mmap",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
}


class Server:
    """One server on a data folder of ours; ``home`` is for the server's user (and root) alone.

    ``start`` and ``stop`` may be called again and again; as a context manager it is stopped at
    the end. Whoever makes one removes ``home``, which lies in a folder of the run.
    """

    def __init__(
        self,
        programs: Programs,
        home: Path,
        *,
        journal: Journal,
        settings: Mapping[str, str] | None = None,
        user: str = USER,
        stopping: threading.Event | None = None,
    ) -> None:
        """Say where it lives; ``settings`` go before ours; ``user`` is the superuser of its data folder.

        Once ``stopping`` is set, what another thread does with it ends.
        """
        self.programs = programs
        self.home = home
        self.data = home / "data"
        self.log = home.parent / f"{home.name}.log"
        self._journal = journal
        self._settings = _SETTINGS | (FAST if settings is None else dict(settings))
        self._owner = servers.database_user()
        self._superuser = user
        self._stopping = stopping
        self._service: Service | None = None
        self._alive = contextlib.ExitStack()
        if len(str(home)) > _LONGEST:
            raise DrillError("restore", f"{home}: too long for a unix socket: set TMPDIR to a shorter folder")

    @property
    def address(self) -> Address:
        """Return where it answers: its own first database."""
        return Address({"host": str(self.home), "port": _PORT, "user": self._superuser, "dbname": "postgres"})

    @property
    def service(self) -> Service | None:
        """Return the running process, None before and after."""
        return self._service

    def prepare(self) -> None:
        """Make ``home`` and an empty data folder, from the template that is made once a version."""
        self.make_home()
        environment = clean_environment()
        said = run([self.programs["postgres"], "--version"], deadline=_INITDB).stdout.decode().strip()
        # the folder's name too: the system's and the wheel's of one version differ in what they bring
        template = Template(
            folders.cache(),
            f"{said} {self.programs.folder} {_INIT}",
            environment,
            sources=(),
            stopping=self._stopping,
        )
        try:
            if not template.copy_to(self.data):
                with template.building() as wanted:
                    if wanted:
                        self._initdb()
                        template.keep(self.data)
                        return
                    template.copy_to(self.data)
        except ReferenceSystemError as error:
            raise DrillError("restore", str(error)) from error
        self.own()

    def rename_superuser(self, name: str) -> None:
        """Give the first superuser of the running server the name ``name``; raise ``DrillError``.

        What it owns, nothing in the catalogue says: a source's own first superuser has to be ours.
        """
        if name == self._superuser:
            return
        mine, helper = self.address, f"{self._superuser}_{os.urandom(4).hex()}"
        with connected(mine) as connection:
            connection.execute(sql.SQL("create role {} superuser login").format(sql.Identifier(helper)))
        with connected(Address({**mine.parameters, "user": helper})) as connection:
            renamed = sql.SQL("alter role {} rename to {}")
            connection.execute(renamed.format(sql.Identifier(self._superuser), sql.Identifier(name)))
        self._superuser = name
        with connected(self.address) as connection:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(helper)))

    def make_home(self) -> None:
        """Make ``home``, closed to everybody but the server's user and root."""
        self.home.mkdir(mode=0o700)
        if self._owner is not None:
            shutil.chown(self.home, self._owner, _group(self._owner))

    def own(self) -> None:
        """Give the data folder, however it came to be, to the server's user."""
        if self._owner is not None:
            self._do(["chown", "-R", self._owner, self.data])
        self._do(["chmod", "0700", self.data])

    def start(self, *, within: float = _READY, wait: bool = True) -> Self:
        """Start it with a keeper beside it, and wait until it serves; ``DrillError`` with its last words."""
        self._keep()
        words = [word for name, text in self._all_settings() for word in ("-c", f"{name}={text}")]
        self._service = Service.start(
            [self.programs["postgres"], "-D", self.data, "-p", _PORT, *words],
            name="scratch server of a drill",
            log=self.log,
            env=clean_environment(),
            cwd=self.home.parent,
            user=self._owner,
            journal=self._journal,
        )
        if wait:
            self.wait(within)
        return self

    def wait(self, within: float = _READY) -> None:
        """Wait at most ``within`` seconds until it takes connections."""
        end = time.monotonic() + within
        service = self._service
        while service is not None and not self.ready:
            if service.wait(_LOOK):
                raise DrillError("restore", f"the scratch server ended at once: {service.tail(8)}")
            if time.monotonic() > end or (self._stopping is not None and self._stopping.is_set()):
                raise DrillError(
                    "restore", f"the scratch server was not ready within {within:g} s: {service.tail(8)}"
                )

    @property
    def ready(self) -> bool:
        """Say whether it has noted in its pid file that it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ours = self._service is not None and lines[:1] == [str(self._service.pid)]
        return ours and [line.strip() for line in lines[_STATUS : _STATUS + 1]] in (["ready"], ["standby"])

    def stop(self, *, grace: float = 5.0, at_once: bool = False) -> None:
        """Stop it without waiting for its clients, so that it removes its shared memory; safe to repeat.

        ``at_once``: its data are thrown away, so that it need not write them.
        """
        service, self._service = self._service, None
        if service is not None:
            if service.alive:
                os.kill(service.pid, signal.SIGQUIT if at_once else signal.SIGINT)
                service.wait(grace)
            service.stop(grace=1.0)
        self._alive.close()

    def kill(self) -> None:
        """End it as a crash would, without writing anything more."""
        self.stop(grace=_READY, at_once=True)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _all_settings(self) -> Sequence[tuple[str, str]]:
        return [*self._settings.items(), ("unix_socket_directories", str(self.home))]

    def _keep(self) -> None:
        """Start what ends the server and removes its shared memory should we be killed."""
        self._alive.close()
        with contextlib.ExitStack() as stack:
            lock = self.home.parent / f"{self.home.name}.{_ALIVE}"
            file = stack.enter_context(lock.open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
            beside = Service.start(
                [sys.executable, "-I", "-S", keeper.__file__, lock, self.data / "postmaster.pid"],
                name="keeper of a scratch server",
                log=self.log,
                journal=self._journal,
            )
            # ended before the lock goes: it would take that for our death
            stack.callback(beside.stop, grace=0.0)
            self._alive = stack.pop_all()

    def _initdb(self) -> None:
        self._do([self.programs["initdb"], "-D", self.data, *_INIT], user=self._owner)

    def _do(self, argv: Sequence[str | Path], *, user: str | None = None) -> None:
        done = run(
            argv,
            deadline=_INITDB,
            user=user,
            cwd=self.home.parent,
            journal=self._journal,
            stopping=self._stopping,
        )
        if not done.ok:
            words = (done.stderr or done.stdout).decode("utf-8", "replace").strip()[-500:]
            raise DrillError("restore", f"the scratch server could not be prepared: {argv[0]}: {words}")


@contextlib.contextmanager
def scratch_server(
    journal: Journal,
    *,
    major: int | None = None,
    folder: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Give a running, empty server of ``major``, by default the newest here; it and its folder go after.

    ``folder`` is a new folder to be made; ``settings`` replace ``FAST``: ``{}`` waits for the disk
    as a server in production does.
    """
    programs = programs_of(major)
    with workplace(journal, folder) as place:
        server = Server(programs, place / f"pg{programs.major}", journal=journal, settings=settings)
        server.prepare()
        try:
            yield server.start()
        finally:
            server.stop(at_once=True)


@contextlib.contextmanager
def workplace(journal: Journal, folder: Path | None = None) -> Iterator[Path]:
    """Make a folder of the run that the server's user may pass through, and remove it at the end."""
    name = f"{journal.run_id[:24]}-{os.urandom(3).hex()}"
    path = folder or folders.place(name, servers.database_user())
    with journal.folder(path):
        path.chmod(0o711)  # to pass, not to look: the server's own folder lies below
        yield path


def room(folder: Path, needed: float, *, stage: str) -> None:
    """Raise ``DrillError`` of ``stage`` unless ``needed`` bytes are free where ``folder`` is."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DrillError(
            stage,
            f"{folder}: {free / 1e6:.0f} MB are free, {needed / 1e6:.0f} MB are needed "
            "(three times the source): free some, or set TMPDIR to a larger place",
        )


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
