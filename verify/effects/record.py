"""What a clean-up journal says: one JSON object a line, read back without trusting it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

#: the environment variable that a recorded process is started with; its value is the run id
MARKER = "VERIFY_RUN_ID"
#: the file that marks a folder as created by a run; it holds the run id
OWNED = ".verify-owned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One planned resource: ``planned`` before it was created, ``made`` after, None if it never was.

    ``at`` is the Unix time of planning.
    """

    run_id: str
    id: int
    kind: str
    at: float
    planned: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, Any] | None = None
    gone: bool = False

    @property
    def details(self) -> dict[str, Any]:
        """Return what was planned, completed by what was made of it."""
        return {**self.planned, **(self.made or {})}


def parse(run_id: str, text: bytes) -> tuple[list[Record], list[int]]:
    """Return the records of a journal and the numbers of the lines that cannot be read.

    A last line without its end was cut off while it was written: what it announced was not
    created yet, or its plan stands above, so it is left out silently.
    """
    records: dict[int, Record] = {}
    unread: list[int] = []
    lines = text.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            event = json.loads(line)
            _apply(records, run_id, event)
        except (ValueError, KeyError, TypeError, RecursionError):
            unread.append(number)
    return list(records.values()), unread


def parse_runner(text: bytes) -> tuple[int, int, str] | None:
    """Return pid, start and boot id of the run's own process, or None where they cannot be read."""
    try:
        event = json.loads(text.partition(b"\n")[0])
        return int(event["pid"]), int(event["start"]), str(event["boot"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _apply(records: dict[int, Record], run_id: str, event: dict[str, Any]) -> None:
    if event["event"] == "run":
        return
    number = int(event["id"])
    if event["event"] == "plan":
        records[number] = Record(
            run_id=run_id,
            id=number,
            kind=str(event["kind"]),
            at=float(event["at"]),
            planned=dict(event["details"]),
        )
    elif event["event"] == "made":
        records[number] = replace(records[number], made=dict(event["details"]))
    elif event["event"] == "gone":
        records[number] = replace(records[number], gone=True)
    else:
        raise ValueError(event["event"])
