"""A request for something to be seen, and the answer that nothing was."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class Effect(IntEnum):
    """What seeing costs the one who is looked at; a larger value includes the smaller."""

    READS = 0
    CONSUMES = 1
    DESTROYS = 2

    @property
    def label(self) -> str:
        """Return the word that messages use."""
        return self.name.lower()


class Need:
    """Base of the frozen, hashable values that rules ask with.

    ``kind`` names the collector that answers; equal needs are asked once.
    """

    kind: ClassVar[str]
    #: the class of the fact that answers it
    answer: ClassVar[type]
    effect: ClassVar[Effect] = Effect.READS
    #: False for what is read from the user's own files, where no environment is needed
    live: ClassVar[bool] = True
    #: False for what can be seen although the environment is not ready
    after_ready: ClassVar[bool] = True
    #: True for what is looked at after all else, and only where the run was told to
    last: ClassVar[bool] = False
    #: True for what is asked before others of its effect, because its answer may answer them as well
    tells_more: ClassVar[bool] = False
    #: True for what is asked after everything else that writes: it may leave a system that is not well
    closing: ClassVar[bool] = False
    #: True for what stops a part of the system: only the reference can be broken
    breaking: ClassVar[bool] = False
    #: True for what is no look at the world: it sums up what the run has judged, and no collector is asked
    sums: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """The answer to a need that could not be met."""

    reason: str
