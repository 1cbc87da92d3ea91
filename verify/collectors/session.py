"""Begins a session, or takes a token, and comes back with it over connections of their own."""

from collections.abc import Iterator

from verify.collectors.replicas import ALONE
from verify.collectors.world import World, in_turn
from verify.effects.transport import Request
from verify.facts.headers import cookies
from verify.facts.http import Exchange, Headers
from verify.facts.session import Return, Returned
from verify.model.need import Effect, Need


def collect(needs: tuple[Return, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each session."""
    yield from in_turn(_see, needs, world)


def _see(need: Return, world: World) -> Returned:
    shown = world.headers(need.account)
    if not need.login:
        return Returned(answers=_back(need, world, shown))
    request = Request(method="POST", url=world.url + need.login, headers=shown)
    begun = world.wire.send(request, effect=Effect.DESTROYS)
    names = tuple(cookie.name for cookie in cookies(begun) if not cookie.deleted)
    pairs = [line.partition(";")[0] for line in begun.header_values("Set-Cookie")]
    kept = "; ".join(pair for pair in pairs if pair.partition("=")[0].strip() in names)
    answers = _back(need, world, (("Cookie", kept),)) if kept else ()
    return Returned(begun=begun, cookies=names, answers=answers)


def _back(need: Return, world: World, headers: Headers) -> tuple[Exchange, ...]:
    request = Request(url=world.url + need.path, headers=(*headers, ALONE))
    return tuple(world.wire.send(request) for _ in range(need.count))
