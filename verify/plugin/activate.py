"""Opens the plugin: chooses what is judged, and takes part in the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from verify.effects.errors import FileError
from verify.plugin import fixtures, streams
from verify.plugin.choose import choose, choose_again, dry, reports_of
from verify.plugin.controller import Controller
from verify.plugin.gate import Clashes, Gate
from verify.plugin.share import HANDED_OVER
from verify.plugin.worker import Worker
from verify.report.write import forget


def activate(
    config: pytest.Config,
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
    foreign: str | None,
    clashes: Clashes = tuple,
) -> bool:
    """Choose what is judged, take part in the run, and tell so; raise ``pytest.UsageError``.

    ``given`` are our options, ``defaults`` the ini settings, ``foreign`` the --env of a conftest.
    ``clashes`` tells, once everything is collected, which imports meant another ``verify``.
    """
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        again = choose_again(config, worker[HANDED_OVER])
        _register(config, Worker(config, again, worker), clashes)
        return True
    reports = reports_of(config, {**defaults, **given})
    try:
        chosen = choose(config, given, defaults, foreign)
    except pytest.UsageError:
        # a run that never starts: an earlier verdict must not be taken for its own
        _forget(config, reports)
        raise
    if chosen is None:
        return False
    _forget(config, reports)
    _register(config, Controller(config, chosen), clashes)
    return True


def _forget(config: pytest.Config, reports: Path) -> None:
    """Remove an earlier verdict where this run is to give one."""
    option = config.option
    if not (dry(config) or option.help or option.showfixtures or option.show_fixtures_per_test):
        try:
            forget(reports)
        except FileError as error:
            raise pytest.UsageError(str(error)) from error


def _register(config: pytest.Config, gate: Gate, clashes: Clashes) -> None:
    gate.clashes = clashes
    streams.guard(config, gate.redactor)
    config.pluginmanager.register(gate, "deploy-verify-gate")
    config.pluginmanager.register(fixtures, "deploy-verify-fixtures")
    config.stash[fixtures.GATE] = gate
