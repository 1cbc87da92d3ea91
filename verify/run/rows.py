"""One row for each claim and suite, as every report shows it."""

from collections.abc import Iterable, Iterator, Mapping

from verify.model.verdict import Standing, Verdict
from verify.run.plan import Entry
from verify.run.record import Row

TESTS = "tests"


def row(entry: Entry, verdict: Verdict | None = None) -> Row:
    """Return the row of one entry."""
    return Row(
        claim=entry.claim.id,
        says=entry.claim.says,
        at=entry.claim.at,
        place=entry.claim.place,
        suite=entry.suite,
        standing=entry.standing,
        kind=entry.claim.kind,
        baseline=entry.claim.baseline,
        reason=entry.reason,
        left_out=entry.left_out,
        verdict=verdict,
    )


def rows(
    entries: Iterable[Entry], verdicts: Mapping[str, Verdict], tests: Mapping[str, Verdict]
) -> Iterator[Row]:
    """Yield the row of each entry, and one for each claim that a team's tests have judged.

    ``verdicts`` are by entry, ``tests`` by claim.
    """
    tested = set()
    for entry in entries:
        judged = tests.get(entry.claim.id)
        # a claim that only a test judges is not without a check
        if judged is None or entry.suite:
            yield row(entry, verdicts.get(entry.id))
        if judged is not None and entry.claim.id not in tested:
            tested.add(entry.claim.id)
            own = Entry(claim=entry.claim, suite=TESTS, standing=Standing.SELECTED)
            yield row(own, judged)
