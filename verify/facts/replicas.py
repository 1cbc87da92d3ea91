"""The versions that several connections show, to see whether all replicas run the same release."""

from dataclasses import dataclass
from typing import ClassVar

from verify.model.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What each connection showed, in order; None where an answer showed no version.

    ``statuses`` are the answers' own, in the same order.
    """

    shown: tuple[str | None, ...]
    statuses: tuple[int, ...] = ()
    url: str = "GET https://system.example/health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Need):
    """Ask for the version ``count`` times, each over a connection of its own."""

    kind: ClassVar[str] = "replicas"
    answer: ClassVar[type] = Versions

    count: int
