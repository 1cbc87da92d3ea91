"""What is seen of a managed database's snapshots."""

from dataclasses import dataclass
from typing import ClassVar

from verify.model.need import Need
from verify.model.units import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One snapshot: ``at`` the Unix time it is of; ``size`` in bytes is that of the whole disk.

    ``kind`` is ``automated`` or ``manual``; only one whose ``status`` is ``available`` can be restored.
    """

    id: str
    at: float
    status: str
    kind: str
    size: int
    encrypted: bool

    @property
    def usable(self) -> bool:
        """Say whether it can be restored."""
        return self.status == "available"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A managed database and how it is backed up, seen at the Unix time ``at``.

    ``retention`` is how long automated backups are kept, zero where there are none; ``window`` is
    when they are made, in UTC, such as ``03:00-04:00``; any time until ``latest``, a Unix time, can
    be restored, None where there are none yet. ``snapshots`` are the oldest first.
    """

    name: str
    at: float
    region: str
    status: str
    engine: str
    version: str
    retention: Duration
    window: str
    latest: float | None
    multi_az: bool
    encrypted: bool
    size: int
    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots(Need):
    """Ask for the instance of the backup of this name, and its snapshots."""

    kind: ClassVar[str] = "snapshots"
    answer: ClassVar[type] = Instance
    after_ready: ClassVar[bool] = False

    backup: str
