"""The same request several times, one after the other: what a cache on the way does with it."""

from dataclasses import dataclass
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """The answers in the order of asking."""

    answers: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again(Need):
    """Ask for ``path`` ``times`` times in a row; answered by ``Repeated``.

    ``origin`` is empty for the environment's own address, else a declared one.
    """

    kind: ClassVar[str] = "again"
    answer: ClassVar[type] = Repeated

    path: str
    origin: str = ""
    times: int = 2
