"""``backup.prom``: what backups came to, as OpenMetrics text for a textfile collector.

The file outlives the run that wrote it: what a later run does not drill stays in it, and a drill
that failed does not take back when the last one succeeded.
"""

from collections.abc import Iterable, Iterator

from verify.facts.backup import STAGES, Outcome, RoundTrip
from verify.facts.prometheus import MetricsError, parse
from verify.report.drills import trips
from verify.run.record import Run

NAME = "backup.prom"
_SUCCESS = "deploy_verify_backup_last_success_timestamp_seconds"
_FAMILIES = {
    _SUCCESS: "When a backup was last restored and found to be equal to its source, as Unix time.",
    "deploy_verify_backup_drill_timestamp_seconds": "When a backup was last drilled, as Unix time.",
    "deploy_verify_backup_equal": "1 where the restored copy was equal to its source, else 0.",
    "deploy_verify_backup_age_seconds": "How old the backup was that was restored, at the time of the drill.",
    "deploy_verify_backup_size_bytes": "Size of the backup that was restored.",
    "deploy_verify_restore_seconds": "From the decision to restore to the first query that was answered.",
    "deploy_verify_restore_stage_seconds": "What each stage took; a script and what it calls both count.",
}
_OF = ("system", "environment", "backup")
_Sample = tuple[str, dict[str, str], float]


def render(run: Run, earlier: str = "") -> str:
    """Return the file after ``run``, from its text ``earlier``; "" where the run drilled no backup."""
    seen = trips(run)
    if not seen:
        return ""
    new = [sample for trip in seen for sample in _samples(run, trip)]
    return "\n".join(_lines([*new, *_kept(earlier, new)])) + "\n"


def _samples(run: Run, trip: RoundTrip) -> Iterator[_Sample]:
    at = run.started + run.seconds
    of = dict(zip(_OF, (run.system, run.environment or "", trip.backup), strict=True))
    restored = trip.outcome in {Outcome.EQUAL, Outcome.DIFFERENT}
    if trip.outcome is Outcome.EQUAL:
        yield _SUCCESS, of, at
    yield "deploy_verify_backup_drill_timestamp_seconds", of, at
    yield "deploy_verify_backup_equal", of, float(trip.outcome is Outcome.EQUAL)
    if trip.at is not None:
        yield "deploy_verify_backup_age_seconds", of, max(at - trip.at, 0.0)
    if trip.artefact is not None:
        yield "deploy_verify_backup_size_bytes", of, float(trip.artefact.size)
    if restored:
        yield "deploy_verify_restore_seconds", of, trip.took
    for stage in STAGES:
        took = [step.took for step in trip.steps if step.stage == stage]
        if took:
            yield "deploy_verify_restore_stage_seconds", of | {"stage": stage}, sum(took)


def _kept(earlier: str, new: Iterable[_Sample]) -> Iterator[_Sample]:
    """Yield what an earlier run wrote of other backups, and when one of these succeeded last."""
    try:
        families = parse(earlier)
    except MetricsError:
        return  # not a file of ours, or damaged: nothing in it can be believed
    drilled = {_of(labels) for _, labels, _ in new}
    succeeded = {_of(labels) for name, labels, _ in new if name == _SUCCESS}
    for family in families.values():
        for name, labels, value in family.samples if family.name in _FAMILIES else ():
            of = _of(labels)
            if of not in drilled or (name == _SUCCESS and of not in succeeded):
                yield name, labels, value


def _of(labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in _OF)


def _lines(samples: list[_Sample]) -> Iterator[str]:
    for family, words in _FAMILIES.items():
        own = [(labels, value) for name, labels, value in samples if name == family]
        if own:
            yield f"# HELP {family} {words}"
            yield f"# TYPE {family} gauge"
        for labels, value in sorted(own, key=lambda one: sorted(one[0].items())):
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{family}{{{shown}}} {round(value, 3):.15g}"
    yield "# EOF"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
