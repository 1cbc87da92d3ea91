"""Lists what the stores of backups hold."""

import contextlib
from collections.abc import Iterator

from verify.collectors.history import live_through
from verify.collectors.place import place_of
from verify.collectors.world import World, in_turn
from verify.facts.backup import Store, Stored
from verify.model.need import Need


def collect(needs: tuple[Stored, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what each store holds."""
    yield from in_turn(_see, needs, world)


def _see(need: Stored, world: World) -> Store:
    place = place_of(need.backup, world)
    with contextlib.closing(place.store()) as store:
        if world.breakable is not None:
            live_through(place)
        return store.list()
