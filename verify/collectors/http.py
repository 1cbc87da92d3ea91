"""Sends the read-only requests, at most 16 at once."""

from collections.abc import Iterator

from verify.collectors.world import World, concurrently
from verify.effects.errors import EffectError
from verify.effects.transport import Request
from verify.facts.http import Exchange, Get
from verify.model.need import Need


def collect(needs: tuple[Get, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each exchange."""
    yield from concurrently(see_once, needs, world)


def see_once(need: Get, world: World) -> Exchange:
    """Return the answer to one request, which is sent if nobody has asked the same in this run."""
    return world.once.ask(need, lambda: see(need, world))


def see(need: Get, world: World) -> Exchange:
    """Return the answer to one request; redirects are answers too."""
    if need.plain and not world.plain_url:
        raise EffectError(f"{world.url} has no plain HTTP address: state it as `plain_url:`")
    base = world.plain_url if need.plain else need.origin or world.url
    headers = (*world.headers(need.account), *need.headers)
    return world.wire.send(Request(method=need.method, url=base + need.path, headers=headers))
