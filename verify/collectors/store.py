"""Lists what the stores of backups hold."""

import contextlib
from collections.abc import Iterator

from verify.collectors.place import place_of
from verify.collectors.world import World, concurrently
from verify.facts.backup import Store, Stored
from verify.model.need import Need


def collect(needs: tuple[Stored, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what each store holds."""
    yield from concurrently(_see, needs, world)


def _see(need: Stored, world: World) -> Store:
    with contextlib.closing(place_of(need.backup, world).store()) as store:
        return store.list()
