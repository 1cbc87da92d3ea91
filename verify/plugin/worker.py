"""The gate in a worker of xdist: it asks nothing, and reads what the controller has judged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verify.effects.redact import Redactor
from verify.model.verdict import Verdict
from verify.plugin.choose import Chosen
from verify.plugin.gate import Gate, never
from verify.plugin.share import RUN_FOLDER, Collected, Shared
from verify.run.plan import Entry


class Worker(Gate):
    """A worker of xdist: it reads what the controller has judged."""

    def __init__(self, config: pytest.Config, chosen: Chosen, given: Mapping[str, Any]) -> None:
        """Read from the controller's run folder when the first item runs."""
        super().__init__(config, chosen, Redactor())
        self._folder = Path(given[RUN_FOLDER])
        self._workers = int(given["workercount"])
        self._name = str(given["workerid"])
        self._problems: list[str] = []
        self._shared: Shared | None = None

    def refuse(self, problems: Sequence[str]) -> None:
        """Leave it to the controller: a worker that raises looks like one that crashed."""
        self._problems += problems

    @property
    def shared(self) -> Shared:
        """Return what the controller wrote."""
        if self._shared is None:
            self._shared = replace(Shared.read(self._folder), share=self._workers)
            self._shared.teach(self.redactor)
        return self._shared

    def verdict(self, entry: Entry) -> Verdict:
        """Return what the controller concluded."""
        found = self.shared.verdicts.get(entry.id)
        return found or never(entry)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the controller which of the team's own tests are to judge a claim."""
        found = Collected(
            claims=self.expected(session),
            problems=tuple(self._problems),
            left_out=self.own.left_out(),
        )
        found.write(self._folder, self._name)
