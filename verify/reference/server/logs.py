"""One structured line a request."""

from typing import TextIO

import structlog


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
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.BoundLogger,
            cache_logger_on_first_use=True,
        ).bind(logger="reference.request")

    def write(self, level: str, fields: dict[str, object], *, as_json: bool) -> None:
        """Write one line about one request."""
        if as_json:
            getattr(self._log, level)("request", **fields)
            return
        words = " ".join(f"{name}={value}" for name, value in fields.items())
        self._file.write(f"{level.upper()} request {words}\n")
