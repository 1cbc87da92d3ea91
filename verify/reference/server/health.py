"""The health endpoint: each stated dependency is really asked, with a short deadline."""

import datetime as dt
import itertools
import time
from collections.abc import Callable
from functools import partial

import psycopg
import redis

from verify.reference.behaviour import Behaviour
from verify.reference.config import HEARTBEAT, MEDIA, Config
from verify.reference.server import stores
from verify.reference.server.database import Database
from verify.reference.server.http import Answer, json_answer, problem

_NO_STORE = ("Cache-Control", "no-store")
_CACHED = ("Cache-Control", "public, max-age=60")
_LEAKS = {"dsn": "postgres://shop@db-1.internal:5432/shop", "hostname": "web-1.internal", "django": "5.1.4"}


class Health:
    """Asks database, Redis and worker."""

    def __init__(self, config: Config, database: Database) -> None:
        """Keep connections of its own, so that no other use can hold them."""
        self._config = config
        self._database = database
        self._redis = stores.client(config)
        self._fading: tuple[Behaviour | None, itertools.count[int]] = (None, itertools.count())
        self._asks: dict[str, Callable[[], bool]] = {
            "database": self._database_answers,
            "redis": self._redis_answers,
            "worker": self._worker_beats,
        }

    @property
    def database(self) -> Database:
        """Return what it asks the database with."""
        return self._database

    def _database_answers(self) -> bool:
        try:
            return self._database.rows("SELECT 1") == [(1,)]
        except psycopg.Error:
            return False

    def _redis_answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def _worker_beats(self) -> bool:
        try:
            return bool(self._redis.exists(HEARTBEAT))
        except redis.RedisError:
            return False

    def _storage_takes(self, folder: str) -> bool:
        """Write and remove a file where uploads go."""
        probe = self._config.root / folder / ".health"
        try:
            probe.write_bytes(b"ok")
            probe.unlink()
        except OSError:
            return False
        return True

    def checks(self, media: str = MEDIA) -> dict[str, str]:
        """Return ``ok`` or ``down`` for each stated dependency, under its stated name."""
        asks: dict[str, Callable[[], bool]] = dict(self._asks)
        asks["storage"] = partial(self._storage_takes, media)
        parts = {part: asks[part]() for part in dict.fromkeys(self._config.dependencies.values())}
        return {name: "ok" if parts[part] else "down" for name, part in self._config.dependencies.items()}

    def answer(self, behaviour: Behaviour) -> Answer:
        """Return the answer of the health endpoint."""
        checks = self.checks(behaviour.media) if behaviour.health_checks else {}
        for name in list(checks)[len(checks) - behaviour.health_omits :]:
            del checks[name]
        ready = time.monotonic() >= behaviour.ready_at
        healthy = ready and all(state == "ok" for state in checks.values())
        status = behaviour.health_status or (200 if healthy else self._config.unhealthy)
        if behaviour.health_login:
            return problem(401, "Who are you?", [("WWW-Authenticate", "Bearer"), _NO_STORE])
        kept = _CACHED if behaviour.health_cacheable else _NO_STORE
        if not behaviour.health_json:
            text = b"OK" if healthy else b"FAIL"
            return Answer(status, text, [("Content-Type", "text/plain"), kept])
        word = "healthy" if healthy else "unhealthy" if ready else "starting"
        release = behaviour.release or self._config.release
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        body: dict[str, object] = {"status": word, "checks": checks, "version": release, "timestamp": now}
        return json_answer(status, body | (_LEAKS if behaviour.health_leaks else {}), [kept])

    def alive(self, behaviour: Behaviour) -> Answer:
        """Return the answer of the liveness endpoint: the process serves, nothing else is asked."""
        if behaviour.liveness_deep:
            return self.answer(behaviour)
        if behaviour.liveness_lasts and self._faded(behaviour):
            return json_answer(503, {"status": "dead"}, [_NO_STORE])
        release = behaviour.release or self._config.release
        return json_answer(200, {"status": "alive", "version": release}, [_NO_STORE])

    def _faded(self, behaviour: Behaviour) -> bool:
        """Count an answer since ``behaviour`` began, and say whether there were too many."""
        if self._fading[0] is not behaviour:
            self._fading = (behaviour, itertools.count())
        return next(self._fading[1]) >= behaviour.liveness_lasts
