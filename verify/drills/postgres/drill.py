"""What a drill of PostgreSQL has to know, and where it works."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from verify.drills import hold as holding
from verify.drills.clock import Clock
from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Engine
from verify.drills.store.base import BackupStore
from verify.effects.journal import Journal
from verify.effects.redact import Redactor

#: characters of a password that can be told from ordinary text
_SHORTEST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What a drill has to know.

    ``source`` is only ever read, and None where a backup is restored without access to it: then the
    manifest beside the newest backup says what it was. ``scratch`` is a server to make a database
    of ours on, to which the variable ``variable`` leads; by default one is started. ``deadline``
    bounds every step in seconds, ``key`` is the secret that decrypts, ``smoke`` a query that has to
    answer with a row. ``folder`` is where the scratch server lives, ``apart`` the kinds of facts
    that nobody promised; ``keep`` leaves what we put into the store: a
    dump of ours, and the manifest with which a later drill needs no source. ``populated`` restores onto a
    database that holds the same already, and a table more, as whoever rolls back in place does.
    ``durable``: a server of ours waits for its disk as in production; ``at_size`` are the bytes that
    production has: where that is more than the source has, parts are restored as well.
    """

    backup: str
    engine: Engine
    store: BackupStore
    journal: Journal
    redactor: Redactor
    source: Address | None = None
    scratch: Address | None = None
    variable: str = ""
    deadline: float = 900.0
    key: str = field(default="", repr=False)
    smoke: str = ""
    jobs: int = 1
    durable: bool = False
    folder: Path | None = None
    apart: tuple[str, ...] = ()
    keep: bool = False
    populated: bool = False
    at_size: int = 0

    @property
    def held(self) -> str:
        """Name what one drill alone may work on at a time."""
        return f"backup {self.backup} of {self.source.words if self.source else self.store.place}"


def clock_of(drill: Drill) -> Clock:
    """Return the drill's clock, whose steps show no password of the addresses."""
    for address in (drill.source, drill.scratch):
        if address is not None and len(address.password) >= _SHORTEST:
            drill.redactor.add("PGPASSWORD", address.password)
    return Clock(drill.journal, drill.redactor, deadline=drill.deadline)


@contextlib.contextmanager
def working(drill: Drill) -> Iterator[Path]:
    """Give an empty folder of the run, while nobody else drills here."""
    with holding.hold(drill.held, drill.journal.run_id), drill.journal.workspace("drill") as folder:
        yield folder
