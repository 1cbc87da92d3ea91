"""A plugin that lets a drill stand still, to be killed there.

``DRILL_STANDS`` is ``MODULE FUNCTION NUMBER STAGE HERE``: at the call of that number nothing goes on once
the drill comes to ``STAGE``, ``-`` being the call itself: a program of that stage is one that never ends,
and what we do ourselves is not done. Then the file ``HERE`` is there.
"""

import importlib
import os
import threading
from pathlib import Path
from typing import Any

from verify.drills.clock import Clock


def pytest_configure() -> None:
    """Put stand-ins before what is to stand still."""
    if os.environ.get("DRILL_STANDS"):
        _Stand(*os.environ["DRILL_STANDS"].split())


class _Stand:
    def __init__(self, module: str, function: str, number: str, stage: str, here: str) -> None:
        self.calls, self.number, self.stage, self.here = 0, int(number), stage, Path(here)
        owner = importlib.import_module(module)
        self.act, self.run, self.call = getattr(owner, function), Clock.run, Clock.call
        setattr(owner, function, self.counted)
        stand = self

        def run(clock: Clock, seen: str, argv: Any, **more: Any) -> Any:
            if stand.reached(seen):
                argv = ["sh", "-c", ': >"$0"; exec sleep 300', str(stand.here)]
            return stand.run(clock, seen, argv, **more)

        def call(clock: Clock, seen: str, *argv: str) -> Any:
            if stand.reached(seen):
                stand.wait()
            return stand.call(clock, seen, *argv)

        Clock.run, Clock.call = run, call  # type: ignore[method-assign] # for the life of this process

    def counted(self, *arguments: Any, **more: Any) -> Any:
        self.calls += 1
        if self.reached("-"):
            self.wait()
        return self.act(*arguments, **more)

    def reached(self, stage: str) -> bool:
        return self.calls == self.number and stage == self.stage

    def wait(self) -> None:
        self.here.touch()
        threading.Event().wait()
