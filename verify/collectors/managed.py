"""Managed databases: how their interface is asked, and a snapshot restored into an instance of ours."""

import contextlib

from verify.collectors.place import Place
from verify.drills.errors import NotRestorable
from verify.drills.postgres.address import Address
from verify.drills.postgres.scratch import connected
from verify.drills.rds import Database
from verify.drills.snapshot import Restored, Trial, restore
from verify.drills.store.choose import access_of
from verify.effects.errors import EffectError
from verify.facts.backup import Outcome, RoundTrip


def database_of(place: Place, *, writes: bool = False) -> Database:
    """Open the instance that a backup's snapshots are of; ``writes`` lets it be restored elsewhere."""
    world = place.world
    if place.spec.instance is None:
        raise EffectError(f"backup {place.name}: expected `instance:`, the database that snapshots are of")
    own = world.breakable is not None
    trust = str(world.trust) if world.trust and not own else None
    private = own or bool(world.environment and world.environment.private)
    access = access_of(place.at, trust=trust, private=private)
    return Database(
        place.spec.instance, access, redactor=world.redactor, environ=place.environ, writes=writes
    )


def restored(place: Place, *, deadline: float) -> RoundTrip:
    """Restore the newest snapshot; ask the copy the smoke query where the source's login is known.

    The source has gone on since its snapshot, so that nothing is compared: the outcome is at best
    ``UNPROVABLE``. Raise ``DrillError``.
    """
    trial = Trial()
    if place.source and place.world.breakable is None:
        login, query = Address.parse(place.source), place.spec.smoke or "select 1"
        trial = Trial(smoke=lambda copy, left: _smoke(login, query, copy, left))
    with contextlib.closing(database_of(place, writes=True)) as database:
        try:
            return restore(database, place.name, place.journal, trial=trial, deadline=deadline)
        except NotRestorable as error:
            return RoundTrip(
                backup=place.name,
                outcome=Outcome.NOT_RESTORABLE,
                stage=error.stage,
                reason=error.reason,
                steps=error.steps,
            )


def _smoke(login: Address, query: str, copy: Restored, left: float) -> None:
    """Ask the copy, which has the source's roles and passwords."""
    address = Address({**login.parameters, "host": copy.host, "port": str(copy.port)})
    with connected(address, stage="smoke", deadline=left) as connection:
        if connection.execute(query.encode()).fetchone() is None:
            raise NotRestorable("smoke", "the smoke query answered no row")
