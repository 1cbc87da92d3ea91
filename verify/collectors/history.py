"""What the reference has lived through: scripts ran each night, as cron would, and to release."""

import contextlib
import datetime as dt
import threading
from dataclasses import replace

from verify.collectors.place import Place
from verify.collectors.restore import execute_for, folder_of, practise
from verify.collectors.world import Breakable
from verify.contract.backup import Command
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.script.command import address_values
from verify.reference.errors import ReferenceSystemError

NIGHTS = 8
_HOUR = 2  # of the night, where nothing is stated
_DAY = dt.timedelta(days=1)
#: a migration that nothing was backed up before: an hour before the last night but one
BY_HAND = _DAY + dt.timedelta(hours=1)
#: collectors ask concurrently, and nobody may look at half a life
_LIVING = threading.Lock()


def live_through(place: Place) -> None:
    """Run the scripts as they would have run before now, where the store knows nothing of it.

    That is each of the last ``NIGHTS``, and the last first of a month; then a release, where it is
    stated how. Then the newest is restored, as teams do to practise: a restore leaves its traces in
    the store too.
    """
    script, store, reference = place.spec.script, place.buckets, place.world.breakable
    if script is None or store is None or reference is None:
        return
    with _LIVING:
        lived = store / f".{place.name}.lived"
        if lived.exists():
            return
        lived.touch()
        for night in nights(dt.datetime.now(tz=dt.UTC) - reference.idle):
            if place.world.stopping.is_set():
                return
            _run(place, script, night)
        if place.spec.migrate is not None:
            _release(place, reference)
        if place.spec.restore is not None:
            with contextlib.suppress(DrillError):  # what a drill finds is for the drills to tell
                practise(place)


def release(place: Place) -> None:
    """Let the reference be migrated to its next release, whatever it was migrated to before."""
    if place.world.breakable is not None:
        with _LIVING:
            _release(place, place.world.breakable)


def _release(place: Place, reference: Breakable) -> None:
    """Migrate as the team does: by its script, which backs up before, or by hand where the platform does."""
    now = dt.datetime.now(tz=dt.UTC)
    with contextlib.suppress(ReferenceSystemError):  # a database that is down: who asks it says so
        reference.unmigrate()
        if reference.unbacked:
            reference.migrate(nights(now)[-1] - BY_HAND)
        elif place.spec.migrate is not None:
            _run(place, place.spec.migrate, now - reference.idle)
        else:
            reference.migrate()


def _run(place: Place, command: Command, then: dt.datetime) -> None:
    """Run a command of the team's under a clock that shows ``then``."""
    body = f'exec "$REAL" -d @{int(then.timestamp())} "$@"\n'
    world = place.world
    clock = Clock(place.journal, world.redactor, deadline=command.within, stop=world.stopping)
    with folder_of(place) as folder:
        values = {
            **address_values("source", Address.parse(place.source)),
            "bucket": place.bucket, "store": place.spec.store or "", "endpoint": "",
            "folder": str(folder), "key": place.key, "run_id": world.run_id,
        }  # fmt: skip
        at_that_time = replace(place, programs={**place.programs, "date": body})
        execute_for(at_that_time, "take", command, values, clock, folder)


def nights(now: dt.datetime) -> list[dt.datetime]:
    """Return the nights before ``now`` in which a backup was made, the oldest first."""
    last = now.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    last -= _DAY if last > now else dt.timedelta(0)
    every = {last - _DAY * back for back in range(NIGHTS)}
    return sorted(every | {last.replace(day=1)})
