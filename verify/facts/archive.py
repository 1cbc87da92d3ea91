"""What becomes of the write-ahead log: whether it is archived, and what a recovery from it reached."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.facts.backup import RoundTrip
from verify.model.need import Effect, Need
from verify.model.units import Duration

_LOG = 1 << 32
_NAME = 24  # digits of a segment's name: timeline, log, segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """The archiver of a PostgreSQL server, seen at its Unix time ``at``.

    ``unarchived`` is the WAL, in bytes, that lies on the server alone. ``timeout`` is after how long
    the server ends a segment that is not full, 0 for never. ``since`` is when its counters began;
    ``receivers`` are the names of programs that are sent the WAL as it is written.
    """

    at: float
    enabled: bool
    archived: int = 0
    failed: int = 0
    last_archived: float | None = None
    last_failed: float | None = None
    last_failed_wal: str = ""
    unarchived: int = 0
    segment: int = 16 << 20
    timeout: Duration = field(default=Duration(0))
    since: float | None = None
    receivers: tuple[str, ...] = ()

    @property
    def failing(self) -> bool:
        """Say whether the last attempt failed."""
        if self.last_failed is None:
            return False
        return self.last_archived is None or self.last_failed > self.last_archived


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived(Need):
    """Ask how the WAL of the backup's source is archived."""

    kind: ClassVar[str] = "archived"
    answer: ClassVar[type] = Archiving

    backup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One recovery: to ``target`` (``time`` or ``lsn``, and which), and what of it was there.

    ``before`` and ``after`` say whether the row written before, and the one after the target, is in
    the copy; ``reached`` is the Unix time of the last transaction that came back.
    """

    target: str
    before: bool
    after: bool
    reached: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointInTime:
    """A base backup and its WAL, recovered to points that were marked by rows of ours.

    ``delay`` is how long a committed row took to be in the archive, once its segment was ended by
    us: without that, ``timeout`` is after how long the server does so itself, 0 for never. Both are
    None where the drill ended before they were seen.
    """

    trip: RoundTrip
    recoveries: tuple[Recovered, ...] = ()
    delay: Duration | None = None
    timeout: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverTo(Need):
    """Ask for a base backup of the backup's source to be taken and recovered to a point in time."""

    kind: ClassVar[str] = "pitr"
    answer: ClassVar[type] = PointInTime
    effect: ClassVar[Effect] = Effect.DESTROYS
    after_ready: ClassVar[bool] = False

    backup: str


def segment_end(name: str, size: int) -> int | None:
    """Return the place in the WAL, in bytes, where the segment ``name`` of ``size`` bytes ends.

    None for what is no segment, such as a timeline's history.
    """
    if len(name) != _NAME:
        return None
    try:
        log, number = int(name[8:16], 16), int(name[16:], 16)
    except ValueError:
        return None
    return log * _LOG + (number + 1) * size


def wanted(name: str) -> bool:
    """Say whether a file of an archive is one that a recovery asks for: a segment or a history."""
    stem, dot, suffix = name.partition(".")
    return (not dot and segment_end(name, 1) is not None) or (suffix == "history" and len(stem) == 8)  # noqa: PLR2004 - digits of a timeline
