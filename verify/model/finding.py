"""What a rule may say: a thing wrong, one it could not see, a value, or that nothing is to be judged."""

from dataclasses import dataclass

from verify.model.place import Place
from verify.model.units import Duration


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong.

    ``at`` is a file position, a request such as ``GET https://…`` or a name; ``stated``
    and ``seen`` are the two values that differ, as text; ``fix`` says what to do where
    it is more special than the rule's own Fix section.
    """

    at: Place | str
    message: str
    stated: str = ""
    seen: str = ""
    fix: str = ""

    def __post_init__(self) -> None:
        """Keep what is shown as text, so that every report writes the same."""
        object.__setattr__(self, "stated", str(self.stated))
        object.__setattr__(self, "seen", str(self.seen))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be judged, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no subject here, and why: inconclusive for a claim, not applicable on the baseline."""

    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A value the rule looked at, beside its limit where it has one.

    ``better`` says in which direction the value is good: the margin is the distance to
    the limit as a share of it, negative when it is missed.
    """

    value: object
    limit: object = None
    what: str = ""
    better: str = "lower"

    @property
    def margin(self) -> float | None:
        """Return the share of the limit that is left, or None where none can be given."""
        if not isinstance(self.limit, int | float) or not isinstance(self.value, int | float):
            return None
        if isinstance(self.limit, bool) or isinstance(self.value, bool) or not self.limit:
            return None
        share = (float(self.limit) - float(self.value)) / float(self.limit)
        return share if self.better == "lower" else -share

    @property
    def shown(self) -> str:
        """Return the value as text, exactly enough to see on which side of the limit it lies."""
        return self.value.beside(self.limit) if isinstance(self.value, Duration) else str(self.value)

    def __str__(self) -> str:
        """Write value and limit on one line."""
        label = f"{self.what} " if self.what else ""
        sign = "≤" if self.better == "lower" else "≥"
        return f"{label}{self.shown}" + (f" ({sign} {self.limit})" if self.limit is not None else "")
