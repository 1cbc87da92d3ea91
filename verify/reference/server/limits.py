"""The limit at the edge, as nginx' ``limit_req … burst=N nodelay`` counts."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000  # addresses remembered: the memory of the zone


class LeakyBucket:
    """One zone: a bucket an address, which leaks ``rate`` requests a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with empty buckets."""
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, rate: float, burst: int) -> int:
        """Count one request: return 0 when it may pass, else the seconds to wait.

        A refused request does not fill the bucket; an unknown address has an empty one,
        so ``burst + 1`` requests pass at once.
        """
        with self._lock:
            now = self._clock()
            excess, last = self._buckets.get(address, (-1.0, now))
            excess = max(0.0, excess - rate * (now - last) + 1.0)
            if excess > burst:
                return max(1, math.ceil((excess - burst) / rate))
            self._buckets[address] = (excess, now)
            self._buckets.move_to_end(address)
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
            return 0

    def clear(self) -> None:
        """Forget every address."""
        with self._lock:
            self._buckets.clear()
