"""A gate on the reference in a process of its own, killed at a chosen moment, and what is left then."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SYSTEM = Path(__file__).parents[2] / "systems" / "leather_api"
#: longest time until a moment comes, a process has ended, a command has answered
PATIENCE = 120.0
#: what clean-up may take after a signal
GRACE = 7.5
MARKER = b"VERIFY_RUN_ID="
_PORT = re.compile(r"localhost:(\d+)")


@dataclass
class Killed:
    """One run: its folders, its process, and what was seen of it before it ended."""

    home: Path
    cache: Path
    command: list[str]
    process: subprocess.Popen[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def scratch(self) -> Path:
        return self.home / "t"

    def journal(self) -> list[str]:
        """Return the events so far, as ``plan process`` or ``made directory``."""
        events: list[str] = []
        for path in self.state.glob("*.jsonl"):
            self.runs.add(path.stem)
            with contextlib.suppress(FileNotFoundError):
                events += [_event(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
        return events

    def requests(self) -> list[str]:
        """Return the reference's log lines so far."""
        found: list[str] = []
        for path in self.scratch.glob("dv-*/*.log"):
            with contextlib.suppress(OSError):
                found += [
                    line for line in path.read_text("utf-8", "replace").splitlines() if '"path"' in line
                ]
        return found

    def wait_for(self, moment: Callable[["Killed"], bool]) -> bool:
        """Wait until ``moment`` is there; False where the run ended before."""
        end = time.monotonic() + PATIENCE
        pause = threading.Event()
        while self.process.poll() is None:
            self.journal()
            self._note_ports()
            if moment(self):
                return True
            assert time.monotonic() < end, f"the moment never came: {self.lines[-5:]}"
            pause.wait(0.004)
        return False

    def end(self, number: int) -> int:
        """Send the signal and return the exit status; what it does not end within its time is a failure."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE if number == signal.SIGKILL else GRACE)

    def clean(self, times: int = 3) -> list[subprocess.CompletedProcess[str]]:
        """Clean so many times."""
        main = "import pytest_deploy_verify as p; raise SystemExit(p.main())"
        return [self._ended([sys.executable, "-c", main, "clean"]) for _ in range(times)]

    def again(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Start the same gate again, the last of its options being others, and wait for its end."""
        return self._ended([*self.command[:-1], *options], **variables)

    def environment(self) -> dict[str, str]:
        return {**environment(self.home, self.cache), **self.variables}

    def _ended(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={**self.environment(), **variables},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def left(self) -> list[str]:
        """Name everything that is still there."""
        return [*self._processes(), *self._ports_held(), *self._files()]

    def _note_ports(self) -> None:
        for line in self.lines:
            self.ports.update(map(int, _PORT.findall(line)))

    def _processes(self) -> Iterator[str]:
        """Find what carries the mark of a run, or works in its folders: some wipe their environment."""
        wanted = {MARKER + run.encode() for run in self.runs}
        home = os.fsencode(self.home)
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                told = (folder / "cmdline").read_bytes() + os.fsencode((folder / "cwd").readlink())
                marked = wanted & set((folder / "environ").read_bytes().split(b"\0"))
                if (marked or home in told) and _lives(folder):
                    yield f"process {folder.name}: {told[:200]!r}"

    def _ports_held(self) -> Iterator[str]:
        for port in self.ports:
            with socket.socket() as probe:
                probe.settimeout(2)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    yield f"port {port}"

    def _files(self) -> Iterator[str]:
        yield from (f"temporary {path.name}" for path in self.scratch.iterdir())
        yield from (f"journal {path.name}: {path.read_text()}" for path in self.state.glob("*.jsonl"))
        kept = {"bytecode", "templates"}
        yield from (
            f"cache {path.name}" for path in self.cache.glob("deploy-verify/*") if path.name not in kept
        )
        for path in self.cache.glob("deploy-verify/templates/*"):
            if not re.fullmatch(r"\.lock|[0-9a-f]{24}", path.name):
                yield f"template {path.name}"


def _event(line: bytes) -> str:
    event = json.loads(line)
    return f"{event['event']} {event.get('kind', '')}".strip()


def _lives(folder: Path) -> bool:
    return (folder / "stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}


def environment(home: Path, cache: Path) -> dict[str, str]:
    """Return the variables of a run that shares nothing with ours but the cache."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "TMPDIR": str(home / "t"),
        "VERIFY_STATE_DIR": str(home / "state"),
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPATH": str(SYSTEM.parents[1]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "default",
    }


def gate(cache: Path, *options: str) -> contextlib.AbstractContextManager[Killed]:
    """Start a gate of a system on the reference."""
    return started(cache, SYSTEM, "--env=reference", *options)


@contextlib.contextmanager
def started(
    cache: Path, system: Path, *options: str, variables: Mapping[str, str] | None = None
) -> Iterator[Killed]:
    """Start a gate of ``system``, a folder with a contract; whatever a test finds, nothing of it is left."""
    home = Path(tempfile.mkdtemp(prefix="dvk-"))  # short: the sockets of the reference lie below
    home.chmod(0o711)
    try:
        (home / "t").mkdir()
        (home / "t").chmod(0o1777)
        (home / "state").mkdir(mode=0o700)
        shutil.copytree(system, home / "system")
        (home / "pytest.ini").write_text("[pytest]\n")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--contract=system/verify.yaml"]
        command += options
        process = subprocess.Popen(
            command,
            env={**environment(home, cache), **(variables or {})},
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        run = Killed(home, cache, command, process, variables=variables or {})
        reader = threading.Thread(target=_read, args=(process, run.lines), daemon=True)
        reader.start()
        try:
            yield run
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE)
                run.clean()
            reader.join(5)
            if process.stdout is not None and not reader.is_alive():
                process.stdout.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _read(process: subprocess.Popen[str], lines: list[str]) -> None:
    if process.stdout is not None:
        lines.extend(iter(process.stdout.readline, ""))
