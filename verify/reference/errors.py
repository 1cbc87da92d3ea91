"""What can go wrong with the reference.

ReferenceSystemError
├── MissingError        a program or library is not installed
├── StartError          a part did not come up; carries its last log lines
└── UnknownFaultError   no fault of this name
"""


class ReferenceSystemError(Exception):
    """The reference cannot do what was asked; the message says what to do."""


class MissingError(ReferenceSystemError):
    """A program or library that the reference needs is not installed."""


class StartError(ReferenceSystemError):
    """A part did not become ready in time, or ended."""


class UnknownFaultError(ReferenceSystemError):
    """A fault was named that does not exist."""
