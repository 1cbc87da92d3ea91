"""How a system came back from a disaster by its team's own means."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.facts.backup import RoundTrip, Step
from verify.facts.http import Exchange
from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """One disaster and what was done about it.

    ``backup`` is the round trip of what there is to recover from, None where nothing is restored;
    ``during`` is the answer after the disaster, ``after`` the last one; ``took`` runs from the
    decision to recover, which follows the disaster, to the first of the good answers that last;
    ``recovered`` says whether there were any.
    """

    drill: str
    backup: RoundTrip | None = None
    steps: tuple[Step, ...] = ()
    during: Exchange | None = None
    after: Exchange | None = None
    recovered: bool = False
    took: Duration = field(default=seconds(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recover(Need):
    """Ask for the drill of this name, given up ``within`` that time after the decision."""

    kind: ClassVar[str] = "recovery"
    answer: ClassVar[type] = Recovery
    effect: ClassVar[Effect] = Effect.DESTROYS
    closing: ClassVar[bool] = True

    drill: str
    within: Duration = field(default=seconds(900))
