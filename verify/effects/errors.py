"""What can go wrong while the world is looked at or touched.

EffectError
├── Refused        protection or budget says no; nothing was sent
├── Unreachable    a request brought nothing usable back
├── ProcessError   a program could not be started or used
└── FileError      a file is missing or is not what was expected
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.facts.http import Exchange


class EffectError(Exception):
    """The root: what was attempted, what was expected, what to do."""


class Refused(EffectError):  # noqa: N818 - it is an answer, not a mistake of the program
    """Protection or budget says no: ``request`` was not sent because of ``reason``.

    ``seen`` are the exchanges that came before it when redirects were followed.
    """

    def __init__(self, request: str, reason: str, *, seen: "tuple[Exchange, ...]" = ()) -> None:
        """Keep the parts beside the message."""
        super().__init__(f"{request}: refused, nothing was sent: {reason}")
        self.request = request
        self.reason = reason
        self.seen = seen


class Unreachable(EffectError):  # noqa: N818 - it is something seen, not a mistake of the program
    """Nothing usable came back for ``request``.

    ``reason`` is one line: ``connection refused``, ``name not found``, ``certificate: …``,
    ``deadline of 5s passed while …``, ``broken protocol: …``. ``transient`` says whether
    waiting may help. ``seen`` are the exchanges that came before, where redirects were followed.
    """

    def __init__(
        self, request: str, reason: str, *, transient: bool, seen: "tuple[Exchange, ...]" = ()
    ) -> None:
        """Keep the parts beside the message."""
        super().__init__(f"{request}: no usable answer: {reason}")
        self.request = request
        self.reason = reason
        self.transient = transient
        self.seen = seen


class ProcessError(EffectError):
    """A program could not be started or used; the message names it and what to do."""


class FileError(EffectError):
    """A file cannot be used; the message is ``path: expected …, found …``."""
