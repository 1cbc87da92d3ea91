"""A snapshot over the wire, and every write that comes after it: what a replica is sent.

We acknowledge nothing, so no ``WAIT`` of anybody is answered because of us; for the ten seconds
after the snapshot a master with ``min-replicas-to-write`` may count us.
"""

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from verify.drills.errors import DrillError
from verify.drills.redis.address import Address, asking

_Keep = Callable[[bytes], None]
_BLOCK = 1 << 16
#: bytes of writes that are kept; who writes more than that meanwhile cannot be compared with
MOST = 256 << 20
_MARK = 40  # bytes that end a snapshot of unknown length
#: a master gives up a replica that is silent for `repl-timeout` seconds, 60 by default
_SIGN = 20.0
#: seconds between two looks, and for a master to be done with its snapshot
_LOOK, _SETTLED = 0.05, 2.0
_ALIVE = b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n0\r\n"


class Link:
    """A connection to ``address`` as its replica; ``open`` receives the snapshot into ``rdb``.

    After it ``start`` is the offset it was taken at; ``wait_for`` waits for the writes up to a
    later one, which lie in the file ``stream``.
    """

    def __init__(self, address: Address, *, deadline: float) -> None:
        """Connect to nothing yet; ``deadline`` is that of the snapshot, in seconds."""
        self.address, self.deadline = address, deadline
        self.replid, self.start, self.size, self.sha256 = "", 0, 0, ""
        #: the bytes of the stream so far, and why there will be no more
        self.received, self.ended = 0, ""
        self._wanted = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    def open(self, rdb: Path, stream: Path) -> Self:
        """Receive the snapshot into ``rdb``; from then on, writes into ``stream`` by a thread of our own."""
        end = time.monotonic() + self.deadline
        with asking(self.address, "take"):
            self._socket = self.address.socket(self.deadline)
            lines = _Lines(self._socket, end)
            self._log_in(lines)
            self._ask(lines, b"REPLCONF", b"capa", b"eof", b"capa", b"psync2")
            words = self._ask(lines, b"PSYNC", b"?", b"-1").split()
            if len(words) != 3 or words[0] != b"+FULLRESYNC":  # noqa: PLR2004 - the answer's words
                raise self._refused(b" ".join(words))
            self.replid, self.start = words[1].decode(), int(words[2])
            rdb.touch(mode=0o600)
            with rdb.open("wb") as file:
                self._snapshot(lines, file)
            # one that was sent without a file waits for this before it sends anything more
            self._socket.sendall(_ALIVE)
            self._socket.settimeout(_LOOK)
        stream.touch(mode=0o600)
        self._thread = threading.Thread(
            target=self._follow, args=(stream, lines.rest), name="redis link", daemon=True
        )
        self._thread.start()
        return self

    def _log_in(self, lines: "_Lines") -> None:
        if self.address.password:
            who = [self.address.user.encode()] if self.address.user else []
            self._ask(lines, b"AUTH", *who, self.address.password.encode())

    def _ask(self, lines: "_Lines", *words: bytes) -> bytes:
        command = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        if self._socket is not None:
            self._socket.sendall(command)
        answer = lines.read()
        if not answer.startswith(b"+"):
            raise self._refused(answer)
        return answer

    def _refused(self, answer: bytes) -> DrillError:
        words = answer.decode("utf-8", "replace").lstrip("-")
        hint = (
            ""
            if "AUTH" in words or "WRONGPASS" in words
            else (
                ": it gives no snapshot over the wire: allow its user +psync +replconf, or back up its files"
            )
        )
        return DrillError("take", f"{self.address.words}: {words}{hint}")

    def _snapshot(self, lines: "_Lines", file: IO[bytes]) -> None:
        head = lines.read()
        if not head.startswith(b"$"):
            raise self._refused(head)
        digest = hashlib.sha256()

        def keep(block: bytes) -> None:
            file.write(block)
            digest.update(block)
            self.size += len(block)

        if head.startswith(b"$EOF:"):
            lines.until(head[5:], keep)
        else:
            lines.exactly(int(head[1:]), keep)
        self.sha256 = digest.hexdigest()

    def _follow(self, stream: Path, rest: bytes) -> None:
        """Keep what comes until the end; any failure is an end with a reason, told by ``wait_for``."""
        sock, reason, began = self._socket, "the connection was given up", time.monotonic()
        with stream.open("wb", buffering=0) as file:
            block = rest
            while sock is not None:
                file.write(block)
                with self._changed:
                    self.received += len(block)
                    self._changed.notify_all()
                if self.received > MOST:
                    reason = f"more than {MOST >> 20} MiB were written meanwhile"
                    break
                try:
                    block = self._next(sock, began)
                except OSError as error:
                    reason = str(error)
                    break
                if not block:
                    reason = "the server ended the connection"
                    break
        with self._changed:
            self.ended = reason
            self._changed.notify_all()

    def _next(self, sock: socket.socket, began: float) -> bytes:
        """Return the next bytes, nothing at the end; say that we are here while there are none.

        A master that sent its snapshot without a file sends nothing before it has heard us once it
        is done with that, which nothing tells us.
        """
        signed = began
        while True:
            try:
                return sock.recv(_BLOCK)
            except TimeoutError:
                now = time.monotonic()
                unheard = not self.received and (self._wanted or now - began < _SETTLED)
                if unheard or now - signed > _SIGN:
                    sock.sendall(_ALIVE)
                    signed = now

    def wait_for(self, offset: int, within: float) -> bool:
        """Wait until every write up to ``offset`` has come; say whether it has."""
        self._wanted = True
        with self._changed:
            self._changed.wait_for(lambda: self.start + self.received >= offset or self.ended, within)
            return self.start + self.received >= offset

    def close(self) -> None:
        """Give up the connection; safe to repeat."""
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is gone already
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        """Return the link itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


class _Lines:
    """Reads lines and blocks of known or marked length from a socket, until monotonic ``end``."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._socket, self._end = sock, end
        self.rest = b""

    def _more(self) -> bytes:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out while the snapshot was received")
        self._socket.settimeout(left)
        block = self._socket.recv(_BLOCK)
        if not block:
            raise ConnectionError("the server ended the connection while the snapshot was received")
        return block

    def read(self) -> bytes:
        """Return the next line that is not empty: empty ones are sent to keep the connection alive."""
        while True:
            line, newline, after = self.rest.partition(b"\n")
            if not newline:
                self.rest += self._more()
                continue
            self.rest = after
            if line.strip():
                return line.strip()

    def exactly(self, count: int, keep: _Keep) -> None:
        while count:
            block = self.rest or self._more()
            keep(block[:count])
            self.rest = block[count:]
            count -= len(block[:count])

    def until(self, mark: bytes, keep: _Keep) -> None:
        """Keep everything before ``mark``, behind which nothing is sent until we answer."""
        kept, self.rest = self.rest, b""
        while not kept.endswith(mark):
            keep(kept[:-_MARK])
            kept = kept[-_MARK:] + self._more()
        keep(kept[: -len(mark)])
