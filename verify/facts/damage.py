"""What a team's own restore does with backups that are damaged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds

#: ``page`` is what a proxy answers instead of an object, ``swapped`` another backup under this one's name
Damage = Literal[
    "missing", "empty", "cut", "clipped", "flipped-head", "flipped-middle", "flipped-end", "page", "swapped"
]
DAMAGES: tuple[Damage, ...] = (
    "missing", "empty", "cut", "clipped", "flipped-head", "flipped-middle", "flipped-end", "page", "swapped",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of the restore into a database that held a table of ours.

    ``damage`` says in words what was done to the backup, "" for nothing; ``returncode`` is None where
    it had not ended by its deadline; ``words`` are its last words, redacted; ``changed`` is what the
    database held otherwise afterwards, "" for nothing.
    """

    damage: str = ""
    returncode: int | None
    words: str = ""
    changed: str = ""
    took: Duration = field(default=seconds(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """The attempts with one backup, ``artefact`` by its key of ``size`` bytes.

    ``whole`` is the one with what is stored: a restore that refuses that too shows nothing by refusing.
    ``attempts`` are by what was damaged; ``untried`` says why a damage could not be done.
    """

    backup: str
    artefact: str
    size: int
    whole: Attempt
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged(Need):
    """Ask what the restore of this backup does with damaged copies of its newest artefact."""

    kind: ClassVar[str] = "damaged"
    answer: ClassVar[type] = Refusals
    effect: ClassVar[Effect] = Effect.DESTROYS
    after_ready: ClassVar[bool] = False

    backup: str
    damages: tuple[Damage, ...] = DAMAGES
