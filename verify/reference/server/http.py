"""Requests and answers as the edge sees them."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., object]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]

READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Answer:
    """An answer on its way out; ``headers`` may still be added to."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)

    @property
    def line(self) -> str:
        """Return the status as WSGI wants it: ``200 OK``."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Status"


def json_answer(status: int, value: object, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """Return ``value`` as JSON."""
    return Answer(status, json.dumps(value).encode(), [("Content-Type", "application/json"), *headers])


def problem(status: int, detail: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """Return an error in the shape every error of the API has: ``{"detail": …}``."""
    return json_answer(status, {"detail": detail}, headers)


def not_allowed(allowed: str) -> Answer:
    """Return a 405 that names the methods which are allowed."""
    return problem(405, f"Only {allowed} is served here.", [("Allow", allowed)])


def called(application: Application, environ: Environ) -> Answer:
    """Call a WSGI application and collect its answer."""
    answer = Answer(500)

    def start(status: str, headers: Headers, exc_info: object = None) -> None:  # noqa: ARG001 # PEP 3333 names it
        answer.status = int(status[:3])
        answer.headers = list(headers)

    parts = application(environ, start)
    try:
        answer.body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return answer
