"""Gives a team's own restore backups that are missing, cut or damaged, and sees what it does."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from verify.collectors.copies import held, newest, wanted_of
from verify.collectors.history import live_through
from verify.collectors.place import Place, place_of
from verify.collectors.restore import execute_for, folder_of
from verify.collectors.world import World, in_turn
from verify.drills import hold as holding
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.target import Target, Wanted, own_server
from verify.drills.script.command import address_values
from verify.drills.store.base import BackupStore
from verify.effects.process import Finished
from verify.facts.damage import DAMAGES, Attempt, Damage, Damaged, Refusals
from verify.facts.equality import compare
from verify.model.need import Need
from verify.model.units import Duration

#: what is in the database before each attempt
_WITNESS = (
    "create table public.deploy_verify_witness (id int primary key, said text not null)",
    "insert into public.deploy_verify_witness select i, md5(i::text) from generate_series(1, 100) i",
)
_WORDS = 500
#: bytes before its end at which a bit of a dump is turned, if it is not small: among its rows, which every
#: format guards but plain SQL. What comes first is the table of contents, which no format guards.
_ROWS = 512
_SHOWN = 3


def collect(needs: tuple[Damaged, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what each restore did."""
    yield from in_turn(_see, needs, world)


def _see(need: Damaged, world: World) -> Refusals:
    place = place_of(need.backup, world)
    if place.spec.restore is None:
        raise DrillError(
            "restore", f"backup {place.name}: state `restore:`: nothing of the team's restores it"
        )
    if place.spec.engine not in {"postgresql", "script"}:
        raise DrillError("restore", f"engine {place.spec.engine} cannot be drilled like this")
    with contextlib.closing(place.store(writes=True)) as store:
        if world.breakable is not None:
            live_through(place)  # into the buckets that are there now
        held = f"backup {place.name} of {store.place}"
        with holding.hold(held, world.run_id, stage="restore"), folder_of(place) as folder:
            return _attempts(place, store, folder)


def _attempts(place: Place, store: BackupStore, folder: Path) -> Refusals:
    found, beside = newest(store)
    whole, _ = store.get(found.key, folder)
    companions = {suffix: store.get(found.key + suffix, folder)[0] for suffix in beside}
    size = whole.stat().st_size
    cut, flipped = size * 6 // 10, size - 1 - min(size // 16, _ROWS)
    wanted = wanted_of(place)
    attempts = []
    for damage in DAMAGES:
        copy = _damaged(damage, whole, cut=cut, flipped=flipped)
        copies = {} if copy is None else {"": copy, **companions}
        with _stored(damage, copies, found.key, store, place) as key:
            attempts.append(_attempt(place, damage, copies, key, wanted))
    return Refusals(
        backup=place.name,
        artefact=found.key,
        size=size,
        cut=cut,
        flipped=flipped,
        attempts=tuple(attempts),
    )


def _damaged(damage: Damage, whole: Path, *, cut: int, flipped: int) -> Path | None:
    """Return a copy with ``damage``, None for the one that is missing."""
    if damage == "missing":
        return None
    copy = whole.parent / f"{damage}.copy"
    shutil.copyfile(whole, copy)
    if damage == "cut":
        os.truncate(copy, cut)
    elif damage == "flipped":
        with copy.open("r+b") as file:
            file.seek(flipped)
            byte = file.read(1)[0]
            file.seek(flipped)
            file.write(bytes([byte ^ 0x10]))
    return copy


@contextlib.contextmanager
def _stored(
    damage: Damage, copies: Mapping[str, Path], like: str, store: BackupStore, place: Place
) -> Iterator[str]:
    """Give the key of the damaged copy, named after the real one; it is in the store for that long.

    ``copies`` are files by what follows the key in their names, "" for the backup itself. Where the
    command names ``{folder}`` they are handed over there, and the store is left alone.
    """
    above, slash, name = like.rpartition("/")
    key = f"{above}{slash}dv-{damage}-{secrets.token_hex(3)}-{name}"
    with contextlib.ExitStack() as undo:
        for suffix, copy in copies.items() if not _handed_over(place) else ():
            store.put(copy, key + suffix)
            undo.callback(store.delete, key + suffix)
        yield key


def _handed_over(place: Place) -> bool:
    restore = place.spec.restore
    return restore is not None and any("{folder}" in text for text in (*restore.run, *restore.env.values()))


def _attempt(place: Place, damage: Damage, copies: Mapping[str, Path], key: str, wanted: Wanted) -> Attempt:
    """Restore ``key`` into a new database with a table of ours, and see what became of both."""
    with own_server(place.journal, wanted) as target, folder_of(place) as folder:
        with connected(target.address) as connection:
            for statement in _WITNESS:
                connection.execute(statement)
        before = held(target)
        into = folder / "fetched"
        (into / key).parent.mkdir(parents=True)
        for suffix, copy in copies.items():
            shutil.copyfile(copy, into / (key + suffix))
        done = _run(place, target, key, into, folder)
        found = compare(before, held(target))
    changed = "; ".join(f"{each.what}: {each.copy}" for each in found.differences[:_SHOWN])
    said = " ".join((done.stderr or done.stdout).decode("utf-8", "replace").split())[-_WORDS:]
    return Attempt(
        damage=damage,
        returncode=None if done.timed_out else done.returncode,
        words=place.world.redactor.text(said),
        changed=changed,
        took=Duration(done.seconds),
    )


def _run(place: Place, target: Target, key: str, into: Path, folder: Path) -> Finished:
    restore = place.spec.restore
    assert restore is not None  # noqa: S101 - _see has looked
    clock = Clock(place.journal, place.world.redactor, deadline=restore.within)
    values = {
        **address_values("target", target.address),
        "bucket": place.bucket,
        "store": place.spec.store or "",
        "endpoint": place.at.endpoint or "",
        "folder": str(into),
        "artefact": key,
        "key": place.key,
        "run_id": place.world.run_id,
    }
    return execute_for(place, "restore", restore, values, clock, folder)
