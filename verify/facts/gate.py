"""How the claims of a suite came out in this run: nothing of the world is looked at for it."""

from dataclasses import dataclass
from typing import ClassVar

from verify.model.need import Need
from verify.model.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One claim: how it came out, and the first words that say why it does not hold."""

    claim: str
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The claims of one suite, but for what sums others up and what is only watched.

    ``elsewhere`` are not judged in this environment, ``left_out`` are those that the run was told
    to leave out.
    """

    suite: str
    claims: tuple[Told, ...] = ()
    elsewhere: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def named(self, outcome: Outcome) -> tuple[str, ...]:
        """Return the claims that came out so."""
        return tuple(each.claim for each in self.claims if each.outcome is outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Need):
    """Ask how the other claims of ``suite`` came out; answered once they are judged."""

    kind: ClassVar[str] = "gate"
    answer: ClassVar[type] = Gate
    after_ready: ClassVar[bool] = False
    sums: ClassVar[bool] = True

    suite: str
