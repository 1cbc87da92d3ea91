"""The keeper as a part: it ends the reference should we be killed."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from verify.reference import keeper
from verify.reference.parts import Part, Run


class Keeper(Part):
    """The process beside all parts that ends them when we are gone; started first, stopped last."""

    name = "keeper"

    def __init__(self, run: Run, pidfile: Path) -> None:
        """Know where the database server notes its pid."""
        super().__init__(run)
        self._pidfile = pidfile

    def environment(self) -> dict[str, str]:
        """Return a plain environment, with the mark of the run that it looks for."""
        return self.run.plain_environment()

    def argv(self) -> Sequence[str | Path]:
        """Return the program, without anything that would slow its start."""
        # as the kernel names it: a temporary folder may be a link
        folder = self.run.folder.resolve()
        script = Path(keeper.__file__)
        return [sys.executable, "-I", "-S", script, str(os.getpid()), folder, self._pidfile.resolve()]

    def stop(self, *, grace: float = 0.0) -> None:
        """Stop it at once: it would not hear a polite word."""
        super().stop(grace=grace)
