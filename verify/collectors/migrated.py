"""Asks databases for their newest migration, then stores for what they have; nothing is written."""

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

from verify.collectors.history import live_through, release
from verify.collectors.managed import database_of
from verify.collectors.place import Place, place_of, require_source
from verify.collectors.world import World, in_turn
from verify.drills.errors import DrillError
from verify.drills.postgres.session import Session, connect
from verify.drills.rds import Database
from verify.drills.store.base import BackupStore
from verify.facts.migrated import LastMigration, Migrated
from verify.facts.retention import Point, points
from verify.model.need import Need

_CLOCK = b"select extract(epoch from clock_timestamp())::float8"
#: where backups are kept, and which there are
Backups = tuple[str, tuple[Point, ...]]
#: an empty file that was compressed is smaller
_LEAST = 100


def collect(needs: tuple[LastMigration, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each newest migration."""
    yield from in_turn(_see, needs, world)


def _see(need: LastMigration, world: World) -> Migrated:
    place = place_of(need.backup, world)
    if place.spec.engine == "snapshot":
        if world.breakable is not None:
            release(place)
        with contextlib.closing(database_of(place)) as database:
            return _seen(need, place, lambda: _snapshots(database))
    if place.spec.engine not in {"postgresql", "script"}:
        raise DrillError("take", f"engine {place.spec.engine} is of nothing that remembers migrations")
    with contextlib.closing(place.store()) as store:
        if world.breakable is not None:
            if place.spec.migrate is None:
                raise DrillError("take", f"backup {place.name}: state `migrate:`, which the reference runs")
            live_through(place)
        return _seen(need, place, lambda: _artefacts(store))


def _seen(need: LastMigration, place: Place, backups: Callable[[], Backups]) -> Migrated:
    with connect(require_source(place), deadline=float(place.world.deadline), stage="take") as session:
        ((clock,),) = session.query(_CLOCK)
        at = time.time()
        name, applied = _newest(session, need)
    stored, found = backups()  # afterwards: what comes meanwhile was made too late anyway
    return Migrated(at=at, clock=clock, place=stored, name=name, applied=applied, backups=found)


def _snapshots(database: Database) -> Backups:
    instance = database.describe()
    every = instance.snapshots
    return instance.name, tuple(
        Point(key=each.id, at=each.at, good=None if each.usable else False) for each in every
    )


def _artefacts(store: BackupStore) -> Backups:
    listed = store.list()
    return listed.place, points(listed.artefacts, _LEAST)


def _newest(session: Session, need: LastMigration) -> tuple[str, float | None]:
    """Return the newest migration and its Unix time; "" and None where there is none."""
    row = session.first(need.query)
    if row is None:
        return "", None
    expected = f"backup {need.backup}: expected a name and a moment with its time zone of `query:`"
    if len(row) != 2:  # noqa: PLR2004 - these two
        raise DrillError("take", f"{expected}, got {len(row)} columns")
    name, applied = row
    if isinstance(applied, dt.datetime) and applied.tzinfo is not None:
        return str(name), applied.timestamp()
    if isinstance(applied, int | float | Decimal) and not isinstance(applied, bool):
        return str(name), float(applied)
    raise DrillError("take", f"{expected}, got {type(applied).__name__}: cast it to timestamptz")
