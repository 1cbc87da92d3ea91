"""A user's way through the system, walked with data of its own."""

from dataclasses import dataclass
from typing import ClassVar

from verify.facts.http import LIMITED, refusal_of
from verify.model.need import Effect, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """One step that was taken: the request line, the answer, what was wrong with it."""

    request: str
    status: int
    expected: str
    problems: tuple[str, ...] = ()
    cleanup: bool = False

    @property
    def refusal(self) -> str:
        """Return why the answer shows nothing of the flow: a limit refused the step; else an empty text."""
        limited = self.status == LIMITED and self.problems == (f"status {LIMITED}",)
        return refusal_of(self.request, self.status) if limited else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far a flow came; ``left`` names what could not be cleaned up."""

    flow: str
    strides: tuple[Stride, ...]
    left: tuple[str, ...] = ()
    stopped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkThrough(Need):
    """Ask for a stated flow to be walked; it writes, tagged with the run's id."""

    kind: ClassVar[str] = "flow"
    answer: ClassVar[type] = Walk
    effect: ClassVar[Effect] = Effect.DESTROYS

    flow: str
