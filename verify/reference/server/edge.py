"""The thin layer in front of everything: what a reverse proxy does for a deployment.

Redirect of plain requests, limits by address, security headers, request id, log line,
count; then a plain page where there is one, else Django.
"""

import dataclasses
import itertools
import re
import time
import uuid
from collections.abc import Iterable

from verify.reference.behaviour import Behaviour
from verify.reference.config import Config
from verify.reference.server import cdn, cors, identity
from verify.reference.server.control import Control
from verify.reference.server.http import READING, Answer, Application, Environ, StartResponse, called, problem
from verify.reference.server.limits import LeakyBucket
from verify.reference.server.logs import REQUEST_ID, RequestLog
from verify.reference.server.metrics import Metrics
from verify.reference.server.pages import Pages

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_HOST = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\[\]]+)(?::\d+)?")
_SENT = ("QUERY_STRING", "HTTP_AUTHORIZATION", "HTTP_COOKIE")  # what may hold secrets
_REPLICAS = 4  # of which one runs another release, where a fault says so
_NAMES = frozenset({"localhost", "127.0.0.1"})


class Edge:
    """The WSGI application of the front."""

    def __init__(
        self,
        config: Config,
        control: Control,
        pages: Pages,
        django: Application,
        metrics: Metrics,
        log: RequestLog,
    ) -> None:
        """Stand in front of ``pages`` and ``django``."""
        self._config = config
        self._control = control
        self._pages = pages
        self._django = django
        self._metrics = metrics
        self._log = log
        self._read = LeakyBucket()
        self._write = LeakyBucket()
        self._limits = control.limits()
        self._headers = list(config.headers.items())
        self._turn = itertools.count(1)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        behaviour = self._control.behaviour()
        if behaviour.release_mixed and next(self._turn) % _REPLICAS == 0:
            behaviour = dataclasses.replace(behaviour, release=behaviour.release_mixed)
        if behaviour.release_elsewhere and host_name(environ) == identity.ELSEWHERE:
            behaviour = dataclasses.replace(behaviour, release=behaviour.release_elsewhere)
        asked = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        forward(environ, behaviour)
        user = self._user(environ, behaviour)
        environ[identity.USER], environ[REQUEST_ID] = user, request_id
        answer = self._answer(environ, behaviour, user)
        if "HTTP_ORIGIN" in environ and environ["PATH_INFO"].startswith(self._config.api):
            answer.headers += cors.headers(environ, behaviour, self._config.origins)
        if behaviour.answer_leaks and environ.get("QUERY_STRING"):
            answer.headers.append(("X-Asked", environ["QUERY_STRING"]))
        self._dress(answer, behaviour, request_id)
        if self._config.cdn and behaviour.cdn and cdn.PAST not in environ:
            answer.headers = cdn.marked(answer.headers, self._config.cdn)
        self._note(environ, answer, behaviour, request_id, time.perf_counter() - started)
        start_response(answer.line, answer.headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _user(self, environ: Environ, behaviour: Behaviour) -> str | None:
        """Return who asks, as ``identity.user_of`` does, but for what faults let in."""
        user = identity.user_of(environ, self._config.tokens)
        if user is None and behaviour.any_token:
            return "alice"
        public = environ["PATH_INFO"].startswith(f"{self._config.api}products/")
        return "bob" if user == "" and behaviour.access_open and not public else user

    def _answer(self, environ: Environ, behaviour: Behaviour, user: str | None) -> Answer:
        if environ["wsgi.url_scheme"] == "http" and behaviour.plain == "redirect":
            return self._redirect(environ, behaviour)
        wait = self._refused(environ, behaviour)
        if wait and self._config.edge is not None:
            headers = [("Retry-After", str(wait))]
            return problem(self._config.edge.status, "Too many requests from this address.", headers)
        if behaviour.any_host:
            environ["HTTP_HOST"] = "localhost"
        name = host_name(environ)
        if behaviour.only_host and name in _NAMES and name != behaviour.only_host:
            return problem(400, "This host is not served here.")
        if name in _NAMES:
            if cors.is_preflight(environ) and environ["PATH_INFO"].startswith(self._config.api):
                return cors.preflight()
            answer = self._pages.answer(environ, behaviour, user)
            if answer is not None:
                return answer
        return called(self._django, environ)

    def _redirect(self, environ: Environ, behaviour: Behaviour) -> Answer:
        name = host_name(environ)
        if name not in _NAMES and not behaviour.any_host:
            return problem(400, "This host is not served here.")
        target = f"https://{behaviour.redirect_host or name}:{self._config.tls_port}"
        spoofed = environ.get("HTTP_X_FORWARDED_HOST")
        if spoofed and behaviour.trusts_forwarded_host:
            target = f"https://{spoofed}"
        path = environ.get("verify.target", "/")
        target += path if behaviour.redirect_path and path.startswith("/") else "/"
        return Answer(behaviour.redirect_status, b"", [("Location", target), ("Content-Type", "text/plain")])

    def _refused(self, environ: Environ, behaviour: Behaviour) -> int:
        """Return the seconds to wait when the limit of this address is reached, else 0."""
        edge = self._config.edge
        if edge is None or not environ["PATH_INFO"].startswith(self._config.api):
            return 0
        if self._limits != self._control.limits():
            self._limits = self._control.limits()
            self._read.clear()
            self._write.clear()
        reading = environ["REQUEST_METHOD"] in READING
        zone, rate = (self._read, edge.read) if reading else (self._write, edge.write)
        factor = behaviour.edge_read if reading else behaviour.edge_write
        if factor is None:
            return 0
        return zone.take(environ["REMOTE_ADDR"], rate * factor, int(edge.burst * behaviour.edge_burst))

    def _dress(self, answer: Answer, behaviour: Behaviour, request_id: str) -> None:
        """Put on what every answer carries."""
        if not behaviour.retry_after:
            answer.headers = [pair for pair in answer.headers if pair[0].lower() != "retry-after"]
        if behaviour.headers_on_errors or 200 <= answer.status < 300:  # noqa: PLR2004 # success
            dropped = behaviour.dropped_headers
            answer.headers += [pair for pair in self._headers if pair[0].lower() not in dropped]
        for line in behaviour.set_headers:
            name, _, value = line.partition(": ")
            answer.headers = [pair for pair in answer.headers if pair[0].lower() != name.lower()]
            answer.headers.append((name, value))
        if behaviour.request_id:
            answer.headers.append(("X-Request-ID", request_id))
        answer.headers.append(("X-Release", behaviour.release or self._config.release))
        if not any(name.lower() == "content-length" for name, _ in answer.headers):
            answer.headers.append(("Content-Length", str(len(answer.body))))

    def _note(
        self, environ: Environ, answer: Answer, behaviour: Behaviour, request_id: str, seconds: float
    ) -> None:
        """Count and log the request before its answer can arrive."""
        method = environ["REQUEST_METHOD"]
        self._control.count()
        self._metrics.observe(method, answer.status, seconds)
        fields: dict[str, object] = {"request_id": request_id} if behaviour.request_id else {}
        fields |= {
            "method": method,
            "path": environ["PATH_INFO"],
            "status": answer.status,
            "duration_ms": round(seconds * 1000, 3),
            "user": environ[identity.USER] or None,
        }
        level = "error" if answer.status >= 500 else "warning" if answer.status >= 400 else "info"  # noqa: PLR2004 # classes of status
        if behaviour.log_leaks and answer.status >= 400:  # noqa: PLR2004 # refused or failed
            fields |= {name: environ.get(name, "") for name in _SENT}
        self._log.write(level, fields, behaviour)


def host_name(environ: Environ) -> str:
    """Return the name in the Host header in lower case, without its port."""
    match = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
    return match[1].lower() if match else ""


def forward(environ: Environ, behaviour: Behaviour) -> None:
    """Tell the application who asks and how, whatever the client said of itself."""
    said = {
        "HTTP_X_REAL_IP": environ["REMOTE_ADDR"],
        "HTTP_X_FORWARDED_FOR": environ["REMOTE_ADDR"],
        "HTTP_X_FORWARDED_PROTO": environ["wsgi.url_scheme"],
    }
    if behaviour.forwarded == "set":
        environ.update(said)
        return
    for name, value in said.items():
        if behaviour.forwarded == "believed":
            environ.setdefault(name, value)
        else:
            environ.pop(name, None)
