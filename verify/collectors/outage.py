"""Stops one dependency of the reference, looks at what health and liveness say, and starts it again."""

import threading
import time
from collections.abc import Callable, Iterator

from verify.collectors.world import Breakable, World, in_turn
from verify.effects.errors import EffectError
from verify.effects.transport import Request
from verify.facts.http import LIMITED, Exchange
from verify.facts.outage import Outage, Stop
from verify.model.need import Need
from verify.model.units import Duration, seconds

INTERVAL = 0.1  # seconds between two looks at a condition


def collect(needs: tuple[Stop, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each outage, one after the other; where one ends well, the next begins."""
    last: dict[str, Exchange] = {}

    def see(need: Stop, world: World) -> Outage:
        before = last.pop(need.path, None)
        last.clear()  # what was seen before another path was looked at is too old
        found = _see(need, world, before)
        last[need.path] = found.after
        return found

    yield from in_turn(see, needs, world)


def _see(need: Stop, world: World, before: Exchange | None) -> Outage:
    breakable, fault = world.breakable, _fault(need, world)
    if breakable is None:
        raise EffectError("only the reference can be broken")
    if before is None or before.status not in need.good:
        before = _ask(need.path, world)
    if before.status == LIMITED and LIMITED not in need.good:
        raise EffectError(before.refusal)
    if before.status not in need.good or fault in breakable.faults:
        raise EffectError(f"{before.place} was not well before {need.dependency} stopped: {before.status}")
    during, alive = _broken(need, world, breakable, fault)
    began = time.monotonic()
    after = _until(lambda answer: answer.status in need.good, need, world)
    recovered = seconds(time.monotonic() - began) if after.status in need.good else None
    return Outage(dependency=need.dependency, during=during, alive=alive, after=after, recovered=recovered)


def _broken(need: Stop, world: World, breakable: Breakable, fault: str) -> tuple[Exchange, Exchange | None]:
    """Look while it is stopped; whatever happens, it is started again."""
    try:
        breakable.inject(fault)
        during = _until(lambda answer: answer.status not in {*need.good, LIMITED}, need, world)
        return during, _ask(need.liveness, world) if need.liveness else None
    finally:
        breakable.heal(fault)


def _fault(need: Stop, world: World) -> str:
    reference = world.environment.reference if world.environment is not None else None
    parts = reference.dependencies if reference is not None else {}
    if need.dependency not in parts:
        known = ", ".join(parts) or "none"
        raise EffectError(f"the reference has no dependency {need.dependency}: `dependencies:` names {known}")
    return f"{parts[need.dependency]}-down"


def _until(good: Callable[[Exchange], bool], need: Stop, world: World) -> Exchange:
    """Ask until ``good`` is content or the time is up; return the last answer."""
    end = time.monotonic() + need.within
    pause = threading.Event()
    while not good(answer := _ask(need.path, world)) and time.monotonic() < end:
        pause.wait(INTERVAL)
    return answer


def _ask(path: str, world: World) -> Exchange:
    return world.wire.send(Request(url=world.url + path), deadline=Duration(world.deadline))
