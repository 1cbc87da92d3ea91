"""What every report says in the same words: the order of rows, the sentence, the command."""

import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

from verify.model.finding import Finding
from verify.model.rule import SEVERITIES
from verify.model.verdict import Decision, Outcome, Standing, Verdict
from verify.report.text import clean, line
from verify.run.record import Row, Run

CONTRACT = "verify.yaml"
STALE = "stale waiver"
#: what needs a look, worst first; the rest is counted
LOOK = (Outcome.VIOLATED.value, Outcome.INCONCLUSIVE.value, STALE, Outcome.WAIVED.value)
_ORDER = (*LOOK, Outcome.HOLDS.value, Outcome.NOT_APPLICABLE.value)


def word(verdict: Verdict) -> str:
    """Return how a verdict came out; one whose waiver is no longer needed is a word of its own."""
    return STALE if verdict.stale_waiver else verdict.outcome.value


def judged(run: Run) -> list[tuple[Row, Verdict]]:
    """Return each row that has a verdict, worst first, then in the order of the contract."""
    rows = [(row, row.verdict) for row in run.rows if row.verdict is not None]
    return sorted(rows, key=lambda one: (_ORDER.index(word(one[1])), SEVERITIES.index(one[1].severity)))


def headed(run: Run) -> str:
    """Return ``system → environment``, and the address where there is one."""
    where = f" → {run.environment}" if run.environment else " (files only)"
    return line(f"{run.system}{where}" + (f"  {run.url}" if run.url else ""))


def spent(run: Run) -> str:
    """Return what the run cost: contract, protection, requests sent, seconds."""
    parts = [f"contract {run.contract}"]
    parts += [run.protection] if run.protection else []
    parts += [many(run.requests, "request"), f"{run.seconds:.1f} s"]
    parts += ["INTERRUPTED"] if run.interrupted else []
    return line(" · ".join(parts))


def covered(run: Run) -> list[str]:
    """Return the headline counts of stated claims, in the order of the funnel."""
    seen = run.coverage
    return [
        f"{seen.stated} stated",
        f"{seen.checked} checked",
        f"{seen.judged} judged",
        f"{seen.holding} holding",
        f"{seen.not_judged_here} not judged here",
        f"{seen.without_check} without a check",
        f"{seen.unverifiable} unverifiable",
    ]


def came_out(run: Run) -> list[str]:
    """Return how the verdicts came out, worst first; always the three that a reader looks for."""
    counts = Counter(map(word, run.verdicts))
    always = {outcome.value for outcome in (Outcome.VIOLATED, Outcome.INCONCLUSIVE, Outcome.WAIVED)}
    return [f"{counts[name]} {name}" for name in _ORDER if counts[name] or name in always]


def not_judged(run: Run) -> list[str]:
    """Return why claims were not judged here, a line for each reason with the claims."""
    reasons: dict[str, list[str]] = {}
    for row in run.rows:
        if row.standing is Standing.NOT_JUDGED_HERE:
            reasons.setdefault(row.reason, []).append(row.claim)
    return [
        f"not judged here, {reason}: {', '.join(dict.fromkeys(claims))}" for reason, claims in reasons.items()
    ]


def decided(run: Run) -> str:
    """Return the decision and, in a few words, why."""
    return f"{run.decision.value}: {why(run)}"


def why(run: Run) -> str:
    """Return why the decision is what it is."""
    if run.decision is Decision.ROLL_BACK:
        return f"{many(sum(verdict.blocks for verdict in run.deciding), 'blocker')} violated"
    if run.decision is Decision.PROMOTE:
        return "nothing is violated or inconclusive"
    if run.interrupted:
        return "the run was interrupted"
    kept_back = _kept_back(run)
    counts = Counter(map(word, run.deciding))
    bad = [f"{counts[name]} {name}" for name in LOOK[:3] if counts[name]]
    if bad or not kept_back:
        return ", ".join(bad) or "nothing was found to hold"
    return kept_back


def _kept_back(run: Run) -> str:
    """Return why a run that found nothing wrong still does not promote, an empty text where it may."""
    if run.evidence:
        return f"judged on the facts of {run.evidence}"
    if not run.partial:
        return ""
    told = ": ".join(("only a part was judged", *run.unasked[:1]))
    return f"{told}, and {len(run.unasked) - 1} more" if run.unasked[1:] else told


def many(count: int, what: str) -> str:
    """Return a count with its noun."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def again(run: Run, row: Row) -> list[str]:
    """Return the words of the command that judges one row again, each quoted for a shell.

    What sums up its suite is judged with all of it.
    """
    words = ["pytest"]
    if run.environment:
        words.append(f"--env={run.environment}")
    if any(row.suite == suite.name for suite in run.suites):  # a team's own tests are no suite
        words.append(f"--suite={row.suite}")
    if row.verdict is None or not any(judgement.sums for judgement in row.verdict.judgements):
        words.append(f"--claim={row.claim}")
    words += run.asked
    if PurePath(run.contract) != PurePath(CONTRACT):
        words.append(f"--contract={run.contract}")
    return [shlex.quote(clean(each).replace("\n", " ").replace("\t", " ")) for each in words]


def told(finding: Finding) -> str:
    """Return one finding as a sentence: place, message, stated and seen."""
    parts = [f"{finding.at}: {finding.message}"]
    parts += [f"stated {finding.stated}"] if finding.stated else []
    parts += [f"seen {finding.seen}"] if finding.seen else []
    return line(" · ".join(parts))


def notes(row: Row, verdict: Verdict) -> Iterator[str]:
    """Yield what else belongs to a verdict: its reason, its waiver, the checks that were not run."""
    if verdict.reason:
        yield line(verdict.reason)
    waiver = verdict.waiver
    if waiver is not None:
        state = "expired on" if waiver.expired else "accepted until"
        state = f"no longer needed, remove it; {state}" if verdict.stale_waiver else state
        yield line(f"waiver: {state} {waiver.until} by {waiver.owner}: {waiver.reason} ({waiver.place})")
    yield from map(line, row.left_out)
