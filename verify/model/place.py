"""Where something stands: a position in a file, or a request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position; ``line`` and ``column`` count from 1, 0 meaning the whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Write ``file:line:column``, leaving out what is not known."""
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)
