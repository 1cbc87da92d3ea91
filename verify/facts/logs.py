"""What a system wrote into its log about something that was done to it."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from verify.facts.body import Difference, compare, shortened
from verify.facts.flow import Walk
from verify.facts.http import Exchange
from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds

#: what a field may be stated to be, beside the kinds of JSON
TIMESTAMP, LEVEL = "timestamp", "level"
LEVELS = frozenset({"debug", "info", "notice", "warn", "warning", "error", "critical", "fatal", "exception"})
#: ISO 8601 in UTC with at least milliseconds
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3,9}(Z|\+00:?00)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Two requests and the lines that name them: one sent with an id of ours, one without any.

    ``given`` is the id sent, ``made`` what the other answer says its own is; ``odd`` are some
    of the lines, of whoever, that are no JSON objects.
    """

    given: str
    marked: Exchange
    lines: tuple[str, ...] = ()
    plain: Exchange
    made: str | None = None
    plain_lines: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Need):
    """Ask ``path`` once with an id in ``header`` and once without, and for what is logged of both."""

    kind: ClassVar[str] = "logs"
    answer: ClassVar[type] = Logged

    path: str
    header: str = "X-Request-ID"
    account: str | None = None
    within: Duration = field(default=seconds(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks:
    """Where canary values came up again: ``sent`` are the places they were sent in.

    ``logged`` and ``answered`` are those whose value was in the log, or in an answer.
    """

    sent: tuple[str, ...]
    logged: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    url: str = "https://system.example/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak(Need):
    """Ask ``path`` with made-up secrets in query, header and cookie, and ``post`` with one in its body."""

    kind: ClassVar[str] = "logs"
    answer: ClassVar[type] = Leaks
    effect: ClassVar[Effect] = Effect.DESTROYS

    path: str
    post: str
    member: str
    header: str = "X-Request-ID"
    within: Duration = field(default=seconds(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A flow that was walked, the lines written meanwhile, and the names of secrets found in them."""

    walk: Walk
    lines: tuple[str, ...] = ()
    leaked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Need):
    """Ask for a stated flow to be walked, and for what is logged meanwhile."""

    kind: ClassVar[str] = "logs"
    answer: ClassVar[type] = Recorded
    effect: ClassVar[Effect] = Effect.DESTROYS
    tells_more: ClassVar[bool] = True

    flow: str
    header: str = "X-Request-ID"
    within: Duration = field(default=seconds(5))


def parsed(line: str) -> dict[str, Any] | None:
    """Return the JSON object that a line is, None where it is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def differences(line: Mapping[str, Any], stated: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield (message, stated, seen) for each field of a line that is not as stated.

    A stated value is a kind of JSON, ``timestamp``, ``level``, or the value itself.
    """
    formats = {name: kind for name, kind in stated.items() if kind in (TIMESTAMP, LEVEL)}
    yield from compare(line, {name: kind for name, kind in stated.items() if name not in formats}, "")
    for name, kind in formats.items():
        if name not in line:
            yield f"{name} is missing", kind, "absent"
        elif kind == TIMESTAMP and not is_timestamp(line[name]):
            yield f"{name} is no time in UTC", "ISO 8601, UTC, milliseconds", shortened(line[name])
        elif kind == LEVEL and str(line[name]).lower() not in LEVELS:
            yield f"{name} is no level", "a level such as info", shortened(line[name])


def is_timestamp(value: object) -> bool:
    """Tell whether a value is a time in UTC, ISO 8601 with at least milliseconds."""
    if not isinstance(value, str) or _STAMP.fullmatch(value) is None:
        return False
    try:
        dt.datetime.fromisoformat(value[:19])
    except ValueError:
        return False
    return True
