"""What tests print and log past pytest's reports: ``-s``, ``tee-sys``, live logs, a log file.

No secret is there either. What a program or a C library writes to the file descriptor itself is out
of reach: pytest captures it unless it is told not to.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, TextIO

import pytest

from verify.effects.redact import Redactor

_NAMES = ("stdout", "stderr")


class Clean:
    """A text stream before another: lines leave it without secrets, a part of a line when it is flushed."""

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        """Write to ``stream``; whatever else is asked of it, it answers."""
        self._stream = stream
        self._redactor = redactor
        self._held = ""
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Hold ``text`` until its line is complete: a secret may come in pieces."""
        with self._lock:
            lines, newline, self._held = (self._held + text).rpartition("\n")
            if newline:
                self._stream.write(self._redactor.text(lines + newline))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what is held as well."""
        with self._lock:
            held, self._held = self._held, ""
            if held:
                self._stream.write(self._redactor.text(held))
            self._stream.flush()

    @property
    def buffer(self) -> "CleanBytes":
        """Return the way in for bytes, which joins what came as text."""
        return CleanBytes(self)

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the stream."""
        return getattr(self._stream, name)


class CleanBytes:
    """Bytes for a ``Clean`` stream."""

    def __init__(self, text: Clean) -> None:
        """Write to ``text``."""
        self._text = text

    def write(self, data: bytes) -> int:
        """Write; bytes that are no UTF-8 are shown as such."""
        self._text.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def flush(self) -> None:
        """Write what is held as well."""
        self._text.flush()

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the stream's own bytes."""
        return getattr(self._text._stream.buffer, name)  # noqa: SLF001 - its other half


class CleanFormatter(logging.Formatter):
    """Formats as another, and lets no secret through."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        """Format with ``inner``."""
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without secrets."""
        return self._redactor.text(self._inner.format(record))


def guard(config: pytest.Config, redactor: Redactor) -> None:
    """Clean what goes to the terminal and to log files while ``config`` is in use."""
    logs = config.pluginmanager.get_plugin("logging-plugin")
    for handler in (getattr(logs, "log_cli_handler", None), getattr(logs, "log_file_handler", None)):
        if handler is not None:
            inner = handler.formatter or logging.Formatter()
            handler.setFormatter(CleanFormatter(inner, redactor))
    manager = config.pluginmanager.get_plugin("capturemanager")
    capturing = getattr(manager, "_global_capturing", None)
    for name, capture in zip(
        _NAMES, (getattr(capturing, "out", None), getattr(capturing, "err", None)), strict=True
    ):
        for undo in _guard(name, capture, redactor):
            config.add_cleanup(undo)


def _guard(name: str, capture: Any, redactor: Redactor) -> Iterable[Callable[[], None]]:
    """Put a clean stream wherever the real one is used; yield what puts it back."""
    real = getattr(sys, name)
    clean = Clean(real, redactor)
    # pytest offers no way: where a capture puts the stream back to, and where it copies to
    holder = getattr(capture, "syscapture", capture)
    copies = getattr(holder, "tmpfile", None)
    for owner, attribute in ((sys, name), (holder, "_old"), (copies, "_other")):
        if getattr(owner, attribute, None) is real:
            setattr(owner, attribute, clean)
            yield _back(owner, attribute, real, clean)


def _back(owner: Any, attribute: str, real: Any, clean: Clean) -> Callable[[], None]:
    def back() -> None:
        clean.flush()
        if getattr(owner, attribute, None) is clean:  # a capture that is done has forgotten it
            setattr(owner, attribute, real)

    return back
