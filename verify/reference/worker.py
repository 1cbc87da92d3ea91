"""The Celery worker: one process, its tasks, and the heartbeat the health endpoint looks for."""
# mypy: allow-subclassing-any, allow-untyped-decorators
# Celery ships no types

import contextlib
import hashlib
import os
from typing import Any

from celery import Celery, bootsteps
from redis import RedisError

from verify.reference.config import HEARTBEAT, Config
from verify.reference.server import stores

BEAT = 0.5  # seconds between two heartbeats
EXPIRES = 3  # seconds a heartbeat is believed

config = Config.of_environment()
app = Celery("reference", set_as_current=True)
_URL = f"redis+socket://:{config.secret}@{config.redis_socket}"
app.conf.update(
    broker_url=_URL,
    result_backend=_URL,
    result_expires=60,
    task_ignore_result=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2},
    redis_socket_timeout=5,
    redis_socket_connect_timeout=2,
)


@app.task(name="digest")
def digest(text: str) -> str:
    """Return the SHA-256 of ``text``: something only a worker that really works can answer."""
    return hashlib.sha256(text.encode()).hexdigest()


class Heartbeat(bootsteps.StartStopStep):
    """Beats in Redis from the consumer's own timer: while it really consumes, and only then."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        """Beat now and from now on."""
        redis = stores.client(config)
        self._redis = redis

        def beat() -> None:
            with contextlib.suppress(RedisError):  # no beat is the message
                redis.set(HEARTBEAT, os.getpid(), ex=EXPIRES)

        beat()
        self._entry = consumer.timer.call_repeatedly(BEAT, beat)

    def stop(self, _consumer: Any) -> None:
        """Beat no more, and take the last one back where Redis is still there."""
        self._entry.cancel()
        with contextlib.suppress(RedisError):
            self._redis.delete(HEARTBEAT)

    shutdown = stop


app.steps["consumer"].add(Heartbeat)


def main() -> None:
    """Run the worker until it is told to stop."""
    worker = app.Worker(
        pool="solo",
        concurrency=1,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
        quiet=True,
    )
    worker.start()
    raise SystemExit(worker.exitcode)


if __name__ == "__main__":
    main()
