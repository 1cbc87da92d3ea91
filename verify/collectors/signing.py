"""Signs what is sent to a webhook, as its sender does."""

import hmac

from verify.collectors.world import World
from verify.effects.errors import EffectError


def signature(world: World, name: str, body: bytes, *, key: str | None = None) -> tuple[str, str]:
    """Return the header that signs ``body`` for the webhook ``name``, with another ``key`` if given."""
    webhook = world.contract.webhooks[name]
    if name not in world.keys:
        raise EffectError(f"webhook {name}: the key {webhook.secret} is not known to this run")
    secret = world.keys[name] if key is None else key
    digest = hmac.new(secret.encode(), body, webhook.algorithm).hexdigest()
    return (webhook.header, webhook.prefix + digest)
