"""What can go wrong with the reference.

ReferenceSystemError
├── Missing        a program or library is not installed
├── StartFailed    a part did not come up; carries its last log lines
└── UnknownFault   no fault of this name
"""


class ReferenceSystemError(Exception):
    """The reference cannot do what was asked; the message says what to do."""


class Missing(ReferenceSystemError):
    """A program or library that the reference needs is not installed."""


class StartFailed(ReferenceSystemError):
    """A part did not become ready in time, or ended."""


class UnknownFault(ReferenceSystemError):
    """A fault was named that does not exist."""
