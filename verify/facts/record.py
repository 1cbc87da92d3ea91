"""What earlier runs wrote down of their drills: the file of metrics, or a verdict."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from verify.facts.files import ParseError
from verify.facts.prometheus import MetricsError, parse
from verify.model.need import Need
from verify.model.place import Place

SUCCESS = "deploy_verify_backup_last_success_timestamp_seconds"
_LINE = "line "
#: the rule that nothing but a drill which succeeded satisfies
_DRILL = "backup/restores"


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """One drill that succeeded: at the Unix time ``at``, of ``system`` in ``environment``.

    ``name`` is the backup's by a file of metrics, the claim's by a verdict.
    """

    name: str
    at: float
    system: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the file ``path`` said at the Unix time ``at``; ``kind`` is "" where there is no file."""

    path: str
    at: float
    kind: Literal["", "metrics", "verdict"] = ""
    successes: tuple[Success, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Need):
    """Ask what the file at ``path``, below the contract's folder, says of earlier drills."""

    kind: ClassVar[str] = "record"
    answer: ClassVar[type] = Records
    live: ClassVar[bool] = False
    after_ready: ClassVar[bool] = False

    path: str


def read(path: str, text: str, at: float) -> Records:
    """Return what the file says; raise ``ParseError`` at the first thing that is not of its format."""
    if text.lstrip()[:1] == "{":
        return Records(path=path, at=at, kind="verdict", successes=_of_verdict(path, text))
    try:
        families = parse(text)
    except MetricsError as error:
        line, _, what = str(error).removeprefix(_LINE).partition(": ")
        raise ParseError(Place(path, int(line), 1), what) from None
    if not text.rstrip().endswith("# EOF"):
        last = text.count("\n") + 1
        raise ParseError(Place(path, last, 1), "`# EOF` is missing: the file was cut")
    family = families.get(SUCCESS)
    return Records(
        path=path,
        at=at,
        kind="metrics",
        successes=tuple(
            Success(
                name=labels.get("backup", ""),
                at=value,
                system=labels.get("system", ""),
                environment=labels.get("environment", ""),
            )
            for _, labels, value in (family.samples if family else ())
        ),
    )


def _of_verdict(path: str, text: str) -> tuple[Success, ...]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ParseError(Place(path, error.lineno, error.colno), f"no JSON: {error.msg}") from None
    try:
        return tuple(_successes(document))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = "expected the verdict.json of a run"
        raise ParseError(Place(path, 1, 1), f"{what}: {type(error).__name__}: {error}") from None


def _successes(document: Mapping[str, Any]) -> list[Success]:
    """Return each claim that holds by a drill, on facts of that run itself."""
    run = document["run"]
    began = dt.datetime.fromisoformat(run["started"])
    environment = document["environment"]
    if run["evidence"] is not None or environment is None:
        return []
    return [
        Success(
            name=str(claim["id"]),
            at=began.timestamp() + float(run["seconds"]),
            system=str(document["system"]),
            environment=str(environment["name"]),
        )
        for claim in document["claims"]
        if claim["outcome"] == "holds" and any(check["rule"] == _DRILL for check in claim["checks"])
    ]
