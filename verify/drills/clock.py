"""What a drill does, step by step, on one clock."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verify.drills.errors import DrillError, NotRestorable
from verify.effects.errors import ProcessError
from verify.effects.journal import Journal
from verify.effects.process import Finished, run
from verify.effects.redact import Redactor
from verify.facts.backup import Step
from verify.model.units import Duration

#: characters of a program's last words that are kept
_WORDS = 2000
_BLOCK = 1 << 20


@dataclass(slots=True)
class Noted:
    """What a step that is no program of its own says about itself while it runs."""

    size: int = 0
    sha256: str = ""
    words: str = ""


class Clock:
    """The steps of one drill; ``deadline`` is how many seconds each may take."""

    def __init__(
        self,
        journal: Journal,
        redactor: Redactor,
        *,
        deadline: float,
        stopping: threading.Event | None = None,
    ) -> None:
        """Begin with no step; outside of the main thread ``stopping`` breaks its programs off."""
        self.journal = journal
        self.redactor = redactor
        self.deadline = deadline
        self._stopping = stopping
        self._steps: list[Step] = []
        self._began: float | None = None
        self._ended: float | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps so far."""
        return tuple(self._steps)

    @property
    def took(self) -> Duration:
        """Return the seconds from ``begin`` to ``end``, or to now."""
        if self._began is None:
            return Duration(0)
        return Duration((self._ended or time.monotonic()) - self._began)

    def begin(self) -> None:
        """Start the time to recover: the decision to restore has been made."""
        self._began = time.monotonic()

    def end(self) -> None:
        """Stop it: what was restored answers."""
        self._ended = time.monotonic()

    def add(self, *steps: Step) -> None:
        """Take over steps that something else has done."""
        self._steps += [
            replace(
                step,
                argv=tuple(self.redactor.text(word) for word in step.argv),
                words=self.redactor.text(step.words),
            )
            for step in steps
        ]

    def run(  # noqa: PLR0913 - each is something one program needs and another does not
        self,
        stage: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        wrote: Path | None = None,
        deadline: float | None = None,
        shown: Sequence[str | Path] | None = None,
    ) -> Finished:
        """Run a program of ``stage`` and note it, ``wrote`` being the file or folder it makes.

        ``shown`` is noted instead of ``argv`` where that holds a secret. Raise ``DrillError`` where
        it cannot start; that it failed or was killed at its deadline is for the caller to judge.
        """
        limit = deadline or self.deadline
        try:
            done = run(argv, deadline=limit, env=env, cwd=cwd, journal=self.journal, stopping=self._stopping)
        except ProcessError as error:
            raise DrillError(stage, self.redactor.text(str(error)), steps=self.steps) from error
        words = (done.stderr or done.stdout).decode("utf-8", "replace")[-_WORDS:].strip()
        self.add(
            Step(
                stage=stage,
                argv=tuple(map(str, shown or argv)),
                returncode=done.returncode,
                took=Duration(done.seconds),
                size=0 if wrote is None or done.timed_out else size_of(wrote),
                words=words,
                timed_out=done.timed_out,
            )
        )
        return done

    @contextlib.contextmanager
    def call(self, stage: str, *argv: str) -> Iterator[Noted]:
        """Note a step that we do ourselves, whether or not it comes to its end."""
        noted, began, failed = Noted(), time.monotonic(), ""
        try:
            yield noted
        except BaseException as error:
            failed = str(error) or type(error).__name__
            raise
        finally:
            self.add(
                Step(
                    stage=stage,
                    argv=argv,
                    returncode=1 if failed else None,
                    took=Duration(time.monotonic() - began),
                    size=noted.size,
                    sha256=noted.sha256,
                    words=failed[-_WORDS:] or noted.words,
                )
            )

    def unseen(self, stage: str, reason: str) -> DrillError:
        """Return the error of a drill that could not tell, with the steps so far."""
        return DrillError(stage, self.redactor.text(reason), steps=self.steps)

    def lost(self, stage: str, reason: str) -> NotRestorable:
        """Return the error of a backup that cannot be restored, with the steps so far."""
        return NotRestorable(stage, self.redactor.text(reason), steps=self.steps)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder; 0 for what is not there."""
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.is_file() else 0


def measured(path: Path) -> tuple[int, str]:
    """Return size and SHA-256 of a file, of a folder the size alone; nothing of what is not there."""
    if not path.is_file():
        return size_of(path), ""
    with path.open("rb") as file:
        return size_of(path), hashlib.file_digest(file, "sha256").hexdigest()
