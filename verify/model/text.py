"""Texts for one line of a report."""

#: the mark of what was left out: by it alone the redactor tells that a secret beside it may have been cut
OMITTED = "…"


def abridged(text: str, most: int = 80) -> str:
    """Return at most ``most`` characters of ``text``, the last of them a mark where it was cut."""
    return text if len(text) <= most else text[: most - 1] + OMITTED
