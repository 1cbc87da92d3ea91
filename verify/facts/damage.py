"""What a team's own restore does with backups that are damaged."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds

#: ``whole`` is no damage: a restore that refuses that one too shows nothing by refusing
Damage = Literal["whole", "missing", "cut", "flipped"]
DAMAGES: tuple[Damage, ...] = ("whole", "missing", "cut", "flipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of the restore into a database that held a table of ours.

    ``returncode`` is None where it had not ended by its deadline; ``words`` are its last words,
    redacted; ``changed`` is what the database held otherwise afterwards, "" for nothing.
    """

    damage: Damage
    returncode: int | None
    words: str = ""
    changed: str = ""
    took: Duration = field(default=seconds(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """The attempts with one backup, ``artefact`` by its key of ``size`` bytes.

    ``cut`` is after how many bytes it was cut, ``flipped`` the byte of which one bit was turned.
    """

    backup: str
    artefact: str
    size: int
    cut: int
    flipped: int
    attempts: tuple[Attempt, ...] = ()

    def of(self, damage: Damage) -> Attempt | None:
        """Return the attempt with ``damage``, if there was one."""
        return next((each for each in self.attempts if each.damage == damage), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged(Need):
    """Ask what the restore of this backup does with damaged copies of its newest artefact."""

    kind: ClassVar[str] = "damaged"
    answer: ClassVar[type] = Refusals
    effect: ClassVar[Effect] = Effect.DESTROYS
    after_ready: ClassVar[bool] = False

    backup: str
