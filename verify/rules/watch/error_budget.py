"""The blockers hold for the stated time after the deployment, but for a small error budget.

Memory that leaks, a pool that fills up and a cache that runs cold show minutes after the
gate was green. While `--watch` is given, the rules of severity blocker that only read are
repeated at an interval, and watching ends early once the budget is spent. Readiness and the
release that answers are among them: asked once in each round and never waited for, because
a wait would hide the failures that are counted.

Fix: look at the examples for what failed first; roll back while it is still one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from verify.facts.watch import Watch, Watched
from verify.rules import Duration, Finding, Ratio, ReferenceSpec, Seen, Stated, Unknown, given, rule, seconds

BUDGET = Ratio.parse("1%")


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """How long it is watched (``for``), and the share of the checks that may fail."""

    for_: Annotated[Duration, Field(alias="for")] = seconds(900)
    budget: Ratio = BUDGET

    def needs(self) -> dict[str, Watch]:
        """Ask for the watch of this run."""
        return {"watched": Watch()}


STATED = Params(for_=seconds(60))
GOOD = Watched(rounds=200, judged=400, failed=2, planned=seconds(60), took=seconds(60))
HOLDS = given(STATED, watched=GOOD)
FAILS = [
    given(STATED, watched=replace(GOOD, failed=5, examples=("health/status after 3s: wrong status",))),
    given(STATED, watched=replace(GOOD, rounds=3, failed=6, took=seconds(2), spent=True)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - there is one such fault
    """Tell whether there is a liveness endpoint that can fail later."""
    return reference.liveness is not None


@rule(severity="blocker", faults=["liveness-fades"])
def check(watched: Watched, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare the share of failures with the budget."""
    yield Seen(watched.errors, limit=stated.budget, what=f"errors in {watched.rounds} rounds")
    if watched.errors > stated.budget:
        seen = f"{watched.errors}: " + "; ".join(watched.examples)
        at = f"watch of {', '.join(watched.rules) or 'the blockers'}"
        yield Finding(at, "the error budget is spent", f"at most {stated.budget}", seen)
    elif watched.stopped or watched.spent:
        yield Unknown(f"watching ended after {watched.took}: {watched.stopped or 'its budget was spent'}")
    elif watched.planned < stated.for_:
        planned = watched.planned.beside(stated.for_)
        yield Unknown(f"watched for {planned}, stated are {stated.for_}: give --watch={stated.for_}")
