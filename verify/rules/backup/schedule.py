"""The stated schedule can keep what else is stated.

A nightly backup cannot give an RPO of an hour, unless the time between two can be restored as well.
A time without its zone is one of two dozen. A backup within the maintenance window finds the
database stopped, and that night there is none. None of this needs a run to be seen.

Fix: take backups more often, archive the WAL and state `pitr: true`, state a longer RPO, or move the
schedule out of the window.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.schedule import Schedule, ScheduleError, Window, collisions, interval
from verify.rules import (
    Backup,
    BackupSpec,
    Duration,
    Finding,
    NamedBackup,
    Seen,
    Stated,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, its RPO, and the longest time between two.

    ``window`` is kept free of it, such as ``Sun 02:00-04:00 UTC``; ``takes`` is how long one takes.
    """

    backup: Backup
    rpo: Duration | None = None
    every: Duration | None = None
    window: Window | None = None
    takes: Duration = seconds(0)


def nightly(**more: object) -> NamedBackup:
    """Return a backup as a contract states it."""
    return NamedBackup("database", SPEC.model_copy(update=more))


SPEC = BackupSpec(engine="postgresql", schedule="0 2 * * *", timezone="UTC")
STATED = Params(
    backup=nightly(),
    rpo=Duration(86_400),
    every=Duration(86_400),
    window=Window.parse("Sun 04:00-05:00 monthly"),
)
HOLDS = [given(STATED), given(replace(STATED, backup=nightly(pitr=True), rpo=Duration(3_600)))]
FAILS = [
    given(replace(STATED, rpo=Duration(3_600))),
    given(replace(STATED, takes=Duration(600))),
    given(replace(STATED, backup=nightly(schedule="0 2 * * 1-5"))),
    given(replace(STATED, window=Window.parse("Sun 02:00-04:00 UTC monthly"))),
    given(replace(STATED, backup=nightly(schedule="0 25 * * *"))),
    given(replace(STATED, backup=nightly(schedule=None))),
    given(replace(STATED, backup=nightly(timezone=None))),
]


@rule(severity="error", refs=["crontab(5)"])
def check(stated: Params) -> Iterator[Finding | Seen]:
    """Read the schedule, and hold it against each of the others."""
    name, spec = stated.backup.name, stated.backup.spec
    if spec.schedule is None or spec.timezone is None:
        missing = "schedule" if spec.schedule is None else "timezone"
        yield Finding(f"backups.{name}", f"no `{missing}:` is stated", "when backups are taken", "nothing")
        return
    place = f"backups.{name}.schedule: {spec.schedule} {spec.timezone}"
    try:
        schedule = Schedule.parse(spec.schedule, spec.timezone)
    except ScheduleError as error:
        yield Finding(place, "never runs", "a schedule", str(error))
        return
    apart = interval(schedule)
    yield Seen(apart, limit=stated.every, what="longest time between two")
    if stated.every is not None and apart > stated.every + 3_600:  # where a clock is set back
        yield Finding(place, "comes too seldom", f"every {stated.every}", apart.beside(stated.every))
    lost = Duration(apart + stated.takes)
    if stated.rpo is not None and lost > stated.rpo and not spec.pitr:
        yield Finding(
            place,
            "loses more than the RPO",
            f"≤ {stated.rpo}",
            f"up to {lost.beside(stated.rpo)}, without PITR",
        )
    met = collisions(schedule, stated.window, stated.takes) if stated.window is not None else ()
    if met:
        first = dt.datetime.fromtimestamp(met[0], dt.UTC).strftime("%A %H:%M UTC")
        yield Finding(place, "runs in the window that is kept free", str(stated.window), first)
