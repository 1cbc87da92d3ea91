"""What is wrong with a contract, and where.

Exception
└── ContractError    every problem of one file
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.model.place import Place

if TYPE_CHECKING:
    from verify.contract.readable import Readable

#: each stage of reading tells no more: nobody reads them, and a hostile file could cause very many
MOST = 200


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong at one place; ``hint`` says what to do."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Write ``verify.yaml:14:5: message: hint``."""
        return f"{self.place}: {self.message}" + (f": {self.hint}" if self.hint else "")


def unlisted(place: Place, number: int, what: str = "problems") -> list[Problem]:
    """Return what is said of ``number`` problems that a stage found and does not list."""
    are = "is" if number == 1 else "are"
    what = what.replace("problems", "problem", 1) if number == 1 else what
    return [Problem(place, f"{number} more {what} {are} not listed")] if number else []


class ContractError(Exception):
    """A contract that cannot be used; ``problems`` holds all of them, sorted by place.

    ``readable`` is what can be judged all the same, None where nothing can.
    """

    def __init__(self, problems: Iterable[Problem], readable: "Readable | None" = None) -> None:
        """Keep each different problem once, in the order of the file."""
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        self.readable = readable
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Write the number of problems, then each on its own line."""
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        return "\n".join([f"{head} in the contract", *(str(problem) for problem in self.problems)])
