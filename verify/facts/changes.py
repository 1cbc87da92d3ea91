"""When files of the team's were changed last."""

from dataclasses import dataclass
from typing import ClassVar

from verify.model.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The newest change of ``count`` files: that of ``path``, at a Unix time; None where there is no file.

    ``told`` says who knows: ``git``, or ``the file`` itself.
    """

    count: int
    path: str = ""
    changed: float | None = None
    told: str = ""


@dataclass(frozen=True, slots=True)
class LastChange(Need):
    """Ask when the newest of the files was changed that ``patterns`` match, below the contract's folder."""

    kind: ClassVar[str] = "changes"
    answer: ClassVar[type] = Changes
    after_ready: ClassVar[bool] = False

    patterns: tuple[str, ...]
