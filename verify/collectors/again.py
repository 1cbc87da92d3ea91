"""Asks the same thing several times, each time after the answer before."""

from collections.abc import Iterator

from verify.collectors.http import see as fetch
from verify.collectors.world import World, concurrently
from verify.facts.again import Again, Repeated
from verify.facts.http import Get
from verify.model.need import Need


def collect(needs: tuple[Again, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield the answers to each request."""
    yield from concurrently(_see, needs, world)


def _see(need: Again, world: World) -> Repeated:
    get = Get(path=need.path, origin=need.origin)
    return Repeated(answers=tuple(fetch(get, world) for _ in range(need.times)))
