"""Asks for what must not be served; of the content only the words that give it away are kept."""

from collections.abc import Iterator

from verify.collectors.http import see as fetch
from verify.collectors.world import World, concurrently
from verify.facts.exposure import Probe, Probed, exposed
from verify.facts.http import Get
from verify.model.need import Need


def collect(needs: tuple[Probe, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what came of each."""
    yield from concurrently(_see, needs, world)


def _see(need: Probe, world: World) -> Probed:
    answer = fetch(Get(path=need.path), world)
    return Probed(url=answer.url, status=answer.status, shown=exposed(need.path, answer))
