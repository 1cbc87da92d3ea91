"""The hooks that the controller and workers share: collecting, selecting, properties, no secrets."""

import os
import warnings
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest
from _pytest._code.code import ExceptionRepr

from verify.effects.redact import Redactor
from verify.model.verdict import Verdict
from verify.plugin import marks, redacted
from verify.plugin.choose import Chosen
from verify.plugin.nodes import ClaimItem, ContractFile
from verify.plugin.own import Own
from verify.plugin.share import Shared
from verify.report.words import many
from verify.report.write import properties
from verify.run import known
from verify.run.plan import Entry
from verify.run.rows import row

#: tells, once everything is collected, which imports meant another ``verify``
Clashes = Callable[[], Sequence[str]]


class Gate:
    """What workers and the controller share: collecting, and reading verdicts."""

    def __init__(self, config: pytest.Config, chosen: Chosen, redactor: Redactor) -> None:
        """Take part in ``config``'s run; ``redactor`` is taught what the contract names."""
        self.config = config
        self.chosen = chosen
        self.redactor = redactor
        self.clashes: Clashes = tuple
        self.tested: frozenset[str] = frozenset()
        self.own = Own(config, chosen)
        self._renamed: set[str] = set()
        known.learn(self.redactor, chosen.prepared.loaded.contract, os.environ)

    def refuse(self, problems: Sequence[str]) -> None:
        """Raise ``pytest.UsageError`` where there is a problem, before anything is asked."""
        if problems:
            raise pytest.UsageError("\n".join(problems))

    def verdict(self, entry: Entry) -> Verdict:
        """Return the verdict of an entry; one that was never given is inconclusive."""
        raise NotImplementedError

    @property
    def shared(self) -> Shared:
        """Return what this run knows of its environment, for the fixtures of a team's tests."""
        raise NotImplementedError

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Collect the contract."""
        if file_path != self.chosen.prepared.path:
            return None
        node = ContractFile.from_parent(parent, path=file_path)
        node.gate = self
        return node

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Let no secret out of a parameter: names are in reports and folders. Note the team's own tests."""
        redacted.name(item, self.redactor, self._renamed)
        self.own.found(item)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect what may not be judged here, and what is neither a claim nor marked with one."""
        self.refuse([*self.clashes(), *marks.problems(items, self.chosen.prepared.plan)])
        kept: list[pytest.Item] = []
        left: list[pytest.Item] = []
        for item in items:
            marks.accept(item, self.chosen.prepared.plan)
            selected = item.entry.selected if isinstance(item, ClaimItem) else marks.wanted(item, self.chosen)
            (kept if selected else left).append(item)
        if left:
            config.hook.pytest_deselected(items=left)
            items[:] = kept

    def expected(self, session: pytest.Session) -> dict[str, tuple[str, ...]]:
        """Return, once the selection is final, the claims that the team's own tests judge, by test."""
        found = marks.expected(session.items)
        self.tested = frozenset(claim for claims in found.values() for claim in claims)
        return found

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note what of the team's own tests is left out, whoever asked for it."""
        self.own.deselected(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what of the team's own tests could not be collected, or has nothing."""
        self.own.collected(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the verdict's properties on the report, and no secret anywhere."""
        if isinstance(item, ClaimItem) and call.when == "call":
            # on the item: a JUnit file is written from the report of the teardown
            item.user_properties[:] = properties(row(item.entry, self.verdict(item.entry)), self.redactor)
        report = yield
        if not isinstance(item, ClaimItem):
            marks.mark(report, item)
        redacted.report(report, self.redactor)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Let no secret out of what went wrong while a file was imported."""
        report = yield
        redacted.report(report, self.redactor)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Let no secret out of a warning."""
        redacted.warning(warning_message, self.redactor)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: ExceptionRepr) -> None:
        """Let no secret out of the traceback of an internal error."""
        redacted.traceback(excrepr, self.redactor)

    @pytest.hookimpl(trylast=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Let no secret out of the traceback of an interrupt."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        memo = getattr(reporter, "_keyboardinterrupt_memo", None)
        if memo is not None:
            redacted.traceback(memo, self.redactor)

    @pytest.hookimpl(optionalhook=True)
    def pytest_report_header(self) -> str:
        """Say what is judged."""
        prepared = self.chosen.prepared
        environment = prepared.options.environment or "files only"
        return (
            f"deploy-verify: {prepared.loaded.contract.system} → {environment}, contract {prepared.name}, "
            f"{many(len(prepared.loaded.contract.claims), 'claim')} stated"
        )


def never(entry: Entry) -> Verdict:
    """Return the verdict of an entry that was not judged."""
    return entry.unjudged("this was never judged: the run ended before")
