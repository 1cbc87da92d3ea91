"""What callers do rather than read: sign in and out, call the webhook."""

import contextlib
import hashlib
import hmac
import itertools
import json
from base64 import b64decode
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from verify.reference.behaviour import Behaviour
from verify.reference.config import USERS, Config
from verify.reference.server import identity
from verify.reference.server.http import Answer, Environ, json_answer, not_allowed, problem
from verify.reference.server.logs import Events
from verify.reference.server.stores import Cache

_MOST = 65536  # bytes of a body
_REPLICAS = 2  # that a sticky session would be spread over

Act = Callable[[Environ, Behaviour], Answer]


class Acts:
    """Answers the paths where something happens."""

    def __init__(self, config: Config, cache: Cache, events: Events) -> None:
        """Bind each path to its method and act."""
        self._config = config
        self._cache = cache
        self._events = events
        self._asked = itertools.count()
        self._acts: dict[str, tuple[str, Act]] = {
            f"{config.api}login/": ("POST", self._login),
            f"{config.api}logout/": ("POST", self._logout),
            f"{config.api}session/": ("GET", self._session),
            config.webhook: ("POST", self._webhook),
            config.identity: ("GET", self._identity),
        }

    def answer(self, environ: Environ, behaviour: Behaviour) -> Answer | None:
        """Return the answer, or None where nothing of the kind is asked."""
        path = environ["PATH_INFO"]
        method, act = self._acts.get(path, ("", None))
        if act is not None:
            return act(environ, behaviour) if environ["REQUEST_METHOD"] == method else not_allowed(method)
        if path.startswith(self._config.webhook) and path.endswith("/"):
            known = self._cache.noted(path.removeprefix(self._config.webhook).rstrip("/"))
            return json_answer(200, {"status": "processed"}) if known else problem(404, "Not found.")
        return None

    def _login(self, environ: Environ, behaviour: Behaviour) -> Answer:
        body = _json(environ)
        name, password = _basic(environ) or (str(body.get("user", "")), str(body.get("password", "")))
        if name not in USERS or self._config.tokens.get(password) != name:
            echoed = password if behaviour.log_leaks else None
            self._events.write(environ, behaviour, "login_failed", user_id=name, password=echoed)
            said = f": {password}" if behaviour.answer_leaks else ""
            return problem(401, f"User or password is wrong{said}.", [("WWW-Authenticate", "Basic")])
        self._events.write(environ, behaviour, "login", user_id=name)
        session = f"{name}.{self._seal(name)}"
        cookie = f"sessionid={session}; Path=/; Secure; HttpOnly; SameSite=Lax"
        return json_answer(200, {"user": name}, [("Set-Cookie", cookie), ("Cache-Control", "no-store")])

    def _logout(self, environ: Environ, behaviour: Behaviour) -> Answer:
        name = self._user(environ)
        if not name:
            return problem(401, "Nobody is signed in.")
        self._events.write(environ, behaviour, "logout", user_id=name)
        return Answer(204, b"", [("Set-Cookie", "sessionid=; Path=/; Max-Age=0; Secure; HttpOnly")])

    def _session(self, environ: Environ, behaviour: Behaviour) -> Answer:
        name = self._user(environ)
        if not name or (behaviour.sticky_sessions and next(self._asked) % _REPLICAS):
            return problem(401, "Nobody is signed in.")
        return json_answer(200, {"user": name}, [("Cache-Control", "no-store")])

    def _webhook(self, environ: Environ, behaviour: Behaviour) -> Answer:
        data = _read(environ)
        event = _json(environ, data).get("id")
        self._events.write(environ, behaviour, "webhook_received", webhook_id=event)
        digest = hmac.new(self._config.webhook_secret.encode(), data, "sha256").hexdigest()
        signed = hmac.compare_digest(digest, environ.get("HTTP_X_SIGNATURE", ""))
        if not signed and behaviour.webhook_verified:
            return problem(401, "The signature is not right.")
        self._events.write(environ, behaviour, "webhook_verified", webhook_id=event)
        self._cache.note(str(event))
        self._events.write(environ, behaviour, "webhook_processed", webhook_id=event, status="processed")
        return json_answer(202, {"status": "processed"})

    def _identity(self, environ: Environ, behaviour: Behaviour) -> Answer:
        """Say whose database and key this is: under each of its names it stands for another environment."""
        name = environ.get("HTTP_HOST", "").partition(":")[0]
        marker = "shared" if behaviour.same_database else self._seal(f"database of {name}")[:16]
        prefix = "test_" if name == "localhost" and not behaviour.live_key else "live_"
        key = f"{prefix}{'*' * 8}"
        elsewhere = behaviour.release_elsewhere if name == identity.ELSEWHERE else ""
        shown = {"database": marker, "key": key, "image": image(elsewhere or self._config.release)}
        return json_answer(200, shown, [("Cache-Control", "no-store")])

    def _user(self, environ: Environ) -> str:
        """Return who asks: by bearer token, else by session; "" for nobody."""
        named = environ[identity.USER]
        if named:
            return str(named)
        cookie: SimpleCookie = SimpleCookie()
        with contextlib.suppress(CookieError):
            cookie.load(environ.get("HTTP_COOKIE", ""))
        name, _, seal = cookie["sessionid"].value.partition(".") if "sessionid" in cookie else ("", "", "")
        return name if name in USERS and hmac.compare_digest(seal, self._seal(name)) else ""

    def _seal(self, name: str) -> str:
        return hmac.new(self._config.secret.encode(), f"session {name}".encode(), "sha256").hexdigest()


def image(release: str) -> str:
    """Return what an environment was given for ``release``, whatever a replica of it still runs."""
    return f"sha256:{hashlib.sha256(f'image of {release}'.encode()).hexdigest()}"


def _read(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    data: bytes = environ["wsgi.input"].read(min(int(length), _MOST)) if length.isdigit() else b""
    return data


def _json(environ: Environ, data: bytes | None = None) -> dict[str, Any]:
    try:
        value = json.loads(_read(environ) if data is None else data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _basic(environ: Environ) -> tuple[str, str] | None:
    scheme, _, pair = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = b64decode(pair, validate=True).decode().partition(":")
    except ValueError:
        return None
    return name, password
