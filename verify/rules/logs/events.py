"""What a flow does is logged as the stated events, with their fields and without secrets.

Who signed in, what was booked and which webhook came are asked for long after they
happened; only what was written down then can be answered. The flow is really walked, and
the lines written meanwhile are read.

Fix: log each event where it happens, under its stated name and with its stated fields; a
failure with its stack trace.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from verify.facts.flow import Stride, Walk
from verify.facts.logs import Record, Recorded, differences, parsed
from verify.rules import (
    Finding,
    FlowName,
    ReferenceSpec,
    Seen,
    Stated,
    Unknown,
    Wait,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The flow, and the fields of each event by its name.

    A field is stated as for ``logs/json``, by its [value or kind](../../contract.md#members-and-kinds);
    ``common`` are fields of every event, ``name`` is the field that holds the event's name. What is logged
    ``within`` this time after the flow counts.
    """

    flow: FlowName
    events: Mapping[str, Mapping[str, Any]]
    name: str = "event"
    common: Mapping[str, Any] = field(default_factory=dict)
    within: Wait = seconds(5)

    def needs(self) -> dict[str, Record]:
        """Ask for the flow to be walked, and what is logged meanwhile."""
        return {"recorded": Record(flow=self.flow, within=self.within)}


STATED = Params(flow="deposit", events={"created": {"amount": "12.50", "status": "string"}})
WALK = Walk(flow="deposit", strides=(Stride(request="POST /deposits/", status=201, expected="201"),))
LINE = '{"event": "created", "amount": "12.50", "status": "pending"}'
GOOD = Recorded(walk=WALK, lines=('{"event": "request"}', LINE))
HOLDS = given(STATED, recorded=GOOD)
FAILS = [
    given(STATED, recorded=replace(GOOD, lines=('{"event": "request"}',))),
    given(STATED, recorded=replace(GOOD, lines=(LINE.replace("12.50", "1"),))),
    given(STATED, recorded=replace(GOOD, leaked=("alice",))),
]


OMITTED = {"no-request-id": "request_id", "log-missing-field": "level"}


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - its events are all alike
    """Tell whether a field that ``fault`` leaves out is stated."""
    fields = {*stated.common, *(name for fields in stated.events.values() for name in fields)}
    return fault not in OMITTED or OMITTED[fault] in fields


@rule(severity="error", faults=["events-missing", "log-not-json", *OMITTED])
def check(recorded: Recorded, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Look for each event among the lines."""
    lines = [line for line in map(parsed, recorded.lines) if line is not None]
    yield Seen(len(recorded.lines), what="lines written")
    strides = recorded.walk.strides
    problems = [stride.refusal or problem for stride in strides for problem in stride.problems]
    if problems or recorded.walk.stopped:
        reason = recorded.walk.stopped or problems[0]
        yield Unknown(f"flow {stated.flow} was not walked to its end: {reason}")
        return
    for name, fields in stated.events.items():
        yield from _judged(stated, name, {**stated.common, **fields}, lines)
    for secret in recorded.leaked:
        yield Finding(f"flow {stated.flow}", f"the secret of {secret} is logged", "not in the log", "in it")


def _judged(
    stated: Params, name: str, fields: Mapping[str, Any], lines: list[dict[str, Any]]
) -> Iterator[Finding]:
    """Report what the best line of event ``name`` lacks."""
    found = [list(differences(line, fields)) for line in lines if line.get(stated.name) == name]
    at = f"flow {stated.flow}"
    if not found:
        yield Finding(at, f"event {name} is not logged", f"{stated.name}: {name}", f"{len(lines)} others")
        return
    for message, expected, seen in min(found, key=len):
        yield Finding(at, f"event {name}: {message}", expected, seen)
