"""The file for a textfile collector: what Prometheus accepts, what stays of earlier runs, no secret."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.effects.redact import Redactor
from verify.facts.backup import Artefact, Outcome, Restore, RoundTrip, Step
from verify.facts.prometheus import parse
from verify.facts.recovery_drill import Recover, Recovery
from verify.model.units import seconds
from verify.report import markdown
from verify.report.metrics import render
from verify.report.safe import safe
from verify.report.write import forget, write_all
from verify.run.record import Run

STEPS = (
    Step(stage="take", argv=("/usr/bin/pg_dump", "--file=x"), returncode=0, took=seconds(2.5), size=900),
    Step(stage="fetch", argv=("aws", "s3", "cp"), returncode=0, took=seconds(0.5), size=900),
    Step(stage="restore", argv=("pg_restore",), returncode=1, took=seconds(4)),
    Step(stage="restore", argv=("psql",), returncode=0, took=seconds(1)),
)
ARTEFACT = Artefact(key="a.dump", at=1767225000.0, modified=1767225000.0, size=900)
TRIP = RoundTrip(
    backup="nightly",
    outcome=Outcome.EQUAL,
    steps=STEPS,
    artefact=ARTEFACT,
    at=1767225000.0,
    took=seconds(6.5),
    versions={"server": "150018"},
)
LOST = replace(TRIP, outcome=Outcome.NOT_RESTORABLE, stage="restore", reason="cut")
NEED = Restore(backup="nightly")
SUCCESS = "deploy_verify_backup_last_success_timestamp_seconds"


@pytest.fixture
def drilled(make_run: Callable[..., Run]) -> Callable[..., Run]:
    def run(*trips: RoundTrip, **changes: object) -> Run:
        return make_run(answers={Restore(backup=trip.backup): trip for trip in trips}, **changes)

    return run


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return each value by its name and the values of its labels."""
    return {
        (name, *labels.values()): value
        for family in parse(text).values()
        for name, labels, value in family.samples
    }


def test_what_is_written(drilled: Callable[..., Run]) -> None:
    of = ("leather_api", "staging", "nightly")
    at = 1767225600.0 + 12.34
    text = render(drilled(TRIP))
    assert samples(text) == {
        (SUCCESS, *of): at,
        ("deploy_verify_backup_drill_timestamp_seconds", *of): at,
        ("deploy_verify_backup_equal", *of): 1,
        ("deploy_verify_backup_age_seconds", *of): 612.34,
        ("deploy_verify_backup_size_bytes", *of): 900,
        ("deploy_verify_restore_seconds", *of): 6.5,
        ("deploy_verify_restore_stage_seconds", *of, "take"): 2.5,
        ("deploy_verify_restore_stage_seconds", *of, "fetch"): 0.5,
        ("deploy_verify_restore_stage_seconds", *of, "restore"): 5,
    }
    assert text.endswith("\n# EOF\n")


def test_a_run_without_a_drill_writes_none_and_leaves_the_one_that_is_there(
    tmp_path: Path, make_run: Callable[..., Run], drilled: Callable[..., Run]
) -> None:
    assert render(make_run()) == ""
    written = write_all(drilled(TRIP), tmp_path, Redactor())
    assert "backup.prom" in {path.name for path in written}
    before = (tmp_path / "backup.prom").read_text()
    forget(tmp_path)
    write_all(make_run(), tmp_path, Redactor())
    write_all(drilled(LOST), tmp_path, Redactor(), keep=False)  # facts of another run, judged again
    assert (tmp_path / "backup.prom").read_text() == before


def test_a_drill_that_failed_does_not_take_back_the_last_success(drilled: Callable[..., Run]) -> None:
    first = render(drilled(TRIP, replace(TRIP, backup="other")))
    later = samples(render(drilled(LOST, started=1767312000.0), first))
    of = ("leather_api", "staging", "nightly")
    assert later[SUCCESS, *of] == 1767225612.34
    assert later["deploy_verify_backup_equal", *of] == 0
    assert ("deploy_verify_restore_seconds", *of) not in later
    assert later["deploy_verify_backup_equal", "leather_api", "staging", "other"] == 1
    assert later["deploy_verify_restore_stage_seconds", "leather_api", "staging", "other", "take"] == 2.5


@pytest.mark.parametrize("outcome", [Outcome.DIFFERENT, Outcome.NOT_RESTORABLE, Outcome.UNPROVABLE])
def test_only_equal_is_a_success(drilled: Callable[..., Run], outcome: Outcome) -> None:
    found = samples(render(drilled(replace(TRIP, outcome=outcome)), "a file of\nsomebody else {"))
    assert not any(name == SUCCESS for name, *_ in found)
    assert found["deploy_verify_backup_equal", "leather_api", "staging", "nightly"] == 0


def test_the_backup_of_a_recovery_counts(make_run: Callable[..., Run]) -> None:
    recovery = Recovery(drill="lost", backup=TRIP, recovered=True)
    assert render(make_run(answers={Recover(drill="lost"): recovery})) == render(
        make_run(answers={NEED: TRIP})
    )


@given(names=st.lists(st.text(max_size=12), min_size=1, max_size=3, unique=True), system=st.text(max_size=12))
def test_any_name_is_read_again(make_run: Callable[..., Run], names: list[str], system: str) -> None:
    answers = {Restore(backup=name): replace(TRIP, backup=name) for name in names}
    run = safe(make_run(answers=answers, system=system), Redactor())
    text = render(run)
    assert len([sample for sample in samples(text) if sample[0] == SUCCESS]) == len(
        {trip.backup for trip in run.answers.values()}
    )
    assert render(run, text) == text


def test_no_secret_is_in_it(tmp_path: Path, drilled: Callable[..., Run]) -> None:
    redactor = Redactor()
    redactor.add("TOKEN", "s3cr3t-value")
    trip = replace(TRIP, backup="of s3cr3t-value", steps=(replace(STEPS[0], argv=("s3cr3t-value",)),))
    for path in write_all(drilled(trip), tmp_path, redactor):
        assert "s3cr3t" not in path.read_text()


@pytest.mark.needs("promtool")
def test_prometheus_accepts_it(drilled: Callable[..., Run]) -> None:
    text = render(drilled(TRIP, LOST, replace(LOST, backup='a "b"\\\n')))
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_summary_shows_the_timeline(drilled: Callable[..., Run]) -> None:
    text = markdown.render(safe(drilled(TRIP), Redactor()))
    assert "<details><summary>⏱️ nightly: equal, restored in 6.5s</summary>" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows == [
        "| stage | program | seconds | bytes |",
        "| take | `pg_dump` | 2.500 | 900 |",
        "| fetch | `aws` | 0.500 | 900 |",
        "| restore | `pg_restore` ❌ | 4.000 |  |",
        "| restore | `psql` | 1.000 |  |",
    ]


def test_a_long_timeline_is_bounded(drilled: Callable[..., Run]) -> None:
    step = replace(STEPS[0], argv=("x" * 3000,))
    text = markdown.render(safe(drilled(replace(TRIP, steps=(step,) * 50_000)), Redactor()))
    assert len(text.encode()) < 900_000
    assert "and 49" in text
