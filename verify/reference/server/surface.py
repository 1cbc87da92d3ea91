"""What browsers see beside the API: sign-in page, slash redirects, and what faults expose."""

import secrets
from collections.abc import Callable
from urllib.parse import parse_qs

from verify.reference.behaviour import Behaviour
from verify.reference.config import Config
from verify.reference.server.exposed import FILES, HTML
from verify.reference.server.http import Answer, Environ, Headers, not_allowed

_READ = frozenset({"GET", "HEAD"})
_HTML = ("Content-Type", HTML)


class Surface:
    """Answers what no page of the API does."""

    def __init__(self, config: Config, known: frozenset[str]) -> None:
        """Know the paths that end in a slash, to redirect to them."""
        self._slashed = frozenset(path for path in known if path.endswith("/"))
        self._pages: dict[str, Callable[[Environ, Behaviour], Answer]] = {config.signin: _signin}

    def answer(self, environ: Environ, behaviour: Behaviour) -> Answer | None:
        """Return the answer, or None where there is nothing of the kind."""
        path = environ["PATH_INFO"]
        page = self._pages.get(path)
        if page is not None:
            reading = environ["REQUEST_METHOD"] in _READ
            return page(environ, behaviour) if reading else not_allowed("GET, HEAD")
        for kind in behaviour.exposed:
            found = FILES[kind].get(path)
            if found is not None:
                return Answer(200, found[1], [("Content-Type", found[0])])
        if behaviour.slash and f"{path}/" in self._slashed:
            return _moved(environ, f"{path}/", behaviour)
        return None


def _moved(environ: Environ, path: str, behaviour: Behaviour) -> Answer:
    """Redirect for good, to the same address with another path."""
    query = environ.get("QUERY_STRING", "")
    target = f"{path}?{query}" if query else path
    spoofed = environ.get("HTTP_X_FORWARDED_HOST")
    if spoofed and behaviour.trusts_forwarded_host:
        target = f"https://{spoofed}{target}"
    return Answer(301, b"", [("Location", target)])


def _signin(environ: Environ, behaviour: Behaviour) -> Answer:
    """Show the form with fresh cookies; with ``next`` go on, but only to a path of our own."""
    wanted = parse_qs(environ.get("QUERY_STRING", "")).get("next", [""])[0]
    if wanted:
        own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
        target = wanted if own or behaviour.open_redirect else "/"
        return Answer(302, b"", [("Location", target)])
    cookies: Headers = [
        ("Set-Cookie", _cookie("sessionid", ("Secure", "HttpOnly", "SameSite=Lax"), behaviour)),
        ("Set-Cookie", _cookie("csrftoken", ("Secure", "SameSite=Lax"), behaviour)),
    ]
    body = b"<!doctype html><title>Sign in</title><form method=post><input name=user></form>"
    return Answer(200, body, [_HTML, ("Cache-Control", "no-store"), *cookies])


def _cookie(name: str, flags: tuple[str, ...], behaviour: Behaviour) -> str:
    kept = [flag for flag in flags if flag.partition("=")[0].lower() not in behaviour.cookie_drops]
    return "; ".join((f"{name}={secrets.token_urlsafe(16)}", "Path=/", *kept))
