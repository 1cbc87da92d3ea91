"""Many equal requests at a stated pace, to see where an address is refused."""

from dataclasses import dataclass, field
from typing import ClassVar

from verify.model.need import Effect, Need
from verify.model.units import Duration, Rate, seconds

_SERVER_ERROR = 500
#: what sending a burst, and resting from it, may take
LONGEST = seconds(300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One answer of a burst: when it was sent after the first, status, Retry-After."""

    sent: Duration
    status: int
    retry_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volley:
    """The answers of a burst in the order of sending."""

    shots: tuple[Shot, ...]
    url: str = "https://system.example/"
    method: str = "GET"

    @property
    def place(self) -> str:
        """Return the request as findings name it."""
        return f"{self.method} {self.url} ({len(self.shots)} times)"

    def refused(self, status: int) -> tuple[Shot, ...]:
        """Return the answers with the stated refusal."""
        return tuple(shot for shot in self.shots if shot.status == status)

    def strange(self, refusal: int) -> tuple[Shot, ...]:
        """Return the answers that show neither service nor the stated refusal."""
        odd = {404, 429}  # not there; refused by another limit
        return tuple(
            shot
            for shot in self.shots
            if shot.status != refusal and (shot.status in odd or shot.status >= _SERVER_ERROR)
        )

    @property
    def pace(self) -> Rate:
        """Return the requests a second that were really sent."""
        span = max((shot.sent for shot in self.shots), default=seconds(0))
        return Rate((len(self.shots) - 1) / span if span and len(self.shots) > 1 else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst(Need):
    """Ask for ``count`` requests at ``pace``; it uses up quota, so it runs alone.

    ``rest`` is how long the limit needs to forget a burst that was refused.
    """

    kind: ClassVar[str] = "burst"
    answer: ClassVar[type] = Volley
    effect: ClassVar[Effect] = Effect.CONSUMES

    path: str
    count: int
    pace: Rate
    method: str = "GET"
    account: str | None = None
    rest: Duration = field(default=seconds(0))

    @property
    def takes(self) -> Duration:
        """Return how long it keeps the run, the rest after it included."""
        return Duration((self.count - 1) / self.pace + self.rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBurst(Burst):
    """The same with a method that may write, so it needs to be allowed like every write."""

    effect: ClassVar[Effect] = Effect.DESTROYS


def burst_of(method: str) -> type[Burst]:
    """Return the need for a burst of requests with ``method``."""
    return Burst if method == "GET" else WriteBurst


def brief(burst: Burst) -> None:
    """Raise ``ValueError`` where ``burst`` keeps the run longer than anybody expects of it."""
    if burst.takes > LONGEST:
        raise ValueError(
            f"{burst.count} requests at {burst.pace} and the rest after them take "
            f"{burst.takes.beside(LONGEST)}, at most {LONGEST} are spent: state a smaller `burst`, or count "
            "a limit of minutes, hours or days out with `quota/counted`"
        )
