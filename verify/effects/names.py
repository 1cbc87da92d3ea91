"""Host names looked up with a deadline, which the system's resolver does not know."""

import socket
import threading
from dataclasses import dataclass, field
from typing import Any

_Found = tuple[socket.AddressFamily, tuple[Any, ...]]


@dataclass(slots=True)
class _Lookup:
    done: threading.Event = field(default_factory=threading.Event)
    found: list[_Found] = field(default_factory=list)
    error: OSError | None = None


class Names:
    """Looks names up; who asks for the same name at the same time shares one answer."""

    def __init__(self) -> None:
        """Start with nothing under way."""
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], _Lookup] = {}

    def look_up(self, host: str, port: int, timeout: float) -> list[_Found]:
        """Return families and addresses; raise ``OSError`` (``TimeoutError`` after ``timeout`` seconds)."""
        try:
            return _ask(host, port, socket.AI_NUMERICHOST)
        except socket.gaierror:
            pass  # not an address but a name
        key = host, port
        with self._lock:
            lookup = self._running.get(key)
            if lookup is None:
                lookup = self._running[key] = _Lookup()
                # A daemon: the resolver cannot be interrupted, and must not hold up the end of the run.
                threading.Thread(
                    target=self._run, args=(key, lookup), daemon=True, name=f"look up {host}"
                ).start()
        if not lookup.done.wait(timeout):
            raise TimeoutError("deadline passed")
        if lookup.error is not None:
            raise lookup.error
        return lookup.found

    def _run(self, key: tuple[str, int], lookup: _Lookup) -> None:
        try:
            lookup.found = _ask(*key, 0)
        except OSError as error:
            lookup.error = error
        finally:
            with self._lock:
                del self._running[key]
            lookup.done.set()


def _ask(host: str, port: int, flags: int) -> list[_Found]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError as error:  # a label longer than 63 characters
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
    return [(family, address) for family, _, _, _, address in answers]
