"""A part of the reference: a program that is started, waited for, paused and stopped."""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.effects.journal import MARKER, Journal
from verify.effects.process import Service, clean_environment
from verify.reference.config import VARIABLE
from verify.reference.errors import StartError

CONFIG_FILE = "config.json"
_LOOK = 0.01  # seconds between two looks at a condition
_PACKAGES = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """Where the parts of one run live."""

    folder: Path
    journal: Journal
    cache: Path

    @property
    def config(self) -> Path:
        """Return the file every Python process of the run reads."""
        return self.folder / CONFIG_FILE

    def plain_environment(self) -> dict[str, str]:
        """Return the environment of any process of the run: with the mark that ``clean`` looks for."""
        return clean_environment({MARKER: self.journal.run_id})

    def environment(self) -> dict[str, str]:
        """Return the environment of a Python process of the run.

        Who forbade bytecode beside the sources gets it in the cache folder: without any,
        each start would compile Django anew.
        """
        extra = {VARIABLE: str(self.config), "PYTHONPATH": str(_PACKAGES), "PYTHONUNBUFFERED": "1"}
        if sys.flags.dont_write_bytecode:
            extra["PYTHONPYCACHEPREFIX"] = str(self.cache / "bytecode")
        return self.plain_environment() | extra


class Part:
    """Base of all parts; a subclass says what is run and when it is ready."""

    name = ""
    #: seconds until it must be ready
    deadline = 20.0

    def __init__(self, run: Run) -> None:
        """Belong to ``run``; nothing is started yet."""
        self.run = run
        self.service: Service | None = None
        self._paused = False

    def argv(self) -> Sequence[str | Path]:
        """Return the program and its arguments."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Return the environment it gets."""
        return self.run.environment()

    def user(self) -> str | None:
        """Return the user it runs as, None for ours."""
        return None

    def ready(self) -> bool:
        """Say whether it serves; called again and again until it does."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the program, without waiting for it."""
        self.service = Service.start(
            self.argv(),
            name=f"reference {self.name}",
            log=self.run.folder / f"{self.name}.log",
            env=self.environment(),
            cwd=self.run.folder,
            user=self.user(),
            journal=self.run.journal,
        )

    def wait(self) -> None:
        """Wait until it is ready; raise ``StartError`` with its last words if it will not be."""
        service = self.service
        if service is None:
            return
        if not self.comes_up(within=self.deadline):
            what = f"was not ready within {self.deadline:g} s" if service.alive else "ended at once"
            raise StartError(self._failure(service, what))

    def comes_up(self, *, within: float) -> bool:
        """Wait at most ``within`` seconds; say whether it is ready, False at once when it has ended."""
        end = time.monotonic() + within
        while not self.ready():
            if self.service is None or self.service.wait(_LOOK) or time.monotonic() > end:
                return False
        return True

    def _failure(self, service: Service, what: str) -> str:
        words = service.tail(15) or "(it said nothing)"
        return (
            f"the reference's {self.name} {what}; its last lines are:\n{words}\n"
            "Start it again; if it fails again, the lines above say what this machine lacks."
        )

    def stop(self, *, grace: float = 3.0) -> None:
        """Stop it; safe to repeat."""
        service, self.service = self.service, None
        if service is None:
            return
        if self._paused:
            grace = 0.0  # it cannot hear
            self._paused = False
        service.stop(grace)

    def pause(self) -> None:
        """Let it hang: it keeps its sockets and does nothing."""
        self._signal(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        """Let a paused part go on."""
        self._signal(signal.SIGCONT)
        self._paused = False

    def _signal(self, number: signal.Signals) -> None:
        if self.service is not None and self.service.alive:
            os.killpg(self.service.pid, number)
