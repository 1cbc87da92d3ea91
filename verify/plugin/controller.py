"""The gate in the process that asks: gathers once, judges, reports."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from verify.effects.errors import EffectError
from verify.effects.signals import graceful
from verify.model.verdict import Outcome, Standing, Verdict
from verify.plugin import marks
from verify.plugin.choose import Chosen, dry, handed_over
from verify.plugin.gate import Gate, never
from verify.plugin.nodes import ClaimItem
from verify.plugin.share import HANDED_OVER, RUN_FOLDER, Collected, Shared
from verify.report.text import line
from verify.report.write import lines, write_all
from verify.run.options import UsageError
from verify.run.plan import Entry
from verify.run.record import Run
from verify.run.session import Session


class Controller(Gate):
    """The process that asks: the only one without xdist, the controller with it."""

    def __init__(self, config: pytest.Config, chosen: Chosen) -> None:
        """Prepare a run; nothing is opened before the selection is final."""
        self.session = Session(chosen.prepared, self._progress)
        super().__init__(config, chosen, self.session.redactor)
        self.tests = marks.Results()
        self.run: Run | None = None
        self._folder: Path | None = None
        self._signals = ExitStack()
        self._gathered = False
        self._interrupted = False
        self._uncollected = 0
        self._left_out: tuple[str, ...] = ()
        self._written: list[Path] = []

    def verdict(self, entry: Entry) -> Verdict:
        """Return what was concluded."""
        return self.session.verdicts.get(entry.id) or never(entry)

    @property
    def shared(self) -> Shared:
        """Return what this run knows of its environment."""
        return Shared.of(self.session)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """End with clean-up from here on where workers are started: they are handed a folder."""
        if self._distributed and not dry(session.config):
            self._signals.enter_context(graceful())

    def pytest_unconfigure(self) -> None:
        """Release what a run that was broken off before its first test has opened."""
        self.session.close()
        self._signals.close()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """Gather before the first test, with signals that end in clean-up, and close after the last."""
        if dry(session.config):
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
        if not self._gathered and not dry(self.config):
            plan = self.chosen.prepared.plan
            if self._folder is not None:
                collected = Collected.read(self._folder, node.gateway.id)
                self.refuse(collected.problems)
                self.tests.expect(collected.claims)
                self._left_out = collected.left_out
            if self._uncollected and not self.config.option.continue_on_collection_errors:
                # as pytest does without workers
                errors = "1 error" if self._uncollected == 1 else f"{self._uncollected} errors"
                raise pytest.Session.Interrupted(f"{errors} during collection")
            found = (plan.find("::".join(node_id.split("::")[-2:]).partition("@")[0]) for node_id in ids)
            self._gather([entry for entry in found if entry is not None])
            if self._folder is not None:
                self.shared.write(self._folder)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count what could not be collected: claims may hide in it, so that the run is not whole."""
        super().pytest_collectreport(report)
        self._uncollected += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how the team's own tests judged their claims."""
        self.tests.take(report)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which of the team's own tests are to judge a claim."""
        self.tests.expect(self.expected(session))
        self._left_out = self.own.left_out()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Make the run object and write the reports, where a claim was to be judged."""
        if dry(session.config) or not self._gathered:
            return
        if not self.session.chosen and not self.tests.expected:
            return
        if (
            self._interrupted
            or self._uncollected
            or exitstatus in {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR}
        ):
            self._interrupted = True
            self.session.interrupt()
        tested = tuple(self.tests.verdicts(self.chosen.prepared.plan.waivers))
        self.session.take_tests(tested, self._left_out)
        facts = self.chosen.evidence
        earlier = f"run {facts.run_id} of {facts.started}" if facts is not None else ""
        self.run = self.session.run(interrupted=self._interrupted, evidence=earlier)
        try:
            keep = self.chosen.evidence is None
            self._written = write_all(self.run, self.chosen.reports, self.redactor, keep=keep)
        except EffectError as error:
            self._say(f"reports could not be written: {self.redactor.text(str(error))}", always=True)
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            return
        holds = any(verdict.outcome is Outcome.HOLDS for verdict in self.run.verdicts)
        bad = not self.chosen.skip_inconclusive and not all(_fine(verdict, self.run) for verdict in tested)
        if exitstatus == pytest.ExitCode.OK and (bad or not holds):
            # what softens single tests, or a skip in a team's own, must not make a green gate of nothing
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the table of verdicts."""
        if self.run is None:
            if self._gathered:
                self._say_why_nothing(terminalreporter)
            return
        writer = terminalreporter._tw  # noqa: SLF001 - pytest offers width and colour nowhere else
        encoding = getattr(writer._file, "encoding", None) or "utf-8"  # noqa: SLF001 - as above
        terminalreporter.section("stated claims")
        width = min(80, writer.fullwidth)
        for text in lines(self.run, self.redactor, width=width, colour=writer.hasmarkup, encoding=encoding):
            terminalreporter.write_line(text)
        for path in self._written:
            terminalreporter.write_line(f"report {_relative(path, self.config)}")

    def _say_why_nothing(self, terminalreporter: Any) -> None:
        """Name what was asked for and not judged here: a run of nothing would not say what to give."""
        reasons: dict[str, list[str]] = {}
        for entry in self.chosen.prepared.plan.entries:
            if entry.standing is Standing.NOT_JUDGED_HERE:
                reasons.setdefault(entry.reason, []).append(entry.claim.id)
        if reasons:
            terminalreporter.section("stated claims")
            terminalreporter.write_line("nothing was judged; not judged here:")
        for reason, claims in reasons.items():
            terminalreporter.write_line(f"  {line(reason)} ({', '.join(claims)})")

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
                    self._say(f"deploy-verify: {note}", always=True)
                return
            self.session.open(ids)
            self.session.judge()
        except UsageError as error:
            self._gathered = False
            raise pytest.UsageError(self.redactor.text(str(error))) from None
        except EffectError as error:
            self.session.give_up(str(error))

    def _progress(self, message: str) -> None:
        self._say(f"deploy-verify: {line(self.redactor.text(message))}")

    def _say(self, message: str, *, always: bool = False) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and (always or not self.config.option.verbose < 0):
            reporter.ensure_newline()
            reporter.write_line(message)
            reporter.flush()  # whoever reads a pipe waits for it


def _fine(verdict: Verdict, run: Run) -> bool:
    """Tell whether a team's test leaves a run green: its claim holds or is waived, and no waiver is idle."""
    if verdict.stale_waiver:
        return any(one.outcome is Outcome.WAIVED and one.claim == verdict.claim for one in run.verdicts)
    return verdict.outcome in {Outcome.HOLDS, Outcome.WAIVED}


def _entries(items: Iterable[pytest.Item]) -> list[Entry]:
    return [item.entry for item in items if isinstance(item, ClaimItem)]


def _broken(session: pytest.Session) -> bool:
    """Tell whether collection failed, so that pytest will not run a single test."""
    return bool(session.testsfailed) and not session.config.option.continue_on_collection_errors


def _relative(path: Path, config: pytest.Config) -> str:
    base = config.invocation_params.dir
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
