"""What a migration backwards, and forwards again, leaves of a database."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.facts.equality import Difference
from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command of the team's: its words and variables, placeholders not filled, and its deadline."""

    run: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    within: Duration = field(default=seconds(900))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one of the two programs ended: None where it had not by its deadline; its last words, redacted."""

    returncode: int | None
    took: Duration = field(default=seconds(0))
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A copy of the newest backup, ``artefact``, that was migrated back and forth.

    ``forth`` is None where the way back failed. ``changed`` says whether anything was otherwise after
    the way back; ``differences`` is what of the ``facts`` of the schema was otherwise at the end.
    """

    backup: str
    artefact: str
    back: Way
    forth: Way | None = None
    changed: bool = False
    facts: int = 0
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse(Need):
    """Ask for the newest backup to be restored into a place of ours, and migrated back and forth."""

    kind: ClassVar[str] = "reverse"
    answer: ClassVar[type] = Reversal
    effect: ClassVar[Effect] = Effect.DESTROYS
    after_ready: ClassVar[bool] = False

    backup: str
    back: Program
    forth: Program
