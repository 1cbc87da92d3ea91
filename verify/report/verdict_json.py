"""``verdict.json``: the run for machines, in the format of ``verdict.schema.json``."""

import dataclasses
import json
import math
from typing import Any

from verify.model.finding import Finding, Seen
from verify.model.place import Place
from verify.model.units import Quantity
from verify.model.verdict import Judgement, Outcome, Waiver
from verify.report.text import clean
from verify.report.words import why
from verify.run.evidence import header_of
from verify.run.record import Row, Run

FORMAT = 1
LARGEST = 20_000_000
#: findings of a check, and characters of a text: tightened until the file is no larger
_BOUNDS = ((100, 2000), (20, 500), (3, 200), (0, 80))


def render(run: Run) -> str:
    """Return the document as JSON text of at most about 20 MB, ending in a line break."""
    text = ""
    for bounds in _BOUNDS:
        text = json.dumps(document(run, *bounds), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        if len(text) <= LARGEST:
            break
    return text


def document(run: Run, findings: int = 100, characters: int = 2000) -> dict[str, Any]:
    """Return the document as JSON data; ``findings`` bounds those of one check."""
    whole = {
        "format": FORMAT,
        **header_of(run),
        "decision": run.decision.value,
        "why": why(run),
        "coverage": dataclasses.asdict(run.coverage),
        "counts": {outcome.value: run.counts.get(outcome, 0) for outcome in Outcome},
        "claims": [_row(row, findings) for row in run.rows],
    }
    cleaned: dict[str, Any] = _cleaned(whole, characters)
    return cleaned


def _cleaned(data: Any, characters: int) -> Any:
    if isinstance(data, dict):
        return {key: _cleaned(value, characters) for key, value in data.items()}
    if isinstance(data, list):
        return [_cleaned(value, characters) for value in data]
    return clean(data, characters) if isinstance(data, str) else data


def _row(row: Row, most: int) -> dict[str, Any]:
    verdict = row.verdict
    return {
        "id": row.claim,
        "says": row.says,
        "at": row.at,
        "place": _place(row.place),
        "suite": row.suite or None,
        "kind": row.kind,
        "baseline": row.baseline,
        "standing": row.standing.value,
        "outcome": verdict.outcome.value if verdict else None,
        "severity": verdict.severity if verdict else None,
        "reason": (verdict.reason if verdict else "") or row.reason,
        "waiver": _waiver(verdict.waiver) if verdict and verdict.waiver else None,
        "checks": [_check(judgement, most) for judgement in verdict.judgements] if verdict else [],
        "left_out": list(row.left_out),
    }


def _check(judgement: Judgement, most: int) -> dict[str, Any]:
    longest = max(len(judgement.findings), len(judgement.unknowns), len(judgement.seen))
    return {
        "rule": judgement.rule,
        "outcome": judgement.outcome.value,
        "severity": judgement.severity,
        "findings": [_finding(finding) for finding in judgement.findings[:most]],
        "unknowns": [unknown.reason for unknown in judgement.unknowns[:most]],
        "seen": [_seen(seen) for seen in judgement.seen[:most]],
        "more": max(0, longest - most),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "at": str(finding.at),
        "place": _place(finding.at) if isinstance(finding.at, Place) else None,
        "message": finding.message,
        "stated": finding.stated,
        "seen": finding.seen,
        "fix": finding.fix,
    }


def _seen(seen: Seen) -> dict[str, Any]:
    margin = seen.margin
    return {
        "what": seen.what,
        "value": seen.shown if isinstance(seen.value, Quantity) else _scalar(seen.value),
        "limit": _scalar(seen.limit),
        "better": seen.better,
        "margin": round(margin, 6) if margin is not None and math.isfinite(margin) else None,
    }


def _scalar(value: object) -> Any:
    """Keep plain numbers; a quantity is written with its unit."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and not isinstance(value, Quantity) and math.isfinite(value):
        return value
    return str(value)


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "until": waiver.until,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expired": waiver.expired,
        "place": _place(waiver.place),
    }
