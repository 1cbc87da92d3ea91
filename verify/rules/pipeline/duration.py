"""The newest successful runs of a workflow take no longer than stated.

A deployment that is promised within ten minutes is what an incident plan counts on, and it grows by
a step at a time. What the newest runs took is read from GitHub, where the contract's `pipeline:`
says: from `run_started_at` to `updated_at`. That holds what a run waited for, a runner or somebody's
approval: state a `job` to leave that out. Runs that were attempted again are left out, as GitHub
tells of their last attempt alone.

Fix: look at the slowest run that is named for the step that grew; cache what is built each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from verify.facts.pipeline import Durations, Ran, Runs
from verify.rules import Duration, Finding, ReferenceSpec, Seen, Stated, Text, Unknown, given, rule, seconds

MOST = 30  # runs that one answer may list, and a job of each is one more request


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The workflow by its file's name, one `job` of it or all of it, and the longest time.

    `runs` is how many are looked at; `by` whether the slowest of them, or their median, counts.
    """

    workflow: Text
    within: Duration
    job: Text | None = None
    runs: Annotated[int, Field(ge=1, le=MOST)] = 10
    by: Literal["slowest", "median"] = "slowest"

    def needs(self) -> dict[str, Durations]:
        """Ask for the newest runs."""
        return {"runs": Durations(workflow=self.workflow, job=self.job or "", newest=self.runs)}


STATED = Params(workflow="deploy.yml", within=seconds(600))
MEDIAN = replace(STATED, by="median")
QUICK, USUAL, SLOW = (Ran(id=number, at=number, took=seconds(60 * number)) for number in (7, 8, 11))
GOOD = Runs(place="shop/api deploy.yml", ran=(QUICK, USUAL), looked=2)
HOLDS = [given(STATED, runs=GOOD), given(MEDIAN, runs=replace(GOOD, ran=(QUICK, SLOW)))]
FAILS = [
    given(STATED, runs=replace(GOOD, ran=(QUICK, SLOW))),
    given(MEDIAN, runs=replace(GOOD, ran=(USUAL, SLOW, SLOW))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - there is one such fault
    """Tell whether the reference has a pipeline to slow down."""
    return reference.pipeline is not None


@rule(severity="warning", faults=["pipeline-slow"], refs=["GitHub REST API: workflow runs"])
def check(runs: Runs, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Compare the slowest run, or the median, with what is stated."""
    if not runs.ran:
        named = f": its jobs are {', '.join(runs.jobs)}" if runs.jobs else ""
        again = f", {runs.again} were attempted again" if runs.again else ""
        yield Unknown(f"{runs.place}: no successful run shows what it takes{again}{named}")
        return
    slowest = runs.slowest
    for name, took in (("slowest", slowest.took), ("median", runs.median)):
        limit = stated.within if name == stated.by else None
        yield Seen(took, limit=limit, what=f"{name} of {len(runs.ran)} runs")
        if limit is not None and took > limit:
            over = sum(each.took > limit for each in runs.ran)
            longest = f"run {slowest.id} {slowest.took.beside(limit)}"
            seen = f"{took.beside(limit)}; {over} of {len(runs.ran)} runs take longer, {longest}"
            yield Finding(runs.place, f"the {name} run takes too long", f"at most {limit}", seen)
