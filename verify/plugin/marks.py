"""A team's own tests: which claims they judge, and how that came out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from verify.contract.words import offer
from verify.judge.verdict import conclude
from verify.model.finding import Finding, Unknown
from verify.model.verdict import Judgement, Outcome, Verdict, Waiver, worst
from verify.plugin.choose import Chosen
from verify.plugin.nodes import ClaimItem
from verify.run.plan import Plan

SUITE = "tests"
PROPERTY = "deploy_verify_claim"
#: on the report of a test that failed, and whose claims are waived
WAIVED = "deploy_verify_waived"
_WAIVED = pytest.StashKey[bool]()
_LONGEST = 2000


def claims_of(item: pytest.Item) -> tuple[str, ...]:
    """Return the ids that a test's ``claim`` marks name."""
    return tuple(str(claim) for mark in item.iter_markers("claim") for claim in mark.args)


def judged_by(item: pytest.Item) -> tuple[str, ...]:
    """Return the claims that a team's own test judges; none for an item of ours."""
    return () if isinstance(item, ClaimItem) else claims_of(item)


def problems(items: Iterable[pytest.Item], plan: Plan) -> list[str]:
    """Return what is wrong with the marks: each has to name claims of the contract."""
    known = {entry.claim.id for entry in plan.entries}
    found = []
    for item in items:
        if isinstance(item, ClaimItem):
            continue
        if any(not mark.args for mark in item.iter_markers("claim")):
            found.append(f'{item.nodeid}: the claim mark names nothing: write @pytest.mark.claim("ID")')
        found += [
            f"{item.nodeid}: unknown claim {claim!r}: {offer(claim, known)}"
            for claim in claims_of(item)
            if claim not in known
        ]
    return found


def wanted(item: pytest.Item, chosen: Chosen) -> bool:
    """Tell whether a test that is no claim's item is to run."""
    claims = claims_of(item)
    options = chosen.prepared.options
    if not chosen.rewritten:
        return True  # it was named on the command line
    if not claims or options.suites:
        return False
    return not options.claims or any(claim in options.claims for claim in claims)


def expected(items: Iterable[pytest.Item]) -> dict[str, tuple[str, ...]]:
    """Return the claims that the team's own tests among ``items`` are to judge, by test."""
    return {item.nodeid: claims for item in items if (claims := judged_by(item))}


def accept(item: pytest.Item, plan: Plan) -> None:
    """Let a test fail as long as each claim that it judges is waived."""
    waivers = [plan.waivers.get(claim) for claim in judged_by(item)]
    first = next(iter(waivers), None)
    if first is not None and all(waiver is not None and not waiver.expired for waiver in waivers):
        item.stash[_WAIVED] = True
        item.add_marker(pytest.mark.xfail(strict=False, reason=first.accepted))


def mark(report: pytest.TestReport, item: pytest.Item) -> None:
    """Put on the report which claims the test judges, and that its failure was accepted."""
    report.user_properties += [(PROPERTY, claim) for claim in claims_of(item)]
    if report.skipped and hasattr(report, "wasxfail") and item.stash.get(_WAIVED, False):
        report.user_properties.append((WAIVED, "true"))


@dataclass
class Results:
    """What the team's tests reported, by claim and test; ``expected`` are the claims by test."""

    judgements: dict[str, dict[str, Judgement]] = field(default_factory=dict)
    expected: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def expect(self, claims: Mapping[str, tuple[str, ...]]) -> None:
        """Note which claims each test is to judge."""
        self.expected.update(claims)

    def take(self, report: pytest.TestReport) -> None:
        """Note one phase of one test."""
        claims = [str(value) for name, value in report.user_properties if name == PROPERTY]
        if str(report.outcome) == "rerun" or (report.when != "call" and report.passed):
            return
        for claim in claims:
            tests = self.judgements.setdefault(claim, {})
            before = tests.get(report.nodeid)
            now = _judgement(report)
            if before is None or worst((before.outcome, now.outcome)) is now.outcome:
                tests[report.nodeid] = now

    def verdicts(self, waivers: Mapping[str, Waiver]) -> Iterator[Verdict]:
        """Yield the verdict of each claim that tests have judged, or were to judge."""
        for test, claims in self.expected.items():
            for claim in claims:
                self.judgements.setdefault(claim, {}).setdefault(test, _not_run(test))
        for claim, tests in self.judgements.items():
            yield conclude(claim, SUITE, tests.values(), waivers.get(claim))


def _not_run(test: str) -> Judgement:
    unknown = Unknown("the run ended before this test")
    return Judgement(rule=test, severity="error", outcome=Outcome.INCONCLUSIVE, unknowns=(unknown,))


def _reason(report: pytest.TestReport) -> str:
    """Return what went wrong; of a skip only its reason."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return report.longreprtext


def _judgement(report: pytest.TestReport) -> Judgement:
    text = _reason(report)[-_LONGEST:]
    findings: tuple[Finding, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    if (report.failed and report.when == "call") or (WAIVED, "true") in report.user_properties:
        outcome = Outcome.VIOLATED
        findings = (Finding(report.nodeid, text or "the test failed"),)
    elif report.failed:
        outcome, unknowns = Outcome.INCONCLUSIVE, (Unknown(f"{report.when} failed: {text}"),)
    elif report.skipped:
        outcome, unknowns = Outcome.INCONCLUSIVE, (Unknown(f"the test was skipped: {text}"),)
    else:
        outcome = Outcome.HOLDS
    return Judgement(
        rule=report.nodeid, severity="error", outcome=outcome, findings=findings, unknowns=unknowns
    )
