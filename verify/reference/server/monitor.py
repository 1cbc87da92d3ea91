"""What watches the reference: answers as Prometheus, Loki and Grafana do, as far as they are asked here.

Prometheus scrapes when it is asked; Loki finds lines in the request log; Grafana has one dashboard.
"""

import datetime as dt
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qs

from verify.facts.prometheus import parse
from verify.reference.behaviour import Behaviour
from verify.reference.server.control import Control
from verify.reference.server.http import Answer, Environ, StartResponse, json_answer, not_allowed, problem

#: the job that scrapes the reference, and its name in labels and titles
JOB = "reference"
INSTANCE = "localhost"
TITLE = "Reference / Overview"
_LOOKBACK = 300.0  # seconds a sample counts as the present one
_STALE = 600.0  # seconds since the last scrape of a Prometheus that has stopped
_MOST = 4 * 1024 * 1024  # bytes of the log that are looked through
_SELECTOR = r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>[^{}]*)\})?"
_AGE = re.compile(
    rf"time\(\) - max\((?P<newest>timestamp\({_SELECTOR}\))"
    r"( or max_over_time\((?P=newest)\[(?P<span>[0-9]{1,9})s:[0-9]+s\]\))?\)"
)
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)="([^"\\]*)"\s*(?:,|$)')
_LINES = re.compile(r'\{(?P<labels>[^{}]*)\} \|= "(?P<text>[^"\\]*)"')

Labels = Mapping[str, str]
Asked = Mapping[str, str]


class Monitor:
    """The WSGI application of all three, which share an address: their paths differ."""

    def __init__(self, control: Control, measure: Callable[[Behaviour], Answer], log: Path) -> None:
        """Scrape what ``measure`` answers, and ship ``log``."""
        self._control = control
        self._measure = measure
        self._log = log
        self._pages: dict[str, Callable[[Asked, Behaviour], Answer]] = {
            "/api/v1/query": self._query,
            "/api/v1/targets": self._targets,
            "/api/v1/label/job/values": lambda _asked, _behaviour: _success([JOB]),
            "/loki/api/v1/series": lambda _asked, _behaviour: _success([{"app": JOB}]),
            "/loki/api/v1/query_range": self._lines,
            "/api/search": _dashboards,
            "/api/health": lambda _asked, _behaviour: json_answer(200, {"database": "ok"}),
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        page = self._pages.get(environ["PATH_INFO"])
        if environ["REQUEST_METHOD"] != "GET":
            answer = not_allowed("GET")
        elif page is None:
            answer = problem(404, "Not found.")
        else:
            asked = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
            answer = page(asked, self._control.behaviour())
        start_response(answer.line, [*answer.headers, ("Content-Length", str(len(answer.body)))])
        return [answer.body]

    def _scrape(self, behaviour: Behaviour) -> tuple[float, list[tuple[str, Labels]], str]:
        """Return when was scraped, the series that were there, and why it failed, if it did."""
        at = time.time() - (_STALE if behaviour.scraping == "stopped" else 0.0)
        own = {"job": JOB, "instance": INSTANCE}
        up: list[tuple[str, Labels]] = [("up", own)]
        if behaviour.scraping == "fails":
            return at, up, f"dial tcp {INSTANCE}: connect: connection refused"
        answer = self._measure(behaviour)
        if answer.status != 200:  # noqa: PLR2004 # what a scrape takes
            return at, up, f"server returned HTTP status {answer.line}"
        families = parse(answer.body.decode()).values()
        found = [(name, labels | own) for family in families for name, labels, _ in family.samples]
        return at, up + found, ""

    def _query(self, asked: Asked, behaviour: Behaviour) -> Answer:
        """Answer with the age of the newest sample of a series: no other query is understood here."""
        query = _AGE.fullmatch(asked.get("query", ""))
        wanted = _labels(query["labels"] or "") if query is not None else None
        if query is None or wanted is None:
            said = {
                "status": "error",
                "errorType": "bad_data",
                "error": "the reference cannot parse this query",
            }
            return json_answer(400, said)
        at, series, _ = self._scrape(behaviour)
        now = time.time()
        there = any(
            name == query["name"] and wanted.items() <= labels.items() for name, labels in series
        ) and now - at <= _LOOKBACK + float(query["span"] or 0)
        result = [{"metric": {}, "value": [now, str(now - at)]}] if there else []
        return _success({"resultType": "vector", "result": result})

    def _targets(self, _asked: Asked, behaviour: Behaviour) -> Answer:
        at, _, error = self._scrape(behaviour)
        target = {
            "labels": {"job": JOB, "instance": INSTANCE},
            "health": "down" if error else "up",
            "lastError": error,
            "lastScrape": dt.datetime.fromtimestamp(at, dt.UTC).isoformat().replace("+00:00", "Z"),
        }
        return _success({"activeTargets": [target]})

    def _lines(self, asked: Asked, behaviour: Behaviour) -> Answer:
        """Answer with the newest lines that hold a text."""
        query = _LINES.fullmatch(asked.get("query", ""))
        if query is None:
            return Answer(400, b"parse error", [("Content-Type", "text/plain")])
        found: list[str] = []
        if behaviour.logs_shipped and _labels(query["labels"]) == {"app": JOB}:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - _MOST))
                lines = file.read().decode("utf-8", "replace").splitlines()
            found = [line for line in lines if query["text"] in line][
                : -int(asked.get("limit", "100")) - 1 : -1
            ]
        values = [[str(time.time_ns()), line] for line in found]
        streams = [{"stream": {"app": JOB}, "values": values}] if values else []
        return _success({"resultType": "streams", "result": streams})


def _dashboards(asked: Asked, behaviour: Behaviour) -> Answer:
    known = behaviour.dashboard_known and asked.get("query", "").lower() in TITLE.lower()
    return json_answer(200, [{"title": TITLE, "type": "dash-db"}] if known else [])


def _success(data: object) -> Answer:
    return json_answer(200, {"status": "success", "data": data})


def _labels(text: str) -> dict[str, str] | None:
    """Return the labels that a selector asks for, None for what is not understood: equality alone is."""
    found, at = {}, 0
    while at < len(text):
        label = _LABEL.match(text, at)
        if label is None:
            return None
        found[label[1]] = label[2]
        at = label.end()
    return found
