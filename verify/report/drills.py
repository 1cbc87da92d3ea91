"""The round trips of backups in a run: what reports show of its facts."""

from collections.abc import Mapping
from dataclasses import replace

from verify.facts.archive import PointInTime
from verify.facts.backup import RoundTrip
from verify.facts.recovery_drill import Recovery
from verify.model.need import Need
from verify.run.record import Run


def drilled(answers: Mapping[Need, object]) -> dict[Need, RoundTrip]:
    """Return the round trip in each answer that has one, without its rows."""
    found = {need: _trip(fact) for need, fact in answers.items()}
    return {
        need: replace(trip, comparison=None, samples=()) for need, trip in found.items() if trip is not None
    }


def trips(run: Run) -> tuple[RoundTrip, ...]:
    """Return the last round trip of each backup, in the order of their names."""
    return tuple(
        trip
        for _, trip in sorted({trip.backup: trip for trip in drilled(run.answers).values()}.items())
        if trip.steps
    )


def _trip(fact: object) -> RoundTrip | None:
    if isinstance(fact, PointInTime):
        return fact.trip
    if isinstance(fact, Recovery):
        return fact.backup
    return fact if isinstance(fact, RoundTrip) else None
