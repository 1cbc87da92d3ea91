"""The hooks of an active run: collect, gather once, judge, report."""

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ExceptionRepr

from verify.effects.errors import EffectError
from verify.effects.redact import Redactor
from verify.effects.signals import graceful
from verify.model.verdict import Outcome, Verdict
from verify.plugin import fixtures, marks, redacted
from verify.plugin.choose import Chosen, choose, choose_again, handed_over
from verify.plugin.nodes import ClaimItem, ContractFile
from verify.plugin.share import HANDED_OVER, RUN_FOLDER, Collected, Shared
from verify.report.write import lines, properties, write_all
from verify.run.options import UsageError
from verify.run.plan import Entry
from verify.run.record import Run
from verify.run.rows import row
from verify.run.session import Session

Clashes = Callable[[], Sequence[str]]


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
    chosen = choose(config, given, foreign)
    if chosen is not None:
        _register(config, Controller(config, chosen), clashes)


def _register(config: pytest.Config, gate: "Gate", clashes: Clashes) -> None:
    gate.clashes = clashes
    config.pluginmanager.register(gate, "deploy-verify-gate")
    config.pluginmanager.register(fixtures, "deploy-verify-fixtures")
    config.stash[fixtures.GATE] = gate


class Gate:
    """What workers and the controller share: collecting, and reading verdicts."""

    def __init__(self, config: pytest.Config, chosen: Chosen) -> None:
        """Take part in ``config``'s run."""
        self.config = config
        self.chosen = chosen
        self.redactor = Redactor()
        self.clashes: Clashes = tuple
        redacted.learn(self.redactor, chosen.prepared.loaded.contract)

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

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect what may not be judged here, and what is neither a claim nor marked with one."""
        self.refuse([*self.clashes(), *marks.problems(items, self.chosen.prepared.plan)])
        kept: list[pytest.Item] = []
        left: list[pytest.Item] = []
        for item in items:
            selected = item.entry.selected if isinstance(item, ClaimItem) else marks.wanted(item, self.chosen)
            (kept if selected else left).append(item)
        if left:
            config.hook.pytest_deselected(items=left)
            items[:] = kept

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
            report.user_properties += [(marks.PROPERTY, claim) for claim in marks.claims_of(item)]
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
            f"{len(prepared.loaded.contract.claims)} claims stated"
        )


class Worker(Gate):
    """A worker of xdist: it reads what the controller has judged."""

    def __init__(self, config: pytest.Config, chosen: Chosen, given: Mapping[str, Any]) -> None:
        """Read from the controller's run folder when the first item runs."""
        super().__init__(config, chosen)
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
        return found or _never(entry)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the controller which of the team's own tests are to judge a claim."""
        found = Collected(claims=marks.expected(session.items), problems=tuple(self._problems))
        found.write(self._folder, self._name)


