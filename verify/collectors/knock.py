"""Asks an origin past its edge, as whoever knows the address can: the same path, under both names."""

from collections.abc import Iterator

from verify.collectors.world import World, concurrently
from verify.effects.errors import Unreachable
from verify.effects.transport import Origin, Request
from verify.facts.edge import Knock, Knocked, Try
from verify.model.need import Need
from verify.model.units import seconds

#: a firewall that drops packets says nothing for as long as one waits
DEADLINE = seconds(5)


def collect(needs: tuple[Knock, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what each origin said."""
    yield from concurrently(_see, needs, world)


def _see(need: Knock, world: World) -> Knocked:
    """Ask; the reference's own origin stands in for every other."""
    url = (world.origin or need.origin) + need.path
    tries: list[Try] = []
    for host in dict.fromkeys((Origin.of(url).netloc, Origin.of(world.url).netloc)):
        tries.append(_tried(url, host, world))
        if tries[-1].unheard:
            break
    return Knocked(url=url, tries=tuple(tries))


def _tried(url: str, host: str, world: World) -> Try:
    """Ask as ``host``; a certificate may be for the origin's own name, or for the system's."""
    reason = ""
    for name in (None, Origin.of(world.url).host):
        request = Request(url=url, headers=(("Host", host),), server_name=name)
        try:
            answer = world.wire.send(request, deadline=min(DEADLINE, world.deadline))
        except Unreachable as error:
            reason = reason or error.reason
            if not error.reason.startswith("certificate: "):
                return Try(host=host, reason=error.reason)
        else:
            return Try(host=host, status=answer.status)
    return Try(host=host, reason=reason)
