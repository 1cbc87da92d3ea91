"""The Celery worker as a part."""

import sys
from collections.abc import Sequence
from pathlib import Path

from verify.reference.config import HEARTBEAT
from verify.reference.parts import Part, Run
from verify.reference.redis_server import Redis


class Worker(Part):
    """One process with the solo pool; ready when its consumer beats."""

    name = "worker"

    def __init__(self, run: Run, redis: Redis) -> None:
        """Know the Redis it beats in."""
        super().__init__(run)
        self._redis = redis

    def argv(self) -> Sequence[str | Path]:
        """Return the program."""
        return [sys.executable, "-m", "verify.reference.worker"]

    def ready(self) -> bool:
        """Say whether its heartbeat is there."""
        return self._redis.ask("EXISTS", HEARTBEAT) == b":1"

    def forget(self) -> None:
        """Take the heartbeat of a worker away that could not do so itself."""
        self._redis.ask("DEL", HEARTBEAT)
