"""What browsers see beside the API: sign-in page, slash redirects, and what faults expose."""

import pkgutil
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs

import psycopg

from verify.reference.behaviour import Behaviour
from verify.reference.config import Config
from verify.reference.server.database import Database
from verify.reference.server.exposed import FILES, HTML
from verify.reference.server.http import Answer, Environ, Headers, json_answer, not_allowed, problem

_READ = frozenset({"GET", "HEAD"})
_HTML = ("Content-Type", HTML)
_INDEX = b"<!doctype html><title>Shop</title><div id=app></div><script src=/static/app.js></script>"
_VIEWS = ("products/", "accounts/", "deposits/", "withdrawals/", "canary/", "tasks/")
_ECHOED = {
    "Host": "HTTP_HOST",
    "X-Real-IP": "HTTP_X_REAL_IP",
    "X-Forwarded-For": "HTTP_X_FORWARDED_FOR",
    "X-Forwarded-Proto": "HTTP_X_FORWARDED_PROTO",
}


class Surface:
    """Answers what no page of the API does."""

    def __init__(self, config: Config, known: frozenset[str], database: Database) -> None:
        """Know the paths that end in a slash, to redirect to them."""
        self._config = config
        self._database = database
        self._asset_kept = False
        self._slashed = frozenset(path for path in known if path.endswith("/"))
        self._pages: dict[str, Callable[[Environ, Behaviour], Answer]] = {
            config.signin: _signin,
            config.asset: self._asset,
            config.echo: _echo,
            config.migrations: self._migrations,
        }

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
        if self._config.spa is not None and environ["REQUEST_METHOD"] in _READ:
            return self._fallback(path, self._config.spa, behaviour)
        return None

    def _fallback(self, path: str, below: str, behaviour: Behaviour) -> Answer | None:
        """Give unknown paths ``below`` the start page, which finds its way by itself."""
        if path == self._config.failure:
            return None
        if path.startswith(self._config.api):
            known = any(path.startswith(self._config.api + view) for view in _VIEWS)
            falls = behaviour.spa == "greedy" and not known
        else:
            falls = path == below or (path.startswith(below) and behaviour.spa != "missing")
        return Answer(200, _INDEX, [_HTML, ("Cache-Control", "no-cache")]) if falls else None

    def _asset(self, _environ: Environ, behaviour: Behaviour) -> Answer:
        """Return the static file as a cache at the edge does: fetched once, kept then."""
        hit = self._asset_kept and behaviour.asset != "missed"
        self._asset_kept = True
        kind = "text/html" if behaviour.asset == "mistyped" else "text/javascript; charset=utf-8"
        kept = "no-store" if behaviour.asset == "uncached" else "public, max-age=31536000, immutable"
        marks = [] if behaviour.asset == "unmarked" else [("X-Cache", "HIT" if hit else "MISS")]
        return Answer(200, b"export default 1;\n", [("Content-Type", kind), ("Cache-Control", kept), *marks])

    def _migrations(self, _environ: Environ, behaviour: Behaviour) -> Answer:
        """Compare the migrations that came with the code with those the database remembers."""
        import verify.reference.shop.migrations as package

        known = {each.name for each in pkgutil.iter_modules(package.__path__)}
        if behaviour.migrations_behind:
            known.add("0002_not_applied")
        try:
            rows = self._database.rows("SELECT name FROM django_migrations WHERE app = 'shop'")
        except psycopg.Error:
            return problem(503, "The database is not available for now.", [("Retry-After", "1")])
        pending = sorted(known - {name for (name,) in rows})
        return json_answer(
            200, {"pending": len(pending), "unapplied": pending}, [("Cache-Control", "no-store")]
        )


def _echo(environ: Environ, _behaviour: Behaviour) -> Answer:
    """Show what has reached the application."""
    seen = {name: environ[key] for name, key in _ECHOED.items() if key in environ}
    return json_answer(200, {"headers": seen}, [("Cache-Control", "no-store")])


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
