"""A quota counted out: as many requests as it allows, and then one more."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Effect, Need
from verify.model.units import Duration, Rate, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of the requests.

    ``passed`` were answered before the first refusal, ``last`` is that refusal, or the
    answer to the request above the quota where nothing was refused; ``took`` runs from the
    first request to that answer.
    """

    passed: int
    last: Exchange
    took: Duration = field(default=seconds(0))

    @property
    def wait(self) -> int | None:
        """Return the seconds of the last answer's Retry-After, None where it says none."""
        value = self.last.header("Retry-After") or ""
        return int(value) if value.isascii() and value.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOut(Need):
    """Ask for ``count`` requests and one more, none refused with ``status`` but the last.

    ``pace`` is for one client address; ``addresses`` are the loopback addresses that the
    requests are spread over where the system is the reference, one everywhere else.
    """

    kind: ClassVar[str] = "quota"
    answer: ClassVar[type] = Counted
    effect: ClassVar[Effect] = Effect.CONSUMES

    path: str
    count: int
    pace: Rate
    status: int = 429
    account: str | None = None
    addresses: int = 1
