"""Restores the newest backup into a place of our own, and migrates that back and forth."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from verify.collectors.copies import held, newest, wanted_of
from verify.collectors.history import live_through
from verify.collectors.place import Place, place_of
from verify.collectors.restore import DEADLINE, engine_of, execute_for, folder_of
from verify.collectors.world import World, in_turn
from verify.contract.backup import Command
from verify.drills import hold as holding
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres.engines import Work
from verify.drills.postgres.target import Target, own_server
from verify.drills.script.command import address_values
from verify.drills.store.base import BackupStore
from verify.facts.equality import compare
from verify.facts.reversal import Program, Reversal, Reverse, Way
from verify.model.need import Need
from verify.model.units import Duration

#: kinds of facts that are no schema
_DATA = ("sequence-value",)
_WORDS = 500


def collect(needs: tuple[Reverse, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each reversal."""
    yield from in_turn(_see, needs, world)


def _see(need: Reverse, world: World) -> Reversal:
    place = place_of(need.backup, world)
    if place.spec.engine not in {"postgresql", "script"}:
        raise DrillError("restore", f"engine {place.spec.engine} cannot be drilled like this")
    with contextlib.closing(place.store(writes=True)) as store:
        if world.breakable is not None:
            live_through(place)
        held_as = f"backup {place.name} of {store.place}"
        with holding.hold(held_as, world.run_id, stage="restore"), folder_of(place) as folder:
            return _reversed(need, place, store, folder)


def _reversed(need: Reverse, place: Place, store: BackupStore, folder: Path) -> Reversal:
    found, _ = newest(store.list())
    clock = Clock(place.journal, place.world.redactor, deadline=DEADLINE)
    with own_server(place.journal, wanted_of(place)) as target:
        work = Work(clock=clock, store=store, folder=folder, key=place.key)
        lost, _ = engine_of(place, folder).restore(work, found, target)
        if lost:
            raise DrillError("restore", f"{found.key} could not be restored: {lost}", steps=clock.steps)
        before = held(target)
        back = _went(place, need.back, target)
        between = held(target)
        changed = bool(compare(before, between).differences)
        whole = Reversal(backup=place.name, artefact=found.key, back=back, changed=changed)
        if back.returncode != 0:
            return whole
        forth = _went(place, need.forth, target)
        after = held(target)
    compared = compare(replace(before, relations={}), replace(after, relations={}), apart=_DATA)
    return replace(whole, forth=forth, facts=compared.facts, differences=compared.differences)


def _went(place: Place, program: Program, target: Target) -> Way:
    """Run one of the team's commands on the copy."""
    clock = Clock(place.journal, place.world.redactor, deadline=program.within)
    values = {**address_values("target", target.address), "run_id": place.world.run_id, "key": place.key}
    with folder_of(place) as folder:
        command = Command(run=program.run, env=dict(program.env), within=program.within)
        done = execute_for(place, "restore", command, values, clock, folder)
    said = " ".join((done.stderr or done.stdout).decode("utf-8", "replace").split())[-_WORDS:]
    return Way(
        returncode=None if done.timed_out else done.returncode,
        took=Duration(done.seconds),
        words=place.world.redactor.text(said),
    )