class Controller(Gate):
    """The process that asks: the only one without xdist, the controller with it."""

    def __init__(self, config: pytest.Config, chosen: Chosen) -> None:
        """Prepare a run; nothing is opened before the selection is final."""
        super().__init__(config, chosen)
        self.session = Session(chosen.prepared, self._progress)
        self.redactor = self.session.redactor
        redacted.learn(self.redactor, chosen.prepared.loaded.contract)
        self.tests = marks.Results()
        self.run: Run | None = None
        self._folder: Path | None = None
        self._gathered = False
        self._interrupted = False
        self._written: list[Path] = []

    def verdict(self, entry: Entry) -> Verdict:
        """Return what was concluded."""
        return self.session.verdicts.get(entry.id) or _never(entry)

    @property
    def shared(self) -> Shared:
        """Return what this run knows of its environment."""
        return Shared.of(self.session)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """Gather before the first test, with signals that end in clean-up, and close after the last."""
        if session.config.option.collectonly:
            return (yield)
        with graceful():
            try:
                if not self._distributed and not _broken(session):
                    self._gather(_entries(session.items))
                return (yield)
            except KeyboardInterrupt:
                self._interrupted = True
                raise
            finally:
                self.session.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where verdicts will be."""
        if self._folder is None:
            self._folder = self.session.make_folder()
        node.workerinput[RUN_FOLDER] = str(self._folder)
        node.workerinput[HANDED_OVER] = handed_over(self.config, self.chosen)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Iterable[str]) -> None:
        """Gather when the first worker has told the final selection, before any test is handed out."""
        if not self._gathered and not self.config.option.collectonly:
            plan = self.chosen.prepared.plan
            if self._folder is not None:
                collected = Collected.read(self._folder, node.gateway.id)
                self.refuse(collected.problems)
                self.tests.expect(collected.claims)
            found = (plan.find("::".join(node_id.split("::")[-2:]).partition("@")[0]) for node_id in ids)
            self._gather([entry for entry in found if entry is not None])
            if self._folder is not None:
                self.shared.write(self._folder)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how the team's own tests judged their claims."""
        self.tests.take(report)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which of the team's own tests are to judge a claim."""
        self.tests.expect(marks.expected(session.items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Make the run object and write the reports, where a claim was to be judged."""
        if session.config.option.collectonly or not self._gathered:
            return
        if not self.session.chosen and not self.tests.expected:
            return
        if self._interrupted or exitstatus in {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR}:
            self._interrupted = True
            self.session.interrupt()
        self.session.take_tests(self.tests.verdicts())
        self.run = self.session.run(interrupted=self._interrupted)
        try:
            keep = self.chosen.evidence is None
            self._written = write_all(self.run, self.chosen.reports, self.redactor, keep=keep)
        except EffectError as error:
            self._say(f"reports could not be written: {error}")
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            return
        holds = any(verdict.outcome is Outcome.HOLDS for verdict in self.run.verdicts)
        if exitstatus == pytest.ExitCode.OK and not holds:
            # what softens single tests must not make a green gate of nothing
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the table of verdicts."""
        if self.run is None:
            return
        writer = terminalreporter._tw  # noqa: SLF001 - pytest offers width and colour nowhere else
        encoding = getattr(writer._file, "encoding", None) or "utf-8"  # noqa: SLF001 - as above
        terminalreporter.section("stated claims")
        width = min(80, writer.fullwidth)
        for line in lines(self.run, self.redactor, width=width, colour=writer.hasmarkup, encoding=encoding):
            terminalreporter.write_line(line)
        for path in self._written:
            terminalreporter.write_line(f"report {_relative(path, self.config)}")

    @property
    def _distributed(self) -> bool:
        return self.config.pluginmanager.hasplugin("dsession")

    def _gather(self, entries: list[Entry]) -> None:
        """Open, gather and judge; what cannot be opened makes everything inconclusive."""
        self._gathered = True
        ids = [entry.id for entry in entries]
        try:
            if self.chosen.evidence is not None:
                self.session.select(ids)
                self.session.judge(self.chosen.evidence.answers(self.session.needs()))
                note = self.chosen.evidence.note(self.chosen.prepared.digest)
                if note:
                    self._say(f"deploy-verify: {note}")
                return
            self.session.open(ids)
            self.session.judge()
        except UsageError as error:
            self._gathered = False
            raise pytest.UsageError(str(error)) from error
        except EffectError as error:
            self.session.give_up(str(error))

    def _progress(self, message: str) -> None:
        self._say(f"deploy-verify: {self.redactor.text(message)}")

    def _say(self, message: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not self.config.option.verbose < 0:
            reporter.ensure_newline()
            reporter.write_line(message)


def _entries(items: Iterable[pytest.Item]) -> list[Entry]:
    return [item.entry for item in items if isinstance(item, ClaimItem)]


def _never(entry: Entry) -> Verdict:
    reason = "this was never judged: the run ended before"
    return Verdict(claim=entry.claim.id, suite=entry.suite, outcome=Outcome.INCONCLUSIVE, reason=reason)


def _broken(session: pytest.Session) -> bool:
    """Tell whether collection failed, so that pytest will not run a single test."""
    return bool(session.testsfailed) and not session.config.option.continue_on_collection_errors


def _relative(path: Path, config: pytest.Config) -> str:
    base = config.invocation_params.dir
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
