"""Restores of parts: how the time to restore grows with what is restored.

Parts are made from the restored copy, never from the source, and go the whole way that the backup
went: taken, stored, fetched, restored, asked. The clock of each begins where that of an RTO does.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres import logical, parts
from verify.drills.postgres.address import Address
from verify.drills.postgres.drill import Drill
from verify.drills.postgres.engines import BESIDE, Work
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.server import room
from verify.drills.postgres.target import ROOM, Target, Wanted, another
from verify.drills.postgres.tools import client
from verify.drills.store.base import BackupStore
from verify.facts.backup import Artefact, Sample
from verify.facts.recovery import GROWTH
from verify.model.units import Size

#: bytes of rows below which a restore's time tells nothing about that of a larger one
LEAST = 8 << 20
#: the parts in this order, up and down: what changes meanwhile is not taken for growth
SHARES = (0.25, 0.5, 0.75, 0.5, 0.25)
#: parts that have to be restored; the others come where there is time for them
_NEEDED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What parts are made of: the ``target`` that ``work`` of ``drill`` has restored into."""

    drill: Drill
    work: Work
    target: Target
    wanted: Wanted


def sampled(around: Around) -> tuple[tuple[Sample, ...], str]:
    """Restore parts of what was just restored; return these, the whole first, or why there are none.

    It takes at most the drill's deadline again; nothing of it is left.
    """
    until = time.monotonic() + around.drill.deadline
    try:
        return _alike(_samples(around, until)), ""
    except DrillError as error:
        return (), around.work.clock.redactor.text(f"no parts were restored: {error.reason}")


def _samples(around: Around, until: float) -> list[Sample]:
    drill = around.drill
    whole = parts.weight(around.target.admin, deadline=_left(until))
    if whole.held < LEAST:
        few = f"the source holds {Size(whole.held)} of rows, at least {Size(LEAST)} are needed to tell"
        raise DrillError("verify", few)
    room(around.work.folder, ROOM * whole.size, stage="verify")
    found = [_sample(around.work.clock, whole, staged=drill.engine.staged)]
    for number, share in enumerate(SHARES):
        began = time.monotonic()
        with parts.part(
            around.target,
            share,
            drill.journal,
            server=drill.scratch,
            variable=drill.variable,
            deadline=_left(until),
        ) as part:
            found.append(_restored(around, part, number, until))
        if number + 1 >= _NEEDED and time.monotonic() - began > _left(until) / 2:
            break
    return found


def _restored(around: Around, part: Address, number: int, until: float) -> Sample:
    """Take ``part`` through the whole way."""
    drill, target = around.drill, around.target
    clock = Clock(drill.journal, drill.redactor, deadline=min(drill.deadline, _left(until)))
    held = parts.weight(part, deadline=_left(until))
    folder = around.work.folder / f"part{number}"
    folder.mkdir()
    taking, restoring = (replace(around.work, clock=clock, folder=folder / name) for name in ("out", "in"))
    taking.folder.mkdir()
    restoring.folder.mkdir()
    engine, store = drill.engine.apart(taking)
    taking, restoring = replace(taking, store=store), replace(restoring, store=store)
    source = Address({**target.address.parameters, "dbname": part.database})
    name = f"sample-{drill.journal.run_id[:24]}-{os.urandom(3).hex()}"
    taken = engine.take(taking, source, major=target.major, snapshot="", name=name)
    with (
        _removed(store, taken.artefact),
        another(target, around.wanted, drill.journal, drill.scratch, drill.variable) as into,
    ):
        _settle(into)
        clock.begin()
        lost, _ = engine.restore(restoring, taken.artefact, into)
        # a part need not hold the row that the query looks for
        smoke = drill.smoke or "SELECT 1"
        logical.smoke(smoke, into.address, client(target.major, stage="smoke"), clock, needed=False)
        clock.end()
        came = parts.weight(into.admin, deadline=_left(until))
    if lost or came.rows != held.rows:
        what = f"of {held.rows} rows of a part, {came.rows} came back"
        raise DrillError("verify", f"{what}: {lost}" if lost else what)
    return _sample(clock, came, staged=engine.staged)


@contextlib.contextmanager
def _removed(store: BackupStore, artefact: Artefact) -> Iterator[None]:
    """Take out of the store at the end what was put there."""
    try:
        yield
    finally:
        for suffix in ("", *BESIDE):
            with contextlib.suppress(DrillError):  # what is not ours, or not there, stays so
                store.delete(artefact.key + suffix)


def _settle(target: Target) -> None:
    """Let the server write what making the part has left to write, where we may ask it to."""
    with contextlib.suppress(DrillError), connected(target.admin) as connection:
        connection.execute("checkpoint")


def _sample(clock: Clock, held: parts.Weight, *, staged: bool) -> Sample:
    """Return what ``clock`` took by stage; all of it counts, the rest with the restore itself."""
    every = {stage: _took(clock, stage) for stage in GROWTH if staged or stage == "smoke"}
    every["restore"] = every.get("restore", 0.0) + max(0.0, float(clock.took) - sum(every.values()))
    return Sample(size=held.size, rows=held.rows, seconds=every)


def _took(clock: Clock, stage: str) -> float:
    return sum(float(step.took) for step in clock.steps if step.stage == stage)


def _alike(found: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return the samples with the stages that any of them took time for."""
    stages = [stage for stage in GROWTH if any(each.seconds.get(stage) for each in found)]
    return tuple(
        replace(each, seconds={stage: each.seconds.get(stage, 0.0) for stage in stages}) for each in found
    )


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise DrillError("verify", "the time for them was over")
    return left
