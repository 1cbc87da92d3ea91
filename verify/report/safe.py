"""Takes secrets and dangerous text out of a run before any report is made from it."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from verify.effects.redact import Redactor
from verify.report.drills import drilled
from verify.report.text import clean
from verify.run.record import Row, Run

_Safe = TypeVar("_Safe", Run, Row)
#: words of our own that decide how something is shown
_OWN = frozenset({"severity", "better", "kind", "digest"})


def safe(value: _Safe, redactor: Redactor) -> _Safe:
    """Return the run, or one row of it, with every text redacted, cleaned and bounded.

    The facts are left out: only the evidence holds them. What drills of backups did, step by step,
    is kept. Doing it again changes nothing.
    """
    made: _Safe = _made(value, redactor)
    changes: dict[str, Any] = {}
    if isinstance(value, Run):
        changes["answers"] = {need: _made(trip, redactor) for need, trip in drilled(value.answers).items()}
    return dataclasses.replace(made, **changes)


def _made(value: Any, redactor: Redactor) -> Any:
    if value is None or isinstance(value, Enum | bool | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: _made(getattr(value, field.name), redactor)
            for field in dataclasses.fields(value)
            if field.name not in _OWN
        }
        return dataclasses.replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(_made(each, redactor) for each in value)
    if isinstance(value, Mapping):
        return {}
    # redacted before it is cut: half a secret is one too
    return clean(redactor.text(value if isinstance(value, str) else str(value)))
