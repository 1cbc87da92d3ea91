"""Which other origins may read answers: cross-origin resource sharing, as the edge grants it."""

from collections.abc import Sequence

from verify.reference.behaviour import Behaviour
from verify.reference.server.http import Answer, Environ, Headers

_METHODS = "GET, HEAD, OPTIONS, POST, DELETE"
_CREDENTIALS = ("Access-Control-Allow-Credentials", "true")


def is_preflight(environ: Environ) -> bool:
    """Say whether a browser asks for leave, before the request itself."""
    asked = "HTTP_ORIGIN" in environ and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return environ["REQUEST_METHOD"] == "OPTIONS" and asked


def preflight() -> Answer:
    """Return the answer to a preflight; ``headers`` say whether leave is granted."""
    return Answer(204, b"", [("Access-Control-Max-Age", "600")])


def headers(environ: Environ, behaviour: Behaviour, origins: Sequence[str]) -> Headers:
    """Return what a request with an Origin gets."""
    origin = environ["HTTP_ORIGIN"]
    how = behaviour.cors
    granted = origin if _granted(origin, how, origins) else ""
    if how == "any":
        granted = "*"
    added: Headers = [] if how == "no-vary" else [("Vary", "Origin")]
    if granted:
        added += [("Access-Control-Allow-Origin", granted), _CREDENTIALS]
        if is_preflight(environ):
            added += [("Access-Control-Allow-Methods", _METHODS)]
            added += [("Access-Control-Allow-Headers", "Authorization, Content-Type")]
    return added


def _granted(origin: str, how: str, origins: Sequence[str]) -> bool:
    if how == "none":
        return False
    return how == "reflect" or origin in origins or (how == "null" and origin == "null")
