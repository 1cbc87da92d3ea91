"""What GitHub's REST API tells of one workflow: its runs, and the jobs of each."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from verify.reference.behaviour import Behaviour
from verify.reference.server.http import Answer, Environ, json_answer

WORKFLOW = "deploy.yml"
#: the jobs of a run, one after the other, and what each takes in seconds
_JOBS = {"build": 205, "deploy": 170}
_RUNS, _EVERY = 40, 6 * 3600
_FAILED, _REPEATED = 3, 5  # the how-manieth run failed, and was attempted twice
_PAGE, _LARGEST = 30, 100
_PATH = re.compile(
    r"/repos/[^/]+/[^/]+/actions/(?:workflows/(?P<workflow>[^/]+)/runs|runs/(?P<run>\d+)/jobs)"
)
_KNOWN = "staff"  # whose token may read it


class Forge:
    """Answers below ``base`` whoever may read the repository, whichever it is."""

    def __init__(self, base: str) -> None:
        """Take the paths below ``base``."""
        self.base = base.rstrip("/")

    def answer(self, environ: Environ, behaviour: Behaviour, user: str | None) -> Answer:
        """Return the answer, in GitHub's words where it is none."""
        if user != _KNOWN:
            return json_answer(401, {"message": "Bad credentials", "status": "401"})
        asked = _PATH.fullmatch(environ["PATH_INFO"].removeprefix(self.base))
        number = int((asked and asked["run"]) or 0)
        query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        slowed = behaviour.pipeline_slowed
        if asked and asked["workflow"] == WORKFLOW:
            wanted = query.get("status")
            runs = [
                run
                for run in (_run(number, slowed) for number in range(_RUNS, 0, -1))
                if wanted in {None, run["conclusion"], run["status"]}
            ]
            return json_answer(200, {"total_count": len(runs), "workflow_runs": _page(runs, query)})
        if 1 <= number <= _RUNS:
            jobs = list(_jobs(number, slowed))
            return json_answer(200, {"total_count": len(jobs), "jobs": _page(jobs, query)})
        return json_answer(404, {"message": "Not Found", "status": "404"})


def _run(number: int, slowed: float) -> dict[str, Any]:
    jobs = list(_jobs(number, slowed))
    attempt = 2 if number % _RUNS == _RUNS - _REPEATED else 1
    return {
        "id": number,
        "run_number": number,
        "run_attempt": attempt,
        "path": f".github/workflows/{WORKFLOW}",
        "status": "completed",
        "conclusion": jobs[-1]["conclusion"],
        "created_at": jobs[0]["started_at"],
        "run_started_at": jobs[0]["started_at"],
        "updated_at": jobs[-1]["completed_at"],
    }


def _jobs(number: int, slowed: float) -> Iterator[dict[str, Any]]:
    """Yield the jobs of a run; the newest began some hours ago, and each takes a little more or less."""
    now = time.time()
    at = now - now % _EVERY - (_RUNS - number + 1) * _EVERY
    failed = number == _RUNS - _FAILED
    for name, usual in _JOBS.items():
        took = (usual + number * 37 % 60) * slowed
        conclusion = "failure" if failed and name == "deploy" else "success"
        yield {
            "id": number * 10 + len(name),
            "run_id": number,
            "name": name,
            "status": "completed",
            "conclusion": conclusion,
            "started_at": _moment(at),
            "completed_at": _moment(at + took),
        }
        at += took + 5


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _page(listed: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    """Return the page that is asked for."""
    size, page = (
        int(text) if (text := query.get(name, "")).isdecimal() else usual
        for name, usual in (("per_page", _PAGE), ("page", 1))
    )
    size = min(max(size, 1), _LARGEST)
    return listed[(max(page, 1) - 1) * size :][:size]
