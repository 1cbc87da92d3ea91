"""Redis and PostgreSQL as the plain pages use them: short deadlines, quick recovery."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from verify.reference.config import PRODUCTS, Config, Quota
from verify.reference.server.control import Control

Result = TypeVar("Result")

DEADLINE = 0.5
PAUSE = 1.0  # after a failure, how long the optional uses of Redis go without it
QUEUE = "celery"


def client(config: Config) -> redis.Redis:
    """Return a thread-safe client; a connection that went stale is replaced once."""
    return redis.Redis(
        unix_socket_path=config.redis_socket,
        password=config.secret,
        socket_timeout=DEADLINE,
        socket_connect_timeout=DEADLINE,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


class Cache:
    """The optional uses of Redis: without it the service goes on, uncached and unlimited."""

    def __init__(self, config: Config, control: Control) -> None:
        """Connect on first use; what ``control`` says of limits is part of each quota's key."""
        self._redis = client(config)
        self._control = control
        self._changes = control.changes()
        self._lock = threading.Lock()
        self._away_until = 0.0

    def _optional(self, action: Callable[[], Result]) -> Result | None:
        if self._changes != self._control.changes():
            self._changes, self._away_until = self._control.changes(), 0.0
        if time.monotonic() < self._away_until:
            return None
        try:
            return action()
        except redis.RedisError:
            with self._lock:
                self._away_until = time.monotonic() + PAUSE
            return None

    def answers(self) -> bool:
        """Say whether Redis answers now."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def products(self) -> bytes | None:
        """Return the product list as it was stored, or None."""
        found = self._optional(lambda: self._redis.get(PRODUCTS))
        return found if isinstance(found, bytes) else None

    def keep_products(self, body: bytes) -> None:
        """Store the product list for a short while."""
        self._optional(lambda: self._redis.set(PRODUCTS, body, ex=30))

    def forget_products(self) -> None:
        """Drop the stored product list because a product has changed."""
        self._optional(lambda: self._redis.delete(PRODUCTS))

    def note(self, webhook: str) -> None:
        """Remember for a while that a webhook was processed."""
        self._optional(lambda: self._redis.set(f"webhook:{webhook}", 1, ex=600))

    def noted(self, webhook: str) -> bool:
        """Say whether a webhook was processed."""
        return bool(self._optional(lambda: self._redis.exists(f"webhook:{webhook}")))

    def take(self, identity: str, quota: Quota) -> int:
        """Count one request of ``identity``: return 0 when it may pass, else the seconds to wait."""
        key = f"quota:{self._control.limits()}:{identity}"

        def count() -> list[int]:
            pipe = self._redis.pipeline(transaction=True)
            pipe.set(key, 0, ex=quota.seconds, nx=True)
            pipe.incr(key)
            pipe.ttl(key)
            return pipe.execute()

        answer = self._optional(count)
        if answer is None or answer[1] <= quota.count:
            return 0
        return max(1, answer[2])
