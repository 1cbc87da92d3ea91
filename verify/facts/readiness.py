"""Whether the environment became ready, asked once before everything else."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Need
from verify.model.units import Duration, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How waiting for the environment ended.

    ``took`` runs to the last of the good answers in a row, or to the end of waiting, ``within``
    being the time that the environment states for it;
    ``version`` is the release that answered and ``expected`` the one that was asked
    for, None where none was; ``reason`` says why it is not ready.
    """

    ready: bool
    took: Duration = field(default=seconds(0))
    within: Duration = field(default=seconds(180))
    attempts: int = 1
    url: str = "https://system.example/health"
    version: str | None = None
    expected: str | None = None
    last: Exchange | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ready(Need):
    """Ask whether the environment is ready, as its own ``readiness:`` defines it."""

    kind: ClassVar[str] = "readiness"
    answer: ClassVar[type] = Readiness
    after_ready: ClassVar[bool] = False
