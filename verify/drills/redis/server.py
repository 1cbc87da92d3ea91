"""A Redis of our own to load a backup into: a unix socket for us alone, gone with the run."""

import contextlib
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from verify.drills.errors import DrillError, NotRestorable
from verify.drills.redis.address import Address
from verify.drills.redis.checksum import damaged
from verify.effects import servers
from verify.effects.errors import ProcessError
from verify.effects.journal import Journal
from verify.effects.process import Service, clean_environment, run

SOCKET = "redis.sock"
RDB = "dump.rdb"
AOF = "appendonlydir"
#: a database that no backup fills, for values to be put beside what was restored
SPARE = 1023
_LOOK = 0.01
_DEADLINE = 10.0
_LONGEST = 90  # characters of a folder; a unix socket's path may have 107
_SYSTEM = ("/usr/bin/redis-server", "/usr/bin/valkey-server", "/usr/local/bin/redis-server")
_SETTINGS = {
    "port": "0",
    "unixsocket": SOCKET,
    "unixsocketperm": "700",
    "databases": str(SPARE + 1),
    "dir": ".",
    "dbfilename": RDB,
    "save": '""',
    "appendonly": "no",
    # as a server of the team's would not: a file that ends inside a command has lost something
    "aof-load-truncated": "no",
    # a rewritten title would wipe the run's mark, by which `clean` knows its processes
    "set-proc-title": "no",
    "stop-writes-on-bgsave-error": "no",
    "maxmemory": "0",
}
#: what a server says that cannot load a file although the file may be whole: ours is not as the source's
_OURS = (
    (r"Can't handle RDB format version (\d+)", "it was written by a newer Redis than {program}"),
    (r"module|AUX_|unknown AUX", "it holds data of a module that {program} does not have"),
)


@dataclass(frozen=True, slots=True, order=True)
class Program:
    """An installed server and its version, such as 70015."""

    version: int
    path: Path


@cache
def installed() -> tuple[Program, ...]:
    """Return every Redis or Valkey server here, the newest first."""
    places = [Path(each) for each in _SYSTEM if os.access(each, os.X_OK)]
    with contextlib.suppress(ProcessError):  # there is none besides
        places.append(servers.redis())
    found = {Program(_version(each), each) for each in places}
    return tuple(sorted((each for each in found if each.version), reverse=True))


def _version(program: Path) -> int:
    done = run([program, "--version"], deadline=_DEADLINE)
    match = re.search(rb"v=(\d+)\.(\d+)\.(\d+)", done.stdout)
    return int(match[1]) * 10000 + int(match[2]) * 100 + int(match[3]) if match else 0


def program(version: int = 0, *, stage: str = "restore") -> Program:
    """Return the server to load what a server of ``version`` wrote: the newest here.

    A newer one reads what an older one wrote. Raise ``DrillError`` of ``stage`` where all are older
    by a minor version or more: they may not read it.
    """
    found = installed()
    if not found:
        raise DrillError(stage, f"no Redis or Valkey server found: install redis-server, or {servers.EXTRA}")
    if found[0].version // 100 < version // 100:
        raise DrillError(
            stage,
            f"the source is Redis {shown(version)}, the newest server here is {shown(found[0].version)}, "
            "which may not read its files: install a newer redis-server",
        )
    return found[0]


def available(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Return the bytes of memory that a new process may take without swapping, as Linux estimates them.

    What is merely free would be far less: the cache of files is given up for a process.
    """
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found is None:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return int(found[1]) * 1024


def shown(version: int) -> str:
    """Return a version as it is written, such as 7.0.15 of 70015."""
    return f"{version // 10000}.{version // 100 % 100}.{version % 100}"


class Server:
    """One server on the data in ``folder``, which is its alone; as a context manager it is stopped."""

    def __init__(
        self,
        folder: Path,
        *,
        journal: Journal,
        program: Program,
        settings: Mapping[str, str] | None = None,
        name: str = "scratch Redis of a drill",
    ) -> None:
        """Say where the data lies; ``settings`` go before ours."""
        self.folder, self.program, self.name = folder, program, name
        self._journal, self._settings = journal, _SETTINGS | dict(settings or {})
        self._service: Service | None = None
        if len(str(folder)) > _LONGEST:
            raise DrillError(
                "restore", f"{folder}: too long for a unix socket: set TMPDIR to a shorter folder"
            )

    @property
    def address(self) -> Address:
        """Return where it answers."""
        return Address(path=str(self.folder / SOCKET))

    @property
    def log(self) -> Path:
        """Return its log."""
        return self.folder.parent / f"{self.folder.name}.log"

    @property
    def service(self) -> Service | None:
        """Return the running process, None before and after."""
        return self._service

    def start(self, *, within: float) -> Self:
        """Start it and wait until it has loaded its data.

        Raise ``NotRestorable`` where it refuses the data, ``DrillError`` where that is our fault or
        it is not done ``within`` seconds.
        """
        conf = self.folder.parent / f"{self.folder.name}.conf"
        conf.write_text("".join(f"{name} {text}\n" for name, text in self._settings.items()))
        conf.chmod(0o600)
        began = self.log.stat().st_size if self.log.exists() else 0
        self._service = Service.start(
            [self.program.path, conf],
            name=self.name,
            log=self.log,
            env=clean_environment(),
            cwd=self.folder,
            journal=self._journal,
        )
        try:
            self._wait(within, began)
        except BaseException:
            self.stop()
            raise
        return self

    def _wait(self, within: float, began: int) -> None:
        end = time.monotonic() + within
        service = self._service
        while service is not None and not self._loaded():
            if service.wait(_LOOK):
                raise self._refused(self.log.read_bytes()[began:].decode("utf-8", "replace"))
            if time.monotonic() > end:
                raise DrillError("restore", f"Redis had not loaded the data within {within:g} s")

    def _loaded(self) -> bool:
        from redis.exceptions import RedisError

        client = self.address.client(_DEADLINE)
        try:
            return bool(client.execute_command("PING"))
        except (RedisError, OSError):  # not listening yet, or LOADING
            return False
        finally:
            client.close()

    def _refused(self, log: str) -> DrillError:
        lines = [re.sub(r"^\d+:\w+ .*? [#*.-] ", "", line) for line in log.splitlines() if " # " in line]
        words = " · ".join(line for line in lines if "oO0" not in line and "overcommit" not in line)
        for pattern, reason in _OURS:
            # a flipped bit may look like anything: then the file's sum tells
            if re.search(pattern, words) and not any(map(damaged, self.folder.rglob("*.rdb"))):
                told = reason.format(program=f"the server here ({shown(self.program.version)})")
                return DrillError("restore", f"Redis does not load the data: {told}: {words[-300:]}")
        return NotRestorable("restore", f"Redis does not load the data: {words[-400:] or 'it said nothing'}")

    def stop(self) -> None:
        """End it without saving anything; safe to repeat."""
        service, self._service = self._service, None
        if service is not None:
            service.stop(grace=0.0)
            (self.folder / SOCKET).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()
