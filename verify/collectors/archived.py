"""Asks the archivers of the databases that are backed up; nothing is written."""

from collections.abc import Iterator

from verify.collectors.place import place_of, require_source
from verify.collectors.world import World, concurrently
from verify.drills.postgres.archiver import archiving
from verify.drills.postgres.session import connect
from verify.facts.archive import Archived, Archiving
from verify.model.need import Need


def collect(needs: tuple[Archived, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what each archiver says of itself."""
    yield from concurrently(_see, needs, world)


def _see(need: Archived, world: World) -> Archiving:
    if world.breakable is not None:
        world.breakable.archive()  # its timeout would do so in a minute
    source = require_source(place_of(need.backup, world, stored=False))
    with (
        connect(source, deadline=float(world.deadline), stage="store") as session,
        session.until(world.stopping),
    ):
        return archiving(session)
