"""The summary of a CI job in GitHub-flavoured Markdown, bounded in bytes."""

from collections.abc import Callable, Iterable, Iterator

from verify.facts.backup import RoundTrip, Step
from verify.model.finding import Finding
from verify.model.verdict import Verdict
from verify.report.drills import trips
from verify.report.escape import code, inside_html, prose
from verify.report.words import (
    STALE,
    again,
    came_out,
    covered,
    decided,
    headed,
    judged,
    not_judged,
    notes,
    spent,
    word,
)
from verify.run.record import Row, Run

#: GitHub drops a whole summary above 1 MiB
LIMIT = 900_000
MOST_SAID = 20
_SYMBOLS = {"violated": "❌", "inconclusive": "❓", STALE: "❗", "waived": "⚠️"}
_SHARES = (0.4, 0.4, 0.12, 0.04)
_Judged = tuple[Row, Verdict]


def render(run: Run, limit: int = LIMIT) -> str:
    """Return the summary, at most ``limit`` bytes of UTF-8; what is best is left out first."""
    rows = judged(run)
    bad = [one for one in rows if word(one[1]) in _SYMBOLS]
    good = [one for one in rows if word(one[1]) == "holds"]
    table, details, holding, drills = (int(limit * share) for share in _SHARES)
    drills //= len(trips(run)) or 1
    parts = [*_head(run)]
    if bad:
        parts += ["", "| | severity | claim | says | found | stated |", "|---|---|---|---|---|---|"]
        parts += _bounded(map(_cells, bad), len(bad), table, "| | | | and {} more | | |")
        parts.append("")
        parts += _bounded(
            (_details(run, *one) for one in bad), len(bad), details, "\nDetails of {} more are in the report."
        )
    for trip in trips(run):
        parts += _timeline(trip, drills)
    if left := not_judged(run):
        told = (f"- {prose(each, 1000)}" for each in left)
        parts += ["", *_bounded(told, len(left), drills, "- and {} more")]
    if good:
        parts += ["", f"<details><summary>✅ {len(good)} hold</summary>", ""]
        parts += _bounded(map(_holding, good), len(good), holding, "- and {} more")
        parts += ["", "</details>"]
    return "\n".join(parts) + "\n"


def _head(run: Run) -> Iterator[str]:
    yield f"### {prose(decided(run))}"
    yield ""
    yield prose(headed(run), 600)
    yield ""
    yield prose(spent(run), 600)
    yield ""
    yield "- claims: " + ", ".join(map(prose, covered(run)))
    yield "- verdicts: " + ", ".join(map(prose, came_out(run)))


def _timeline(trip: RoundTrip, limit: int) -> Iterator[str]:
    """Yield the steps of a drill in their order, each program by its name."""
    name = inside_html(f"⏱️ {trip.backup}: {trip.outcome.value}, restored in {trip.took}")
    yield ""
    yield f"<details><summary>{name}</summary>"
    yield ""
    yield "| stage | program | seconds | bytes |"
    yield "|---|---|---:|---:|"
    yield from _bounded(map(_step, trip.steps), len(trip.steps), limit, "| | and {} more | | |")
    yield ""
    yield "</details>"


def _step(step: Step) -> str:
    program = step.argv[0].rpartition("/")[2] if step.argv else ""
    mark = "" if step.ok else " ❌"
    return f"| {prose(step.stage)} | {code(program)}{mark} | {step.took:.3f} | {step.size or ''} |"


def _bounded(parts: Iterable[str], count: int, limit: int, more: str) -> Iterator[str]:
    """Yield parts while they fit into ``limit`` bytes, then how many did not."""
    used = 0
    for number, part in enumerate(parts):
        used += len(part.encode()) + 1
        if used > limit:
            yield more.format(count - number)
            return
        yield part


def _cells(judged_row: _Judged) -> str:
    row, verdict = judged_row
    first = next(_said(verdict), "") or next(map(code, notes(row, verdict)), "")
    cells = (
        f"{_SYMBOLS[word(verdict)]} {word(verdict)}",
        verdict.severity,
        code(row.claim),
        prose(row.says),
        first,
        code(str(row.place)),
    )
    return f"| {' | '.join(cells)} |"


def _details(run: Run, row: Row, verdict: Verdict) -> str:
    name = inside_html(f"{_SYMBOLS[word(verdict)]} {row.claim}: {row.says}")
    said = list(dict.fromkeys(_said(verdict)))  # several checks may miss the same thing
    lines = [f"<details><summary>{name}</summary>", ""]
    lines += [f"- {text}" for text in said[:MOST_SAID]]
    lines += [f"- and {len(said) - MOST_SAID} more"] if len(said) > MOST_SAID else []
    lines += [f"- {code(note)}" for note in notes(row, verdict)]
    lines += [f"- again: {code(' '.join(again(run, row)), 1000, bar='|')}", "", "</details>"]
    return "\n".join(lines)


def _said(verdict: Verdict) -> Iterator[str]:
    for judgement in verdict.judgements:
        yield from map(_finding, judgement.findings)
        yield from (code(unknown.reason) for unknown in judgement.unknowns)


def _finding(finding: Finding) -> str:
    named: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        ("stated", finding.stated, code),
        ("seen", finding.seen, code),
        ("fix:", finding.fix, prose),
    )
    parts = [f"{code(str(finding.at))}: {code(finding.message)}"]
    parts += [f"{name} {write(text)}" for name, text, write in named if text]
    return ", ".join(parts)


def _holding(judged_row: _Judged) -> str:
    row, verdict = judged_row
    seen = [str(one) for judgement in verdict.judgements for one in judgement.seen[:3]]
    return f"- {code(row.claim)} {prose(row.says)}" + (f": {code('; '.join(seen))}" if seen else "")
