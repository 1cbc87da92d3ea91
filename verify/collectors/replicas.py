"""Asks for the running version again and again, each time over a connection of its own."""

from collections.abc import Iterator

from verify.collectors.readiness import endpoint_of
from verify.collectors.world import World, in_turn
from verify.contract.endpoint import Endpoint
from verify.contract.environment import VersionFrom
from verify.effects.errors import EffectError
from verify.effects.transport import Request
from verify.facts.body import member
from verify.facts.http import Exchange
from verify.facts.replicas import Sample, Versions
from verify.model.need import Need

#: every request ends its connection, so no two of them can share one
ALONE = ("Connection", "close")


def collect(needs: tuple[Sample, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield the versions that each need asked for."""
    yield from in_turn(_see, needs, world)


def _see(need: Sample, world: World) -> Versions:
    source = world.environment.version if world.environment is not None else None
    if source is None:
        raise EffectError("no version is shown: state `version: {header: …}` of the environment")
    endpoint = world.contract.endpoints[source.endpoint] if source.endpoint else endpoint_of(world)
    if endpoint is None:
        raise EffectError("no endpoint shows the version: name one under `version: {endpoint: …}`")
    answers = [_ask(endpoint, world) for _ in range(need.count)]
    return Versions(
        shown=tuple(_shown(source, answer) for answer in answers),
        statuses=tuple(answer.status for answer in answers),
        url=answers[0].place if answers else "",
    )


def _ask(endpoint: Endpoint, world: World) -> Exchange:
    url = (endpoint.host or world.url) + endpoint.path
    return world.wire.send(Request(url=url, headers=(*world.headers(endpoint.account), ALONE)))


def _shown(source: VersionFrom, answer: Exchange) -> str | None:
    if source.header is not None:
        return answer.header(source.header)
    try:
        value = member(answer.json(), source.json_ or "")
    except ValueError:
        return None
    return None if value is None else str(value)
