"""Asks several environments of the contract who they are: each read-only, within its own limits.

No credentials go along: those of one environment are no business of another.
"""

import os
from collections.abc import Iterator

from verify.collectors.http import see_once
from verify.collectors.world import World, in_turn
from verify.contract.values import variable_of
from verify.effects.errors import EffectError
from verify.effects.transport import Origin, Request
from verify.facts.body import member
from verify.facts.environments import Compare, Side, Sides
from verify.facts.http import Exchange, Get
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
    transport = world.wire if here else world.elsewhere[name]
    addresses = transport.addresses(url, deadline=DEADLINE)
    answer = None
    if need.probe and here:  # whoever asks the same of it shares the answer
        answer = see_once(Get(path=need.probe), world)
    elif need.probe:
        answer = transport.send(Request(url=url + need.probe), deadline=DEADLINE)
    where = next(((where, prefix) for stated, where, prefix in need.keys if stated == name), None)
    return Side(
        name=name,
        host=Origin.of(url).netloc,
        identity=_text(answer, need.member) if not need.header else _header(answer, need.header),
        key=_begins(*where, answer) if where else None,
        status=answer.status if answer is not None else 0,
        addresses=addresses,
    )


def _text(answer: Exchange | None, path: str) -> str | None:
    """Return what an answer shows at ``path``, None where it shows nothing."""
    if answer is None or not path:
        return None
    try:
        value = member(answer.json(), path)
    except ValueError:
        return None
    return str(value) if isinstance(value, str | int) else None


def _header(answer: Exchange | None, name: str) -> str | None:
    """Return the value of a header, None where there is none."""
    return (answer.header(name) or None) if answer is not None else None


def _begins(where: str, prefix: str, answer: Exchange | None) -> bool | None:
    """Tell whether the value begins as stated, None where there is no value; nothing of it is kept."""
    value = os.environ.get(variable_of(where)) if _is_variable(where) else _text(answer, where)
    return value.startswith(prefix) if value else None


def _is_variable(where: str) -> bool:
    return where.startswith("$") and not where.startswith("$.")
