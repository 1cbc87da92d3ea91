"""What the parent wants of the front just now, seen through shared memory."""

import threading

from verify.reference import behaviour, shared
from verify.reference.behaviour import Behaviour
from verify.reference.config import BEHAVIOUR_FILE, SHARED_FILE, Config


class Control:
    """The current behaviour, the generation of the limits, and the count of requests.

    Looking costs one read of memory; the file is read only when the number has changed.
    """

    def __init__(self, config: Config) -> None:
        """Map the counters of the run."""
        self._file = config.root / BEHAVIOUR_FILE
        self._shared = shared.Shared(config.root / SHARED_FILE)
        self._lock = threading.Lock()
        self._generation = -1
        self._behaviour = Behaviour()

    def behaviour(self) -> Behaviour:
        """Return how to behave now."""
        generation = self._shared[shared.BEHAVIOUR]
        if generation != self._generation:
            with self._lock:
                # the file is written before the number, so what is read is at least as new
                self._behaviour = behaviour.read(self._file)
                self._generation = generation
        return self._behaviour

    def changes(self) -> int:
        """Return a number that changes when a fault came or went."""
        return self._shared[shared.BEHAVIOUR]

    def limits(self) -> int:
        """Return a number that changes when all limits are to be forgotten."""
        return self._shared[shared.LIMITS]

    def count(self) -> None:
        """Count one answered request."""
        with self._lock:
            self._shared[shared.REQUESTS] += 1

    def counted(self) -> int:
        """Return the requests answered since the start of the run."""
        return self._shared[shared.REQUESTS]

    def ready(self) -> None:
        """Tell the parent that the front serves."""
        self._shared[shared.READY] = 1
