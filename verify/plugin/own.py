"""What of a team's own tests this run leaves out: a part never speaks for the whole."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from verify.plugin.choose import Chosen
from verify.plugin.marks import judged_by


class Own:
    """Follows collection, and tells in words which of the stated ``tests:`` will not judge their claims."""

    def __init__(self, config: pytest.Config, chosen: Chosen) -> None:
        """Follow the collection of ``config``."""
        self._config = config
        self._chosen = chosen
        self._marked: set[Path] = set()
        self._left: list[str] = []

    def found(self, item: pytest.Item) -> None:
        """Note a test that judges a claim."""
        if judged_by(item):
            self._marked.add(item.path)

    def deselected(self, items: Iterable[pytest.Item]) -> None:
        """Note the tests that judge a claim, and will not run."""
        self._left += [f"{item.nodeid} was not selected" for item in items if judged_by(item)]

    def collected(self, report: pytest.CollectReport) -> None:
        """Note a module that was skipped as a whole, or whose tests are left out before they are seen."""
        path = self._config.rootpath / report.nodeid
        if path.suffix != ".py" or not any(path.is_relative_to(test) for test in self._chosen.tests):
            return
        if report.skipped:
            self._left.append(f"{report.nodeid} was skipped")
        elif report.passed and not report.result:
            self._left.append(f"{report.nodeid} has no test that was collected")

    def left_out(self) -> tuple[str, ...]:
        """Return everything that was noted, and the stated tests that were not asked for."""
        return (*self._left, *self._unmarked())

    def _unmarked(self) -> Iterator[str]:
        asked = [self._config.invocation_params.dir / str(argument) for argument in self._config.args]
        for test in self._chosen.tests:
            name = os.path.relpath(test, self._chosen.prepared.path.parent)
            if not any(test.is_relative_to(path) for path in asked):
                yield f"{name} was not asked for as a whole"
            elif not any(path.is_relative_to(test) for path in self._marked):
                yield f"no test in {name} judges a claim: mark one with @pytest.mark.claim"
