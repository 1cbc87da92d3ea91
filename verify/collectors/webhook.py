"""Calls webhooks as their sender would, as a forger would, and as anybody would."""

import secrets
from collections.abc import Iterator

from verify.collectors.signing import signature
from verify.collectors.world import World, in_turn
from verify.effects.transport import Request
from verify.facts.http import Headers
from verify.facts.webhook import Call, Calls, CallWebhook
from verify.model.need import Effect, Need

JSON = ("Content-Type", "application/json")


def collect(needs: tuple[CallWebhook, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield the calls of each need."""
    yield from in_turn(_see, needs, world)


def _see(need: CallWebhook, world: World) -> Calls:
    return Calls(
        unsigned=_call(need, world, "unsigned"),
        forged=_call(need, world, "forged"),
        signed=_call(need, world, "signed"),
    )


def _call(need: CallWebhook, world: World, how: str) -> Call:
    event = f"verify-{world.run_id}-{how}-{secrets.token_hex(4)}"
    body = need.body.replace("{id}", event).encode()
    headers: Headers = (JSON,)
    if how != "unsigned":
        key = secrets.token_hex(16) if how == "forged" else None
        headers = (JSON, signature(world, need.webhook, body, key=key))
    url = world.url + world.contract.webhooks[need.webhook].path
    request = Request(method="POST", url=url, headers=headers, body=body)
    answer = world.wire.send(request, effect=Effect.DESTROYS)
    if not need.state:
        return Call(answer=answer)
    state = Request(url=world.url + need.state.replace("{id}", event), headers=world.headers(need.account))
    return Call(answer=answer, state=world.wire.send(state))
