"""Opens the plugin: chooses what is judged, and takes part in the run."""

from collections.abc import Mapping
from typing import Any

import pytest

from verify.plugin import fixtures, streams
from verify.plugin.choose import choose, choose_again, reports_of
from verify.plugin.controller import Controller
from verify.plugin.gate import Clashes, Gate
from verify.plugin.share import HANDED_OVER
from verify.plugin.worker import Worker
from verify.report.write import forget


def activate(
    config: pytest.Config, given: Mapping[str, Any], foreign: str | None, clashes: Clashes = tuple
) -> None:
    """Choose what is judged and take part in the run; raise ``pytest.UsageError``.

    ``clashes`` tells, once everything is collected, which imports meant another ``verify``.
    """
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        again = choose_again(config, worker[HANDED_OVER])
        _register(config, Worker(config, again, worker), clashes)
        return
    if not config.option.collectonly:
        # also where this run never starts: an earlier verdict must not be taken for its own
        forget(reports_of(config, given))
    chosen = choose(config, given, foreign)
    if chosen is not None:
        _register(config, Controller(config, chosen), clashes)


def _register(config: pytest.Config, gate: Gate, clashes: Clashes) -> None:
    gate.clashes = clashes
    streams.guard(config, gate.redactor)
    config.pluginmanager.register(gate, "deploy-verify-gate")
    config.pluginmanager.register(fixtures, "deploy-verify-fixtures")
    config.stash[fixtures.GATE] = gate
