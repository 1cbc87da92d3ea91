"""How long the workflows of a pipeline took, as GitHub's REST API tells it."""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from verify.model.need import Need
from verify.model.units import Duration, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One successful run of a workflow, or of one job in it: when it began, as Unix time, what it took."""

    id: int
    at: float
    took: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The newest successful runs, newest first, of the ``looked`` that were asked for.

    ``again`` were attempted more than once: what they took is the last attempt's alone, so that they
    are not among ``ran``. ``jobs`` are the names of the newest run's, where a job was asked for.
    """

    place: str
    ran: tuple[Ran, ...] = ()
    looked: int = 0
    again: int = 0
    jobs: tuple[str, ...] = ()

    @property
    def slowest(self) -> Ran:
        """Return the one that took longest."""
        return max(self.ran, key=lambda each: each.took)

    @property
    def median(self) -> Duration:
        """Return what half of them took at most."""
        return seconds(statistics.median(float(each.took) for each in self.ran))


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations(Need):
    """Ask what the newest successful runs of a workflow took, or those of its ``job``."""

    kind: ClassVar[str] = "pipeline"
    answer: ClassVar[type] = Runs
    after_ready: ClassVar[bool] = False

    workflow: str
    job: str = ""
    newest: int = 10


def runs_in(document: object) -> tuple[list[Ran], int]:
    """Return the runs of an answer, and how many were attempted again.

    Raise ``ValueError`` for another shape.
    """
    listed = list(_listed(document, "workflow_runs"))
    once = [each for each in listed if each.get("run_attempt", 1) == 1]
    return [_ran(each, "run_started_at", "updated_at") for each in once], len(listed) - len(once)


def jobs_in(document: object) -> tuple[str, ...]:
    """Return the names of the jobs in an answer; raise ``ValueError`` for another shape."""
    return tuple(str(each.get("name", "")) for each in _listed(document, "jobs"))


def job_in(document: object, name: str, run: int) -> Ran | None:
    """Return the job called ``name``, all of a matrix together; None where it did not run to a good end.

    Raise ``ValueError`` for another shape.
    """
    found = [each for each in _listed(document, "jobs") if _is(name, str(each.get("name", "")))]
    if not found or any(each.get("conclusion") != "success" for each in found):
        return None
    parts = [_ran(each, "started_at", "completed_at") for each in found]
    began = min(each.at for each in parts)
    ended = max(each.at + float(each.took) for each in parts)
    return Ran(id=run, at=began, took=seconds(ended - began))


def _is(name: str, seen: str) -> bool:
    """Tell whether a job bears a name: of a matrix, ``build (3.12)`` is one of ``build``."""
    return seen == name or seen.startswith(f"{name} (")


def _listed(document: object, member: str) -> Iterator[Mapping[str, Any]]:
    listed = document.get(member) if isinstance(document, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        raise ValueError(f"expected an object with a list {member!r}")
    yield from listed


def _ran(each: Mapping[str, Any], began: str, ended: str) -> Ran:
    try:
        start, end = (datetime.fromisoformat(each[name]).timestamp() for name in (began, ended))
        number = int(each["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected `id`, `{began}` and `{ended}`, found no such: {error!r}") from None
    return Ran(id=number, at=start, took=seconds(max(0.0, end - start)))
