"""PostgreSQL as a part: a unix socket, no TCP, no syncing to disk."""

import contextlib
import datetime as dt
import os
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.effects.process import Finished, run
from verify.reference import binaries
from verify.reference.errors import StartError
from verify.reference.parts import Part, Run
from verify.reference.template import Template

if TYPE_CHECKING:
    import psycopg

#: who owns the application's database, and its name; the server's own superuser is another
USER, NAME = "reference", "shop"
SUPERUSER = "postgres"
_PORT = "5432"
_INITDB = 60.0
_ARCHIVED, _LOOK = 15.0, 0.02  # seconds until a segment must be archived, and between two looks
_COPY = 60.0
_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=16MB",
    "dynamic_shared_memory_type=mmap",
    "unix_socket_permissions=0777",
    "log_min_messages=warning",
    "archive_mode=on",
    "archive_timeout=60",
)
#: what the archiver does with a segment of the WAL, by the name of its flag, instead of its work
FAILS, LOSES = "fails", "loses"
_ARCHIVE = f"""[ ! -e {{home}}/archiver.{FAILS} ] || exit 1
[ ! -e {{home}}/archiver.{LOSES} ] || exit 0
cp "$1" {{home}}/wal/"$2"
"""


class Postgres(Part):
    """The database; its data folder is a copy of a template that is made once."""

    name = "database"

    def __init__(self, run: Run) -> None:
        """Find the programs and whom they run as."""
        super().__init__(run)
        self._user = binaries.database_user()
        self._programs = binaries.postgres(self._user)
        self._home = run.folder / "pg"
        self._data = self._home / "data"
        self.pidfile = self._data / "postmaster.pid"
        self.parameters = {"host": str(self._home), "port": _PORT, "name": NAME, "user": USER}

    def user(self) -> str | None:
        """Return the user it runs as."""
        return self._user

    def environment(self) -> dict[str, str]:
        """Return a plain environment: it is no Python program."""
        return self.run.plain_environment()

    def argv(self) -> Sequence[str | Path]:
        """Return the program."""
        settings = [
            word
            for setting in (*_SETTINGS, f"unix_socket_directories={self._home}", self._archive_command)
            for word in ("-c", setting)
        ]
        return [self._programs / "postgres", "-D", self._data, "-p", _PORT, *settings]

    @property
    def _archive_command(self) -> str:
        return f"archive_command=sh {shlex.quote(str(self._home / 'archive.sh'))} %p %f"

    @property
    def superuser(self) -> str:
        """Return its address for its superuser, for libpq."""
        return f"postgresql://{SUPERUSER}@/{NAME}?host={self._home}&port={_PORT}"

    @property
    def wal(self) -> Path:
        """Return the folder that segments of its WAL are archived in."""
        return self._home / "wal"

    def archives(self, lacking: AbstractSet[str]) -> None:
        """Let the archiver work, or do what is ``lacking`` of it: ``FAILS``, ``LOSES``."""
        for each in (FAILS, LOSES):
            flag = self._home / f"archiver.{each}"
            if each in lacking:
                flag.touch()
            else:
                flag.unlink(missing_ok=True)

    def archive(self) -> None:
        """End the present segment of the WAL, as its timeout does, and wait until the archiver had it.

        Raise ``StartError`` where that takes too long.
        """
        asked = "select archived_count + failed_count from pg_stat_archiver"
        with self._superuser() as connection:
            before = connection.execute(asked).fetchone()
            connection.execute("select pg_logical_emit_message(true, 'verify', 'archived'), pg_switch_wal()")
            end, pause = time.monotonic() + _ARCHIVED, threading.Event()
            while connection.execute(asked).fetchone() == before:
                if time.monotonic() > end:
                    msg = f"the reference's archiver did nothing for {_ARCHIVED:g} s: is the machine busy?"
                    raise StartError(msg)
                pause.wait(_LOOK)

    def ready(self) -> bool:
        """Say whether the server has noted in its pid file that it takes connections."""
        try:
            lines = self.pidfile.read_text().splitlines()
        except OSError:
            return False
        ours = self.service is not None and lines[:1] == [str(self.service.pid)]
        return ours and lines[7:8] == ["ready   "]

    def prepare(self) -> None:
        """Put the data folder into place: copied from the template, or made and kept as one."""
        self._home.mkdir(mode=0o711)
        self._own(self._home)
        self.wal.mkdir(mode=0o700)
        self._own(self.wal)
        (self._home / "archive.sh").write_text(_ARCHIVE.format(home=shlex.quote(str(self._home))))
        version = self._run([self._programs / "postgres", "--version"], "tell its version").stdout.decode()
        template = Template(self.run.cache, version, self.run.plain_environment())
        if template.copy_to(self._data):
            self._own_all()
            return
        with template.building() as wanted:
            if not wanted:
                template.copy_to(self._data)
                self._own_all()
                return
            self._make()
            template.keep(self._data)

    def _make(self) -> None:
        """Make a data folder with tables and first rows; the server is stopped afterwards."""
        options = (
            "-U",
            SUPERUSER,
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--no-locale",
            "--wal-segsize=1",
        )
        initdb = self._programs / "initdb"
        self._run([initdb, "-D", self._data, *options], "initialise its data folder", user=self._user)
        self.start()
        try:
            self.wait()
            prepare = [sys.executable, "-m", "verify.reference.shop.prepare"]
            self._run(prepare, "be migrated", env=self.run.environment())
        finally:
            self.stop()

    def _run(
        self,
        argv: Sequence[str | Path],
        what: str,
        *,
        user: str | None = None,
        env: dict[str, str] | None = None,
    ) -> Finished:
        done = run(
            argv, deadline=_INITDB, user=user, env=env or self.run.plain_environment(), cwd=self.run.folder
        )
        if not done.ok:
            words = (done.stderr or done.stdout).decode("utf-8", "replace")[-2000:]
            msg = f"the reference's database could not {what}: {argv[0]} said:\n{words}"
            raise StartError(msg)
        return done

    def _own(self, path: Path) -> None:
        if self._user is not None:
            shutil.chown(path, self._user)

    def _own_all(self) -> None:
        """Give the copied folder to the server's user."""
        if self._user is not None:
            self._run(["chown", "-R", self._user, self._data], "own its data folder")

    def lose(self) -> None:
        """Drop the application's database with all in it; raise ``StartError``."""
        from psycopg import sql

        with self._superuser() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME))
            )

    def provide(self) -> None:
        """Make the application's database anew, empty, as a platform does; raise ``StartError``."""
        from psycopg import sql

        made = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(NAME), sql.Identifier(USER))
        with self._superuser() as connection:
            connection.execute(made)

    def unmigrate(self) -> None:
        """Take the migration of ``release`` back, the others being a month old then; raise ``StartError``."""
        with self._superuser(NAME) as connection, connection.transaction():
            connection.execute("DROP TABLE IF EXISTS release_notice")
            connection.execute("DELETE FROM django_migrations WHERE app = 'release'")
            connection.execute(
                "UPDATE django_migrations SET applied = least(applied, now() - interval '30 days')"
            )

    def migrate(self, url: str, at: dt.datetime | None) -> None:
        """Migrate to ``release``, now or at what its clock takes for ``at``; raise ``StartError``."""
        argv = [sys.executable, "-P", "-m", "verify.reference.shop.manage", "migrate", "--no-input"]
        self._run(argv, "be migrated", env={**self.run.environment(), "DATABASE_URL": url})
        if at is not None:
            with self._superuser(NAME) as connection:
                connection.execute("UPDATE django_migrations SET applied = %s WHERE app = 'release'", (at,))

    @contextlib.contextmanager
    def _superuser(self, name: str = "postgres") -> "Iterator[psycopg.Connection[Any]]":
        """Connect to ``name`` as the server's superuser; raise ``StartError`` for what it refuses."""
        import psycopg
        from psycopg import conninfo

        at = {"host": self.parameters["host"], "port": _PORT, "user": SUPERUSER, "dbname": name}
        try:
            with psycopg.connect(conninfo.make_conninfo("", **at), autocommit=True) as connection:
                connection.execute("SET statement_timeout = '20s'")
                yield connection
        except psycopg.Error as error:
            msg = f"the reference's database refused its superuser: {error}"
            raise StartError(msg) from error

    def stop(self, *, grace: float = 3.0) -> None:
        """Stop it without waiting for its clients, yet so that it removes its shared memory."""
        service = self.service
        if service is not None and service.alive and not self._paused:
            os.kill(service.pid, signal.SIGINT if grace else signal.SIGQUIT)
            service.wait(max(grace, 2.0))
        super().stop(grace=0.0)
