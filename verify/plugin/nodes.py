"""The contract as pytest collects it: a file, its suites, one item a claim."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from verify.effects.redact import Redactor
from verify.model.verdict import Outcome, Standing, Verdict
from verify.plugin.choose import Chosen
from verify.report.text import line
from verify.run.plan import Entry


class Judging(Protocol):
    """What nodes ask of the gate that collected them."""

    chosen: Chosen
    redactor: Redactor
    #: claims that the team's own tests judge too
    tested: frozenset[str]

    def verdict(self, entry: Entry) -> Verdict:
        """Return the verdict of an entry."""
        ...


class Violated(AssertionError):  # noqa: N818 - the word of the field's verdicts, read in every report
    """A claim does not hold."""


class Inconclusive(Exception):  # noqa: N818 - as above
    """A claim could not be judged."""


class ContractFile(pytest.File):
    """The contract; its children are suites."""

    gate: Judging

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield each suite that has something to judge, or not to judge here."""
        entries = self.gate.chosen.prepared.plan.entries
        for suite in self.gate.chosen.prepared.plan.suites:
            mine = [entry for entry in entries if entry.suite == suite.name and _shown(entry)]
            if mine:
                node = SuiteNode.from_parent(self, name=suite.name)
                node.gate, node.entries = self.gate, mine
                yield node


class SuiteNode(pytest.Collector):
    """One suite; its children are claims."""

    gate: Judging
    entries: list[Entry]

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item a claim."""
        for entry in self.entries:
            item = ClaimItem.from_parent(self, name=entry.claim.id)
            item.gate, item.entry = self.gate, entry
            waiver = entry.waiver
            if waiver is not None and not waiver.expired:
                reason = shown(waiver.accepted, self.gate)
                item.add_marker(pytest.mark.xfail(strict=True, raises=Violated, reason=reason))
            item.add_marker(pytest.mark.claim(entry.claim.id))
            yield item


class ClaimItem(pytest.Item):
    """One claim in one suite; its test is to read its verdict."""

    gate: Judging
    entry: Entry

    def runtest(self) -> None:
        """Pass where the claim holds; raise ``Violated`` or ``Inconclusive``."""
        verdict = self.gate.verdict(self.entry)
        if verdict.outcome in {Outcome.VIOLATED, Outcome.WAIVED}:
            raise Violated(told(verdict, self.entry, self.gate))
        if verdict.outcome is Outcome.INCONCLUSIVE:
            why = told(verdict, self.entry, self.gate)
            if self.gate.chosen.skip_inconclusive:
                pytest.skip(f"inconclusive: {why}")
            raise Inconclusive(why)
        if verdict.stale_waiver:
            self._waived_elsewhere(verdict)
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            pytest.skip("not applicable: nothing here that this rule speaks of")

    def _waived_elsewhere(self, verdict: Verdict) -> None:
        """Spare a waiver that another suite needs; raise ``Violated`` for one that ended."""
        plan, waiver = self.gate.chosen.prepared.plan, verdict.waiver
        others = (entry for entry in plan.selected if entry.claim.id == self.name and entry is not self.entry)
        if any(self.gate.verdict(entry).outcome is Outcome.WAIVED for entry in others):
            pytest.xfail("holds here, and is waived in another suite")
        if self.name in self.gate.tested and waiver is not None and not waiver.expired:
            pytest.xfail("holds here, and a test of the team judges it too")
        if waiver is not None and waiver.expired:
            ended = f"its waiver ended on {waiver.until}: remove {waiver.place}"
            raise Violated(f"{self.name} holds, and {ended}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the finding, not our own stack."""
        if isinstance(excinfo.value, Violated | Inconclusive):
            word = "inconclusive" if isinstance(excinfo.value, Inconclusive) else "violated"
            return self.gate.redactor.text(f"{self.entry.claim.place}: {word}: {excinfo.value}")
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the claim by id and words."""
        says = shown(f"{self.name} {self.entry.claim.says}", self.gate)
        return self.path, max(0, self.entry.claim.place.line - 1), says


def _shown(entry: Entry) -> bool:
    return entry.standing in {Standing.SELECTED, Standing.NOT_JUDGED_HERE}


def shown(text: str, gate: Judging) -> str:
    """Return ``text`` for one line: a server may say secrets, escapes, and commands to a CI."""
    return line(gate.redactor.text(text))


def told(verdict: Verdict, entry: Entry, gate: Judging) -> str:
    """Return everything a verdict rests on, a line each."""
    lines = [f"{entry.claim.id} {entry.claim.says} (stated at {entry.claim.at})"]
    if verdict.reason:
        lines.append(verdict.reason)
    if verdict.waiver is not None and verdict.waiver.expired:
        lines.append(f"its waiver ended on {verdict.waiver.until} ({verdict.waiver.place})")
    basis: list[str] = []
    for judgement in verdict.judgements:
        for finding in judgement.findings:
            facts = (
                f": stated {finding.stated}, seen {finding.seen}" if finding.stated or finding.seen else ""
            )
            basis.append(f"{judgement.rule}: {finding.at}: {finding.message}{facts}")
        basis += [f"{judgement.rule}: inconclusive: {unknown.reason}" for unknown in judgement.unknowns]
    basis += entry.left_out
    return "\n".join([*(shown(each, gate) for each in lines), *(f"  {shown(each, gate)}" for each in basis)])
