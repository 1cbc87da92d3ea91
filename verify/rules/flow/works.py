"""A key user flow works from end to end.

Single endpoints may answer while what users come for is broken. The flow is walked
with data of its own, tagged with the run's id, and cleaned up whatever happens.

Fix: the first failing step names the request; repair it, then remove what is named as
left behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.flow import Stride, Walk, WalkThrough
from verify.rules import Finding, FlowName, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The name of the flow in the contract."""

    flow: FlowName

    def needs(self) -> dict[str, WalkThrough]:
        """Ask for the walk."""
        return {"walk": WalkThrough(flow=self.flow)}


STATED = Params(flow="deposit")
GOOD = Stride(request="POST /deposits/", status=201, expected="201")
HOLDS = given(STATED, walk=Walk(flow="deposit", strides=(GOOD,)))
FAILS = [
    given(
        STATED,
        walk=Walk(
            flow="deposit",
            strides=(GOOD, Stride(request="GET /", status=500, expected="200", problems=("status 500",))),
        ),
    ),
    given(STATED, walk=Walk(flow="deposit", strides=(GOOD,), left=("DELETE /deposits/1/",))),
]


@rule(severity="error", faults=["flow-broken", "flow-no-delete"])
def check(walk: Walk, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Report each step that went wrong and whatever was left behind."""
    yield Seen(len(walk.strides), what="steps walked")
    for stride in walk.strides:
        if stride.refusal:
            yield Unknown(f"flow {stated.flow} was not walked to its end: {stride.refusal}")
            continue
        for problem in stride.problems:
            yield Finding(
                stride.request, f"flow {stated.flow}: {problem}", stride.expected, str(stride.status)
            )
    for left in walk.left:
        yield Finding(left, f"flow {stated.flow} left its data behind", "cleaned up", "left")
    if walk.stopped:
        yield Unknown(f"flow {stated.flow} was not walked to its end: {walk.stopped}")
