"""What the gate as a whole came to: the claims of a suite, summed up once they are judged."""

from collections.abc import Collection, Iterator, Mapping

from verify.facts.gate import Gate, Judged, Told
from verify.judge.expected import counted
from verify.judge.verdict import Answers, Check, conclude, judge
from verify.model.need import Need
from verify.model.verdict import Outcome, Standing, Verdict
from verify.run.plan import Entry, Plan


def summed(
    plan: Plan, chosen: Collection[str], verdicts: Mapping[str, Verdict], answers: Answers
) -> dict[Need, object]:
    """Return what each need that sums up is answered with: of ``verdicts``, by entry, and of no other run.

    What a claim sums up and states besides is judged from ``answers``, so that nothing counts itself.
    """
    wanted = {
        need
        for entry in plan.selected
        if entry.id in chosen
        for check in entry.checks
        for need in check.needs
        if isinstance(need, Judged)
    }
    return {need: _gate(need.suite, plan, chosen, verdicts, answers) for need in wanted}


def _gate(
    suite: str, plan: Plan, chosen: Collection[str], verdicts: Mapping[str, Verdict], answers: Answers
) -> Gate:
    told: list[Told] = []
    elsewhere: list[str] = []
    left_out: list[str] = []
    for entry in plan.entries:
        stated = (bound.check for bound in entry.claim.checks if bound.check.rule.suite == suite)
        if entry.suite != suite or not any(counted(check) for check in stated):
            continue
        checks = tuple(check for check in entry.checks if counted(check))
        if entry.standing is Standing.NOT_JUDGED_HERE or (entry.selected and not checks):
            elsewhere.append(entry.claim.id)
        elif entry.id not in chosen:
            left_out.append(entry.claim.id)
        else:
            told.append(_told(_verdict(entry, checks, verdicts, answers)))
    return Gate(suite=suite, claims=tuple(told), elsewhere=tuple(elsewhere), left_out=tuple(left_out))


def _verdict(
    entry: Entry, checks: tuple[Check, ...], verdicts: Mapping[str, Verdict], answers: Answers
) -> Verdict:
    if entry.id in verdicts and checks == entry.checks:
        return verdicts[entry.id]
    judgements = [judge(check, answers) for check in checks]
    return conclude(entry.claim.id, entry.suite, judgements, entry.waiver)


def _told(verdict: Verdict) -> Told:
    why = next(_reasons(verdict), "") if verdict.outcome in _BAD else ""
    return Told(claim=verdict.claim, outcome=verdict.outcome, why=why)


_BAD = frozenset({Outcome.VIOLATED, Outcome.INCONCLUSIVE})


def _reasons(verdict: Verdict) -> Iterator[str]:
    for judgement in verdict.judgements:
        for finding in judgement.findings:
            yield f"{finding.at}: {finding.message}" + (f", seen {finding.seen}" if finding.seen else "")
    for judgement in verdict.judgements:
        yield from (unknown.reason for unknown in judgement.unknowns)
    yield verdict.reason
