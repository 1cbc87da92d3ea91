"""What `backup/rto` makes of a time that is none, and of a size that was not restored."""

from dataclasses import replace

import pytest

from verify.facts.backup import Outcome, Step
from verify.model.units import Size, seconds
from verify.rules import BackupSpec, Finding, NamedBackup, Unknown
from verify.rules.backup import rto

LARGE = BackupSpec(engine="postgresql", size=Size.parse("5GiB"))
SIZED = replace(rto.STATED, backup=NamedBackup("database", LARGE))
RESTORED = Step(stage="restore", argv=("pg_restore",))
ASKED = Step(stage="smoke", argv=("psql",))


def told(trip, stated=rto.STATED) -> tuple[list[str], list[str]]:
    """Return what is found, and what is unknown."""
    found = list(rto.check(trip=trip, stated=stated))
    return (
        [each.message for each in found if isinstance(each, Finding)],
        [each.reason for each in found if isinstance(each, Unknown)],
    )


def test_a_server_that_forgets_tells_no_time() -> None:
    quick = replace(rto.GOOD, durable=False)
    assert told(replace(quick, durable=True)) == ([], [])
    assert told(replace(quick, durable=None)) == ([], [])
    findings, (reason,) = told(quick)
    assert findings == []
    assert "does not wait for its disk" in reason
    assert told(replace(quick, took=seconds(901))) == (["the restore takes too long"], [])


def test_what_was_not_asked_need_not_serve() -> None:
    assert told(replace(rto.GOOD, steps=(RESTORED, ASKED))) == ([], [])
    findings, (reason,) = told(replace(rto.GOOD, outcome=Outcome.UNPROVABLE, steps=(RESTORED,)))
    assert findings == []
    assert "nothing was asked" in reason


@pytest.mark.parametrize("reason", ["", "no parts were restored: too few"])
def test_the_backup_s_size_counts(reason: str) -> None:
    findings, (unknown,) = told(replace(rto.GOOD, unsampled=reason), SIZED)
    assert findings == []
    assert "5GiB are stated" in unknown
    assert (reason or "sizes were restored") in unknown
    assert told(replace(rto.GOOD, samples=rto.PARTS), SIZED) == ([], [])
    assert told(replace(rto.GOOD, samples=rto.PARTS), replace(SIZED, within=seconds(100)))[0] == [
        "the restore would take too long"
    ]
    small = NamedBackup("database", BackupSpec(engine="postgresql", size=Size.parse("1MiB")))
    assert told(rto.GOOD, replace(SIZED, backup=small)) == ([], [])
