"""Takes backups, restores them into a place of our own, and compares: one drill after the other."""

import contextlib
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from verify.collectors import managed, objects
from verify.collectors.place import Place, place_of, require_source
from verify.collectors.world import World, in_turn
from verify.contract.backup import Command as Stated
from verify.contract.values import variable_of
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps, Engine, Scripts, Work
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.logical import Packing
from verify.drills.postgres.roundtrip import Drill, restore_drill, restore_newest
from verify.drills.postgres.session import connect
from verify.drills.postgres.target import Wanted, own_server
from verify.drills.redis.address import Address as RedisAddress
from verify.drills.redis.drill import Asked, round_trip
from verify.drills.script.command import Command, execute
from verify.drills.script.shims import Shims
from verify.drills.snapshot import WITHIN
from verify.drills.store.base import BackupStore
from verify.effects import servers
from verify.effects.process import Finished, clean_environment
from verify.facts.backup import Restore, RoundTrip
from verify.model.need import Need
from verify.reference import sabotage
from verify.reference.shop import manage

DEADLINE = 900.0  # seconds for each step of a drill
_PROGRAMS = "programs"


def collect(needs: tuple[Restore, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each round trip."""
    yield from in_turn(see, needs, world)


def see(need: Restore, world: World) -> RoundTrip:
    """Return the round trip of one backup."""
    place = place_of(need.backup, world)
    if place.spec.engine == "snapshot":
        return managed.restored(place, deadline=WITHIN)  # a provider takes its time
    if place.spec.engine == "objectstore":
        with folder_of(place) as folder:
            return objects.restored(place, folder, deadline=DEADLINE)
    with folder_of(place) as folder, contextlib.ExitStack() as stack:
        if place.spec.engine == "redis" and place.spec.store is None:
            return _redis(place, None, folder)
        store = stack.enter_context(contextlib.closing(place.store(writes=True)))
        if place.spec.engine == "redis":
            return _redis(place, store, folder)
        if place.spec.engine not in {"postgresql", "script"}:
            hint = ": claim backup/pitr" if place.spec.engine == "physical" else ""
            raise DrillError("restore", f"engine {place.spec.engine} cannot be drilled like this{hint}")
        drill = _drill(place, folder, store)
        return restore_drill(drill) if place.source else restore_newest(drill)


def practise(place: Place) -> None:
    """Restore the newest backup that is there into a server like its source, as its team does to practise."""
    with folder_of(place) as folder, contextlib.closing(place.store(writes=True)) as store:
        drill = _drill(place, folder, store)
        every = store.list().backups
        if drill.source is None or not every:
            return
        with connect(drill.source, deadline=drill.deadline) as session:
            wanted = Wanted(
                manifest=fingerprint(session, buckets=False),
                database=session.about.database,
                roles=drill.engine.roles_provided,
                user=session.about.user,
            )
        clock = Clock(place.journal, place.world.redactor, deadline=drill.deadline)
        work = Work(clock=clock, store=store, folder=folder, key=place.key)
        with own_server(place.journal, wanted) as target:
            drill.engine.restore(work, max(every, key=lambda each: (each.at, each.key)), target)


def _drill(place: Place, folder: Path, store: BackupStore) -> Drill:
    """Return all that a drill of the place has to know."""
    return Drill(
        backup=place.name,
        engine=engine_of(place, folder),
        store=store,
        journal=place.journal,
        redactor=place.world.redactor,
        source=Address.parse(place.source) if place.source else None,
        scratch=Address.parse(place.scratch, stage="restore") if place.scratch else None,
        variable=variable_of(place.at.scratch) if place.at.scratch else "",
        deadline=DEADLINE,
        key=place.key,
        smoke=place.spec.smoke or "",
        durable=True,  # one round trip answers whether it restores, and how fast a server would that lasts
        at_size=int(place.spec.size or 0),
        keep=place.world.breakable is not None,  # its store goes with it
    )


def _redis(place: Place, store: BackupStore | None, folder: Path) -> RoundTrip:
    clock = Clock(place.journal, place.world.redactor, deadline=DEADLINE)
    asked = Asked(backup=place.name, smoke=place.spec.smoke or "PING", key=place.key)
    source = RedisAddress.parse(require_source(place))
    return round_trip(asked, source, folder=folder, clock=clock, store=store)


def engine_of(place: Place, folder: Path) -> Engine:
    """Return what takes and restores: our own dumps, or the team's scripts."""
    spec, programs = place.spec, _programs(place, folder)
    if spec.script is None:
        packing = Packing(format=spec.format, compress=spec.compress, recipient=_recipient(place))
        return Dumps(how=packing, instead=programs)
    return Scripts(
        backup=_command(spec.script, place),
        restoring=_command(spec.restore, place) if spec.restore is not None else None,
        values={"bucket": place.bucket, "store": spec.store or "", "endpoint": place.at.endpoint or ""},
        environment=_environment(place, folder, broken=bool(programs)),
        buckets=place.uploads,
    )


def _environment(place: Place, folder: Path, *, broken: bool) -> dict[str, str]:
    """Return what a script gets: a store's credentials, and programs that are broken first."""
    path = clean_environment().get("PATH", "")
    return {**_credentials(place), "PATH": f"{folder / _PROGRAMS}:{path}" if broken else path}


def execute_for(
    place: Place, stage: str, stated: Stated, values: Mapping[str, str], clock: Clock, folder: Path
) -> Finished:
    """Run a command of the team's that belongs to a backup, as its scripts are run."""
    own = servers.postgres(servers.database_user())
    environment = _environment(place, folder, broken=bool(_programs(place, folder)))
    shims = Shims.make(folder / "shims", environment["PATH"], buckets=place.uploads, instead=own)
    return execute(stage, _command(stated, place), values, clock, shims, environment=environment)


def _programs(place: Place, folder: Path) -> dict[str, str]:
    """Write the reference's own program and what stands for those it breaks; return the paths by name."""
    if place.world.breakable is None:
        return {}
    ours = servers.postgres(servers.database_user())
    real = {
        name: found
        for name in place.programs
        if (found := shutil.which(name) or shutil.which(name, path=str(ours)))
    }
    (folder / _PROGRAMS).mkdir()
    real[manage.PROGRAM] = str(folder / "manage")
    Path(real[manage.PROGRAM]).write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m {manage.__name__} "$@"\n'
    )
    Path(real[manage.PROGRAM]).chmod(0o755)
    bodies = {manage.PROGRAM: 'exec "$REAL" "$@"\n', **place.programs}
    return sabotage.write(folder / _PROGRAMS, bodies, real)


def _recipient(place: Place) -> str:
    """Return whom a dump is encrypted for: the reference's key is its own."""
    if not place.spec.recipient or place.world.breakable is None:
        return place.spec.recipient or ""
    from pyrage import x25519

    return str(x25519.Identity.from_str(place.key).to_public())


def _command(stated: Stated, place: Place) -> Command:
    return Command(run=stated.run, env=stated.env, cwd=place.world.root, within=stated.within)


def _credentials(place: Place) -> dict[str, str]:
    """Return what a script's own `aws` asks with."""
    at, environ = place.at, place.environ
    if at.access is None or at.secret is None:
        return {}
    found = {
        "AWS_ACCESS_KEY_ID": environ.get(variable_of(at.access), ""),
        "AWS_SECRET_ACCESS_KEY": environ.get(variable_of(at.secret), ""),
        "AWS_DEFAULT_REGION": at.region,
    }
    return found | ({"AWS_ENDPOINT_URL": at.endpoint} if at.endpoint else {})


def folder_of(place: Place) -> contextlib.AbstractContextManager[Path]:
    """Give an empty folder of this run."""
    return place.journal.workspace("backup")
