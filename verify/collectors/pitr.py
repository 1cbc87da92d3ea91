"""Takes base backups, and recovers each to points in time: one drill after the other."""

from collections.abc import Iterator
from pathlib import Path

from verify.collectors.place import Place, place_of, require_source
from verify.collectors.restore import DEADLINE
from verify.collectors.world import World, in_turn
from verify.contract.values import variable_of
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.hold import hold
from verify.drills.postgres.address import Address
from verify.drills.postgres.physical import Physical, point_in_time
from verify.drills.postgres.server import workplace
from verify.effects.errors import EffectError
from verify.facts.archive import PointInTime, RecoverTo
from verify.model.need import Need
from verify.reference.errors import ReferenceSystemError

_OTHERS = frozenset({"redis", "objectstore", "snapshot"})


def collect(needs: tuple[RecoverTo, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what became of each."""
    yield from in_turn(_see, needs, world)


def _see(need: RecoverTo, world: World) -> PointInTime:
    place = place_of(need.backup, world, stored=False)
    if place.spec.engine in _OTHERS:
        raise DrillError(
            "take", f"backup {need.backup}: engine {place.spec.engine} keeps no WAL of PostgreSQL"
        )
    source, archive = _ends(place)
    at, clock = Address.parse(source), Clock(place.journal, world.redactor, deadline=DEADLINE)
    drill = Physical(
        backup=place.name,
        source=at,
        archive=archive,
        variable=variable_of(place.at.source) if place.at.source else "",
        smoke=place.spec.smoke or "SELECT 1",
    )
    with hold(f"backup {place.name} of {at.words}", world.run_id), workplace(place.journal) as folder:
        return point_in_time(drill, folder=folder, clock=clock)


def _ends(place: Place) -> tuple[str, Path]:
    """Return the address of the source, and the folder that its WAL is archived in."""
    reference = place.world.breakable
    if reference is None:
        source = require_source(place)
        if place.at.archive is None:
            raise DrillError(
                "fetch",
                f"backup {place.name}: state `archive: FOLDER` under `backups:` of this environment: where "
                "what the source's archive_command writes can be read from here",
            )
        return source, place.world.root / place.at.archive
    try:
        reference.archive()  # an archiver says that it fails only once it had something to do
    except ReferenceSystemError as error:
        raise EffectError(f"backup {place.name}: {error}") from error
    return reference.superuser_url, reference.wal
