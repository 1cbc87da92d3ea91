"""Both output streams of a child collected at once: neither a flood nor a silence can block."""

import os
import selectors
import subprocess
import time

from verify.effects.stop import Stop

_BLOCK = 65536
#: what a pipe can still hold once its writers are gone, at most (fs.pipe-max-size)
_LEFT_IN_PIPE = 1024 * 1024


class Output:
    """Feeds ``data`` to the child's standard input and keeps ``limit`` bytes of each stream."""

    def __init__(
        self, child: "subprocess.Popen[bytes]", data: bytes, limit: int, stop: Stop | None = None
    ) -> None:
        """Take over the child's pipes; ``close`` gives them up."""
        self.truncated = False
        self._child, self._limit, self._data = child, limit, memoryview(data)
        self._kept: dict[int, bytearray] = {}
        self._waiting = selectors.DefaultSelector()
        self._ended = os.pidfd_open(child.pid)
        self._waiting.register(self._ended, selectors.EVENT_READ)
        self._stop = -1 if stop is None else stop.fileno()
        if stop is not None:
            self._waiting.register(self._stop, selectors.EVENT_READ)
        for pipe in filter(None, (child.stdout, child.stderr)):
            self._kept[pipe.fileno()] = bytearray()
            os.set_blocking(pipe.fileno(), False)
            self._waiting.register(pipe.fileno(), selectors.EVENT_READ)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            self._waiting.register(child.stdin.fileno(), selectors.EVENT_WRITE)

    @property
    def streams(self) -> tuple[bytes, bytes]:
        """Return what was kept of standard output and standard error."""
        out, err = self._kept.values()
        return bytes(out), bytes(err)

    def collect(self, until: float) -> bool:
        """Collect until the child has ended (True), or ``until`` has come or we are to stop (False).

        A grandchild that keeps a pipe open does not hold us: the leader's end is the end.
        """
        while (left := until - time.monotonic()) > 0:
            for key, _ in self._waiting.select(left):
                if key.fd == self._ended:
                    return True
                if key.fd == self._stop:
                    return False
                if key.fd not in self._kept:
                    self._feed(key.fd)
                elif not self._take(key.fd):
                    self._waiting.unregister(key.fd)
        return False

    def rest(self) -> None:
        """Take what is still in the pipes, once nobody of the group can write any more."""
        for descriptor in self._kept:
            for _ in range(_LEFT_IN_PIPE // _BLOCK):
                if not self._take(descriptor):
                    break

    def close(self) -> None:
        """Close every pipe."""
        self._waiting.close()
        os.close(self._ended)
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    def _take(self, descriptor: int) -> bool:
        """Read one block; beyond the limit it is counted and forgotten. False: nothing more now."""
        try:
            block = os.read(descriptor, _BLOCK)
        except BlockingIOError:
            return False
        kept = self._kept[descriptor]
        room = self._limit - len(kept)
        kept += block[:room]
        self.truncated = self.truncated or len(block) > room
        return bool(block)

    def _feed(self, descriptor: int) -> None:
        try:
            written = os.write(descriptor, self._data[:_BLOCK])
        except BrokenPipeError:  # it does not want to read any more, which is its right
            written = len(self._data)
        self._data = self._data[written:]
        if not self._data and self._child.stdin is not None:
            self._waiting.unregister(descriptor)
            self._child.stdin.close()
