"""When a database was migrated last, and what had been backed up by then."""

from dataclasses import dataclass
from typing import ClassVar

from verify.facts.retention import Point
from verify.model.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """The newest migration of a database, ``applied`` at that Unix time, None where none is recorded.

    ``clock`` is what the database's clock showed at ``at`` of ours; ``backups`` are those that
    ``place`` has, of times that their snapshots were taken at.
    """

    at: float
    clock: float
    place: str
    name: str = ""
    applied: float | None = None
    backups: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMigration(Need):
    """Ask the source of the backup of this name for its newest migration, and its store for what it has.

    ``query`` answers with the migration's name and when it was applied, for the newest first.
    """

    kind: ClassVar[str] = "migrated"
    answer: ClassVar[type] = Migrated
    after_ready: ClassVar[bool] = False

    backup: str
    query: str
