"""Describes managed databases and their snapshots."""

import contextlib
from collections.abc import Iterator

from verify.collectors.managed import database_of
from verify.collectors.place import place_of
from verify.collectors.world import World, concurrently
from verify.facts.snapshot import Instance, Snapshots
from verify.model.need import Need


def collect(needs: tuple[Snapshots, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what is said of each instance."""
    yield from concurrently(_see, needs, world)


def _see(need: Snapshots, world: World) -> Instance:
    with contextlib.closing(database_of(place_of(need.backup, world))) as database:
        return database.describe()
