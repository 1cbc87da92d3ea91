"""Lets a disaster happen, runs the team's way out of it, and waits until the system is well again."""

import threading
import time
from collections.abc import Iterator

from verify.collectors import restore
from verify.collectors.place import place_of
from verify.collectors.readiness import endpoint_of, version_of
from verify.collectors.world import World, in_turn
from verify.contract.backup import Command, Drill
from verify.contract.endpoint import Endpoint
from verify.drills.clock import Clock
from verify.drills.postgres.address import Address
from verify.drills.script.command import address_values, fill
from verify.effects.errors import EffectError, Unreachable
from verify.effects.process import clean_environment, run
from verify.effects.transport import Request
from verify.facts.backup import Outcome, Restore, RoundTrip, Step
from verify.facts.http import Exchange
from verify.facts.recovery_drill import Recover, Recovery
from verify.model.need import Need
from verify.model.units import Duration, seconds
from verify.reference.errors import ReferenceSystemError

INTERVAL = 0.1  # seconds between two looks
NOTICED = 10.0  # seconds within which a disaster has to show
_WORDS = 2000


def collect(needs: tuple[Recover, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each drill, one after the other."""
    yield from in_turn(_see, needs, world)


def _see(need: Recover, world: World) -> Recovery:
    drill = world.contract.drills[need.drill]
    endpoint = world.contract.endpoints[drill.endpoint] if drill.endpoint else endpoint_of(world)
    if endpoint is None:
        raise EffectError(f"drill {need.drill}: state `endpoint:`, whose answers say that the system is well")
    backup = restore.see(Restore(backup=drill.backup), world) if drill.backup else None
    if backup is not None and backup.outcome is not Outcome.EQUAL:
        return Recovery(drill=need.drill, backup=backup)  # nothing is broken that could not be mended
    before = _ask(endpoint, world)
    if not _well(before, endpoint, None, world):
        raise EffectError(f"drill {need.drill}: the system is not well before it: {_told(before)}")
    steps = [*_cause(need.drill, drill, world)]
    during = _until_broken(endpoint, world)
    if world.breakable is not None:
        world.breakable.provide(drill.after)
    if _well(during, endpoint, None, world):
        what = f"{drill.after} does not show at {endpoint.path}: name another `endpoint:`"
        raise EffectError(f"drill {need.drill}: {what}")
    began = time.monotonic()
    steps += _recovered(drill, backup, world)
    left = need.within - (time.monotonic() - began)
    after, well_at = _lasting(endpoint, drill.version, world, left)
    return Recovery(
        drill=need.drill,
        backup=backup,
        steps=tuple(steps),
        during=during,
        after=after,
        recovered=well_at is not None,
        took=seconds((well_at or time.monotonic()) - began),
    )


def _cause(name: str, drill: Drill, world: World) -> Iterator[Step]:
    """Make the disaster happen."""
    if world.breakable is not None:
        try:
            world.breakable.lose(drill.after)
        except ReferenceSystemError as error:
            raise EffectError(f"drill {name}: {error}") from error
    elif drill.cause is not None:
        yield _run("take", drill.cause, world)
    else:
        raise EffectError(f"drill {name}: state `cause:`, which makes {drill.after} happen here")


def _recovered(drill: Drill, backup: RoundTrip | None, world: World) -> tuple[Step, ...]:
    """Run the way out; return its steps, with those of every program it called where it restores."""
    if drill.backup is None:
        return (_run("restore", drill.recover, world),)
    place = place_of(drill.backup, world)
    clock = Clock(place.journal, world.redactor, deadline=drill.recover.within)
    values = {
        "run_id": world.run_id,
        "bucket": place.bucket,
        "store": place.spec.store or "",
        "key": place.key,
    }
    values |= {"endpoint": place.at.endpoint or ""}
    if world.breakable is not None:  # its own database, which it has just lost
        values |= address_values("target", Address.parse(world.breakable.database_url))
    if backup is not None and backup.artefact is not None:
        values |= {"artefact": backup.artefact.key}
    with restore.folder_of(place) as folder:
        restore.execute_for(place, "restore", drill.recover, values, clock, folder)
    return clock.steps


def _run(stage: str, command: Command, world: World) -> Step:
    """Run a command of the team's, and note how it ended."""
    values = {"run_id": world.run_id}
    env = clean_environment() | {name: fill(text, values) for name, text in command.env.items()}
    argv = [fill(word, values) for word in command.run]
    done = run(argv, deadline=command.within, env=env, cwd=world.root, journal=world.journal)
    words = (done.stderr or done.stdout).decode("utf-8", "replace")[-_WORDS:].strip()
    return Step(
        stage=stage,
        argv=command.run,
        returncode=done.returncode,
        took=Duration(done.seconds),
        words=world.redactor.text(words),
        timed_out=done.timed_out,
    )


def _lasting(
    endpoint: Endpoint, version: str | None, world: World, left: float
) -> tuple[Exchange | None, float | None]:
    """Ask until as many answers in a row are good as readiness wants; return the last, and since when."""
    wanted = world.environment.readiness.consecutive if world.environment is not None else 1
    end = time.monotonic() + max(left, 0.0)
    good, since, pause = 0, 0.0, threading.Event()
    while True:
        asked = time.monotonic()
        answer = _ask(endpoint, world)
        if _well(answer, endpoint, version, world):
            since = since if good else asked
            good += 1
            if good >= wanted:
                return answer, since
        else:
            good = 0
        if time.monotonic() > end:
            return answer, None
        pause.wait(INTERVAL)


def _until_broken(endpoint: Endpoint, world: World) -> Exchange | None:
    """Ask until the disaster shows, or long enough; return the last answer."""
    end, pause = time.monotonic() + NOTICED, threading.Event()
    while _well(answer := _ask(endpoint, world), endpoint, None, world) and time.monotonic() < end:
        pause.wait(INTERVAL)
    return answer


def _ask(endpoint: Endpoint, world: World) -> Exchange | None:
    """Return the answer, None where nothing usable came back."""
    request = Request(
        url=(endpoint.host or world.url) + endpoint.path, headers=world.headers(endpoint.account)
    )
    try:
        return world.wire.send(request, deadline=world.deadline)
    except Unreachable:
        return None


def _well(answer: Exchange | None, endpoint: Endpoint, version: str | None, world: World) -> bool:
    """Tell whether an answer is the stated one, of the stated version."""
    if answer is None or answer.status not in endpoint.expect:
        return False
    source = world.environment.version if world.environment is not None else None
    if version is None:
        return True
    try:
        return version_of(source, answer, world, deadline=world.deadline) == version
    except Unreachable:
        return False


def _told(answer: Exchange | None) -> str:
    return "no answer" if answer is None else f"{answer.place} answered {answer.status}"
