"""The properties that a claim's test case carries in a JUnit file."""

import re

from verify.report.text import line
from verify.run.record import Row

#: what XML 1.0 cannot hold, even escaped
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST = 500


def properties(row: Row) -> list[tuple[str, str]]:
    """Return names and texts of one row for ``user_properties``; none where it has no value."""
    verdict = row.verdict
    found = [
        ("claim", row.claim),
        ("says", row.says),
        ("at", row.at),
        ("stated", str(row.place)),
        ("suite", row.suite),
        ("standing", row.standing.value),
    ]
    if verdict is not None:
        found += [("outcome", verdict.outcome.value), ("severity", verdict.severity)]
        found += [("reason", verdict.reason)]
        found += [("rule", judgement.rule) for judgement in verdict.judgements]
        found += [("seen", str(seen)) for judgement in verdict.judgements for seen in judgement.seen[:_MOST]]
    found += [("not run", reason) for reason in row.left_out]
    return [(name, _ILLEGAL.sub("", line(value, _MOST))) for name, value in found if value]
