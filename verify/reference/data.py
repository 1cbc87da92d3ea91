"""What the reference keeps: where its data are, how they are migrated, and how they get lost."""

import datetime as dt
from pathlib import Path

from verify.reference.errors import StartError
from verify.reference.postgres import Postgres
from verify.reference.redis_server import SOCKET, Redis


class Data:
    """The reference's part in backups; ``folder`` is where all of it lives."""

    folder: Path
    _database: Postgres
    _redis: Redis

    @property
    def database_url(self) -> str:
        """Return the address of its database, for libpq."""
        at = self._database.parameters
        return f"postgresql://{at['user']}@/{at['name']}?host={at['host']}&port={at['port']}"

    @property
    def superuser_url(self) -> str:
        """Return the address of its database for the server's superuser, who may copy all of it."""
        return self._database.superuser

    @property
    def wal(self) -> Path:
        """Return the folder that the database's WAL is archived in."""
        return self._database.wal

    @property
    def cache_url(self) -> str:
        """Return the address of its Redis."""
        return f"unix://{self.folder / SOCKET}?password={self._redis.password}"

    def archive(self) -> None:
        """End the present segment of the WAL and wait until the archiver had it; raise ``StartError``."""
        self._database.archive()

    def unmigrate(self) -> None:
        """Take the migration of the next release back; those before it are a month old then."""
        self._database.unmigrate()

    def migrate(self, at: dt.datetime | None = None) -> None:
        """Migrate to the next release by hand; ``at`` is when that was, now where none is given."""
        self._database.migrate(self.database_url, at)

    def lose(self, disaster: str) -> None:
        """Make ``disaster`` happen: what is lost has to be restored; raise ``StartError`` where it cannot."""
        if disaster not in {"database-lost", "redis-lost", "all-lost"}:
            msg = f"{disaster} cannot happen to the reference: it has one release, in one region"
            raise StartError(msg)
        if disaster != "redis-lost":
            self._database.lose()
        self._redis.ask("FLUSHALL")

    def provide(self, disaster: str) -> None:
        """Give what a platform gives after ``disaster``: a new database, with nothing in it."""
        if disaster != "redis-lost":
            self._database.provide()
