"""A gate is ended in the middle of a drill: the source is as it was, nothing is left, the next works."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from verify.reference import keeper

pytestmark = pytest.mark.needs("postgresql")

SAMPLES = "verify.drills.postgres.samples"
DAMAGED = "verify.collectors.damaged"
REVERSE = "verify.collectors.reverse"
#: by name: the claim, and where its drill stands; of what ``stands`` reads, or the word of a script
STANDS = {
    "parts: one is cut": ("sampled", "verify.drills.postgres.parts _cut 1 -"),
    "parts: the first is dumped": ("sampled", f"{SAMPLES} _restored 1 take"),
    "parts: the second is in the store": ("sampled", f"{SAMPLES} _removed 2 -"),
    "parts: the third is restored": ("sampled", f"{SAMPLES} _restored 3 restore"),
    "parts: the second is asked": ("sampled", f"{SAMPLES} _restored 2 smoke"),
    "parts: the first is restored here": ("sampled-here", f"{SAMPLES} _restored 1 restore"),
    "parts: one is cut here": ("sampled-here", "verify.drills.postgres.parts _cut 2 -"),
    "damaged: the whole is restored": ("refused", f"{DAMAGED} _run 1 restore"),
    "damaged: the second is restored": ("refused", f"{DAMAGED} _run 3 restore"),
    "damaged: the copy is in the store": ("refused", f"{DAMAGED} _run 2 -"),
    "damaged: the script is at it": ("refused", "restore"),
    "reverse: it is restored": ("undone", f"{REVERSE} _reversed 1 restore"),
    "reverse: on the way back": ("undone", f"{REVERSE} _went 1 restore"),
    "reverse: on the way forth": ("undone", f"{REVERSE} _went 2 restore"),
    "recovery: the backup is taken": ("back", "backup"),
    "recovery: it is verified": ("back", "verify.drills.postgres.roundtrip _compared 1 verify"),
    "recovery: the disaster happens": ("back", "cause"),
    "recovery: on the way out": ("back", "recover"),
    "pitr: the base backup": ("moment", "verify.drills.postgres.physical base_backup 1 take"),
    "pitr: the archiver is waited for": ("moment", "verify.drills.postgres.archiver wait_archived 1 -"),
    "pitr: it is recovered": ("moment", "verify.drills.postgres.physical _smoke 1 smoke"),
    "pitr: it is compared": ("moment", "verify.drills.postgres.physical _smoke 2 -"),
    "archived: the archiver is asked": ("archived", "locked"),
    "prune: a night is replayed": ("pruned", "prune"),
}
#: what is judged afterwards, where that is the same drill but shorter
THEN = {"sampled": "restored", "sampled-here": "restored"}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
FEW = {
    ("parts: the first is dumped", signal.SIGKILL),
    ("recovery: on the way out", signal.SIGTERM),
    ("damaged: the script is at it", signal.SIGHUP),
    ("pitr: the archiver is waited for", signal.SIGKILL),
    ("prune: a night is replayed", signal.SIGINT),
}


def cases() -> list[Any]:
    return [
        pytest.param(
            name,
            number,
            marks=() if (name, number) in FEW else pytest.mark.nightly,
            id=f"{name}-{number.name}",
        )
        for name in STANDS
        for number in SIGNALS
    ]


@contextlib.contextmanager
def locked(team: Any, stand: str) -> Iterator[None]:
    """Keep whoever asks the archiver waiting."""
    if stand != "locked":
        yield
        return
    with psycopg.connect(team.cluster.dsn) as connection:
        connection.execute("lock table pg_catalog.pg_stat_archiver in access exclusive mode")
        yield


def asks(team: Any) -> bool:
    """Say whether somebody waits for that lock."""
    with psycopg.connect(team.cluster.dsn) as connection:
        row = connection.execute("select count(*) from pg_locks where not granted").fetchone()
    return row is not None and row[0] > 0


def stands(team: Any, stand: str, run: Any) -> bool:
    if stand == "locked":
        return asks(team)
    return team.here.exists() or (stand == "prune" and any(run.scratch.glob("dv-prune-*/**/here")))


@pytest.mark.parametrize(("name", "number"), cases())
def test_nothing_is_left(team: Any, killed: Any, name: str, number: signal.Signals) -> None:
    claim, stand = STANDS[name]
    before, memory = team.seen(), keeper.segments()
    with team.gate(claim, stand) as run:
        with locked(team, stand):
            came = run.wait_for(lambda run: stands(team, stand, run))
            assert came, f"the run ended before: {''.join(run.lines)}"
            status = run.end(number)
        killed.leaves_nothing(run, number, status, memory)
        assert team.seen() == before
        team.reset()
        again = run.again(f"--claim={THEN.get(claim, claim)}", DRILL_STANDS="")
        assert (again.returncode, "1 holds" in again.stdout) == (0, True), again.stdout
        assert run.left() == []
        assert team.seen() == before
