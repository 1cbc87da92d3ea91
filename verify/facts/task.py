"""One task that was handed to the workers, and what became of it."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The answer that started a task, and the last one about its state.

    ``took`` runs from the start to the answer that says it is done, or to the end of
    waiting; ``last`` is None where the start named no task.
    """

    started: Exchange
    last: Exchange | None = None
    done: bool = False
    took: Duration = field(default=seconds(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue(Need):
    """Ask for a task to be started by a POST of ``body`` and followed until it is done.

    ``task`` is where the answer names it, ``state`` the path that tells of ``{task}``,
    ``done`` the members of that answer which say it is done, as JSON text like ``body``.
    """

    kind: ClassVar[str] = "task"
    answer: ClassVar[type] = Task
    effect: ClassVar[Effect] = Effect.DESTROYS

    path: str
    state: str
    body: str = "{}"
    task: str = "$.task"
    done: str = "{}"
    account: str | None = None
    within: Duration = field(default=seconds(10))
