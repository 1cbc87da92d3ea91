"""Asks several environments of the contract who they are: each read-only, within its own limits.

No credentials go along: those of one environment are no business of another.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

from verify import __version__
from verify.collectors.world import World, in_turn
from verify.contract.environment import Environment
from verify.contract.values import variable_of
from verify.effects.errors import EffectError
from verify.effects.transport import Origin, Policy, Request, Transport
from verify.facts.body import member
from verify.facts.environments import Compare, Side, Sides
from verify.facts.http import Exchange
from verify.model.need import Need
from verify.model.units import seconds

DEADLINE = seconds(5)


def collect(needs: tuple[Compare, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each comparison."""
    yield from in_turn(_see, needs, world)


def _see(need: Compare, world: World) -> Sides:
    return Sides(sides=tuple(_side(name, need, world) for name in need.environments))


def _side(name: str, need: Compare, world: World) -> Side:
    environment = world.contract.environments[name]
    here = environment is world.environment
    url = world.url if here else environment.url
    if not url:
        raise EffectError(f"environment {name} is another reference, which does not run now")
    answer = _ask(need.probe, url, environment, world, here=here) if need.probe else None
    where = next(((where, prefix) for stated, where, prefix in need.keys if stated == name), None)
    return Side(
        name=name,
        host=urlsplit(url).netloc,
        identity=_text(answer, need.member),
        key=_begins(*where, answer) if where else None,
        status=answer.status if answer is not None else 0,
    )


def _ask(path: str, url: str, environment: Environment, world: World, *, here: bool) -> Exchange:
    request = Request(url=url + path)
    if here:
        return world.wire.send(request, deadline=DEADLINE)
    trust = world.root / environment.trust if environment.trust else None
    policy = Policy(origins=frozenset({Origin.of(url)}), budget=environment.budget, rate=environment.rate)
    agent = f"deploy-verify/{__version__} run/{world.run_id}"
    with ExitStack() as closing:
        transport = Transport(policy, redactor=world.redactor, user_agent=agent, trust=trust)
        closing.callback(transport.close)
        return transport.send(request, deadline=DEADLINE)


def _text(answer: Exchange | None, path: str) -> str | None:
    """Return what an answer shows at ``path``, None where it shows nothing."""
    if answer is None or not path:
        return None
    try:
        value = member(answer.json(), path)
    except ValueError:
        return None
    return str(value) if isinstance(value, str | int) else None


def _begins(where: str, prefix: str, answer: Exchange | None) -> bool | None:
    """Tell whether the value begins as stated, None where there is no value; nothing of it is kept."""
    value = os.environ.get(variable_of(where)) if _is_variable(where) else _text(answer, where)
    return value.startswith(prefix) if value else None


def _is_variable(where: str) -> bool:
    return where.startswith("$") and not where.startswith("$.")
