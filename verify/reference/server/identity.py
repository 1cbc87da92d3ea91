"""Who asks: bearer tokens of the run."""

from collections.abc import Mapping

from verify.reference.behaviour import Behaviour
from verify.reference.config import Config, Quota
from verify.reference.server.http import Environ

#: where the edge notes the user for whoever comes after it
USER = "verify.user"
#: the name under which it stands for another environment than under localhost
ELSEWHERE = "127.0.0.1"


def user_of(environ: Environ, tokens: Mapping[str, str]) -> str | None:
    """Return the user's name, ``""`` for nobody, None for a token that nobody has."""
    value = environ.get("HTTP_AUTHORIZATION", "")
    if not value:
        return ""
    scheme, _, token = value.partition(" ")
    return tokens.get(token.strip()) if scheme.lower() == "bearer" else None


def quota_of(config: Config, behaviour: Behaviour, user: str, address: str) -> tuple[str, Quota | None]:
    """Return the identity that is counted and what it may do, None where nothing limits it."""
    identity, quota = (
        (f"user:{user}", config.authenticated) if user else (f"address:{address}", config.anonymous)
    )
    if quota is None or behaviour.quota is None:
        return identity, None
    return identity, Quota(count=int(quota.count * behaviour.quota), seconds=quota.seconds)


def throttled(wait: int) -> str:
    """Return the words of a 429 of the application."""
    return f"Request was throttled. Expected available in {wait} seconds."
