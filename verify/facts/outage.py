"""What a system says of itself while one of its dependencies is stopped, and after it is back."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One dependency, stopped and started again.

    ``during`` is the last health answer while it was stopped, ``alive`` the liveness answer
    then, None where no liveness was asked; ``after`` is the last health answer once it was
    back, ``recovered`` the time until that was good again, None where it never was.
    """

    dependency: str
    during: Exchange
    alive: Exchange | None = None
    after: Exchange
    recovered: Duration | None = field(default=seconds(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Need):
    """Ask for the stated dependency to be stopped, looked at, and started again.

    ``dependency`` is its stated name; ``good`` are the statuses of a well system, at ``path``;
    ``within`` is the time to notice each change.
    """

    kind: ClassVar[str] = "outage"
    answer: ClassVar[type] = Outage
    effect: ClassVar[Effect] = Effect.DESTROYS
    breaking: ClassVar[bool] = True

    dependency: str
    path: str
    good: tuple[int, ...] = (200,)
    liveness: str = ""
    within: Duration = field(default=seconds(10))
