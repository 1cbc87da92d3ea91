"""Sends the read-only requests, at most 16 at once."""

from collections.abc import Iterator

from verify.collectors.world import World, concurrently
from verify.effects.errors import EffectError
from verify.effects.transport import Request
from verify.facts.http import Exchange, Get
from verify.model.need import Need


def collect(needs: tuple[Get, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each exchange."""
    yield from concurrently(see, needs, world)


def see(need: Get, world: World) -> Exchange:
    """Return the answer to one request; redirects are answers too."""
    if need.plain and not world.plain_url:
        raise EffectError(f"{world.url} has no plain HTTP address: state it as `plain_url:`")
    base = world.plain_url if need.plain else need.origin or world.url
    headers = (*world.headers(need.account), *need.headers)
    return world.wire.send(Request(method=need.method, url=base + need.path, headers=headers))
