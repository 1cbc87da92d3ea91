"""Gives a team's own restore backups that are missing, cut or damaged, and sees what it does."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from verify.collectors.copies import held, newest, other, wanted_of
from verify.collectors.history import live_through
from verify.collectors.place import Place, place_of
from verify.collectors.restore import execute_for, folder_of
from verify.collectors.world import World, in_turn
from verify.drills import hold as holding
from verify.drills.clock import Clock
from verify.drills.damage import Impossible, damaged
from verify.drills.errors import DrillError
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.target import Target, Wanted, own_server
from verify.drills.script.command import address_values
from verify.drills.store.base import BackupStore
from verify.effects.process import Finished
from verify.facts.backup import Store
from verify.facts.damage import Attempt, Damaged, Refusals
from verify.facts.equality import Manifest, compare
from verify.model.need import Need
from verify.model.units import Duration

#: what is in the database before each attempt
_WITNESS = (
    "create table public.deploy_verify_witness (id int primary key, said text not null)",
    "insert into public.deploy_verify_witness select i, md5(i::text) from generate_series(1, 100) i",
)
_WORDS = 500
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
            return _refusals(need, place, store, folder)


def _refusals(need: Damaged, place: Place, store: BackupStore, folder: Path) -> Refusals:
    listed = store.list()
    found, beside = newest(listed)
    whole, _ = store.get(found.key, folder)
    proofs = {suffix: store.get(found.key + suffix, folder)[0] for suffix in beside}
    instead = _other(listed, store, folder) if "swapped" in need.damages else None
    attempts: dict[str, Attempt] = {}
    untried: dict[str, str] = {}
    with contextlib.closing(_Bench(place, wanted_of(place))) as bench:

        def attempt(name: str, copy: Path, said: str) -> Attempt:
            copies = {**({"": copy} if copy.exists() else {}), **proofs}
            with _stored(name, copies, found.key, store, place) as key:
                return bench.attempt(said, copies, key)

        seen = attempt("whole", whole, "")
        if seen.returncode == 0:  # else the others would show nothing
            for damage in need.damages:
                copy = folder / f"{damage}.copy"
                try:
                    said = damaged(damage, whole, copy, instead)
                except Impossible as error:
                    untried[damage] = str(error)
                    continue
                attempts[damage] = attempt(damage, copy, said)
                copy.unlink(missing_ok=True)
    return Refusals(
        backup=place.name,
        artefact=found.key,
        size=whole.stat().st_size,
        whole=seen,
        attempts=attempts,
        untried=untried,
    )


def _other(listed: Store, store: BackupStore, folder: Path) -> Path | None:
    """Fetch a backup that is not the newest."""
    found = other(listed)
    if found is None:
        return None
    into = folder / "other"
    into.mkdir()
    return store.get(found.key, into)[0]


@contextlib.contextmanager
def _stored(
    name: str, copies: Mapping[str, Path], like: str, store: BackupStore, place: Place
) -> Iterator[str]:
    """Give the key of a copy, named after the real one; it is in the store for that long.

    ``copies`` are files by what follows the key in their names, "" for the backup itself. Where the
    command names ``{folder}`` they are handed over there, and the store is left alone.
    """
    above, slash, last = like.rpartition("/")
    key = f"{above}{slash}dv-{name}-{secrets.token_hex(3)}-{last}"
    with contextlib.ExitStack() as undo:
        for suffix, copy in copies.items() if not _handed_over(place) else ():
            store.put(copy, key + suffix)
            undo.callback(store.delete, key + suffix)
        yield key


def _handed_over(place: Place) -> bool:
    restore = place.spec.restore
    return restore is not None and any("{folder}" in text for text in (*restore.run, *restore.env.values()))


class _Bench:
    """A database with a table of ours on a server of ours, made anew once a restore has changed it."""

    def __init__(self, place: Place, wanted: Wanted) -> None:
        """Start nothing yet."""
        self._place, self._wanted = place, wanted
        self._server = contextlib.ExitStack()
        self._there: tuple[Target, Manifest] | None = None

    def close(self) -> None:
        """Stop the server, if one runs."""
        self._there = None
        self._server.close()

    def attempt(self, damage: str, copies: Mapping[str, Path], key: str) -> Attempt:
        """Restore ``key`` into the database, and see what became of both."""
        target, before = self._there or self._begun()
        with folder_of(self._place) as folder:
            into = folder / "fetched"
            (into / key).parent.mkdir(parents=True)
            for suffix, copy in copies.items():
                shutil.copyfile(copy, into / (key + suffix))
            done = _run(self._place, target, key, into, folder)
        differences = compare(before, held(target)).differences
        if differences or done.timed_out:
            self.close()
        said = " ".join((done.stderr or done.stdout).decode("utf-8", "replace").split())[-_WORDS:]
        return Attempt(
            damage=damage,
            returncode=None if done.timed_out else done.returncode,
            words=self._place.world.redactor.text(said),
            changed="; ".join(f"{each.what}: {each.copy}" for each in differences[:_SHOWN]),
            took=Duration(done.seconds),
        )

    def _begun(self) -> tuple[Target, Manifest]:
        target = self._server.enter_context(own_server(self._place.journal, self._wanted))
        with connected(target.address) as connection:
            for statement in _WITNESS:
                connection.execute(statement)
        self._there = target, held(target)
        return self._there


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
