"""Where a Redis answers, and connections to it that have a deadline."""

import contextlib
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

from verify.drills.errors import DrillError

_SHAPE = "redis://USER:PASSWORD@HOST:PORT, rediss://… for TLS, or unix:///PATH?password=…"
_PORT = 6379


class Client(Protocol):
    """What is used of ``redis.Redis``, whose own commands would read what has to be hashed."""

    connection_pool: Any

    def execute_command(self, *words: object) -> Any:
        """Send one command and return its answer."""
        ...

    def pipeline(self, transaction: bool) -> Any:  # noqa: FBT001 - as the library has it
        """Return what collects commands and sends them in one go."""
        ...

    def close(self) -> None:
        """Give up the connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server's address: ``path`` of its socket, else ``host`` and ``port``; ``words`` has no secret."""

    host: str = ""
    port: int = _PORT
    path: str = ""
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, *, stage: str = "take") -> Self:
        """Read a URL; raise ``DrillError`` of ``stage`` that does not repeat it."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORT
        except ValueError:
            raise DrillError(stage, f"the address of Redis cannot be read: expected {_SHAPE}") from None
        asked = parse_qs(parts.query)
        user = unquote(parts.username or "") or asked.get("username", [""])[0]
        password = unquote(parts.password or "") or asked.get("password", [""])[0]
        if parts.scheme == "unix" and parts.path:
            return cls(path=unquote(parts.path), user=user, password=password)
        if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
            raise DrillError(stage, f"the address of Redis cannot be read: expected {_SHAPE}")
        return cls(host=parts.hostname, port=port, tls=parts.scheme == "rediss", user=user, password=password)

    @property
    def words(self) -> str:
        """Name it in a message."""
        return f"Redis at {self.path or f'{self.host}:{self.port}'}"

    def client(self, deadline: float, *, database: int = 0) -> Client:
        """Return a client that speaks RESP 2, waits ``deadline`` seconds for an answer and never asks twice.

        Answers stay as the server sends them: they are hashed, not read.
        """
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        where: dict[str, object] = {"unix_socket_path": self.path} if self.path else {"host": self.host}
        if not self.path:
            where |= {"port": self.port, "ssl": self.tls}
        made = Redis(
            **where,  # type: ignore[arg-type]  # one of two ways to say where
            db=database,
            username=self.user or None,
            password=self.password or None,
            socket_timeout=deadline,
            socket_connect_timeout=deadline,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        made.response_callbacks.clear()
        return cast("Client", made)

    def socket(self, deadline: float) -> socket.socket:
        """Return a connection that has logged in, for what is no command and answer; or ``OSError``."""
        if self.path:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(deadline)
            try:
                made.connect(self.path)
            except BaseException:
                made.close()
                raise
            return made
        plain = socket.create_connection((self.host, self.port), timeout=deadline)
        if not self.tls:
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def asked(client: Client, commands: Iterable[Sequence[Any]]) -> list[Any]:
    """Send commands in one go; an error of one of them stands in its place."""
    pipe = client.pipeline(transaction=False)
    for words in commands:
        pipe.execute_command(*words)
    return cast("list[Any]", pipe.execute(raise_on_error=False))


@contextlib.contextmanager
def asking(address: Address, stage: str) -> Iterator[None]:
    """Turn what a client raises into ``DrillError`` of ``stage``: it was not the backup's fault."""
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OSError) as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DrillError(stage, f"{address.words}: {words}{_hint(words)}") from error


def _hint(words: str) -> str:
    """Say what to do about an answer."""
    for word, hint in _HINTS.items():
        if word in words:
            return f": {hint}"
    return ""


_HINTS = {
    "NOAUTH": "name the password in the address",
    "WRONGPASS": "check user and password of the address",
    "invalid username-password": "check user and password of the address",
    "NOPERM": "the user of the address may not do that: allow it +@read +psync +replconf +info",
    "refused": "is it running, and is it reached from here?",
    "No such file": "is it running?",
    "timed out": "it did not answer in time: is it reached from here, is it busy?",
    "imeout": "it did not answer in time: is it reached from here, is it busy?",
    "LOADING": "it still loads its data: try again",
    "MASTERDOWN": "it is a replica that has lost its master",
    "NOMASTERLINK": "it is a replica that has lost its master",
}
