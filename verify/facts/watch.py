"""The blockers of a green gate, judged again and again for a time."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.model.need import Need
from verify.model.units import Duration, Ratio, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How watching ended.

    ``judged`` counts checks over all ``rounds``, ``failed`` those that did not hold, of which
    ``examples`` name some; ``took`` runs to the end of the last round; ``spent`` tells that
    the error budget was used up, ``stopped`` why else watching ended before ``planned``.
    """

    rounds: int
    judged: int
    failed: int = 0
    planned: Duration = field(default=seconds(0))
    took: Duration = field(default=seconds(0))
    spent: bool = False
    stopped: str = ""
    rules: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def errors(self) -> Ratio:
        """Return the share of the checks that failed."""
        return Ratio(self.failed / self.judged if self.judged else 0.0)


@dataclass(frozen=True, slots=True)
class Watch(Need):
    """Ask for the blockers of this run to be watched, as long and as often as the run was told to."""

    kind: ClassVar[str] = "watch"
    answer: ClassVar[type] = Watched
    last: ClassVar[bool] = True
