"""Describes managed databases and their snapshots."""

import contextlib
from collections.abc import Iterator

from verify.collectors.place import place_of
from verify.collectors.world import World, concurrently
from verify.drills.rds import Database
from verify.drills.store.choose import access_of
from verify.effects.errors import EffectError
from verify.facts.snapshot import Instance, Snapshots
from verify.model.need import Need


def collect(needs: tuple[Snapshots, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what is said of each instance."""
    yield from concurrently(_see, needs, world)


def _see(need: Snapshots, world: World) -> Instance:
    place = place_of(need.backup, world)
    if place.spec.instance is None:
        raise EffectError(f"backup {need.backup}: expected `instance:`, the database that snapshots are of")
    private = bool(world.environment and world.environment.private)
    own = world.breakable is not None
    trust = str(world.trust) if world.trust and not own else None
    access = access_of(place.at, trust=trust, private=private or own)
    database = Database(place.spec.instance, access, redactor=world.redactor, environ=place.environ)
    with contextlib.closing(database):
        return database.describe()
