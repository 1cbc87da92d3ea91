"""What the reference has lived through: its team's script has run each night, as cron would run it."""

import contextlib
import datetime as dt
from dataclasses import replace

from verify.collectors.place import Place
from verify.collectors.restore import execute_for, folder_of, practise
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.script.command import address_values

NIGHTS = 8
_HOUR = 2  # of the night, where nothing is stated
_DAY = dt.timedelta(days=1)


def live_through(place: Place) -> None:
    """Run the script for the nights before now that its store knows nothing of, the oldest first.

    They are the last ``NIGHTS``, and the last first of a month. Then the newest is restored, as
    teams do to practise: a restore leaves its traces in the store too.
    """
    script, store, reference = place.spec.script, place.buckets, place.world.breakable
    if script is None or store is None or reference is None:
        return
    lived = store / f".{place.name}.lived"
    if lived.exists():
        return
    lived.touch()
    stopping = place.world.stopping
    clock = Clock(place.journal, place.world.redactor, deadline=script.within, stopping=stopping)
    for night in nights(dt.datetime.now(tz=dt.UTC) - reference.idle):
        if stopping.is_set():
            return
        body = f'exec "$REAL" -d @{int(night.timestamp())} "$@"\n'
        then = replace(place, programs={**place.programs, "date": body})
        with folder_of(place) as folder:
            values = {
                **address_values("source", Address.parse(place.source)),
                "bucket": place.bucket, "store": place.spec.store or "", "endpoint": "",
                "folder": str(folder), "key": place.key, "run_id": place.world.run_id,
            }  # fmt: skip
            execute_for(then, "take", script, values, clock, folder)
    if place.spec.restore is not None:
        with contextlib.suppress(DrillError):  # what a drill finds is for the drills to tell
            practise(place)


def nights(now: dt.datetime) -> list[dt.datetime]:
    """Return the nights before ``now`` in which a backup was made, the oldest first."""
    last = now.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    last -= _DAY if last > now else dt.timedelta(0)
    every = {last - _DAY * back for back in range(NIGHTS)}
    return sorted(every | {last.replace(day=1)})
