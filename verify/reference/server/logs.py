"""One structured line a request, and one for each event in between."""

from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from verify.reference.behaviour import Behaviour
from verify.reference.server.http import Environ

#: where the edge notes the request's id for whoever logs after it
REQUEST_ID = "verify.request_id"


class RequestLog:
    """Writes request lines to one file, each flushed, safe for threads."""

    def __init__(self, file: TextIO) -> None:
        """Write to ``file``, which is line-buffered."""
        self._file = file
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _omitting,
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.BoundLogger,
            cache_logger_on_first_use=True,
        )

    def write(
        self, level: str, fields: Mapping[str, object], behaviour: Behaviour, event: str = "request"
    ) -> None:
        """Write one line about one request, or about an ``event`` within it."""
        logger = "reference.request" if event == "request" else "reference.event"
        if behaviour.log_json:
            getattr(self._log, level)(event, logger=logger, **fields, omits=behaviour.log_omits)
            return
        words = " ".join(f"{name}={value}" for name, value in fields.items())
        self._file.write(f"{level.upper()} {event} {words}\n")


class Events:
    """Writes events under their stated names, each with the id of its request."""

    def __init__(self, log: RequestLog, names: Mapping[str, str]) -> None:
        """Write to ``log``; an event that ``names`` lacks keeps its own."""
        self._log = log
        self._names = dict(names)

    def write(
        self, environ: Environ, behaviour: Behaviour, event: str, level: str = "info", **fields: object
    ) -> None:
        """Write one event; fields without a value are left out."""
        if not behaviour.events:
            return
        known = {name: value for name, value in fields.items() if value is not None}
        if behaviour.request_id:
            known["request_id"] = environ.get(REQUEST_ID, "")
        self._log.write(level, known, behaviour, self._names.get(event, event))


def _omitting(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out what a fault takes away."""
    for name in line.pop("omits", ()):
        line.pop(name, None)
    return line
