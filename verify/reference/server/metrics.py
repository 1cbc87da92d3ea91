"""Prometheus metrics in the text format, counted in this process."""

import os
import resource
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import redis

from verify.reference.config import Config
from verify.reference.server import stores
from verify.reference.server.database import Database
from verify.reference.server.http import Answer

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TYPE = ("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"


class Metrics:
    """Counts requests and reads the gauges when asked."""

    def __init__(self, config: Config, database: Database, counted: Callable[[], int]) -> None:
        """Begin at zero."""
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0
        self._database = database
        self._redis = stores.client(config)
        self._counted = counted
        self._started = time.time()

    def observe(self, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        with self._lock:
            self._requests[method, status] += 1
            self._buckets[bisect_left(_BOUNDS, seconds)] += 1
            self._seconds += seconds

    def answer(self) -> Answer:
        """Return all metrics; a gauge whose source is away is left out."""
        with self._lock:
            requests, buckets, seconds = dict(self._requests), list(self._buckets), self._seconds
        lines = _family("http_requests_total", "counter", "Requests answered by this process.")
        lines += [
            f'http_requests_total{{method="{method}",status="{status}"}} {number}'
            for (method, status), number in sorted(requests.items())
        ]
        lines += _histogram(buckets, seconds)
        lines += _one("reference_requests_total", "counter", "Requests answered in all.", self._counted())
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime
        lines += _one("process_cpu_seconds_total", "counter", "CPU time of this process.", cpu)
        lines += _one("process_resident_memory_bytes", "gauge", "Resident memory.", _resident())
        lines += _one("process_start_time_seconds", "gauge", "Start, Unix time.", self._started)
        lines += self._of_database() + self._of_redis()
        return Answer(200, ("\n".join(lines) + "\n").encode(), [_TYPE])

    def _of_database(self) -> list[str]:
        try:
            number = self._database.rows(_CONNECTIONS)[0][0]
        except psycopg.Error:
            return []
        return _one("db_active_connections", "gauge", "Client connections of the database.", number)

    def _of_redis(self) -> list[str]:
        try:
            memory = self._redis.info("memory")["used_memory"]
            length = self._redis.llen(stores.QUEUE)
        except redis.RedisError:
            return []
        lines = _one("redis_memory_used_bytes", "gauge", "Memory used by Redis.", memory)
        return lines + _one("celery_queue_length", "gauge", "Tasks that wait.", length)


def _family(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _one(name: str, kind: str, text: str, value: float) -> list[str]:
    return [*_family(name, kind, text), f"{name} {value}"]


def _histogram(buckets: list[int], seconds: float) -> list[str]:
    name = "http_request_duration_seconds"
    lines = _family(name, "histogram", "Time to answer.")
    total = 0
    for bound, number in zip((*map(str, _BOUNDS), "+Inf"), buckets, strict=True):
        total += number
        lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
    return [*lines, f"{name}_sum {seconds}", f"{name}_count {total}"]


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
