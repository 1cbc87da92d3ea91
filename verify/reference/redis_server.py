"""Redis or Valkey on a unix socket, with a password."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from verify.reference import binaries
from verify.reference.parts import Part, Run

SOCKET = "redis.sock"
_DEADLINE = 0.5


class Redis(Part):
    """The cache, the broker and the counters of quotas; nothing is kept on disk."""

    name = "redis"

    def __init__(self, run: Run, secret: str) -> None:
        """Find the program."""
        super().__init__(run)
        self._program = binaries.redis()
        self.password = secret

    def argv(self) -> Sequence[str | Path]:
        """Return the program with a configuration file: arguments could be read by others."""
        file = self.run.folder / "redis.conf"
        lines = [
            "port 0",
            f'unixsocket "{self.run.folder / SOCKET}"',
            "unixsocketperm 700",
            f"requirepass {self.password}",
            'save ""',
            "appendonly no",
            "databases 1",
            # a rewritten title would wipe the run's mark, by which `clean` knows its processes
            "set-proc-title no",
            "maxmemory 64mb",
            f'dir "{self.run.folder}"',
        ]
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as conf:
            conf.write("\n".join(lines) + "\n")
        return [self._program, file]

    def ready(self) -> bool:
        """Say whether it answers a PING."""
        return self.ask("PING") == b"+PONG"

    def ask(self, *words: str) -> bytes | None:
        """Return the first line of its answer to a command, None when it does not answer."""
        command = f"AUTH {self.password}\r\n{' '.join(words)}\r\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_DEADLINE)
            try:
                connection.connect(str(self.run.folder / SOCKET))
                connection.sendall(command.encode())
                with connection.makefile("rb") as lines:
                    return lines.readline().strip() and lines.readline().strip()
            except OSError:
                return None
