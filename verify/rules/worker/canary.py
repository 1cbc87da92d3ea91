"""A canary task is taken by a worker and done in time.

A queue accepts work whether or not anybody takes it: orders wait, mails are not sent, and
every page answers 200. One small task is really handed over and followed.

Fix: look whether workers run, listen to this queue, and are not busy with something longer
than the stated time.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from verify.facts.broken import unwell
from verify.facts.http import IN_FRONT, Exchange
from verify.facts.task import Enqueue, Task
from verify.model.text import abridged
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Stated,
    UrlTemplate,
    Wait,
    given,
    rule,
    seconds,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Where a task is started (POST), where the answer names it, where its state is, when it is done.

    ``task`` is the member with the task's name, which ``state`` holds as ``{task}``; ``done`` are members
    of its answer by their [value or kind](../../contract.md#members-and-kinds), ``body`` is what is posted.
    """

    start: Endpoint
    state: UrlTemplate
    done: Mapping[str, Any]
    body: Mapping[str, Any] = field(default_factory=dict)
    task: str = "$.task"
    within: Wait = seconds(10)

    def needs(self) -> dict[str, Enqueue]:
        """Ask for one task."""
        asked = Enqueue(
            path=self.start.path,
            state=self.state,
            body=json.dumps(self.body),
            task=self.task,
            done=json.dumps(self.done),
            account=self.start.account,
            within=self.within,
        )
        return {"task": asked}


STATED = Params(start=EndpointSpec(path="/tasks/"), state="/tasks/{task}/", done={"state": "done"})
GOOD = Task(started=Exchange(status=202), last=Exchange(status=200), done=True, took=seconds(0.2))
HOLDS = given(STATED, task=GOOD)
FAILS = [
    given(STATED, task=Task(started=Exchange(status=503))),
    given(STATED, task=replace(GOOD, done=False, took=seconds(10))),
    given(STATED, task=replace(GOOD, took=seconds(10.1))),
]
SLOW = seconds(8)  # what worker-slow puts a task off for


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the system is ready under ``fault``, and the task late."""
    if fault == "worker-slow":
        return stated.within < SLOW
    return not unwell(fault, reference) or reference.liveness is not None


@rule(severity="error", faults=["worker-down", "worker-slow"], telling=IN_FRONT)
def check(task: Task, stated: Params) -> Iterator[Finding | Seen]:
    """Compare the time to done with the stated one."""
    yield Seen(task.took, limit=stated.within, what="done after" if task.done else "not done after")
    if task.last is None:
        seen = f"{task.started.status} {abridged(task.started.shown)}"
        yield Finding(task.started.place, "no task was started", f"2xx with {stated.task}", seen)
    elif not task.done:
        expected = f"{dict(stated.done)} within {stated.within}"
        yield Finding(task.last.place, "the task is not done", expected, abridged(task.last.shown))
    elif task.took > stated.within:
        yield Finding(
            task.last.place, "the task is done too late", str(stated.within), task.took.beside(stated.within)
        )
