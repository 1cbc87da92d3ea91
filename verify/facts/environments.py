"""What several environments say of themselves, to see whether they are really several."""

from dataclasses import dataclass
from typing import ClassVar

from verify.model.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One environment: its host, what its probe says, whether its key begins as stated.

    ``addresses`` are where the host lies: an IP address and port each, as they were looked up.
    ``identity`` and ``key`` are None where they were not asked for, or not found; ``status``
    is that of the probe's answer, 0 where nothing was asked; the key itself is never kept.
    """

    name: str
    host: str
    identity: str | None = None
    key: bool | None = None
    status: int = 0
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The environments, in the order they are stated."""

    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare(Need):
    """Look each environment's host up, and ask its path ``probe`` once, as nobody in particular.

    ``member`` is where the answer shows the identity, ``header`` names one that does instead.
    ``keys`` are (environment, where, prefix): where is a member of the same answer, or the
    ``$NAME`` of a variable.
    """

    kind: ClassVar[str] = "environments"
    answer: ClassVar[type] = Sides

    environments: tuple[str, ...]
    probe: str = ""
    member: str = ""
    header: str = ""
    keys: tuple[tuple[str, str, str], ...] = ()
