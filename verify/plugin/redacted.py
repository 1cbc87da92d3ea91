"""Takes secrets out of what pytest itself is about to show or hand on."""

import warnings
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ExceptionRepr, TerminalRepr
from _pytest._io import TerminalWriter

from verify.effects.redact import Redactor


def report(one: pytest.TestReport | pytest.CollectReport, redactor: Redactor) -> None:
    """Clean a report in place: its sections, its failure or reason, its properties."""
    one.sections = [(name, redactor.text(text)) for name, text in one.sections]
    if isinstance(one, pytest.TestReport):
        one.user_properties = [(name, redactor.value(value)) for name, value in one.user_properties]
        reason = getattr(one, "wasxfail", None)
        if isinstance(reason, str):
            one.wasxfail = redactor.text(reason)
    if isinstance(one.longrepr, tuple):
        path, line, why = one.longrepr
        one.longrepr = (path, line, redactor.text(why))
    elif one.longrepr is not None:
        shown = str(one.longrepr)
        clean = redactor.text(shown)
        if clean != shown:
            one.longrepr = clean


class _Plain(TerminalRepr):
    """A traceback as text, in the place of one with structure."""

    def __init__(self, text: str) -> None:
        self.text = text

    def toterminal(self, tw: TerminalWriter) -> None:
        tw.line(self.text)


def traceback(shown: ExceptionRepr, redactor: Redactor) -> None:
    """Clean in place what pytest shows of an internal error or of an interrupt."""
    text = str(shown)
    clean = redactor.text(text)
    if shown.reprcrash is not None:
        shown.reprcrash.message = redactor.text(shown.reprcrash.message)
    if clean == text:
        return
    plain: Any = _Plain(clean)
    shown.reprtraceback = plain
    shown.sections = []
    if isinstance(shown, ExceptionChainRepr):
        shown.chain = [(plain, shown.reprcrash, None)]


def warning(recorded: warnings.WarningMessage, redactor: Redactor) -> None:
    """Clean a warning in place."""
    text = str(recorded.message)
    clean = redactor.text(text)
    if clean != text:
        recorded.message = UserWarning(clean)
